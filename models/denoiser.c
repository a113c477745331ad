#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <jansson.h>

#include <costate/autodiff/checkpoint.h>
#include <costate/autodiff/file.h>
#include <costate/autodiff/memory.h>
#include <costate/models/denoiser.h>
#include <costate/models/model.h>
#include <costate/models/score_task.h>

#include "sampled.h"
#include "score_network.h"

enum { PATH = 4096 };

/* --- a mixture --------------------------------------------------------------------------------------------------------- */

static ad_status units(mdl_denoiser *d)
{
    size_t bytes = (size_t)d->model.dim * sizeof(double);
    d->scale     = ad_alloc(bytes);
    d->shift     = ad_alloc(bytes);
    if (!d->scale || !d->shift) return AD_NO_MEMORY;
    for (long j = 0; j < d->model.dim; j++) d->scale[j] = 1;
    return AD_OK;
}

static ad_status load_mixture(mdl_denoiser *d, ad_type type)
{
    AD_TRY(dpm_mixture_read(&d->mixture, d->path));
    d->model    = dpm_mixture_model(d->mixture, type ? type : AD_F64);
    d->rank     = 1;
    d->shape[0] = d->model.dim;
    return units(d);
}

/* --- a run --------------------------------------------------------------------------------------------------------------- */

static ad_status new_network(mdl_denoiser *d, const mdl_score_facts *f, ad_type type)
{
    mdl_scorer_options o;
    AD_TRY(mdl_score_options_of(d->config, &o));
    mdl_score_network *net = d->network = ad_alloc(sizeof *net);
    if (!net) return AD_NO_MEMORY;
    *net = (mdl_score_network){ .dim        = f->dim,
                                .classes    = f->classes,
                                .hidden     = o.hidden,
                                .depth      = o.depth,
                                .embedding  = o.embedding,
                                .activation = ad_activation_find(o.activation),
                                .prediction = o.prediction,
                                .sigma_data = f->sigma_data,
                                .type       = type ? type : o.type };
    if (!net->activation) return AD_INVALID;
    AD_TRY(mdl_score_network_init(net));
    ad_params_freeze(net->params);
    d->model     = mdl_score_network_model(net);
    d->classes   = f->classes;
    d->embedding = f->classes ? o.embedding : 0;
    d->rank      = f->rank;
    memcpy(d->shape, f->shape, sizeof d->shape);
    return AD_OK;
}

/* The file has the run's type: it is read by a network of that type, and rounded. */
static ad_status read_weights(mdl_denoiser *d, const char *path, mdl_score_network *own)
{
    ad_tensor     extra[2];
    double        decay = d->config->average;
    ad_ema       *ema   = NULL;
    long          count = ad_params_count(own->params);
    ad_checkpoint c     = { .params = own->params, .extra = extra };
    c.nextra            = mdl_score_extra(own->dim, d->scale, d->shift, extra);
    void *theta         = ad_alloc((size_t)count * ad_type_size(own->type));
    d->theta            = ad_alloc((size_t)count * ad_type_size(d->model.type));
    c.theta             = theta;
    ad_status s         = theta && d->theta ? AD_OK : AD_NO_MEMORY;
    if (!s && decay > 0) s = ad_ema_new(&ema, own->params, decay, 0);
    c.ema = ema;
    if (!s) s = ad_checkpoint_load(path, &c);
    if (!s && ema && ema->updates > 0) s = ad_ema_read(ema, theta);
    for (long i = 0; i < count && !s; i++)
        mdl_put(d->model.type, d->theta, i, mdl_get(own->type, theta, i));
    ad_ema_free(ema);
    ad_free(theta);
    return s;
}

static ad_status load_weights(mdl_denoiser *d)
{
    char              path[PATH];
    mdl_score_network own = *d->network;
    if (snprintf(path, sizeof path, "%s/checkpoint.safetensors", d->path) >= PATH)
        return ad_fail(AD_IO, "%.60s...: the path is too long", d->path);
    own.type = strcmp(d->config->samples.precision, "float64") ? AD_F32 : AD_F64;
    if (own.type == d->network->type) return read_weights(d, path, d->network);
    ad_status s = mdl_score_network_init(&own);
    if (!s) {
        ad_params_freeze(own.params);
        s = read_weights(d, path, &own);
    }
    mdl_score_network_clear(&own);
    return s;
}

static ad_status load_run(mdl_denoiser *d, ad_type type)
{
    mdl_score_facts f;
    AD_TRY(mdl_score_read_json(d->path, &d->config, &f));
    d->class_names = f.class_names;
    AD_TRY(mdl_score_schedule(d->config, &d->schedule));
    AD_TRY(new_network(d, &f, type));
    AD_TRY(units(d));
    return load_weights(d);
}

/* --- both ------------------------------------------------------------------------------------------------------------------ */

static ad_status load(mdl_denoiser *d, ad_type type)
{
    struct stat st;
    if (!d->path) return AD_NO_MEMORY;
    if (stat(d->path, &st))
        return ad_fail(
            AD_IO,
            "there is no %s: a run of `costate train score` or a mixture's JSON is asked "
            "for",
            d->path);
    AD_TRY(S_ISDIR(st.st_mode) ? load_run(d, type) : load_mixture(d, type));
    d->model.name = d->path;
    return AD_OK;
}

ad_status mdl_denoiser_load(mdl_denoiser **out, const char *path, ad_type type)
{
    mdl_denoiser *d = *out = ad_alloc(sizeof *d);
    if (!d) return AD_NO_MEMORY;
    d->path     = ad_strdup(path);
    ad_status s = load(d, type);
    if (!s) return AD_OK;
    mdl_denoiser_free(d);
    *out = NULL;
    return s;
}

void mdl_denoiser_free(mdl_denoiser *d)
{
    if (!d) return;
    if (d->network) mdl_score_network_clear(d->network);
    ad_free(d->network);
    ad_free(d->theta);
    dpm_schedule_free(d->schedule);
    dpm_mixture_free(d->mixture);
    mdl_settings_free(d->config);
    json_decref(d->class_names);
    ad_free(d->scale);
    ad_free(d->shift);
    ad_free(d->path);
    ad_free(d);
}

ad_status mdl_denoiser_data(const mdl_denoiser *d, ds_samples **data)
{
    ds_samples *test;
    *data = NULL;
    if (!d->config) return ad_fail(AD_INVALID, "%s is a mixture: it learned from nothing", d->path);
    ad_status s = mdl_sampled_data(&d->config->samples, 0, data, &test);
    ds_samples_free(test);
    if (!s) return AD_OK;
    ds_samples_free(*data);
    *data = NULL;
    return s;
}

ad_status mdl_denoiser_class(const mdl_denoiser *d, const char *word, long *k)
{
    char all[256] = "", *end;
    if (!d->classes) return ad_fail(AD_INVALID, "%s was not trained on classes", d->path);
    for (*k = 0; d->class_names && *k < d->classes; ++*k) {
        const char *name = json_string_value(json_array_get(d->class_names, (size_t)*k));
        size_t      used = strlen(all);
        if (!strcmp(word, name)) return AD_OK;
        snprintf(all + used, sizeof all - used, "%s%s", *k ? ", " : " (", name);
    }
    *k = strtol(word, &end, 10);
    if (*word && !*end && *k >= 0 && *k < d->classes) return AD_OK;
    return ad_fail(AD_INVALID, "'%.40s' is no class; they are 0 to %ld%s%s", word, d->classes - 1,
                   all, *all ? ")" : "");
}

ad_status mdl_denoiser_embed(const mdl_denoiser *d, long label, void *c)
{
    if (!d->classes) return ad_fail(AD_INVALID, "%s knows no classes", d->path);
    if (label < -1 || label >= d->classes)
        return ad_fail(AD_INVALID, "%s: there is no class %ld; they are 0 to %ld", d->path, label,
                       d->classes - 1);
    const ad_param_view *v   = ad_params_view(d->model.theta,
                                              ad_params_find(d->model.theta, "class.weight"));
    size_t               row = ad_type_size(d->model.type) * (size_t)d->embedding;
    size_t               at  = ad_type_size(d->model.type) * (size_t)v->offset;
    memcpy(c, (char *)d->theta + at + (size_t)(label < 0 ? d->classes : label) * row, row);
    return AD_OK;
}

void mdl_denoiser_to_data(const mdl_denoiser *d, long n, double *x)
{
    long dim = d->model.dim;
    for (long i = 0; i < n * dim; i++) x[i] = x[i] * d->scale[i % dim] + d->shift[i % dim];
}

void mdl_denoiser_from_data(const mdl_denoiser *d, long n, double *x)
{
    long dim = d->model.dim;
    for (long i = 0; i < n * dim; i++) x[i] = (x[i] - d->shift[i % dim]) / d->scale[i % dim];
}

/* --- other weights as a run -------------------------------------------------------------------------------------------------- */

static ad_status write_text(const char *path, const char *text)
{
    ad_file f;
    AD_TRY(ad_file_create(&f, path));
    ad_file_write(&f, text, strlen(text));
    return ad_file_commit(&f);
}

/* The weights stand for themselves there: no average. */
static ad_status save_json(const mdl_denoiser *d, const char *path)
{
    mdl_score_config c  = *d->config;
    mdl_score_facts  f  = { d->model.dim, d->classes, d->rank, { 0 }, d->network->sigma_data };
    c.average           = 0;
    c.samples.precision = d->model.type == AD_F64 ? "float64" : "float32";
    f.class_names       = d->class_names;
    memcpy(f.shape, d->shape, sizeof f.shape);
    json_t *j    = mdl_score_json(&c, &f);
    char   *text = j ? json_dumps(j, JSON_INDENT(2)) : NULL;
    json_decref(j);
    if (!text) return ad_fail(AD_NO_MEMORY, "no memory for config.json");
    ad_status s = write_text(path, text);
    free(text);
    return s;
}

ad_status mdl_denoiser_save(const mdl_denoiser *d, const char *directory)
{
    char      config[PATH], path[PATH];
    ad_tensor extra[2];
    if (!d->network)
        return ad_fail(AD_UNSUPPORTED, "%s is a mixture: it has no weights to save", d->path);
    if (snprintf(path, sizeof path, "%s/checkpoint.safetensors", directory) >= PATH)
        return ad_fail(AD_IO, "%.60s...: the path is too long", directory);
    snprintf(config, sizeof config, "%s/config.json", directory);
    ad_checkpoint c = { .params = d->model.theta, .theta = d->theta, .extra = extra };
    c.nextra        = mdl_score_extra(d->model.dim, d->scale, d->shift, extra);
    AD_TRY(ad_checkpoint_save(path, &c));
    return save_json(d, config);
}
