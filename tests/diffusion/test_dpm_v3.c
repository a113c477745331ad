/* DPM-Solver-v3: orders, what it is without statistics, and what it gains with the model's own. */
#include <criterion/criterion.h>
#include <math.h>
#include <unistd.h>

#include <costate/autodiff/random.h>
#include <costate/diffusion/method.h>
#include <costate/diffusion/mixture.h>
#include <costate/diffusion/sample.h>
#include <costate/diffusion/statistics.h>

#include "support.h"

enum { ROWS = 16, DIM = 2, ALL = ROWS * DIM };

static void ok(ad_status s)
{
    cr_assert_eq(s, AD_OK, "%s", ad_message());
}

typedef struct problem {
    dpm_mixture  *mixture;
    dpm_schedule *vp;
    dpm_model     model;
    double        x[ALL], want[ALL];
    char          path[64];
} problem;

static void start(problem *p, long components)
{
    static const double weight[] = { .3, .3, .4 }, mean[] = { .5, .2, -.4, .5, -.1, -.6 },
                        variance[] = { .3, .02, .24, .42, .33, .3 };
    ok(dpm_mixture_new(&p->mixture, components, DIM, weight, mean, variance));
    ok(dpm_schedule_new(&p->vp, &(dpm_schedule_options){ .name = "vp-linear", .t_end = 1e-3 }));
    p->model = dpm_mixture_model(p->mixture, AD_F64);
    ad_random_normal(AD_F64, 3, 0, 0, ALL, p->x);
    ok(dpm_mixture_flow(p->mixture, p->vp, 1, 1e-3, ROWS, p->x, p->want));
    snprintf(p->path, sizeof p->path, "/tmp/costate-statistics-%ld.json", (long)getpid());
}

static void stop(problem *p)
{
    unlink(p->path);
    dpm_mixture_free(p->mixture);
    dpm_schedule_free(p->vp);
}

static double error(const problem *p, const dpm_options *with)
{
    double       out[ALL], sum = 0;
    dpm_options  o = *with;
    dpm_sampler *s;
    o.schedule = p->vp;
    ok(dpm_sampler_new(&s, &p->model, &o, ROWS));
    ok(dpm_sample(s, &(dpm_run){ .n = ROWS, .x = p->x, .out = out }));
    dpm_sampler_free(s);
    for (int i = 0; i < ALL; i++) sum += (out[i] - p->want[i]) * (out[i] - p->want[i]);
    return sqrt(sum / ROWS);
}

static void save(problem *p, long n, long nodes)
{
    dpm_statistics *st;
    ok(dpm_statistics_mixture(&st, p->mixture, p->vp, n,
                              &(dpm_statistics_options){ .nodes = nodes, .seed = 5 }));
    ok(dpm_statistics_save(st, p->path));
    dpm_statistics_free(st);
}

/* The predictor alone is DPM-Solver++ with exact weights, and DPM-Solver where l = 0, s = -1. */
Test(dpm_v3, without_statistics_it_is_dpm_solver)
{
    problem         p;
    dpm_statistics *zero;
    double          a[ALL], b[ALL];
    dpm_sampler    *s;
    start(&p, 3);
    ok(dpm_statistics_new(&zero, 2, 1));
    zero->lambda[0] = -5, zero->lambda[1] = 5, zero->s[0] = zero->s[1] = -1;
    ok(dpm_statistics_save(zero, p.path));
    dpm_statistics_free(zero);
    for (int k = 0; k < 2; k++) {
        dpm_options o = { .sampler      = "dpm-v3",
                          .schedule     = p.vp,
                          .grid.steps   = 12,
                          .statistics   = k ? p.path : NULL,
                          .no_corrector = 1 };
        ok(dpm_sampler_new(&s, &p.model, &o, ROWS));
        ok(dpm_sample(s, &(dpm_run){ .n = ROWS, .x = p.x, .out = a }));
        dpm_sampler_free(s);
        o = (dpm_options){ .sampler     = k ? "dpm-3m" : "dpmpp-3m",
                           .schedule    = p.vp,
                           .grid.steps  = 12,
                           .solver_type = "taylor" };
        ok(dpm_sampler_new(&s, &p.model, &o, ROWS));
        ok(dpm_sample(s, &(dpm_run){ .n = ROWS, .x = p.x, .out = b }));
        dpm_sampler_free(s);
        cr_expect_leq(distance(ALL, a, b), 1e-12, "%d: %g", k, distance(ALL, a, b));
    }
    stop(&p);
}

static void expect_order(const problem *p, const dpm_options *with, double stated, double more)
{
    dpm_options o = *with;
    double      e[2];
    o.grid.name = "time-quadratic";
    for (int k = 0; k < 2; k++) {
        o.grid.steps = 128l << k;
        e[k]         = error(p, &o);
    }
    double seen = log2(e[0] / e[1]);
    cr_expect(seen >= stated - 0.2 && seen <= stated + more, "order %d%s%s%s: %.2f, stated %g",
              o.order, o.no_corrector ? ", no corrector" : "", o.published ? ", published" : "",
              o.statistics ? ", statistics" : "", seen, stated);
}

/* With statistics what is interpolated is smaller, and its higher terms are seen for longer: an order of at least what is stated.
   The pieces between 31 nodes are smooth enough for two orders. */
Test(dpm_v3, orders)
{
    problem p;
    start(&p, 3);
    save(&p, 4096, 31);
    for (int order = 1; order <= 3; order++) {
        dpm_options o = { .sampler = "dpm-v3", .order = order };
        expect_order(&p, &o, order + 1, 0.2);
        o.no_corrector = 1;
        expect_order(&p, &o, order, 0.2);
        o.statistics = p.path;
        if (order < 3) expect_order(&p, &o, order, 1);
    }
    dpm_options o = { .sampler = "dpm-v3", .order = 3, .published = 1 };
    expect_order(&p, &o, 2, 0.2);
    stop(&p);
}

/* One Gaussian: eps is linear in x, so that l x is all of it but a number, f is the same for all x, f' = b, and a step of order 1 is
   exact up to differences and interpolation between nodes, of order (9.6 / nodes)^2. */
Test(dpm_v3, a_gaussian_is_exact_with_its_statistics)
{
    problem     p;
    double      e[2], plain;
    dpm_options o = { .sampler = "dpm-v3", .order = 1, .grid.steps = 5, .no_corrector = 1 };
    start(&p, 1);
    plain = error(&p, &o);
    for (int k = 0; k < 2; k++) {
        save(&p, 64, k ? 481 : 121);
        o.statistics = p.path;
        e[k]         = error(&p, &o);
    }
    cr_expect(plain > 0.05 && e[0] < 2e-3 && e[1] < e[0] / 10, "%.2g without, %.2g and %.2g with",
              plain, e[0], e[1]);
    stop(&p);
}

/* What they are for: fewer errors with few steps, on three Gaussians that overlap. */
Test(dpm_v3, a_mixture_gains_by_its_statistics)
{
    problem p;
    start(&p, 3);
    save(&p, 4096, 121);
    for (int order = 1; order <= 3; order++) {
        dpm_options o = { .sampler = "dpm-v3", .order = order, .grid = { "time-quadratic", 10 } };
        double      plain = error(&p, &o);
        o.statistics      = p.path;
        double with       = error(&p, &o);
        cr_expect_lt(with, plain / 2, "order %d: %.2g without statistics, %.2g with", order, plain,
                     with);
    }
    stop(&p);
}

/* Numbers for every component go through the pullback: x_bar of L = sum_i sin(i) out_i, by central differences. */
Test(dpm_v3, the_gradient_with_statistics)
{
    problem      p;
    double       v[ALL], x_bar[ALL], out[ALL], x[ALL], h = 1e-6;
    dpm_sampler *s;
    start(&p, 3);
    save(&p, 256, 31);
    dpm_options o = {
        .sampler = "dpm-v3", .schedule = p.vp, .grid.steps = 8, .statistics = p.path
    };
    for (int i = 0; i < ALL; i++) v[i] = sin(i);
    ok(dpm_sampler_new(&s, &p.model, &o, ROWS));
    ok(dpm_sample(s, &(dpm_run){ .n = ROWS, .x = p.x, .out = out, .record = 1 }));
    ok(dpm_pullback(s, &(dpm_cotangents){ .out_bar = v, .x_bar = x_bar }));
    for (int i = 0; i < ALL; i += 5) {
        double slope = 0;
        for (int side = -1; side <= 1; side += 2) {
            memcpy(x, p.x, sizeof x);
            x[i] += side * h;
            ok(dpm_sample(s, &(dpm_run){ .n = ROWS, .x = x, .out = out }));
            for (int k = 0; k < ALL; k++) slope += side * v[k] * out[k] / (2 * h);
        }
        cr_expect_leq(fabs(x_bar[i] - slope), 1e-7 * (1 + fabs(slope)), "%d: %g, not %g", i,
                      x_bar[i], slope);
    }
    dpm_sampler_free(s);
    stop(&p);
}
