/* Searching: descent, grids as free numbers, evolution, the gradient of grid and coefficients. */
#include <criterion/criterion.h>

#include "diffusion/search_internal.h"

#include "tests/support.h"

enum { ROWS = 64, HELD_OUT = 256, STEPS = 5 };

static void ok(ad_status s)
{
    cr_assert_eq(s, AD_OK, "%s", ad_message());
}

typedef struct house {
    dpm_mixture  *mixture;
    dpm_schedule *vp;
    dpm_model     model;
    dpm_teacher  *train, *held_out;
    dpm_options   base;
} house;

/* Case A of the reference data. */
static void build(house *h, const char *sampler, int square)
{
    double w[]    = { .1, .2, .3, .4 };
    double mean[] = { 1.2, .8, -1, .9, -.7, -1.1, .9, -.6 };
    double v[]    = { .04, .09, .06, .03, .05, .05, .02, .08 };
    ok(dpm_mixture_new(&h->mixture, 4, 2, w, mean, v));
    ok(dpm_schedule_new(&h->vp, &(dpm_schedule_options){ .name = "vp-linear", .t_end = 1e-3 }));
    h->model              = dpm_mixture_model(h->mixture, AD_F64);
    dpm_teacher_options o = {
        .model = &h->model, .schedule = h->vp, .n = ROWS, .mixture = h->mixture, .square = square
    };
    ok(dpm_teacher_new(&h->train, &o));
    o.n     = HELD_OUT;
    o.first = 1000;
    ok(dpm_teacher_new(&h->held_out, &o));
    h->base = (dpm_options){ .sampler = sampler, .schedule = h->vp, .grid.steps = STEPS };
}

static void clear(house *h)
{
    dpm_teacher_free(h->train);
    dpm_teacher_free(h->held_out);
    dpm_mixture_free(h->mixture);
    dpm_schedule_free(h->vp);
}

static double median(dpm_teacher *t, const dpm_options *base, const dpm_found *f)
{
    dpm_options o = dpm_search_candidate(base, f);
    dpm_errors  e;
    ok(dpm_teacher_errors(t, &o, &e, NULL));
    return e.median;
}

static double best_standard(const house *h)
{
    double best = INFINITY;
    for (int i = 0; i < dpm_standards(&h->base); i++) {
        dpm_found *f;
        ok(dpm_standard(&h->base, i, &f));
        best = fmin(best, median(h->held_out, &h->base, f));
        dpm_found_free(f);
    }
    return best;
}

/* --- descent ------------------------------------------------------------------------------------------------------ */

/* Rosenbrock's valley; at x > 1.5 is nothing. */
static ad_status valley(const double *x, double *value, double *g, void *ctx)
{
    long *calls = ctx;
    ++*calls;
    double a = 1 - x[0], b = x[1] - x[0] * x[0];
    *value = x[0] > 1.5 ? INFINITY : a * a + 100 * b * b;
    g[0]   = -2 * a - 400 * x[0] * b;
    g[1]   = 200 * b;
    return AD_OK;
}

Test(descent, follows_a_valley_to_its_end)
{
    double x[]   = { -1.2, 1 }, value;
    long   calls = 0;
    ok(dpm_descend(2, x, &value, 200, valley, &calls));
    cr_expect_lt(fabs(x[0] - 1), 1e-6);
    cr_expect_lt(fabs(x[1] - 1), 1e-6);
    cr_expect_leq(calls, 100);
    double y[] = { -1.2, 1 }, before = 24.2, at;
    for (long budget = 1; budget < 40;
         budget += 6) { /* never worse for more, and x is where value is */
        memcpy(y, (double[]){ -1.2, 1 }, sizeof y);
        calls = 0;
        ok(dpm_descend(2, y, &value, budget, valley, &calls));
        cr_expect_leq(calls, budget);
        cr_expect_leq(value, before);
        before = value;
        double g[2];
        ok(valley(y, &at, g, &calls));
        cr_expect_eq(value, at);
    }
}

/* --- grids as numbers --------------------------------------------------------------------------------------------- */

Test(gaps, any_numbers_are_a_grid_and_pull_back)
{
    house    h;
    dpm_axis a;
    double   z[STEPS] = { 0.3, -1, 2, 0, -4 }, s[STEPS], inner[STEPS], times[STEPS + 1];
    double   back[STEPS], bar[STEPS + 1], z_bar[STEPS], c[] = { 0, 1.5, -2, 0.7, 3, 0 };
    build(&h, "ddim", 0);
    ok(dpm_axis_make(&a, h.vp, &h.base.grid));
    dpm_gaps_times(&a, z, s, inner, times);
    cr_expect_eq(times[0], 1);
    cr_expect_eq(times[STEPS], 1e-3);
    for (int i = 0; i < STEPS; i++) cr_expect_lt(times[i + 1], times[i]);
    dpm_gaps_of(&a, times, inner, back);
    for (int i = 0; i < STEPS; i++) /* up to a common shift */
        cr_expect_lt(fabs((back[i] - back[0]) - (z[i] - z[0])), 1e-6);
    /* L = sum c_i t_i; differences of it, whose error at this step is some 1e-9 of the values */
    memcpy(bar, c, sizeof bar);
    dpm_gaps_times(&a, z, s, inner, times);
    dpm_gaps_pull(&a, s, inner, bar, z_bar);
    for (int j = 0; j < STEPS; j++) {
        double l[2];
        for (int k = 0; k < 2; k++) {
            double moved[STEPS];
            memcpy(moved, z, sizeof z);
            moved[j] += k ? 1e-5 : -1e-5;
            dpm_gaps_times(&a, moved, s, inner, times);
            l[k] = 0;
            for (int i = 0; i <= STEPS; i++) l[k] += c[i] * times[i];
        }
        cr_expect_lt(fabs(z_bar[j] - (l[1] - l[0]) / 2e-5), 1e-7, "z %d: %g, %g", j, z_bar[j],
                     (l[1] - l[0]) / 2e-5);
    }
    clear(&h);
}

/* Ends without noise, or without data, have inner points all the same. */
Test(gaps, infinite_ends)
{
    dpm_schedule *flow;
    dpm_axis      a;
    double        z[4] = { 0 }, s[4], inner[4], times[5];
    ok(dpm_schedule_new(&flow, &(dpm_schedule_options){ .name = "flow", .t_end = DPM_ZERO }));
    ok(dpm_axis_make(&a, flow, &(dpm_grid_options){ .steps = 4, .t_begin = 1 }));
    dpm_gaps_times(&a, z, s, inner, times);
    cr_expect_eq(times[0], 1);
    cr_expect_eq(times[4], 0);
    for (int i = 0; i < 4; i++) cr_expect_lt(times[i + 1], times[i]);
    cr_expect_eq(dpm_axis_make(&a, flow, &(dpm_grid_options){ .steps = 1 }), AD_INVALID);
    dpm_schedule_free(flow);
}

/* --- the gradient ------------------------------------------------------------------------------------------------- */

static double value_at(house *h, dpm_sampler *s, const double *times, const double *offset)
{
    double value;
    long   n = dpm_sampler_coefficients(s);
    ok(dpm_sampler_set_times(s, times));
    for (long k = 0; k < n; k++) dpm_sampler_coefficient(s)[k] += offset[k];
    ok(dpm_teacher_run(h->train, s, 0.02, 0, &value));
    return value;
}

static void close_to(double got, double want, const char *what, const char *sampler, long i)
{
    cr_expect_lt(fabs(got - want), 1e-5 * (1 + fabs(want)), "%s of %s, %ld: %.10g, %.10g", what,
                 sampler, i, got, want);
}

/* Central differences of the objective through dpm_sample(): an error of h^2 L''' and 1e-16 / h, of 1e-7 with the h taken; L''' of
   the last times, which are small, is large. */
static void check_gradient(const char *sampler, int square)
{
    house        h;
    dpm_found   *f;
    dpm_sampler *s;
    double       value, time_bar[STEPS + 1], offset[64], coef_bar[64];
    build(&h, sampler, square);
    ok(dpm_standard(&h.base, 0, &f));
    dpm_options o = dpm_search_candidate(&h.base, f);
    o.adjoint     = DPM_ADJOINT_TAPE;
    ok(dpm_teacher_sampler(h.train, &o, &s));
    long n = dpm_sampler_coefficients(s);
    cr_assert_leq(n, 64);
    for (long k = 0; k < n; k++) offset[k] = 0.01 * sin((double)k);
    for (long k = 0; k < n; k++) dpm_sampler_coefficient(s)[k] += offset[k];
    ok(dpm_teacher_run(h.train, s, 0.02, 1, &value));
    ok(dpm_teacher_pullback(h.train, s, time_bar, coef_bar));
    for (int i = 0; i <= STEPS; i++) {
        double step = 1e-5 * f->times[i], t = f->times[i], l[2];
        for (int k = 0; k < 2; k++) {
            f->times[i] = k ? t + step : t - step;
            l[k]        = value_at(&h, s, f->times, offset);
        }
        f->times[i] = t;
        close_to(time_bar[i], (l[1] - l[0]) / (2 * step), "time", sampler, i);
    }
    for (long j = 0; j < n; j++) {
        double step = 1e-6, was = offset[j], l[2];
        for (int k = 0; k < 2; k++) {
            offset[j] = was + (k ? step : -step);
            l[k]      = value_at(&h, s, f->times, offset);
        }
        offset[j] = was;
        close_to(coef_bar[j], (l[1] - l[0]) / (2 * step), "coefficient", sampler, j);
    }
    dpm_found_free(f);
    clear(&h);
}

Test(search, gradient_is_that_of_central_differences)
{
    check_gradient("dpmpp-2m", 0);
    check_gradient("usf", 0);
    check_gradient("unipc", 1);
    check_gradient("ipndm", 0);
}

/* At t = 1 a flow has no signal left, and beyond it nothing is defined; a table of a discrete schedule ends, too. */
Test(search, ends_of_a_schedule_are_not_passed)
{
    static const char *const name[] = { "flow", "ddpm", "scaled-linear", "cosine" };
    for (int i = 0; i < 4; i++) {
        house              h;
        dpm_found         *f;
        dpm_search_options o = { .budget = 60, .base = &h.base };
        build(&h, "dpmpp-2m", 0);
        dpm_teacher_free(h.train);
        dpm_schedule_free(h.vp);
        ok(dpm_schedule_new(&h.vp, &(dpm_schedule_options){ .name = name[i] }));
        h.base.schedule = h.vp;
        ok(dpm_teacher_new(
            &h.train, &(dpm_teacher_options){
                          .model = &h.model, .schedule = h.vp, .n = ROWS, .mixture = h.mixture }));
        dpm_search_stats stats;
        ok(dpm_search_gradient(&o, h.train, &f, &stats));
        cr_expect_lt(stats.best, 0.7 * stats.first, "%s: %g, %g", name[i], stats.first, stats.best);
        dpm_found_free(f);
        clear(&h);
    }
}

/* --- evolution ---------------------------------------------------------------------------------------------------- */

/* The squared distance of the grid's lambdas from some that are meant; no sampler has to run. */
static double meant(const dpm_options *o, void *ctx, ad_status *status)
{
    static const double lambda[] = { -4, -2, 1, 1.5 };
    double              sum      = 0;
    ++*(long *)ctx;
    *status = AD_OK;
    for (int i = 0; i < 4; i++) {
        double d = dpm_schedule_at(o->schedule, o->found->times[i + 1]).lambda - lambda[i];
        sum += d * d;
    }
    return sum;
}

static int never(const dpm_search_progress *p, void *ctx)
{
    cr_expect_leq(p->best, p->first);
    return p->evaluations >= *(long *)ctx;
}

Test(evolution, goes_where_the_objective_says)
{
    house              h;
    dpm_found         *f, *g;
    dpm_search_stats   stats;
    long               calls = 0;
    dpm_search_options o     = { .budget = 600, .seed = 3 };
    build(&h, "ddim", 0);
    o.base = &h.base;
    ok(dpm_search_evolution(&o, meant, &calls, &f, &stats));
    cr_expect_eq(calls, 600);
    cr_expect_eq(stats.evaluations, 600);
    cr_expect_gt(stats.first, 1, "the standard grids are far");
    cr_expect_lt(stats.best, 0.1);
    ad_status   s;
    dpm_options c = dpm_search_candidate(&h.base, f);
    cr_expect_float_eq(meant(&c, &calls, &s), stats.best, 1e-9);
    ok(dpm_found_check(f, h.vp));
    cr_expect_str_eq(f->schedule, "vp-linear");
    ok(dpm_search_evolution(&o, meant, &calls, &g, NULL));
    cr_expect_arr_eq(f->times, g->times, (STEPS + 1) * sizeof *f->times, "the same seed");
    dpm_found_free(g);
    o.seed = 4;
    ok(dpm_search_evolution(&o, meant, &calls, &g, NULL));
    cr_expect_arr_neq(f->times, g->times, (STEPS + 1) * sizeof *f->times, "another seed");
    dpm_found_free(g);
    o.from   = f; /* it goes on from there: a few more are no worse */
    o.budget = 20;
    ok(dpm_search_evolution(&o, meant, &calls, &g, &stats));
    cr_expect_leq(stats.best, 0.1);
    dpm_found_free(f);
    dpm_found_free(g);
    clear(&h);
}

static double broken(const dpm_options *o, void *ctx, ad_status *status)
{
    (void)o;
    *status = *(ad_status *)ctx;
    return *status ? 0 : NAN;
}

Test(evolution, what_cannot_be_sampled_is_worth_nothing)
{
    house              h;
    dpm_found         *f;
    long               stop = 7, calls = 0;
    ad_status          why = AD_NONFINITE_FIELD;
    dpm_search_options o   = { .budget = 30 };
    build(&h, "ddim", 0);
    o.base = &h.base;
    cr_expect_eq(dpm_search_evolution(&o, broken, &why, &f, NULL), AD_NONFINITE_FIELD);
    cr_expect_null(f);
    why = AD_OK; /* NaN */
    cr_expect_eq(dpm_search_evolution(&o, broken, &why, &f, NULL), AD_NONFINITE_STATE);
    cr_expect_null(f);
    o.watch     = never;
    o.watch_ctx = &stop;
    cr_expect_eq(dpm_search_evolution(&o, meant, &calls, &f, NULL), AD_CANCELLED);
    cr_expect_eq(calls, 7);
    ok(dpm_found_check(f, h.vp));
    dpm_found_free(f);
    o.mutations = 60;
    cr_expect_eq(dpm_search_evolution(&o, meant, &calls, &f, NULL), AD_INVALID);
    h.base.grid.steps = 1;
    cr_expect_eq(dpm_search_evolution(&o, meant, &calls, &f, NULL), AD_INVALID);
    h.base.sampler = "dpmpp-2n";
    cr_expect_eq(dpm_search_evolution(&o, meant, &calls, &f, NULL), AD_INVALID);
    clear(&h);
}

Test(evolution, decisions_are_sound_and_help)
{
    house              h;
    dpm_found         *f;
    dpm_search_options o = { .budget = 250, .seed = 1 };
    build(&h, "usf", 0);
    o.base = &h.base;
    ok(dpm_search_evolution(&o, dpm_teacher_objective, h.train, &f, NULL));
    ok(dpm_found_check(f, h.vp));
    cr_assert_not_null(f->decision);
    cr_expect_lt(median(h.held_out, &h.base, f), best_standard(&h));
    dpm_found_free(f);
    clear(&h);
}

/* --- by gradient -------------------------------------------------------------------------------------------------- */

Test(search, three_times_better_on_points_that_it_did_not_see)
{
    house              h;
    dpm_found         *f, *g;
    dpm_search_stats   stats;
    dpm_search_options o = { .budget = 300 };
    build(&h, "dpmpp-2m", 0);
    o.base = &h.base;
    ok(dpm_search_gradient(&o, h.train, &f, &stats));
    cr_expect_leq(stats.evaluations, 300);
    cr_expect_lt(3 * median(h.held_out, &h.base, f), best_standard(&h));
    cr_expect_not_null(f->coefficient);
    ok(dpm_search_gradient(&o, h.train, &g, NULL));
    cr_expect_arr_eq(f->times, g->times, (STEPS + 1) * sizeof *f->times, "nothing is random here");
    dpm_found_free(g);
    double was = stats.best;
    o.from     = f; /* coefficients are gone on with */
    o.budget   = 30;
    ok(dpm_search_gradient(&o, h.train, &g, &stats));
    cr_expect_leq(stats.best, was * (1 + 1e-9));
    dpm_found_free(f);
    dpm_found_free(g);
    clear(&h);
}

Test(search, what_is_fixed_stays)
{
    house              h;
    dpm_found         *f, *standard;
    dpm_search_options o = { .budget = 60 };
    build(&h, "dpmpp-2m", 0);
    o.base               = &h.base;
    o.fixed_coefficients = 1;
    ok(dpm_search_gradient(&o, h.train, &f, NULL));
    cr_expect_null(f->coefficient);
    dpm_found_free(f);
    o.fixed_coefficients = 0;
    o.fixed_times        = 1;
    ok(dpm_search_gradient(&o, h.train, &f, NULL));
    int same = 0;
    for (int i = 0; dpm_standard_grid(i); i++) {
        ok(dpm_standard(&h.base, i, &standard));
        same |= !memcmp(f->times, standard->times, (STEPS + 1) * sizeof *f->times);
        dpm_found_free(standard);
    }
    cr_expect(same);
    cr_expect_not_null(f->coefficient);
    dpm_found_free(f);
    clear(&h);
}

/* Wherever it is stopped, there is a schedule, and it is the best so far. */
Test(search, stopped_it_has_something)
{
    house              h;
    dpm_found         *f;
    dpm_search_stats   stats;
    long               stop;
    dpm_search_options o = { .budget = 200, .watch = never, .watch_ctx = &stop };
    build(&h, "dpmpp-2m", 0);
    o.base = &h.base;
    for (stop = 1; stop < 140; stop += 23) {
        ad_status   s;
        dpm_options c;
        cr_expect_eq(dpm_search_gradient(&o, h.train, &f, &stats), AD_CANCELLED);
        cr_assert_not_null(f);
        ok(dpm_found_check(f, h.vp));
        c = dpm_search_candidate(&h.base, f);
        cr_expect_float_eq(dpm_teacher_objective(&c, h.train, &s), stats.best, 1e-9 * stats.best);
        dpm_found_free(f);
    }
    clear(&h);
}

/* --- teachers ----------------------------------------------------------------------------------------------------- */

/* Third order, 200 steps over 9.6 in lambda: the error is below 1e-5 but for those near an edge between modes. */
Test(teacher, a_fine_sampler_ends_where_the_flow_does)
{
    house               h;
    dpm_teacher        *t;
    dpm_errors          e;
    dpm_teacher_options o = { .n = ROWS };
    build(&h, "dpmpp-3m", 0);
    o.model           = &h.model;
    o.schedule        = h.vp;
    h.base.grid.steps = 200;
    ok(dpm_teacher_new(&t, &o));
    cr_expect(strstr(dpm_teacher_about(t), "200"));
    ok(dpm_teacher_errors(t, &h.base, &e, NULL));
    cr_expect_eq(e.median, 0, "it is that sampler");
    cr_expect_eq(e.nfe, 200);
    ok(dpm_teacher_errors(h.train, &h.base, &e, NULL));
    cr_expect_lt(e.median, 1e-5, "%g", e.median);
    cr_expect_gt(e.rms, 0);
    dpm_teacher_free(t);
    o.model = &(dpm_model){ .type = AD_F32, .dim = 2 };
    cr_expect_eq(dpm_teacher_new(&t, &o), AD_UNSUPPORTED);
    cr_expect_null(t);
    clear(&h);
}

/* --- memory ------------------------------------------------------------------------------------------------------- */

static ad_status evolve(void *ctx)
{
    house             *h     = ctx;
    dpm_found         *f     = NULL;
    long               calls = 0;
    dpm_search_options o     = { .base = &h->base, .budget = 60 };
    ad_status          s     = dpm_search_evolution(&o, meant, &calls, &f, NULL);
    dpm_found_free(f);
    return s;
}

static ad_status ascend(house *h)
{
    dpm_teacher        *t;
    dpm_found          *f  = NULL;
    dpm_search_options  o  = { .base = &h->base, .budget = 12 };
    dpm_teacher_options to = { .model = &h->model, .schedule = h->vp, .n = 8, .steps = 8 };
    AD_TRY(dpm_teacher_new(&t, &to));
    ad_status s = dpm_search_gradient(&o, t, &f, NULL);
    dpm_found_free(f);
    dpm_teacher_free(t);
    return s;
}

Test(search, no_memory)
{
    house h;
    long  runs;
    build(&h, "usf", 0);
    cr_expect(every_allocation_fails_cleanly(evolve, &h, &runs));
    cr_expect_gt(runs, 100);
    h.base.sampler = "dpmpp-2m";
    int failed     = 0;
    for (long i = 1, reached = 1; reached;
         i += 1 + i / 8) { /* there are thousands: ever fewer of them */
        counting c = { .fail_at = i };
        counting_start(&c);
        ad_status s = ascend(&h);
        counting_stop();
        reached = c.count >= i;
        failed += (int)reached;
        cr_expect_eq(s, reached ? AD_NO_MEMORY : AD_OK, "allocation %ld: %s", i, ad_message());
        cr_expect_eq(c.live, 0, "allocation %ld: %zu bytes live", i, c.live);
    }
    cr_expect_gt(failed, 20);
    clear(&h);
}
