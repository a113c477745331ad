#include <math.h>
#include <stdio.h>
#include <string.h>

#include <costate/autodiff/checkpoint.h>
#include <costate/autodiff/memory.h>
#include <costate/autodiff/random.h>
#include <costate/models/cnf_task.h>
#include <costate/models/model.h>

#include "sampled.h"

enum { PATH = 4096, MOST_COLUMNS = 256 };

static const uint64_t stream_of_paths = 0x7061746873u; /* "paths" */

static const mdl_samples_config *common(const mdl_cnf_task *t)
{
    return &t->config->samples;
}

static long dim_of(const mdl_cnf_task *t)
{
    return mdl_cnf_about(t->cnf)->dim;
}

/* iterations 0: to be looked at, not trained. */
static ad_status build(mdl_cnf_task *t, long dim, long iterations)
{
    mdl_sampled           c;
    const mdl_cnf_config *m = t->config;
    AD_TRY(mdl_sampled_choices(common(t), iterations, &c));
    mdl_cnf_options o = { .dim        = dim,
                          .hidden     = m->hidden,
                          .depth      = m->depth,
                          .field      = m->field,
                          .activation = m->activation,
                          .trace      = m->trace,
                          .type       = c.type,
                          .t1         = m->samples.t1,
                          .batch      = m->samples.batch,
                          .solve      = &c.solve,
                          .adjoint    = &c.adjoint,
                          .terms      = c.terms,
                          .term       = c.term,
                          .measure    = (int)m->samples.measure,
                          .learn      = c.learn };
    AD_TRY(mdl_cnf_new(&t->cnf, &o));
    AD_TRY(mdl_flow_new(&t->flow, &o, 0, NULL, o.batch));
    t->mean      = ad_alloc((size_t)dim * sizeof(double));
    t->deviation = ad_alloc((size_t)dim * sizeof(double));
    t->x         = ad_alloc((size_t)(o.batch * dim) * sizeof(double));
    t->row       = ad_alloc((size_t)(o.batch * (dim + 1)) * sizeof(double));
    return t->mean && t->deviation && t->x && t->row ? AD_OK : AD_NO_MEMORY;
}

static void measure_scale(mdl_cnf_task *t)
{
    t->log_scale = 0;
    for (long j = 0; j < dim_of(t); j++) t->log_scale += log(t->deviation[j]);
}

/* Mean and deviation of the training part, column by column; a column that does not vary stays as it is. */
static ad_status normalise(mdl_cnf_task *t)
{
    long d = t->train->dim;
    for (long j = 0; j < d; j++) t->mean[j] = 0, t->deviation[j] = 1;
    if (!t->config->normalise) return AD_OK;
    double *square = ad_alloc((size_t)d * sizeof *square);
    if (!square) return AD_NO_MEMORY;
    for (int pass = 0; pass < 2; pass++)
        for (long i = 0; i < t->train->n; i++) {
            ds_samples_rows(t->train, 1, &i, AD_F64, t->row, NULL);
            for (long j = 0; j < d; j++) {
                double r = t->row[j] - t->mean[j];
                if (pass)
                    square[j] += r * r / (double)t->train->n;
                else
                    t->mean[j] += r / (double)(i + 1);
            }
        }
    for (long j = 0; j < d; j++)
        if (square[j] > 0) t->deviation[j] = sqrt(square[j]);
    ad_free(square);
    return AD_OK;
}

static void to_flow(const mdl_cnf_task *t, long n, double *x)
{
    long d = dim_of(t);
    for (long i = 0; i < n * d; i++) x[i] = (x[i] - t->mean[i % d]) / t->deviation[i % d];
}

static void from_flow(const mdl_cnf_task *t, long n, double *x)
{
    long d = dim_of(t);
    for (long i = 0; i < n * d; i++) x[i] = x[i] * t->deviation[i % d] + t->mean[i % d];
}

static ad_status step(void *model, long n, const long *index, reg_progress p, uint64_t draw,
                      mdl_step *s)
{
    mdl_cnf_task *t    = model;
    ad_type       type = mdl_cnf_about(t->cnf)->type;
    AD_TRY(ds_samples_rows(t->train, n, index, AD_F64, t->row, NULL));
    to_flow(t, n, t->row);
    for (long i = 0; i < n * t->train->dim; i++) mdl_put(type, t->x, i, t->row[i]);
    AD_TRY(mdl_cnf_step(t->cnf, n, t->x, p, draw, s));
    s->loss += t->log_scale;
    return AD_OK;
}

static void use_weights(mdl_cnf_task *t)
{
    const mdl_learner *l = mdl_cnf_learner(t->cnf);
    mdl_flow_set(t->flow, l->theta, l->type);
}

ad_status mdl_cnf_task_judge(mdl_cnf_task *t, const ds_samples *s, long n, double *loss,
                             double *nfe)
{
    long    batch = common(t)->batch, solves = 0;
    double *log_p = t->row + batch * s->dim, evaluations, sum = 0, work = 0;
    if (n == 0 || n > s->n) n = s->n;
    use_weights(t);
    for (long at = 0; at < n; at += batch, solves++) {
        long m = n - at < batch ? n - at : batch;
        for (long i = 0; i < m; i++) {
            long index = at + i;
            AD_TRY(ds_samples_rows(s, 1, &index, AD_F64, t->row + i * s->dim, NULL));
        }
        to_flow(t, m, t->row);
        AD_TRY(mdl_flow_log_density(t->flow, m, t->row, log_p, &evaluations));
        for (long i = 0; i < m; i++) sum -= log_p[i] - t->log_scale;
        work += evaluations;
    }
    *loss = sum / (double)n;
    *nfe  = work / (double)solves;
    return AD_OK;
}

static ad_status test(void *model, mdl_test *out)
{
    mdl_cnf_task *t = model;
    out->accuracy   = NAN;
    return mdl_cnf_task_judge(t, t->test, common(t)->test_rows, &out->loss, &out->nfe);
}

ad_status mdl_cnf_task_log_density(mdl_cnf_task *t, long n, const double *x, double *log_p)
{
    long d = dim_of(t), batch = common(t)->batch;
    use_weights(t);
    for (long at = 0; at < n; at += batch) {
        long m = n - at < batch ? n - at : batch;
        memcpy(t->row, x + at * d, (size_t)(m * d) * sizeof(double));
        to_flow(t, m, t->row);
        AD_TRY(mdl_flow_log_density(t->flow, m, t->row, log_p + at, NULL));
        for (long i = at; i < at + m; i++) log_p[i] -= t->log_scale;
    }
    return AD_OK;
}

ad_status mdl_cnf_task_sample(mdl_cnf_task *t, long n, uint64_t seed, double *x)
{
    use_weights(t);
    AD_TRY(mdl_flow_sample(t->flow, n, seed, x));
    from_flow(t, n, x);
    return AD_OK;
}

ad_status mdl_cnf_task_paths(mdl_cnf_task *t, long n, uint64_t seed, int times, double *z)
{
    double *at = ad_alloc((size_t)times * sizeof *at), t1 = common(t)->t1;
    if (!at) return AD_NO_MEMORY;
    for (int k = 0; k < times; k++) at[k] = t1 * (times - 1 - k) / (times - 1);
    use_weights(t);
    ad_random_normal(AD_F64, seed, stream_of_paths, 0, n * dim_of(t), t->row);
    ad_status s = mdl_flow_paths(t->flow, n, t->row, times, at, z);
    from_flow(t, n * times, z);
    ad_free(at);
    return s;
}

/* The normalisation, as a checkpoint has it. */
static int scale_arrays(mdl_cnf_task *t, ad_tensor extra[2])
{
    long d   = dim_of(t);
    extra[0] = (ad_tensor){ "mean", AD_TENSOR_F64, 1, { d }, t->mean };
    extra[1] = (ad_tensor){ "deviation", AD_TENSOR_F64, 1, { d }, t->deviation };
    return 2;
}

static ad_status with_data(mdl_cnf_task *t)
{
    AD_TRY(mdl_cnf_settings.check(t->config));
    AD_TRY(mdl_sampled_data(common(t), 0, &t->train, &t->test));
    if (t->train->dim > MOST_COLUMNS)
        return ad_fail(AD_UNSUPPORTED,
                       "%s has samples of %ld numbers; flows of more than %d are not built, since "
                       "their densities are judged by the exact trace, a tangent for each number",
                       common(t)->data, t->train->dim, MOST_COLUMNS);
    mdl_training_spec spec = mdl_sampled_training(common(t), t->train->n);
    AD_TRY(build(t, t->train->dim, spec.iterations));
    AD_TRY(normalise(t));
    measure_scale(t);
    spec.model   = t;
    spec.step    = step;
    spec.test    = t->test ? test : NULL;
    spec.learner = mdl_cnf_learner(t->cnf);
    spec.nextra  = scale_arrays(t, spec.extra);
    return mdl_training_new(&t->training, &spec);
}

ad_status mdl_cnf_task_new(mdl_cnf_task **out, mdl_cnf_config *config)
{
    *out            = NULL;
    mdl_cnf_task *t = ad_alloc(sizeof *t);
    if (!t) {
        mdl_settings_free(config);
        return AD_NO_MEMORY;
    }
    t->config   = config;
    ad_status s = with_data(t);
    if (s)
        mdl_cnf_task_free(t);
    else
        *out = t;
    return s;
}

void mdl_cnf_task_free(mdl_cnf_task *t)
{
    if (!t) return;
    mdl_training_free(t->training);
    mdl_flow_free(t->flow);
    mdl_cnf_free(t->cnf);
    ds_samples_free(t->train);
    ds_samples_free(t->test);
    ad_free(t->mean);
    ad_free(t->deviation);
    ad_free(t->x);
    ad_free(t->row);
    mdl_settings_free(t->config);
    ad_free(t);
}

struct json_t *mdl_cnf_task_to_json(const mdl_cnf_task *t)
{
    return mdl_run_settings_json(&mdl_cnf_settings, t->config, 1,
                                 (mdl_fact[]){ { "dim", dim_of(t) } });
}

static ad_status load_weights(mdl_cnf_task *t, const char *directory)
{
    char          path[PATH];
    ad_tensor     extra[2];
    mdl_learner  *l = mdl_cnf_learner(t->cnf);
    ad_checkpoint c = { .params = l->params, .theta = l->theta, .extra = extra };
    c.nextra        = scale_arrays(t, extra);
    snprintf(path, sizeof path, "%s/checkpoint.safetensors", directory);
    AD_TRY(ad_checkpoint_load(path, &c));
    measure_scale(t);
    return AD_OK;
}

ad_status mdl_cnf_task_load(mdl_cnf_task **out, const char *directory)
{
    mdl_fact      fact[] = { { "dim", 0 } };
    void         *config;
    mdl_cnf_task *t = *out = ad_alloc(sizeof *t);
    if (!t) return AD_NO_MEMORY;
    ad_status s = mdl_run_settings(&mdl_cnf_settings, directory, &config, 1, fact);
    t->config   = config;
    if (!s) s = build(t, fact[0].value, 0);
    if (!s) s = load_weights(t, directory);
    if (!s) return AD_OK;
    mdl_cnf_task_free(t);
    *out = NULL;
    return s;
}
