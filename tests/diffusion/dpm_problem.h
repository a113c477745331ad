/* dpm_problem.h - a mixture in the plane, its model and starts, and a run: for tests of the DPM-Solver family. */
#ifndef COSTATE_TESTS_DIFFUSION_DPM_PROBLEM_H
#define COSTATE_TESTS_DIFFUSION_DPM_PROBLEM_H

#include <criterion/criterion.h>
#include <math.h>

#include <costate/autodiff/random.h>
#include <costate/diffusion/method.h>
#include <costate/diffusion/mixture.h>
#include <costate/diffusion/sample.h>

#include "support.h"

enum { ROWS = 16, DIM = 2, ALL = ROWS * DIM };

static inline void ok(ad_status s)
{
    cr_assert_eq(s, AD_OK, "%s", ad_message());
}

typedef struct problem {
    dpm_mixture  *mixture;
    dpm_schedule *vp;
    dpm_model     model;
    double        x[ALL], y[ALL];
} problem;

static inline void start(problem *p, long components)
{
    static const double weight[] = { .3, .3, .4 }, mean[] = { .5, .2, -.4, .5, -.1, -.6 },
                        variance[] = { .3, .02, .24, .42, .33, .3 };
    ok(dpm_mixture_new(&p->mixture, components, DIM, weight, mean, variance));
    ok(dpm_schedule_new(&p->vp, &(dpm_schedule_options){ .name = "vp-linear", .t_end = 1e-3 }));
    p->model = dpm_mixture_model(p->mixture, AD_F64);
    ad_random_normal(AD_F64, 3, 0, 0, ALL, p->x);
    ad_random_normal(AD_F64, 4, 0, 0, ALL, p->y);
}

static inline void stop(problem *p)
{
    dpm_mixture_free(p->mixture);
    dpm_schedule_free(p->vp);
}

static inline long run(const problem *p, const dpm_options *with, const double *x, double *out)
{
    dpm_options  o = *with;
    dpm_sampler *s;
    o.schedule = p->vp;
    ok(dpm_sampler_new(&s, &p->model, &o, ROWS));
    ok(dpm_sample(s, &(dpm_run){ .n = ROWS, .x = x, .out = out, .seed = 7 }));
    long nfe = dpm_sampler_stats(s)->nfe;
    dpm_sampler_free(s);
    return nfe;
}

#endif
