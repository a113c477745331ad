/* walks.h - samplers on the four-component mixture and on one Gaussian, for tests of single samplers. */
#ifndef COSTATE_TESTS_DIFFUSION_WALKS_H
#define COSTATE_TESTS_DIFFUSION_WALKS_H

#include <criterion/criterion.h>

#include <costate/autodiff/random.h>
#include <costate/diffusion/mixture.h>
#include <costate/diffusion/sample.h>

#include "support.h"

static inline dpm_mixture *walks_four(void)
{
    dpm_mixture *m = NULL;
    cr_assert_eq(dpm_mixture_new(&m, 4, 2, (double[]){ .1, .2, .3, .4 },
                                 (double[]){ 1.2, .8, -1, .9, -.7, -1.1, .9, -.6 },
                                 (double[]){ .04, .09, .06, .03, .05, .05, .02, .08 }),
                 AD_OK, "%s", ad_message());
    return m;
}

/* One Gaussian, whose flow is known: x_0 = a_0 m + sqrt(v_0 / v_T) (x_T - a_T m), v = alpha^2 variance + sigma^2. */
static inline dpm_mixture *walks_one(void)
{
    dpm_mixture *m = NULL;
    cr_assert_eq(
        dpm_mixture_new(&m, 1, 2, (double[]){ 1 }, (double[]){ .5, -.3 }, (double[]){ .3, 1.5 }),
        AD_OK, "%s", ad_message());
    return m;
}

static inline void walks_one_end(const dpm_mixture *m, const dpm_point *s, const dpm_point *t,
                                 long n, const double *x, double *y)
{
    for (long i = 0; i < 2 * n; i++) {
        double mean = m->mean[i % 2], v = m->variance[i % 2];
        double vs = s->alpha * s->alpha * v + s->sigma * s->sigma;
        double vt = t->alpha * t->alpha * v + t->sigma * t->sigma;
        y[i]      = t->alpha * mean + sqrt(vt / vs) * (x[i] - s->alpha * mean);
    }
}

static inline dpm_schedule *walks_schedule(const dpm_schedule_options *o)
{
    dpm_schedule *s = NULL;
    cr_assert_eq(dpm_schedule_new(&s, o), AD_OK, "%s", ad_message());
    return s;
}

static inline dpm_schedule *walks_vp(void)
{
    return walks_schedule(&(dpm_schedule_options){ .name = "vp-linear", .t_end = 1e-3 });
}

static inline dpm_sampler *walks_new(const dpm_model *m, const dpm_options *o, long n)
{
    dpm_sampler *s = NULL;
    cr_assert_eq(dpm_sampler_new(&s, m, o, n), AD_OK, "%s", ad_message());
    return s;
}

/* A sampler made, run once and freed; evaluations are returned. */
static inline long walks_run(const dpm_model *m, const dpm_options *o, const dpm_run *r)
{
    dpm_sampler *s = walks_new(m, o, r->n);
    cr_assert_eq(dpm_sample(s, r), AD_OK, "%s", ad_message());
    long nfe = dpm_sampler_stats(s)->nfe;
    dpm_sampler_free(s);
    return nfe;
}

static inline double walks_rms(long n, const double *a, const double *b)
{
    double sum = 0;
    for (long i = 0; i < n; i++) sum += (a[i] - b[i]) * (a[i] - b[i]);
    return sqrt(sum / (double)n);
}

#endif
