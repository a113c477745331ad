/* run_load.c - a run's directory, read back and checked. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include <costate/autodiff/checkpoint.h>
#include <costate/models/run.h>
#include <costate/models/run_settings.h>

enum { PATH = 4096 };

static ad_status wrong(const char *key)
{
    return ad_fail(AD_BAD_FILE, "\"%s\" is missing or not what it should be", key);
}

static ad_status get_number(const json_t *j, const char *key, double *x)
{
    const json_t *v = json_object_get(j, key);
    if (!json_is_number(v)) return wrong(key);
    *x = json_number_value(v);
    return AD_OK;
}

static ad_status get_integer(const json_t *j, const char *key, long lo, long hi, long *x)
{
    const json_t *v = json_object_get(j, key);
    if (!json_is_integer(v) || json_integer_value(v) < lo || json_integer_value(v) > hi)
        return wrong(key);
    *x = (long)json_integer_value(v);
    return AD_OK;
}

/* n numbers; null is NaN. */
static ad_status get_numbers(const json_t *j, const char *key, long n, double *x)
{
    const json_t *a = json_object_get(j, key);
    if (!json_is_array(a) || (long)json_array_size(a) != n) return wrong(key);
    for (long i = 0; i < n; i++) {
        const json_t *v = json_array_get(a, (size_t)i);
        if (!json_is_number(v) && !json_is_null(v)) return wrong(key);
        x[i] = json_is_null(v) ? NAN : json_number_value(v);
    }
    return AD_OK;
}

static ad_status get_text(const json_t *j, const char *key, char **text)
{
    const json_t *v = json_object_get(j, key);
    if (!json_is_string(v)) return wrong(key);
    *text = ad_strdup(json_string_value(v));
    return *text ? AD_OK : AD_NO_MEMORY;
}

static ad_status get_clock(const json_t *j, ds_clock *c)
{
    const json_t            *o = json_object_get(j, "clock");
    long                     v[9];
    static const char *const key[] = { "unit",   "order",  "separator", "padded", "gap",
                                       "fields", "digits", "zone",      "offset" };
    for (int i = 0; i < 9; i++)
        AD_TRY(get_integer(o, key[i], i < 8 ? 0 : -1440, i < 8 ? 127 : 1440, &v[i]));
    if (v[0] > DS_MONTHS || v[1] > DS_MY || v[5] > 3 || v[6] > 9 || v[7] > 2) return wrong("clock");
    *c = (ds_clock){ (ds_unit)v[0], (ds_date_order)v[1], (char)v[2], (int)v[3], (char)v[4],
                     (int)v[5],     (int)v[6],           (int)v[7],  (int)v[8] };
    return AD_OK;
}

static ad_status get_smoothers(const json_t *j, mdl_data *d)
{
    const json_t *a = json_object_get(j, "smoother");
    for (int i = 0; i < d->cols; i++) {
        long          degree = 0;
        const json_t *o      = json_array_get(a, (size_t)i);
        AD_TRY(get_integer(o, "degree", 1, 3, &degree));
        AD_TRY(get_integer(o, "rows", 1, 1000000, &d->smoother[i].rows));
        d->smoother[i].degree = (int)degree;
    }
    return AD_OK;
}

static ad_status get_track(const json_t *j, const mdl_run *r, int dim, mdl_track *k)
{
    const mdl_data *d = r->data;
    size_t          n = json_array_size(json_object_get(j, "t"));
    if (n < 1 || n > MDL_TAIL) return wrong("t");
    const char *name = json_string_value(json_object_get(j, "name"));
    k->name          = ad_arena_strdup(r->config->arena, name ? name : "");
    if (!k->name) return AD_NO_MEMORY;
    k->len = k->train = k->fit = (long)n;
    k->t                       = ad_alloc(n * sizeof(double));
    k->y                       = ad_alloc(n * (size_t)d->cols * sizeof(double));
    if (!k->t || !k->y) return AD_NO_MEMORY;
    AD_TRY(get_numbers(j, "t", k->len, k->t));
    AD_TRY(get_numbers(j, "y", k->len * d->cols, k->y));
    for (size_t i = 1; i < n; i++)
        if (!(k->t[i] > k->t[i - 1])) return wrong("t");
    if (!json_object_get(j, "path")) return AD_OK;
    k->path = ad_alloc(n * (size_t)dim * sizeof(double));
    if (!k->path) return AD_NO_MEMORY;
    return get_numbers(j, "path", k->len * dim, k->path);
}

static ad_status get_data(const json_t *j, mdl_run *r, long *starts)
{
    const json_t *s = json_object_get(j, "series"), *names = json_object_get(s, "columns");
    size_t        cols  = json_array_size(names);
    long          count = 0;
    if (cols < 1 || cols > 100000) return wrong("columns");
    AD_TRY(get_integer(s, "count", 1, 1000000000, &count));
    AD_TRY(get_integer(j, "starts", 0, count, starts));
    AD_TRY(get_integer(j, "rows", 1, 10000, &r->rows));
    mdl_data *d = r->data = ad_alloc(sizeof *d);
    if (!d) return AD_NO_MEMORY;
    d->cols     = (int)cols;
    d->count    = (int)count;
    r->column   = ad_alloc((cols + 1) * sizeof *r->column);
    d->track    = ad_alloc((size_t)count * sizeof *d->track);
    d->scale    = ad_alloc(cols * sizeof *d->scale);
    d->middle   = ad_alloc(cols * sizeof *d->middle);
    d->smoother = ad_alloc(cols * sizeof *d->smoother);
    if (!r->column || !d->track || !d->scale || !d->middle || !d->smoother) return AD_NO_MEMORY;
    for (size_t i = 0; i < cols; i++) {
        const char *name = json_string_value(json_array_get(names, i));
        if (!name) return wrong("columns");
        r->column[i] = ad_strdup(name);
        if (!r->column[i]) return AD_NO_MEMORY;
    }
    AD_TRY(ds_normalise_new(&d->units, d->cols));
    AD_TRY(get_numbers(s, "mean", d->cols, d->units->mean));
    AD_TRY(get_numbers(s, "std", d->cols, d->units->std));
    AD_TRY(get_numbers(s, "scale", d->cols, d->scale));
    AD_TRY(get_numbers(s, "middle", d->cols, d->middle));
    AD_TRY(get_number(s, "t_shift", &d->units->t_shift));
    AD_TRY(get_number(s, "t_scale", &d->units->t_scale));
    AD_TRY(get_number(s, "spacing", &d->spacing));
    AD_TRY(get_number(s, "pace", &d->pace));
    AD_TRY(get_text(s, "time", &r->time));
    AD_TRY(get_text(s, "source", &r->source));
    AD_TRY(get_clock(s, &r->clock));
    return get_smoothers(s, d);
}

static ad_status get_model(const json_t *j, mdl_run *r, long starts)
{
    nde_system   *system = NULL;
    const json_t *text   = json_object_get(j, "system");
    if (json_is_string(text))
        AD_TRY(nde_system_parse(&system, r->config->system ? r->config->system : "system",
                                json_string_value(text), json_string_length(text)));
    mdl_shape shape = { r->data->cols, (const char *const *)r->column, r->data->scale,
                        r->data->middle, (int)starts };
    AD_TRY(mdl_model_new(&r->model, r->config, &shape, system));
    const json_t *last = json_object_get(j, "last");
    if (json_array_size(last) != (size_t)r->data->count) return wrong("last");
    for (int i = 0; i < r->data->count; i++)
        AD_TRY(get_track(json_array_get(last, (size_t)i), r, r->model->dim, &r->data->track[i]));
    return AD_OK;
}

static ad_status load(const char *directory, mdl_run *r, json_t *j)
{
    char path[PATH];
    long starts = 0;
    AD_TRY(mdl_config_new(&r->config));
    AD_TRY(mdl_config_from_json(r->config, json_object_get(j, "options")));
    AD_TRY(get_data(j, r, &starts));
    AD_TRY(get_model(j, r, starts));
    snprintf(path, sizeof path, "%s/checkpoint.safetensors", directory);
    return ad_checkpoint_load(
        path, &(ad_checkpoint){ .params = r->model->params, .theta = r->model->theta });
}

ad_status mdl_run_load(mdl_run **out, const char *directory)
{
    char    path[PATH];
    json_t *j;
    *out = NULL;
    snprintf(path, sizeof path, "%s/config.json", directory);
    AD_TRY(mdl_run_json(&j, directory, "ode"));
    mdl_run  *r = ad_alloc(sizeof *r);
    ad_status s = r ? load(directory, r, j) : AD_NO_MEMORY;
    json_decref(j);
    if (s) {
        mdl_run_free(r);
        return strstr(ad_message(), directory) ? s : ad_fail_at(s, "%s: ", path);
    }
    *out = r;
    return AD_OK;
}

void mdl_run_free(mdl_run *r)
{
    if (!r) return;
    mdl_model_free(r->model);
    mdl_data_free(r->data);
    for (int i = 0; r->column && r->column[i]; i++) ad_free(r->column[i]);
    ad_free(r->column);
    ad_free(r->time);
    ad_free(r->source);
    mdl_config_free(r->config);
    ad_free(r);
}

ad_status mdl_run_config(mdl_config **out, const char *directory)
{
    char    path[PATH];
    json_t *j;
    *out = NULL;
    snprintf(path, sizeof path, "%s/config.json", directory);
    AD_TRY(mdl_run_json(&j, directory, "ode"));
    mdl_config *c;
    ad_status   s = mdl_config_new(&c);
    if (!s) s = mdl_config_from_json(c, json_object_get(j, "options"));
    json_decref(j);
    if (s) {
        mdl_config_free(c);
        return ad_fail_at(s, "%s: ", path);
    }
    *out = c;
    return AD_OK;
}
