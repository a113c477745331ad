#include <math.h>
#include <string.h>

#include <costate/autodiff/memory.h>
#include <costate/autodiff/random.h>

#include "pass.h"
#include "tune.h"

static const uint64_t stream_of_seeds = 0x74756e65u;

struct mdl_tune {
    const mdl_denoiser *d;
    mdl_tune_options    o;
    mdl_tune_loss      *loss;
    void               *ctx;
    dpm_sampler        *sampler;
    ad_params          *params; /* of noise or condition; NULL of weights */
    mdl_learner        *learner;
    ad_type             type;
    long                dim, iteration;
    uint64_t            drawn;                     /* which noise */
    void               *start, *x, *x_bar;         /* [n, dim] of the type */
    void               *condition, *condition_bar; /* [n, E]       */
    double             *data, *data_bar;           /* [n, dim]               */
};

static const char *const names[] = { "noise", "weights", "condition" };

const char *mdl_tune_name(int i)
{
    return i >= 0 && i < 3 ? names[i] : NULL;
}

static double deviation(const mdl_tune *t)
{
    return dpm_sampler_points(t->sampler)[0].sigma;
}

/* Noise of a step: sigma of the first point times normal numbers. What a stochastic sampler draws on its way has a seed of its own
   for each, or it would draw the start's numbers again. */
static void draw(mdl_tune *t, uint64_t stream)
{
    t->drawn = stream;
    ad_random_normal(t->type, t->o.seed, stream, 0, t->o.n * t->dim, t->start);
    for (long i = 0; i < t->o.n * t->dim; i++)
        ad_put(t->type, t->start, i, deviation(t) * ad_get(t->type, t->start, i));
}

/* --- making ------------------------------------------------------------------------------------------------------------ */

static ad_status own_params(mdl_tune *t, const char *name, long count)
{
    AD_TRY(ad_params_new(&t->params, t->type));
    return ad_params_add(t->params, name, ad_vector(count), AD_INIT_ZERO, 0) < 0 ? AD_NO_MEMORY
                                                                                 : AD_OK;
}

static ad_status learner(mdl_tune *t)
{
    const mdl_denoiser *d     = t->d;
    mdl_learning        learn = t->o.learn;
    long                n     = t->o.n;
    if (!(learn.o.rate > 0)) learn.o.rate = t->o.of == MDL_TUNE_WEIGHTS ? 1e-3 : 0.05;
    if (t->o.of == MDL_TUNE_WEIGHTS) {
        if (!d->model.theta)
            return ad_fail(AD_INVALID,
                           "%s has no weights to tune; --of noise moves the start of its samples",
                           d->path);
        AD_TRY(mdl_learner_new(&t->learner, d->model.theta, &learn));
        memcpy(t->learner->theta, d->theta, (size_t)t->learner->count * ad_type_size(t->type));
        return AD_OK;
    }
    AD_TRY(own_params(t, names[t->o.of], t->o.of == MDL_TUNE_NOISE ? n * t->dim : d->embedding));
    AD_TRY(mdl_learner_new(&t->learner, t->params, &learn));
    if (t->o.of == MDL_TUNE_NOISE)
        memcpy(t->learner->theta, t->start, (size_t)(n * t->dim) * ad_type_size(t->type));
    else
        return mdl_denoiser_embed(d, t->o.label - 1, t->learner->theta);
    return AD_OK;
}

static ad_status condition(mdl_tune *t)
{
    const mdl_denoiser *d    = t->d;
    size_t              size = ad_type_size(t->type), row = (size_t)d->embedding * size;
    if (t->o.of == MDL_TUNE_CONDITION && !d->embedding)
        return ad_fail(AD_INVALID,
                       "%s knows no classes: there is no condition to tune; train it with labels",
                       d->path);
    if (!d->embedding)
        return t->o.label ? ad_fail(AD_INVALID, "%s knows no classes", d->path) : AD_OK;
    t->condition     = ad_alloc((size_t)t->o.n * row);
    t->condition_bar = ad_alloc((size_t)t->o.n * row);
    if (!t->condition || !t->condition_bar) return AD_NO_MEMORY;
    AD_TRY(mdl_denoiser_embed(d, t->o.label - 1, t->condition));
    for (long i = 1; i < t->o.n; i++)
        memcpy((char *)t->condition + (size_t)i * row, t->condition, row);
    return AD_OK;
}

static ad_status make(mdl_tune *t)
{
    dpm_model model = t->d->model;
    size_t    room  = (size_t)(t->o.n * t->dim);
    model.guided    = t->o.guidance != 0 && t->d->classes > 0;
    if (t->o.guidance != 0 && !t->d->classes)
        return ad_fail(AD_INVALID, "%s knows no classes: there is nothing to guide by", t->d->path);
    AD_TRY(dpm_sampler_new(&t->sampler, &model, &t->o.sampler, t->o.n));
    t->start    = ad_alloc(room * ad_type_size(t->type));
    t->x        = ad_alloc(room * ad_type_size(t->type));
    t->x_bar    = ad_alloc(room * ad_type_size(t->type));
    t->data     = ad_alloc(room * sizeof(double));
    t->data_bar = ad_alloc(room * sizeof(double));
    if (!t->start || !t->x || !t->x_bar || !t->data || !t->data_bar) return AD_NO_MEMORY;
    draw(t, 0);
    AD_TRY(condition(t));
    return learner(t);
}

ad_status mdl_tune_new(mdl_tune **out, const mdl_denoiser *d, const mdl_tune_options *o,
                       mdl_tune_loss *loss, void *ctx)
{
    *out        = NULL;
    mdl_tune *t = ad_alloc(sizeof *t);
    if (!t) return AD_NO_MEMORY;
    t->d    = d;
    t->o    = *o;
    t->loss = loss;
    t->ctx  = ctx;
    t->type = d->model.type;
    t->dim  = d->model.dim;
    if (!t->o.n) t->o.n = 16;
    ad_status s = make(t);
    if (s) {
        mdl_tune_free(t);
        return s;
    }
    *out = t;
    return AD_OK;
}

void mdl_tune_free(mdl_tune *t)
{
    if (!t) return;
    mdl_learner_free(t->learner);
    ad_params_free(t->params);
    dpm_sampler_free(t->sampler);
    void *block[] = {
        t->start, t->x, t->x_bar, t->condition, t->condition_bar, t->data, t->data_bar
    };
    for (size_t i = 0; i < sizeof block / sizeof *block; i++) ad_free(block[i]);
    ad_free(t);
}

/* --- a step ------------------------------------------------------------------------------------------------------------ */

/* One condition for all samples. */
static void spread(mdl_tune *t)
{
    size_t row = (size_t)t->d->embedding * ad_type_size(t->type);
    for (long i = 0; t->o.of == MDL_TUNE_CONDITION && i < t->o.n; i++)
        memcpy((char *)t->condition + (size_t)i * row, t->learner->theta, row);
}

static ad_status sample(mdl_tune *t, int record)
{
    spread(t);
    const void *args[] = { t->condition };
    dpm_run     r      = { .n        = t->o.n,
                           .x        = t->o.of == MDL_TUNE_NOISE ? t->learner->theta : t->start,
                           .args     = args,
                           .theta    = t->o.of == MDL_TUNE_WEIGHTS ? t->learner->theta : t->d->theta,
                           .guidance = t->o.guidance,
                           .seed     = ad_random_bits(t->o.seed, stream_of_seeds, t->drawn),
                           .out      = t->x,
                           .record   = record };
    AD_TRY(dpm_sample(t->sampler, &r));
    for (long i = 0; i < t->o.n * t->dim; i++) t->data[i] = ad_get(t->type, t->x, i);
    mdl_denoiser_to_data(t->d, t->o.n, t->data);
    return AD_OK;
}

static ad_status pull(mdl_tune *t)
{
    mdl_learner *l          = t->learner;
    void        *args_bar[] = { t->condition_bar };
    for (long i = 0; i < t->o.n * t->dim; i++)
        ad_put(t->type, t->x_bar, i, t->data_bar[i] * t->d->scale[i % t->dim]);
    dpm_cotangents c = { .out_bar = t->x_bar };
    if (t->o.of == MDL_TUNE_NOISE) c.x_bar = l->theta_bar;
    if (t->o.of == MDL_TUNE_CONDITION) c.args_bar = args_bar;
    if (t->o.of == MDL_TUNE_WEIGHTS) {
        memset(l->theta_bar, 0, (size_t)l->count * ad_type_size(t->type));
        c.theta_bar = l->theta_bar;
    }
    AD_TRY(dpm_pullback(t->sampler, &c));
    for (long k = 0; t->o.of == MDL_TUNE_CONDITION && k < t->d->embedding; k++) {
        double sum = 0;
        for (long i = 0; i < t->o.n; i++)
            sum += ad_get(t->type, t->condition_bar, i * t->d->embedding + k);
        ad_put(t->type, l->theta_bar, k, sum);
    }
    return AD_OK;
}

ad_status mdl_tune_gradient(mdl_tune *t, mdl_tune_step *s)
{
    if (t->o.of == MDL_TUNE_WEIGHTS) draw(t, t->o.same ? 0 : (uint64_t)t->iteration);
    AD_TRY(sample(t, 1));
    AD_TRY(t->loss(t->o.n, t->data, &s->loss, t->data_bar, t->ctx));
    if (!isfinite(s->loss))
        return ad_fail(AD_NONFINITE_STATE, "the loss is %g at iteration %ld of tuning %s", s->loss,
                       t->iteration + 1, names[t->o.of]);
    AD_TRY(pull(t));
    const dpm_stats *stats = dpm_sampler_stats(t->sampler);
    s->gradient            = ad_norm(t->type, t->learner->count, t->learner->theta_bar);
    s->nfe                 = stats->nfe;
    s->nvjp                = stats->nvjp;
    s->again               = stats->nfe_again;
    return AD_OK;
}

/* No number of the noise farther than the radius from where it started. */
static void keep_near(mdl_tune *t)
{
    double most = t->o.radius * deviation(t);
    for (long i = 0; t->o.of == MDL_TUNE_NOISE && most > 0 && i < t->o.n * t->dim; i++) {
        double x0 = ad_get(t->type, t->start, i), x = ad_get(t->type, t->learner->theta, i);
        if (x > x0 + most) ad_put(t->type, t->learner->theta, i, x0 + most);
        if (x < x0 - most) ad_put(t->type, t->learner->theta, i, x0 - most);
    }
}

ad_status mdl_tune_run(mdl_tune *t, mdl_tune_step *s)
{
    double begin = mdl_seconds();
    AD_TRY(mdl_tune_gradient(t, s));
    AD_TRY(mdl_learner_step(t->learner, s->loss));
    keep_near(t);
    s->iteration = ++t->iteration;
    s->seconds   = mdl_seconds() - begin;
    return AD_OK;
}

ad_status mdl_tune_samples(mdl_tune *t, double *x, double *loss)
{
    if (t->o.of == MDL_TUNE_WEIGHTS) draw(t, 0);
    AD_TRY(sample(t, 0));
    if (x) memcpy(x, t->data, (size_t)(t->o.n * t->dim) * sizeof *x);
    return loss ? t->loss(t->o.n, t->data, loss, t->data_bar, t->ctx) : AD_OK;
}

mdl_learner *mdl_tune_learner(const mdl_tune *t)
{
    return t->learner;
}

long mdl_tune_size(const mdl_tune *t)
{
    return t->o.n;
}

double mdl_tune_moved(const mdl_tune *t)
{
    double most = 0;
    for (long i = 0; t->o.of == MDL_TUNE_NOISE && i < t->o.n * t->dim; i++) {
        double d = fabs(ad_get(t->type, t->learner->theta, i) - ad_get(t->type, t->start, i)) /
                   deviation(t);
        if (d > most) most = d;
    }
    return most;
}
