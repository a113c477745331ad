/* Gradients through every sampler of the registry: to the start, weights, condition, guidance, coefficients, times, path. */
#include <costate/autodiff/layers.h>
#include <costate/autodiff/random.h>
#include <costate/diffusion/method.h>
#include <costate/diffusion/sample.h>

#include <criterion/criterion.h>

#include "support.h"

enum { N = 3, DIM = 2, STEPS = 6, COND = 2, MOST = 512 };

static ad_var network(const dpm_at *at, void *ctx)
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

static void open_problem(problem *p, nde_arg *arg)
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

static void close_problem(problem *p)
{
    ad_params_free(p->params);
    dpm_schedule_free(p->vp);
}

static ad_status sample(dpm_sampler *s, const problem *p, double *out, double *path, int record)
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
static double loss(dpm_sampler *s, const problem *p)
{
    double out[N * DIM], sum = 0;
    cr_assert_eq(sample(s, p, out, NULL, 0), AD_OK, "%s", ad_message());
    for (int i = 0; i < N * DIM; i++) sum += p->out_bar[i] * out[i];
    return sum;
}

/* Fourth-order central difference of the loss by *v. */
static double slope(dpm_sampler *s, problem *p, double *v, double h)
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

static ad_status pull(dpm_sampler *s, const problem *p, gradients *g)
{
    void *args_bar[] = { g->c };
    memset(g, 0, sizeof *g);
    return dpm_pullback(s, &(dpm_cotangents){ .out_bar      = p->out_bar,
                                              .x_bar        = g->x,
                                              .args_bar     = args_bar,
                                              .theta_bar    = g->theta,
                                              .guidance_bar = &g->w });
}

static int close_to(double a, double b, double scale)
{
    return fabs(a - b) <= 1e-8 * scale + 1e-9;
}

static void check_differences(dpm_sampler *s, problem *p, const gradients *g, const char *name)
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

static long steps_of(const dpm_method *m)
{
    return m->min_steps > STEPS ? m->min_steps : STEPS;
}

/* Decisions by values jump; their gradient is that of the program which ran, checked where no jump is near. */
Test(pullback, every_sampler_against_differences)
{
    problem p;
    nde_arg arg;
    open_problem(&p, &arg);
    for (int i = 0; i < dpm_method_count(); i++) {
        const dpm_method *m = dpm_method_row(i);
        if (!m->make || strcmp(m->name, "usf") == 0 || m->flags & DPM_LIVE) continue;
        dpm_options  o = { .sampler = m->name, .schedule = p.vp, .grid.steps = steps_of(m) };
        dpm_sampler *s;
        double       out[N * DIM];
        gradients    g;
        cr_assert_eq(dpm_sampler_new(&s, &p.model, &o, N), AD_OK, "%s", ad_message());
        cr_assert_eq(sample(s, &p, out, NULL, 1), AD_OK, "%s", ad_message());
        cr_assert_eq(pull(s, &p, &g), AD_OK, "%s", ad_message());
        check_differences(s, &p, &g, m->name);
        dpm_sampler_free(s);
    }
    close_problem(&p);
}

static double apart(const gradients *a, const gradients *b, long count)
{
    double d = fabs(a->w - b->w), size = 1;
    for (int i = 0; i < N * DIM; i++)
        d = fmax(d, fabs(a->x[i] - b->x[i])), size = fmax(size, fabs(a->x[i]));
    for (int i = 0; i < N * COND; i++) d = fmax(d, fabs(a->c[i] - b->c[i]));
    for (long i = 0; i < count; i++)
        d = fmax(d, fabs(a->theta[i] - b->theta[i])), size = fmax(size, fabs(a->theta[i]));
    return d / size;
}

/* All modes that replay give the same bits but for sums in another order; reversible ones the same up to reconstruction. */
Test(pullback, modes_agree)
{
    problem p;
    nde_arg arg;
    open_problem(&p, &arg);
    for (int i = 0; i < dpm_method_count(); i++) {
        const dpm_method *m = dpm_method_row(i);
        if (!m->make || strcmp(m->name, "usf") == 0) continue;
        gradients first, g;
        double    out[N * DIM];
        for (int mode = DPM_ADJOINT_POINTS; mode <= DPM_ADJOINT_LAST; mode++) {
            dpm_options  o = { .sampler    = m->name,
                               .schedule   = p.vp,
                               .grid.steps = steps_of(m),
                               .adjoint    = (dpm_adjoint)mode,
                               .budget     = 1,
                               .last       = steps_of(m) };
            dpm_sampler *s;
            if (mode == DPM_ADJOINT_REVERSIBLE && !(m->flags & DPM_REVERSIBLE)) continue;
            if (mode == DPM_ADJOINT_CHECKPOINTS && m->flags & DPM_LIVE) continue;
            cr_assert_eq(dpm_sampler_new(&s, &p.model, &o, N), AD_OK, "%s", ad_message());
            cr_assert_eq(sample(s, &p, out, NULL, 1), AD_OK, "%s", ad_message());
            cr_assert_eq(pull(s, &p, mode == DPM_ADJOINT_POINTS ? &first : &g), AD_OK, "%s",
                         ad_message());
            double d = mode == DPM_ADJOINT_POINTS ? 0 : apart(&first, &g, p.count);
            /* rounding of some hundred operations; edict and rex amplify it when they walk back */
            cr_expect_leq(d, mode == DPM_ADJOINT_REVERSIBLE ? 1e-10 : 1e-13, "%s, %s: %g apart",
                          m->name, dpm_adjoint_name(mode), d);
            dpm_sampler_free(s);
        }
    }
    close_problem(&p);
}

Test(pullback, every_budget_of_checkpoints)
{
    problem p;
    nde_arg arg;
    open_problem(&p, &arg);
    gradients first, g;
    double    out[N * DIM];
    for (long steps = 2; steps <= 13; steps++)
        for (long states = 0; states <= 6; states++) {
            /* states of DPM++ 2M: x and one value */
            dpm_options  o = { .sampler    = "dpmpp-2m",
                               .schedule   = p.vp,
                               .grid.steps = steps,
                               .adjoint    = states ? DPM_ADJOINT_CHECKPOINTS : DPM_ADJOINT_POINTS,
                               .budget     = (size_t)states * 2 * N * DIM * sizeof(double) };
            dpm_sampler *s;
            cr_assert_eq(dpm_sampler_new(&s, &p.model, &o, N), AD_OK, "%s", ad_message());
            cr_assert_eq(sample(s, &p, out, NULL, 1), AD_OK, "%s", ad_message());
            cr_assert_eq(pull(s, &p, states ? &g : &first), AD_OK, "%s", ad_message());
            if (states)
                cr_expect_leq(apart(&first, &g, p.count), 1e-13, "%ld steps, %ld states", steps,
                              states);
            dpm_sampler_free(s);
        }
    close_problem(&p);
}

Test(pullback, coefficients_and_times)
{
    problem p;
    nde_arg arg;
    open_problem(&p, &arg);
    static const char *const name[] = { "ddim", "dpmpp-2m", "dpm-3m", "unipc", "heun", "dpmpp-3s" };
    for (size_t k = 0; k < sizeof name / sizeof *name; k++) {
        dpm_options  o = { .sampler  = name[k],
                           .schedule = p.vp,
                           .grid     = { .name = "time-uniform", .steps = STEPS } };
        dpm_sampler *s;
        double       out[N * DIM], coef_bar[MOST], time_bar[STEPS + 1], times[STEPS + 1];
        cr_assert_eq(dpm_sampler_new(&s, &p.model, &o, N), AD_OK, "%s", ad_message());
        long terms = dpm_sampler_coefficients(s);
        cr_assert(terms > 0 && terms < MOST);
        cr_assert_eq(sample(s, &p, out, NULL, 1), AD_OK, "%s", ad_message());
        cr_assert_eq(dpm_pullback(s, &(dpm_cotangents){ .out_bar  = p.out_bar,
                                                        .coef_bar = coef_bar,
                                                        .time_bar = time_bar }),
                     AD_OK, "%s", ad_message());
        for (long i = 0; i < terms; i++) {
            /* early coefficients are amplified by 1 / alpha, and so are higher derivatives */
            double d = slope(s, &p, &dpm_sampler_coefficient(s)[i], 2e-5);
            cr_expect(fabs(coef_bar[i] - d) <= 1e-7 * (fabs(d) + 1),
                      "%s: coefficient %ld: %.12g, differences %.12g", name[k], i, coef_bar[i], d);
        }
        for (int i = 0; i <= STEPS; i++) times[i] = dpm_sampler_points(s)[i].t;
        for (int i = 0; i <= STEPS; i++) {
            double t = times[i], h = 2e-4 * t, f[4], at[] = { -2, -1, 1, 2 };
            for (int j = 0; j < 4; j++) {
                times[i] = t + at[j] * h;
                cr_assert_eq(dpm_sampler_set_times(s, times), AD_OK, "%s", ad_message());
                f[j] = loss(s, &p);
            }
            times[i] = t;
            double d = (8 * (f[2] - f[1]) - (f[3] - f[0])) / (12 * h);
            cr_expect(fabs(time_bar[i] - d) <= 1e-7 * (fabs(d) + 1),
                      "%s: time %d: %.12g, differences %.12g", name[k], i, time_bar[i], d);
        }
        dpm_sampler_free(s);
    }
    close_problem(&p);
}

/* L = sum over all states of the path. */
Test(pullback, states_of_the_path)
{
    problem p;
    nde_arg arg;
    open_problem(&p, &arg);
    for (int mode = DPM_ADJOINT_POINTS; mode <= DPM_ADJOINT_CHECKPOINTS; mode++) {
        dpm_options  o = { .sampler    = "dpmpp-2m",
                           .schedule   = p.vp,
                           .grid.steps = STEPS,
                           .adjoint    = (dpm_adjoint)mode,
                           .budget     = 2 * 2 * N * DIM * sizeof(double) };
        dpm_sampler *s;
        double       out[N * DIM], path[(STEPS + 1) * N * DIM], path_bar[(STEPS + 1) * N * DIM],
            x_bar[N * DIM];
        ad_random_normal(AD_F64, 8, 0, 0, (STEPS + 1) * N * DIM, path_bar);
        cr_assert_eq(dpm_sampler_new(&s, &p.model, &o, N), AD_OK, "%s", ad_message());
        cr_assert_eq(sample(s, &p, out, path, 1), AD_OK, "%s", ad_message());
        cr_expect_arr_eq(path, p.x, sizeof p.x);
        cr_expect_arr_eq(path + STEPS * N * DIM, out, sizeof out);
        cr_assert_eq(dpm_pullback(s, &(dpm_cotangents){ .path_bar = path_bar, .x_bar = x_bar }),
                     AD_OK, "%s", ad_message());
        for (int i = 0; i < N * DIM; i++) {
            double x0 = p.x[i], h = 1e-3, f[4], at[] = { -2, -1, 1, 2 };
            for (int j = 0; j < 4; j++) {
                p.x[i] = x0 + at[j] * h;
                cr_assert_eq(sample(s, &p, out, path, 0), AD_OK);
                f[j] = 0;
                for (int k = 0; k < (STEPS + 1) * N * DIM; k++) f[j] += path_bar[k] * path[k];
            }
            p.x[i]   = x0;
            double d = (8 * (f[2] - f[1]) - (f[3] - f[0])) / (12 * h);
            cr_expect(close_to(x_bar[i], d, fabs(d) + 1), "x %d: %.12g, differences %.12g", i,
                      x_bar[i], d);
        }
        dpm_sampler_free(s);
    }
    close_problem(&p);
}

/* Clipping, thresholding, inpainting: where no number sits on an edge they differentiate like anything else. The scale of dynamic
   thresholding is taken as a constant, so that differences do not apply to it; clipping's are exact. */
Test(pullback, clipping_and_inpainting)
{
    problem p;
    nde_arg arg;
    open_problem(&p, &arg);
    dpm_options o[] = {
        { .sampler = "ddim", .schedule = p.vp, .grid.steps = STEPS, .clip = 1, .clip_range = 0.7 },
        { .sampler    = "dpmpp-2m",
          .schedule   = p.vp,
          .grid.steps = STEPS,
          .clip       = 1,
          .clip_range = 0.7 },
        { .sampler = "dpmpp-2m", .schedule = p.vp, .grid.steps = STEPS, .inpaint = 1 },
        { .sampler = "euler-ancestral", .schedule = p.vp, .grid.steps = STEPS, .inpaint = 1 },
    };
    for (size_t k = 0; k < sizeof o / sizeof *o; k++) {
        dpm_sampler *s;
        double       out[N * DIM];
        gradients    g;
        cr_assert_eq(dpm_sampler_new(&s, &p.model, &o[k], N), AD_OK, "%s", ad_message());
        cr_assert_eq(sample(s, &p, out, NULL, 1), AD_OK, "%s", ad_message());
        for (int i = 0; o[k].inpaint && i < N * DIM; i++)
            if (p.mask[i] == 0) {
                const dpm_point *end = &dpm_sampler_points(s)[STEPS];
                cr_expect_lt(fabs(out[i] - end->alpha * p.known[i]), 5 * end->sigma);
            }
        cr_assert_eq(pull(s, &p, &g), AD_OK, "%s", ad_message());
        check_differences(s, &p, &g, o[k].sampler);
        dpm_sampler_free(s);
    }
    close_problem(&p);
}

/* The last k steps alone: the gradient of the weights is that of sampling from the state before them. */
Test(pullback, last_steps)
{
    problem p;
    nde_arg arg;
    open_problem(&p, &arg);
    enum { LAST = 2 };
    dpm_options  o = { .sampler    = "ddim",
                       .schedule   = p.vp,
                       .grid.steps = STEPS,
                       .adjoint    = DPM_ADJOINT_LAST,
                       .last       = LAST };
    dpm_sampler *s;
    double       out[N * DIM], path[(STEPS + 1) * N * DIM], times[LAST + 1];
    gradients    g, tail;
    cr_assert_eq(dpm_sampler_new(&s, &p.model, &o, N), AD_OK, "%s", ad_message());
    cr_assert_eq(sample(s, &p, out, path, 1), AD_OK, "%s", ad_message());
    cr_assert_eq(pull(s, &p, &g), AD_OK, "%s", ad_message());
    cr_expect_eq(dpm_sampler_stats(s)->nvjp, LAST);
    for (int i = 0; i < N * DIM; i++) cr_expect_eq(g.x[i], 0);
    for (int i = 0; i <= LAST; i++) times[i] = dpm_sampler_points(s)[STEPS - LAST + i].t;
    dpm_sampler_free(s);
    o = (dpm_options){ .sampler  = "ddim",
                       .schedule = p.vp,
                       .grid     = { .name = "list", .steps = LAST, .list = times } };
    memcpy(p.x, path + (STEPS - LAST) * N * DIM, sizeof p.x);
    cr_assert_eq(dpm_sampler_new(&s, &p.model, &o, N), AD_OK, "%s", ad_message());
    cr_assert_eq(sample(s, &p, out, NULL, 1), AD_OK, "%s", ad_message());
    cr_assert_eq(pull(s, &p, &tail), AD_OK, "%s", ad_message());
    memset(tail.x, 0, sizeof tail.x);
    cr_expect_leq(apart(&tail, &g, p.count), 1e-13);
    dpm_sampler_free(s);
    close_problem(&p);
}

/* The continuous adjoint nears the exact gradient of a fine sampler as its own order says: rk4 on 80 and 160 steps. */
Test(pullback, continuous_adjoint_converges)
{
    problem p;
    nde_arg arg;
    open_problem(&p, &arg);
    double error[2];
    for (int k = 0; k < 2; k++) {
        gradients exact, g;
        double    out[N * DIM];
        for (int mode = 0; mode < 2; mode++) {
            dpm_options  o = { .sampler    = "rho-rk",
                               .tableau    = &nde_rk4,
                               .schedule   = p.vp,
                               .grid.steps = 40 << k,
                               .adjoint    = mode ? DPM_ADJOINT_CONTINUOUS : DPM_ADJOINT_POINTS,
                               .continuous = &nde_rk4 };
            dpm_sampler *s;
            cr_assert_eq(dpm_sampler_new(&s, &p.model, &o, N), AD_OK, "%s", ad_message());
            cr_assert_eq(sample(s, &p, out, NULL, 1), AD_OK, "%s", ad_message());
            cr_assert_eq(pull(s, &p, mode ? &g : &exact), AD_OK, "%s", ad_message());
            dpm_sampler_free(s);
        }
        error[k] = apart(&exact, &g, p.count);
    }
    cr_expect_lt(error[1], 1e-4);
    cr_expect_lt(error[1], error[0] / 10, "%g then %g: fourth order would be 16 times less",
                 error[0], error[1]);
    close_problem(&p);
}

Test(pullback, mistakes)
{
    problem p;
    nde_arg arg;
    open_problem(&p, &arg);
    dpm_options  o = { .sampler = "ddim", .schedule = p.vp, .grid.steps = 3 };
    dpm_sampler *s;
    double       out[N * DIM];
    gradients    g;
    cr_assert_eq(dpm_sampler_new(&s, &p.model, &o, N), AD_OK);
    cr_expect_eq(pull(s, &p, &g), AD_INVALID);
    cr_assert_eq(sample(s, &p, out, NULL, 0), AD_OK);
    cr_expect_eq(pull(s, &p, &g), AD_INVALID);
    cr_expect(isnan(g.x[0]) && isnan(g.theta[0]) && isnan(g.c[0]) && isnan(g.w),
              "a failed pullback returns NaN");
    cr_expect_eq(dpm_sample(s, &(dpm_run){ .n     = N,
                                           .x     = p.x,
                                           .args  = (const void *[]){ p.c },
                                           .theta = p.theta,
                                           .out   = out,
                                           .known = p.known,
                                           .mask  = p.mask }),
                 AD_INVALID);
    cr_expect(strstr(ad_message(), "inpainting"), "%s", ad_message());
    dpm_sampler_free(s);
    o.adjoint = DPM_ADJOINT_REVERSIBLE;
    cr_expect_eq(dpm_sampler_new(&s, &p.model, &o, N), AD_INVALID);
    cr_expect(strstr(ad_message(), "bdia"));
    o = (dpm_options){
        .sampler = "ddim", .schedule = p.vp, .grid.steps = 3, .adjoint = DPM_ADJOINT_LAST, .last = 4
    };
    cr_expect_eq(dpm_sampler_new(&s, &p.model, &o, N), AD_INVALID);
    o = (dpm_options){
        .sampler = "euler-ancestral", .schedule = p.vp, .grid.steps = 3, .invert = 1
    };
    cr_expect_eq(dpm_sampler_new(&s, &p.model, &o, N), AD_INVALID);
    cr_expect(strstr(ad_message(), "--invert"), "%s", ad_message());
    o = (dpm_options){ .sampler = "ddim", .schedule = p.vp, .grid.steps = 3, .order = 2 };
    cr_expect_eq(dpm_sampler_new(&s, &p.model, &o, N), AD_INVALID);
    cr_expect(strstr(ad_message(), "order 1 alone"), "%s", ad_message());
    close_problem(&p);
}

/* Every allocation of making, running and pulling back fails once: told, nothing leaked. */
Test(pullback, allocations)
{
    static const dpm_adjoint mode[] = { DPM_ADJOINT_POINTS, DPM_ADJOINT_TAPE,
                                        DPM_ADJOINT_CHECKPOINTS, DPM_ADJOINT_CONTINUOUS };
    counting                 c      = { 0 };
    counting_start(&c);
    problem p;
    nde_arg arg;
    open_problem(&p, &arg);
    for (int k = 0; k < 4; k++) {
        size_t live = c.live;
        for (long nth = 1;; nth += nth < 40 ? 1 : 7) {
            dpm_options o = {
                .sampler = "dpmpp-2m", .schedule = p.vp, .grid.steps = 3, .adjoint = mode[k]
            };
            dpm_sampler *s;
            double       out[N * DIM];
            gradients    g;
            c.fail_at        = c.count + nth;
            long      before = c.count;
            ad_status code   = dpm_sampler_new(&s, &p.model, &o, N);
            if (!code) code = sample(s, &p, out, NULL, 1);
            if (!code) code = pull(s, &p, &g);
            long made = c.count - before;
            c.fail_at = 0;
            dpm_sampler_free(s);
            cr_expect_eq(c.live, live, "mode %d, allocation %ld: leaked %zd", k, nth,
                         (ssize_t)(c.live - live));
            if (made < nth) {
                cr_expect_eq(code, AD_OK, "%s", ad_message());
                break;
            }
            cr_expect_eq(code, AD_NO_MEMORY, "mode %d, allocation %ld: %s: %s", k, nth,
                         ad_status_name(code), ad_message());
        }
    }
    close_problem(&p);
    cr_expect_eq(c.live, 0);
    counting_stop();
}

/* Once it has run, a sampler runs and is pulled back without an allocation. */
Test(pullback, nothing_is_allocated)
{
    static const dpm_adjoint mode[] = { DPM_ADJOINT_POINTS, DPM_ADJOINT_TAPE,
                                        DPM_ADJOINT_CHECKPOINTS };
    counting                 c      = { 0 };
    counting_start(&c);
    problem p;
    nde_arg arg;
    open_problem(&p, &arg);
    for (int k = 0; k < 3; k++) {
        dpm_options o = {
            .sampler = "dpmpp-2m", .schedule = p.vp, .grid.steps = 9, .adjoint = mode[k]
        };
        dpm_sampler *s;
        double       out[N * DIM];
        gradients    g;
        cr_assert_eq(dpm_sampler_new(&s, &p.model, &o, N), AD_OK);
        for (int i = 0; i < 3; i++) {
            long before = c.count;
            cr_assert_eq(sample(s, &p, out, NULL, 1), AD_OK);
            cr_assert_eq(pull(s, &p, &g), AD_OK);
            if (i) cr_expect_eq(c.count, before, "mode %d: %ld allocations", k, c.count - before);
        }
        dpm_sampler_free(s);
    }
    close_problem(&p);
    counting_stop();
}
