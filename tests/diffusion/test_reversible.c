/* BDIA, O-BELM, EDICT and Rex: forward and back again, how errors grow on the way, orders. */
#include "walks.h"

#include <string.h>

enum { ROWS = 16, NUMBERS = 2 * ROWS };

static dpm_mixture  *mixture;
static dpm_schedule *vp;
static double        start[NUMBERS];

static void set_up(void)
{
    mixture = walks_four();
    vp      = walks_vp();
    ad_random_normal(AD_F64, 11, 0, 0, NUMBERS, start);
}

static void tear_down(void)
{
    dpm_mixture_free(mixture);
    dpm_schedule_free(vp);
}

TestSuite(reversible, .init = set_up, .fini = tear_down);

/* rms of what comes back minus what went in. */
static double round_trip(const dpm_options *o, ad_type type)
{
    dpm_model    m = dpm_mixture_model(mixture, type);
    dpm_sampler *s = walks_new(&m, o, ROWS);
    double       out[NUMBERS], back[NUMBERS];
    float        start32[NUMBERS];
    for (int i = 0; i < NUMBERS; i++) start32[i] = (float)start[i];
    const void *x = type == AD_F32 ? (const void *)start32 : start;
    cr_assert_eq(dpm_sample(s, &(dpm_run){ .n = ROWS, .x = x, .out = out, .record = 1 }), AD_OK,
                 "%s", ad_message());
    memset(back, 0, sizeof back);
    cr_assert_eq(dpm_recover_start(s, back), AD_OK, "%s", ad_message());
    dpm_sampler_free(s);
    double sum = 0;
    for (int i = 0; i < NUMBERS; i++) {
        double d = type == AD_F32 ? (double)((float *)back)[i] - (double)start32[i]
                                  : back[i] - start[i];
        sum += d * d;
    }
    return sqrt(sum / NUMBERS);
}

static dpm_options with(const char *sampler, long steps)
{
    return (dpm_options){ .sampler  = sampler,
                          .schedule = vp,
                          .grid     = { .name = "logsnr", .steps = steps } };
}

/* Each step rounds by some units of the last place of the largest state on the way, 6 here; a leapfrog passes that on undamped. O-BELM
   on this grid multiplies it by (first step / last step)^2 in rho, divided by the ratio of alpha: bounded by measuring both steps. */
Test(reversible, bdia_comes_back)
{
    for (long steps = 1; steps <= 256; steps *= 4) {
        dpm_options o = with("bdia", steps);
        cr_expect_lt(round_trip(&o, AD_F64), 10 * (double)steps * 0x1p-53 * 6);
        cr_expect_lt(round_trip(&o, AD_F32), 10 * (double)steps * 0x1p-24 * 6);
    }
}

Test(reversible, o_belm_comes_back)
{
    for (long steps = 2; steps <= 128; steps *= 4) {
        dpm_options      o     = with("o-belm", steps);
        dpm_model        m     = dpm_mixture_model(mixture, AD_F64);
        dpm_sampler     *s     = walks_new(&m, &o, ROWS);
        const dpm_point *p     = dpm_sampler_points(s);
        double           first = p[1].rho - p[0].rho, last = p[steps].rho - p[steps - 1].rho;
        double           growth = first / last * (first / last) * p[0].alpha / p[steps].alpha;
        dpm_sampler_free(s);
        cr_expect_lt(round_trip(&o, AD_F64), 10 * (double)steps * 0x1p-53 * growth, "%ld", steps);
    }
    dpm_options even = with("o-belm", 64);
    even.grid.name   = "time-uniform"; /* steps of similar length where x is large */
    cr_expect_lt(round_trip(&even, AD_F64), 1e-12);
}

/* (1 / gamma)^N, (1 / p^2)^N and (1 / zeta)^N: between N and 2 N the error grows by it, within a factor for what else happens. */
static void grows(dpm_options o, long n, double factor)
{
    o.grid.steps  = n;
    double little = round_trip(&o, AD_F64);
    o.grid.steps  = 2 * n;
    double much   = round_trip(&o, AD_F64);
    double want   = pow(factor, (double)n);
    cr_expect_lt(much / little, 1e4 * want, "%s: %g to %g, expected a factor %g", o.sampler, little,
                 much, want);
    cr_expect_gt(much / little, 1e-4 * want, "%s: %g to %g, expected a factor %g", o.sampler,
                 little, much, want);
}

Test(reversible, mixing_is_paid_on_the_way_back)
{
    dpm_options bdia = with("bdia", 1), edict = with("edict", 1);
    bdia.gamma = 0.5;
    grows(bdia, 25, 2);
    bdia.gamma = 0.9;
    grows(bdia, 100, 1 / 0.9);
    grows(edict, 100, 1 / (0.93 * 0.93));
}

/* Each step multiplies errors by what the map itself does to them, which is the sampler's conditioning, not its algorithm: few steps of
   moderate length, then rounding alone is left. */
Test(reversible, coupled_ones_come_back)
{
    static const char *const name[] = { "edict", "rex", "rex-heun", "rex-rk4" };
    for (int i = 0; i < 4; i++) {
        dpm_options o = with(name[i], 40);
        o.grid.name   = "time-uniform";
        cr_expect_lt(round_trip(&o, AD_F64), 1e-9, "%s: %g", name[i], round_trip(&o, AD_F64));
    }
    dpm_options o = with("rex", 20);
    o.tableau     = &nde_dopri5;
    cr_expect_lt(round_trip(&o, AD_F64), 1e-9);
}

/* DDIM's own inversion, for comparison: the same ODE integrated back, wrong by its order (the design's 0.18 at 50). */
Test(reversible, inversion_is_not_recovery)
{
    dpm_model   m = dpm_mixture_model(mixture, AD_F64);
    dpm_options o = with("ddim", 50);
    double      y[NUMBERS], back[NUMBERS];
    walks_run(&m, &o, &(dpm_run){ .n = ROWS, .x = start, .out = y });
    o.invert = 1;
    walks_run(&m, &o, &(dpm_run){ .n = ROWS, .x = y, .out = back });
    cr_expect_gt(walks_rms(NUMBERS, back, start), 1e-2);
}

/* --- the gradient that walks back is the one that keeps everything ------------------------------------------------------ */

static void gradient(dpm_options o, dpm_adjoint adjoint, double *x_bar)
{
    dpm_model m = dpm_mixture_model(mixture, AD_F64);
    double    out[NUMBERS], ones[NUMBERS];
    for (int i = 0; i < NUMBERS; i++) ones[i] = 1 + 0.1 * i;
    o.adjoint      = adjoint;
    dpm_sampler *s = walks_new(&m, &o, ROWS);
    cr_assert_eq(dpm_sample(s, &(dpm_run){ .n = ROWS, .x = start, .out = out, .record = 1 }), AD_OK,
                 "%s", ad_message());
    cr_assert_eq(dpm_pullback(s, &(dpm_cotangents){ .out_bar = ones, .x_bar = x_bar }), AD_OK, "%s",
                 ad_message());
    dpm_sampler_free(s);
}

Test(reversible, gradient_walks_back)
{
    static const char *const name[] = { "bdia", "o-belm", "edict", "rex", "rex-heun", "rex-rk4" };
    for (int i = 0; i < 6; i++) {
        dpm_options o = with(name[i], 12);
        double      kept[NUMBERS], recovered[NUMBERS];
        o.grid.name = "time-uniform";
        gradient(o, DPM_ADJOINT_TAPE, kept);
        gradient(o, DPM_ADJOINT_REVERSIBLE, recovered);
        cr_expect_lt(distance(NUMBERS, recovered, kept), 1e-8, "%s: %g", name[i],
                     distance(NUMBERS, recovered, kept));
    }
}

/* --- orders, on one Gaussian ------------------------------------------------------------------------------------------------ */

static double error_at(const dpm_mixture *g, dpm_options o, long steps)
{
    dpm_model m = dpm_mixture_model(g, AD_F64);
    double    y[NUMBERS], want[NUMBERS];
    dpm_point a = dpm_schedule_at(vp, 1), b = dpm_schedule_at(vp, 1e-3);
    o.grid.steps = steps;
    walks_run(&m, &o, &(dpm_run){ .n = ROWS, .x = start, .out = y });
    walks_one_end(g, &a, &b, ROWS, start, want);
    return walks_rms(NUMBERS, y, want);
}

static void has_order(dpm_options o, double order, long steps)
{
    dpm_mixture *g = walks_one();
    double       e = error_at(g, o, steps), f = error_at(g, o, 2 * steps);
    cr_expect_float_eq(log2(e / f), order, 0.2, "%s: %g at %ld, %g at twice that: order %.2f",
                       o.sampler, e, steps, f, log2(e / f));
    dpm_mixture_free(g);
}

/* Rex with zeta = 0.9: with 0.999 its error is that of one of two regimes, below and above 1000 steps. */
Test(reversible, orders)
{
    has_order(with("bdia", 1), 2, 200);
    has_order(with("o-belm", 1), 2, 200);
    has_order(with("edict", 1), 1, 400);
    has_order(with("rex-heun", 1), 2, 800);
    has_order(with("rex-rk4", 1), 4, 400);
    dpm_options o = with("rex", 1);
    o.zeta        = 0.9;
    has_order(o, 1, 800);
    o.tableau = &nde_bosh3;
    has_order(o, 3, 1600);
}

/* gamma below 1 has the first order back. */
Test(reversible, gamma_costs_the_order)
{
    dpm_mixture *g = walks_one();
    dpm_model    m = dpm_mixture_model(g, AD_F64);
    dpm_point    a = dpm_schedule_at(vp, 1), b = dpm_schedule_at(vp, 1e-3);
    double       want[NUMBERS], y[NUMBERS], e[2];
    walks_one_end(g, &a, &b, ROWS, start, want);
    for (int i = 0; i < 2; i++) {
        dpm_options o = with("bdia", 800L << i);
        o.gamma       = 0.5;
        walks_run(&m, &o, &(dpm_run){ .n = ROWS, .x = start, .out = y });
        e[i] = walks_rms(NUMBERS, y, want);
    }
    cr_expect_float_eq(log2(e[0] / e[1]), 1, 0.2, "%g %g", e[0], e[1]);
    dpm_mixture_free(g);
}

/* --- mistakes ------------------------------------------------------------------------------------------------------------- */

Test(reversible, parameters_have_ranges)
{
    dpm_model    m = dpm_mixture_model(mixture, AD_F64);
    dpm_sampler *s;
    dpm_options  bad[] = { with("bdia", 5), with("edict", 5), with("rex", 5), with("bdia", 5) };
    bad[0].gamma       = 1.5;
    bad[1].mixing      = DPM_ZERO;
    bad[2].zeta        = 2;
    bad[3].zeta        = 0.9;
    for (int i = 0; i < 4; i++) {
        cr_expect_eq(dpm_sampler_new(&s, &m, &bad[i], ROWS), AD_INVALID);
        cr_expect(strstr(ad_message(), bad[i].sampler), "%s", ad_message());
    }
}

Test(reversible, other_samplers_cannot)
{
    dpm_model    m = dpm_mixture_model(mixture, AD_F64);
    dpm_options  o = with("ddim", 5);
    dpm_sampler *s = walks_new(&m, &o, ROWS);
    double       y[NUMBERS];
    cr_assert_eq(dpm_sample(s, &(dpm_run){ .n = ROWS, .x = start, .out = y, .record = 1 }), AD_OK);
    cr_expect_eq(dpm_recover_start(s, y), AD_UNSUPPORTED);
    dpm_sampler_free(s);
}
