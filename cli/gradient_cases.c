/* Models whose gradients through sampling are judged, and one such gradient. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <costate/autodiff/memory.h>

#include "gradient_cases.h"

enum { DIM = 2, BATCH = 256, SEED = 3, EXACT_STEPS = 1500 };

static const double c_of_loss[DIM] = { 0.3, -0.7 };

/* --- the network ---------------------------------------------------------------------------------------------------------- */

static ad_status train(gradient_case *c, long iterations)
{
    double             x[BATCH * DIM];
    mdl_step           step;
    mdl_scorer_options o = { .dim      = DIM,
                             .hidden   = 64,
                             .depth    = 1,
                             .schedule = c->base.schedule,
                             .type     = AD_F64,
                             .batch    = BATCH,
                             .learn    = { .o = { .rate = 2e-3 } } };
    AD_TRY(mdl_scorer_new(&c->scorer, &o));
    for (long i = 0; i < iterations; i++) {
        dpm_mixture_draw(c->base.mixture, SEED, i * BATCH, BATCH, x);
        AD_TRY(mdl_scorer_step(c->scorer, BATCH, x, NULL, (uint64_t)i, &step));
    }
    c->model = mdl_scorer_model(c->scorer);
    c->count = ad_params_count(c->model.theta);
    c->theta = ad_alloc((size_t)c->count * sizeof *c->theta);
    return c->theta ? mdl_scorer_weights(c->scorer, c->theta) : AD_NO_MEMORY;
}

/* --- a gradient ----------------------------------------------------------------------------------------------------------- */

static ad_status sample_and_pull(gradient_run *r, const gradient_case *c, dpm_sampler *s)
{
    double *end_bar = ad_alloc((size_t)c->n * DIM * sizeof *end_bar);
    if (!end_bar) return AD_NO_MEMORY;
    ad_status code = dpm_sample(
        s,
        &(dpm_run){ .n = c->n, .x = c->base.start, .theta = c->theta, .out = r->end, .record = 1 });
    for (long i = 0; i < c->n * DIM; i++) end_bar[i] = c_of_loss[i % DIM] + r->end[i];
    if (!code)
        code = dpm_pullback(
            s,
            &(dpm_cotangents){ .out_bar = end_bar, .x_bar = r->x_bar, .theta_bar = r->theta_bar });
    r->stats = *dpm_sampler_stats(s);
    ad_free(end_bar);
    return code;
}

ad_status gradient_run_new(gradient_run *r, const gradient_case *c, const dpm_options *options)
{
    dpm_options  o = *options;
    dpm_sampler *s;
    size_t       bytes = (size_t)c->n * DIM * sizeof(double);
    *r                 = (gradient_run){ .end = ad_alloc(bytes), .x_bar = ad_alloc(bytes) };
    if (c->count) r->theta_bar = ad_alloc((size_t)c->count * sizeof(double));
    ad_status code = r->end && r->x_bar && (r->theta_bar || !c->count) ? AD_OK : AD_NO_MEMORY;
    o.schedule     = c->base.schedule;
    if (!code) code = dpm_sampler_new(&s, &c->model, &o, c->n);
    if (!code) {
        code = sample_and_pull(r, c, s);
        dpm_sampler_free(s);
    }
    if (code) gradient_run_free(r);
    return code;
}

void gradient_run_free(gradient_run *r)
{
    ad_free(r->end);
    ad_free(r->x_bar);
    ad_free(r->theta_bar);
    *r = (gradient_run){ 0 };
}

/* --- a case --------------------------------------------------------------------------------------------------------------- */

/* rk4 in rho on a fine grid, and its exact gradient: of the ODE's to 1e-9 (of the mixture's, seen against its variational equation). */
static ad_status solve_ode(gradient_case *c)
{
    gradient_run r;
    AD_TRY(gradient_run_new(&r, c,
                            &(dpm_options){ .sampler = "rho-rk",
                                            .tableau = &nde_rk4,
                                            .grid = { .name = "logsnr", .steps = EXACT_STEPS } }));
    c->ode  = r.x_bar;
    r.x_bar = NULL;
    gradient_run_free(&r);
    return AD_OK;
}

ad_status gradient_case_new(gradient_case *c, long n, long iterations)
{
    *c             = (gradient_case){ .n = n };
    ad_status code = sampler_case_new(&c->base, "A", n);
    if (!code && iterations) code = train(c, iterations);
    if (!code && !iterations) c->model = dpm_mixture_model(c->base.mixture, AD_F64);
    if (!code) code = solve_ode(c);
    if (code) gradient_case_free(c);
    return code;
}

void gradient_case_free(gradient_case *c)
{
    mdl_scorer_free(c->scorer);
    sampler_case_free(&c->base);
    ad_free(c->theta);
    ad_free(c->ode);
    *c = (gradient_case){ 0 };
}

/* --- distances -------------------------------------------------------------------------------------------------------------- */

double gradient_distance(long n, const double *a, const double *b)
{
    double off = 0, size = 0;
    for (long i = 0; a && b && i < n; i++)
        off += (a[i] - b[i]) * (a[i] - b[i]), size += b[i] * b[i];
    return sqrt(off / size);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

ad_status gradient_median(const gradient_case *c, const double *a, const double *b, double *median)
{
    double *each = ad_alloc((size_t)c->n * sizeof *each);
    if (!each) return AD_NO_MEMORY;
    for (long i = 0; i < c->n; i++) each[i] = gradient_distance(DIM, a + i * DIM, b + i * DIM);
    qsort(each, (size_t)c->n, sizeof *each, by_size);
    *median = 0.5 * (each[c->n / 2] + each[(c->n - 1) / 2]);
    ad_free(each);
    return AD_OK;
}
