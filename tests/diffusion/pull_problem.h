/* pull_problem.h - a small guided network with a condition, and gradients through samplers of it beside central differences. */
#ifndef COSTATE_TESTS_DIFFUSION_PULL_PROBLEM_H
#define COSTATE_TESTS_DIFFUSION_PULL_PROBLEM_H

#include <costate/autodiff/layers.h>
#include <costate/autodiff/random.h>
#include <costate/diffusion/method.h>
#include <costate/diffusion/sample.h>

#include <criterion/criterion.h>

#include "support.h"

enum { N = 3, DIM = 2, STEPS = 6, COND = 2, MOST = 512 };

static inline ad_var network(const dpm_at *at, void *ctx)
{
    (void)ctx;
    ad_var t = ad_add(ad_scale(ad_slice(at->x, 1, 0, 1), 0), ad_cast(at->lambda, at->type));
    ad_var c = at->unconditional ? ad_scale(at->args[0], 0) : at->args[0];
    ad_var h = ad_concat(3, (const ad_var[]){ at->x, ad_scale(t, 0.2), c }, 1);
    return ad_add(ad_mlp(h, at->theta, "net", 2, (const long[]){ 6, DIM }, ad_tanh),
                  ad_scale(at->x, 0.3));
}

typedef struct problem {
    dpm_schedule *vp;
    ad_params    *params;
    dpm_model     model;
    double x[N * DIM], c[N * COND], theta[MOST], out_bar[N * DIM], known[N * DIM], mask[N * DIM];
    long   count;
    double w;
} problem;

static const nde_arg condition = { .name = "condition" };

static inline void open_problem(problem *p, nde_arg *arg)
{
    *p         = (problem){ .w = 1.7 };
    *arg       = condition;
    arg->shape = ad_rows(COND);
    cr_assert_eq(
        dpm_schedule_new(
            &p->vp, &(dpm_schedule_options){ .name = "vp-linear", .t_begin = 0.4, .t_end = 1e-2 }),
        AD_OK);
    cr_assert_eq(ad_params_new(&p->params, AD_F64), AD_OK);
    p->model = (dpm_model){ .network = network,
                            .type    = AD_F64,
                            .dim     = DIM,
                            .nargs   = 1,
                            .args    = arg,
                            .theta   = p->params,
                            .guided  = 1,
                            .name    = "net" };
    dpm_sampler *s;
    cr_assert_eq(
        dpm_sampler_new(&s, &p->model, &(dpm_options){ .schedule = p->vp, .grid.steps = 2 }, 1),
        AD_OK, "%s", ad_message());
    dpm_sampler_free(s);
    p->count = ad_params_count(p->params);
    cr_assert(p->count < MOST);
    ad_params_init(p->params, 3, p->theta);
    ad_random_normal(AD_F64, 5, 0, 0, N * DIM, p->x);
    ad_random_normal(AD_F64, 5, 1, 0, N * COND, p->c);
    ad_random_normal(AD_F64, 5, 2, 0, N * DIM, p->out_bar);
    ad_random_normal(AD_F64, 5, 3, 0, N * DIM, p->known);
    for (int i = 0; i < N * DIM; i++) p->mask[i] = i % 2;
}

static inline void close_problem(problem *p)
{
    ad_params_free(p->params);
    dpm_schedule_free(p->vp);
}

static inline ad_status sample(dpm_sampler *s, const problem *p, double *out, double *path,
                               int record)
{
    const void *args[] = { p->c };
    const int   paint  = dpm_sampler_options(s)->inpaint;
    return dpm_sample(s, &(dpm_run){ .n        = N,
                                     .x        = p->x,
                                     .args     = args,
                                     .theta    = p->theta,
                                     .guidance = p->w,
                                     .seed     = 9,
                                     .out      = out,
                                     .path     = path,
                                     .known    = paint ? p->known : NULL,
                                     .mask     = paint ? p->mask : NULL,
                                     .record   = record });
}

/* <out_bar, x_0> */
static inline double loss(dpm_sampler *s, const problem *p)
{
    double out[N * DIM], sum = 0;
    cr_assert_eq(sample(s, p, out, NULL, 0), AD_OK, "%s", ad_message());
    for (int i = 0; i < N * DIM; i++) sum += p->out_bar[i] * out[i];
    return sum;
}

/* Fourth-order central difference of the loss by *v. */
static inline double slope(dpm_sampler *s, problem *p, double *v, double h)
{
    double v0 = *v, f[4], at[] = { -2, -1, 1, 2 };
    for (int i = 0; i < 4; i++) {
        *v   = v0 + at[i] * h;
        f[i] = loss(s, p);
    }
    *v = v0;
    return (8 * (f[2] - f[1]) - (f[3] - f[0])) / (12 * h);
}

typedef struct gradients {
    double x[N * DIM], c[N * COND], theta[MOST], w;
} gradients;

static inline ad_status pull(dpm_sampler *s, const problem *p, gradients *g)
{
    void *args_bar[] = { g->c };
    memset(g, 0, sizeof *g);
    return dpm_pullback(s, &(dpm_cotangents){ .out_bar      = p->out_bar,
                                              .x_bar        = g->x,
                                              .args_bar     = args_bar,
                                              .theta_bar    = g->theta,
                                              .guidance_bar = &g->w });
}

static inline int close_to(double a, double b, double scale)
{
    return fabs(a - b) <= 1e-8 * scale + 1e-9;
}

static inline void check_differences(dpm_sampler *s, problem *p, const gradients *g,
                                     const char *name)
{
    /* h = 1e-3: error h^4 f'''''/30 + 1e-16 / h, both below 1e-11 for sums of order one */
    for (int i = 0; i < N * DIM; i++) {
        double d = slope(s, p, &p->x[i], 1e-3);
        cr_expect(close_to(g->x[i], d, fabs(d) + 1), "%s: x %d: %.12g, differences %.12g", name, i,
                  g->x[i], d);
    }
    for (int i = 0; i < N * COND; i += 3) {
        double d = slope(s, p, &p->c[i], 1e-3);
        cr_expect(close_to(g->c[i], d, fabs(d) + 1), "%s: c %d: %.12g, differences %.12g", name, i,
                  g->c[i], d);
    }
    for (int i = 0; i < p->count; i += 7) {
        double d = slope(s, p, &p->theta[i], 1e-3);
        cr_expect(close_to(g->theta[i], d, fabs(d) + 1), "%s: theta %d: %.12g, differences %.12g",
                  name, i, g->theta[i], d);
    }
    double d = slope(s, p, &p->w, 1e-3);
    cr_expect(close_to(g->w, d, fabs(d) + 1), "%s: guidance %.12g, differences %.12g", name, g->w,
              d);
}

static inline long steps_of(const dpm_method *m)
{
    return m->min_steps > STEPS ? m->min_steps : STEPS;
}

static inline double apart(const gradients *a, const gradients *b, long count)
{
    double d = fabs(a->w - b->w), size = 1;
    for (int i = 0; i < N * DIM; i++)
        d = fmax(d, fabs(a->x[i] - b->x[i])), size = fmax(size, fabs(a->x[i]));
    for (int i = 0; i < N * COND; i++) d = fmax(d, fabs(a->c[i] - b->c[i]));
    for (long i = 0; i < count; i++)
        d = fmax(d, fabs(a->theta[i] - b->theta[i])), size = fmax(size, fabs(a->theta[i]));
    return d / size;
}

#endif
