#include <math.h>
#include <string.h>

#include <jansson.h>

#include <costate/autodiff/memory.h>
#include <costate/autodiff/random.h>
#include <costate/models/class_names.h>
#include <costate/models/score_task.h>

#include "sampled.h"

static const uint64_t stream_of_bytes = 0x6279746573u, stream_of_judging = 0x6a75646765u;

static const mdl_samples_config *common(const mdl_score_task *t)
{
    return &t->config->samples;
}

/* --- the data in the network's units -------------------------------------------------------------------------------- */

/* Sample i, or bytes spread evenly over their step. */
static ad_status read_rows(mdl_score_task *t, const ds_samples *s, long n, const long *index,
                           uint64_t draw)
{
    long dim = s->dim;
    AD_TRY(ds_samples_rows(s, n, index, AD_F64, t->row, s->classes ? t->label : NULL));
    for (long i = 0; t->config->dequantise && s->byte && i < n * dim; i++) {
        double u;
        ad_random_uniform(AD_F64, draw, stream_of_bytes, (uint64_t)i, 1, &u);
        t->row[i] += (u - 0.5) / s->unit;
    }
    for (long i = 0; i < n * dim; i++)
        t->row[i] = (t->row[i] - t->shift[i % dim]) / t->scale[i % dim];
    return AD_OK;
}

/* Mean and deviation, column by column; a column that does not vary stays as it is. */
static ad_status by_deviation(mdl_score_task *t)
{
    long    d      = t->train->dim;
    double *square = ad_alloc((size_t)d * sizeof *square);
    if (!square) return AD_NO_MEMORY;
    for (int pass = 0; pass < 2; pass++)
        for (long i = 0; i < t->train->n; i++) {
            ds_samples_rows(t->train, 1, &i, AD_F64, t->row, NULL);
            for (long j = 0; j < d; j++) {
                double r = t->row[j] - t->shift[j];
                if (pass)
                    square[j] += r * r / (double)t->train->n;
                else
                    t->shift[j] += r / (double)(i + 1);
            }
        }
    for (long j = 0; j < d; j++)
        if (square[j] > 0) t->scale[j] = sqrt(square[j]);
    ad_free(square);
    return AD_OK;
}

/* The smallest and the largest number of all go to -1 and 1. */
static ad_status by_range(mdl_score_task *t)
{
    double lo = INFINITY, hi = -INFINITY;
    for (long i = 0; i < t->train->n; i++) {
        AD_TRY(ds_samples_rows(t->train, 1, &i, AD_F64, t->row, NULL));
        for (long j = 0; j < t->train->dim; j++) lo = fmin(lo, t->row[j]), hi = fmax(hi, t->row[j]);
    }
    for (long j = 0; j < t->train->dim && hi > lo; j++)
        t->shift[j] = 0.5 * (lo + hi), t->scale[j] = 0.5 * (hi - lo);
    return AD_OK;
}

static ad_status measure(mdl_score_task *t)
{
    double sum = 0;
    for (long i = 0; i < t->train->n; i++) {
        AD_TRY(read_rows(t, t->train, 1, &i, 0));
        for (long j = 0; j < t->train->dim; j++) sum += t->row[j] * t->row[j];
    }
    t->sigma_data = sqrt(sum / (double)(t->train->n * t->train->dim));
    if (t->sigma_data > 0 && isfinite(t->sigma_data)) return AD_OK;
    return ad_fail(
        AD_INVALID,
        "%s: the samples are all the same, or their numbers too large: there is nothing to learn",
        common(t)->data);
}

static ad_status normalise(mdl_score_task *t)
{
    const char *how   = t->config->normalise;
    int         image = t->train->rank > 1;
    for (long j = 0; j < t->train->dim; j++) t->scale[j] = 1, t->shift[j] = 0;
    if (!strcmp(how, "range") || (!strcmp(how, "auto") && image)) AD_TRY(by_range(t));
    if (!strcmp(how, "deviation") || (!strcmp(how, "auto") && !image)) AD_TRY(by_deviation(t));
    return measure(t);
}

/* --- training -------------------------------------------------------------------------------------------------------- */

static const int *labels(const mdl_score_task *t)
{
    return t->config->conditional ? t->label : NULL;
}

static ad_status step(void *model, long n, const long *index, reg_progress p, uint64_t draw,
                      mdl_step *s)
{
    mdl_score_task *t = model;
    (void)p;
    AD_TRY(read_rows(t, t->train, n, index, draw));
    return mdl_scorer_step(t->score, n, t->row, labels(t), draw, s);
}

ad_status mdl_score_task_judge(mdl_score_task *t, const ds_samples *s, long n, double *loss,
                               double *penalty)
{
    long batch = common(t)->batch;
    *loss = *penalty = 0;
    if (n == 0 || n > s->n) n = s->n;
    for (long at = 0; at < n; at += batch) {
        long     m    = n - at < batch ? n - at : batch;
        uint64_t draw = ad_random_bits((uint64_t)common(t)->seed, stream_of_judging, (uint64_t)at);
        double   l, p;
        long    *index = ad_alloc((size_t)m * sizeof *index);
        if (!index) return AD_NO_MEMORY;
        for (long i = 0; i < m; i++) index[i] = at + i;
        ad_status status = read_rows(t, s, m, index, draw);
        ad_free(index);
        if (!status) status = mdl_scorer_loss(t->score, m, t->row, labels(t), draw, &l, &p);
        if (status) return status;
        *loss += l * (double)m / (double)n;
        *penalty += p * (double)m / (double)n;
    }
    return AD_OK;
}

static ad_status test(void *model, mdl_test *out)
{
    mdl_score_task *t = model;
    double          penalty;
    *out = (mdl_test){ NAN, NAN, NAN };
    return mdl_score_task_judge(t, t->test, common(t)->test_rows, &out->loss, &penalty);
}

static ad_status build(mdl_score_task *t, long iterations)
{
    mdl_sampled        c;
    mdl_scorer_options o;
    AD_TRY(mdl_score_schedule(t->config, &t->schedule));
    AD_TRY(mdl_sampled_choices(common(t), iterations, &c));
    AD_TRY(mdl_score_options_of(t->config, &o));
    o.dim        = t->train->dim;
    o.classes    = t->config->conditional ? t->train->classes : 0;
    o.sigma_data = t->sigma_data;
    o.schedule   = t->schedule;
    o.learn      = c.learn;
    return mdl_scorer_new(&t->score, &o);
}

static ad_status allocate(mdl_score_task *t)
{
    size_t dim = (size_t)t->train->dim, batch = (size_t)common(t)->batch;
    t->scale = ad_alloc(dim * sizeof(double));
    t->shift = ad_alloc(dim * sizeof(double));
    t->row   = ad_alloc(dim * batch * sizeof(double));
    t->label = ad_alloc(batch * sizeof *t->label);
    return t->scale && t->shift && t->row && t->label ? AD_OK : AD_NO_MEMORY;
}

static ad_status with_data(mdl_score_task *t)
{
    AD_TRY(mdl_score_settings.check(t->config));
    AD_TRY(mdl_sampled_data(common(t), t->config->conditional ? 2 : 0, &t->train, &t->test));
    mdl_training_spec spec = mdl_sampled_training(common(t), t->train->n);
    AD_TRY(allocate(t));
    AD_TRY(normalise(t));
    AD_TRY(build(t, spec.iterations));
    spec.model   = t;
    spec.step    = step;
    spec.test    = t->test ? test : NULL;
    spec.learner = mdl_scorer_learner(t->score);
    spec.average = mdl_scorer_average(t->score);
    spec.nextra  = mdl_score_extra(t->train->dim, t->scale, t->shift, spec.extra);
    return mdl_training_new(&t->training, &spec);
}

ad_status mdl_score_task_new(mdl_score_task **out, mdl_score_config *config)
{
    *out              = NULL;
    mdl_score_task *t = ad_alloc(sizeof *t);
    if (!t) {
        mdl_settings_free(config);
        return AD_NO_MEMORY;
    }
    t->config   = config;
    ad_status s = with_data(t);
    if (s)
        mdl_score_task_free(t);
    else
        *out = t;
    return s;
}

void mdl_score_task_free(mdl_score_task *t)
{
    if (!t) return;
    mdl_training_free(t->training);
    mdl_scorer_free(t->score);
    dpm_schedule_free(t->schedule);
    ds_samples_free(t->train);
    ds_samples_free(t->test);
    ad_free(t->scale);
    ad_free(t->shift);
    ad_free(t->row);
    ad_free(t->label);
    mdl_settings_free(t->config);
    ad_free(t);
}

struct json_t *mdl_score_task_to_json(const mdl_score_task *t)
{
    const mdl_scorer_options *o = mdl_scorer_about(t->score);
    mdl_score_facts           f = { o->dim, o->classes, t->train->rank, { 0 }, o->sigma_data };
    memcpy(f.shape, t->train->shape, sizeof f.shape);
    if (o->classes && !(f.class_names = mdl_class_names(t->train))) return NULL;
    json_t *j = mdl_score_json(t->config, &f);
    json_decref(f.class_names);
    return j;
}
