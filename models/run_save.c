/* run_save.c - config.json of a run. */
#include <math.h>

#include <jansson.h>

#include <costate/autodiff/file.h>
#include <costate/models/run.h>

static json_t *number(double x)
{
    return isfinite(x) ? json_real(x) : json_null();
}

static json_t *numbers(long n, const double *x)
{
    json_t *a = json_array();
    for (long i = 0; a && i < n; i++)
        if (json_array_append_new(a, number(x[i]))) {
            json_decref(a);
            return NULL;
        }
    return a;
}

static json_t *clock_of(const ds_clock *c)
{
    return json_pack("{s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i}", "unit", (int)c->unit, "order",
                     (int)c->order, "separator", (int)c->separator, "padded", c->padded, "gap",
                     (int)c->gap, "fields", c->fields, "digits", c->digits, "zone", c->zone,
                     "offset", c->offset);
}

static json_t *smoothers(const mdl_data *d)
{
    json_t *a = json_array();
    for (int j = 0; a && j < d->cols; j++)
        json_array_append_new(a, json_pack("{s:i, s:I}", "degree", d->smoother[j].degree, "rows",
                                           (json_int_t)d->smoother[j].rows));
    return a;
}

/* The last rows, in model units. */
static json_t *tails(const mdl_task *t)
{
    json_t         *a = json_array();
    const mdl_data *d = t->data;
    for (int i = 0; a && i < d->count; i++) {
        const mdl_track *k    = &d->track[i];
        long             from = k->len > MDL_TAIL ? k->len - MDL_TAIL : 0, n = k->len - from;
        json_t          *s = json_pack("{s:s, s:o, s:o}", "name", k->name ? k->name : "", "t",
                                       numbers(n, k->t + from), "y",
                                       numbers(n * d->cols, k->y + from * d->cols));
        if (s && k->path)
            json_object_set_new(s, "path",
                                numbers(n * t->model->dim, k->path + from * t->model->dim));
        if (json_array_append_new(a, s)) {
            json_decref(a);
            return NULL;
        }
    }
    return a;
}

static json_t *columns_of(const ds_series_set *set)
{
    json_t *a = json_array();
    for (int j = 0; a && j < set->cols; j++) json_array_append_new(a, json_string(set->column[j]));
    return a;
}

static json_t *series(const mdl_task *t)
{
    const mdl_data *d = t->data;
    return json_pack(
        "{s:s, s:s, s:o, s:o, s:i, s:o, s:o, s:f, s:f, s:o, s:o, s:f, s:f, s:o, s:I, s:I}",
        "source", t->set->source, "time", t->set->time ? t->set->time : "time", "columns",
        columns_of(t->set), "clock", clock_of(&t->set->clock), "count", d->count, "mean",
        numbers(d->cols, d->units->mean), "std", numbers(d->cols, d->units->std), "t_shift",
        d->units->t_shift, "t_scale", d->units->t_scale, "scale", numbers(d->cols, d->scale),
        "middle", numbers(d->cols, d->middle), "spacing", d->spacing, "pace", d->pace, "smoother",
        smoothers(d), "rows", (json_int_t)d->rows, "train_rows", (json_int_t)d->train_rows);
}

static json_t *system_text(const mdl_task *t)
{
    void  *text = NULL;
    size_t n;
    if (!t->config->system || ad_file_read(t->config->system, &text, &n)) return json_null();
    json_t *j = json_stringn(text, n);
    ad_free(text);
    return j;
}

json_t *mdl_run_to_json(const mdl_task *t, long rows)
{
    json_t *j = json_pack("{s:s, s:s, s:o, s:o, s:i, s:I, s:o, s:o}", "format", "costate-run-1",
                          "model", "ode", "options", mdl_config_to_json(t->config), "series",
                          series(t), "starts", t->model->start >= 0 ? t->data->count : 0, "rows",
                          (json_int_t)rows, "system", system_text(t), "last", tails(t));
    if (!j) ad_fail(AD_NO_MEMORY, "config.json: no memory, or a name that is not UTF-8");
    return j;
}
