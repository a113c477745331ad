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

Test(dpm_v3, statistics_are_estimated)
{
    problem         p;
    dpm_statistics *st;
    start(&p, 1);
    ok(dpm_statistics_mixture(&st, p.mixture, p.vp, 8, &(dpm_statistics_options){ .nodes = 241 }));
    cr_assert(st->nodes == 241 && st->dim == DIM);
    for (long k = 0; k < st->nodes; k++) {
        dpm_point at = dpm_schedule_at_lambda(p.vp, st->lambda[k]);
        for (int d = 0; d < DIM; d++) {
            /* eps = sigma (x - alpha m) / v, v = alpha^2 var + sigma^2: l = sigma^2 / v, f = -rho sigma alpha m / v */
            double v = at.alpha * at.alpha * p.mixture->variance[d] + at.sigma * at.sigma;
            double l = at.sigma * at.sigma / v;
            cr_expect_leq(fabs(st->l[k * DIM + d] - l), 1e-12);
            cr_expect_eq(st->s[k * DIM + d], 0);
            /* f = -l m, f' = -l' m, l' = -2 l (1 - l); l' by parabolas, x' by differences: 1e-6 of x / alpha = 150 */
            double b = 2 * l * (1 - l) * p.mixture->mean[d];
            cr_expect_leq(fabs(st->b[k * DIM + d] - b), 2e-3, "b of node %ld, %d: %g, not %g", k, d,
                          st->b[k * DIM + d], b);
        }
    }
    dpm_statistics_free(st);
    stop(&p);
}

Test(dpm_v3, statistics_are_read_back)
{
    problem         p;
    dpm_statistics *st, *again;
    start(&p, 3);
    ok(dpm_statistics_mixture(&st, p.mixture, p.vp, 50, NULL));
    ok(dpm_statistics_save(st, p.path));
    ok(dpm_statistics_read(&again, p.path));
    cr_assert(again->nodes == st->nodes && again->dim == st->dim);
    cr_expect_arr_eq(again->lambda, st->lambda,
                     (size_t)(st->nodes * (1 + 3 * st->dim)) * sizeof(double));
    dpm_statistics_free(st);
    dpm_statistics_free(again);
    stop(&p);
}

Test(dpm_v3, bad_files_have_their_sentence)
{
    static const struct {
        const char *text, *says;
    } row[] = {
        { "{}", "\"format\" is not" },
        { "{\"format\": \"costate-statistics-1\", \"lambda\": []}", "it lacks" },
        { "{\"format\": \"costate-statistics-1\", \"lambda\": [1, 1], \"l\": [[0]]}",
          "'lambda' does not increase: 1, then 1" },
        { "{\"format\": \"costate-statistics-1\", \"lambda\": [1, 2], \"l\": [[0]]}",
          "'l' has 1 rows where there are 2 lambdas" },
        { "{\"format\": \"costate-statistics-1\", \"lambda\": [1], \"l\": [[0]], \"s\": [[\"a\"]]}",
          "'s' holds something that is no number" },
        { "{\"format\": \"costate-statistics-1\", \"lambda\": [1], \"l\": [[0]], \"s\": [[0, 1]]}",
          "'s' has 2 numbers in a row where 1 belong" },
        { "{\"format\": ", "line 1" },
        { "{\"format\": \"costate-statistics-1\", \"lambda\": [1], \"l\": [[1, 1, 1]], \"s\": [[0, "
          "0, "
          "0]], \"b\": [[0, 0, 0]]}",
          "statistics of 3 components for a model of 2" },
    };
    problem p;
    start(&p, 1);
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        FILE *f = fopen(p.path, "w");
        fputs(row[i].text, f);
        fclose(f);
        dpm_options o = {
            .sampler = "dpm-v3", .schedule = p.vp, .grid.steps = 5, .statistics = p.path
        };
        dpm_sampler *s;
        cr_expect(dpm_sampler_new(&s, &p.model, &o, ROWS) != AD_OK);
        cr_expect(strstr(ad_message(), row[i].says), "%s", ad_message());
    }
    stop(&p);
}

static ad_status estimate(void *arg)
{
    problem        *p = arg;
    dpm_statistics *st;
    ad_status       s = dpm_statistics_mixture(&st, p->mixture, p->vp, 4,
                                               &(dpm_statistics_options){ .nodes = 3 });
    dpm_statistics_free(st);
    return s;
}

static ad_status sample(void *arg)
{
    problem     *p = arg;
    dpm_sampler *s;
    dpm_options  o = {
         .sampler = "dpm-v3", .schedule = p->vp, .grid.steps = 4, .statistics = p->path
    };
    ad_status code = dpm_sampler_new(&s, &p->model, &o, ROWS);
    dpm_sampler_free(s);
    return code;
}

Test(dpm_v3, no_memory)
{
    problem p;
    long    runs;
    start(&p, 3);
    save(&p, 16, 3);
    cr_expect(every_allocation_fails_cleanly(estimate, &p, &runs) && runs > 10);
    cr_expect(every_allocation_fails_cleanly(sample, &p, &runs) && runs > 10);
    stop(&p);
}
