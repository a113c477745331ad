/* Samplers that are another one (MR), or decide by what they see (SADA). */
#include "walks.h"

#include <string.h>

#include <costate/autodiff/ops.h>

enum { ROWS = 16, DIM = 2, NUMBERS = DIM * ROWS };

/* --- MR sampler: that of x - mu --------------------------------------------------------------------------------------------- */

static ad_var scalar(const dpm_at *at, ad_var v)
{
    return ad_cast(v, at->type);
}

/* The noise in x as the mixture of x0 - mu sees it in x - mu; mu is the argument. */
static ad_var shifted_noise(const dpm_at *at, void *mixture)
{
    dpm_at from = *at;
    from.x      = ad_sub(at->x, at->args[0]);
    return dpm_mixture_network(&from, mixture);
}

/* x0 = mu + (x - mu - sigma e) / alpha */
static ad_var shifted_data(const dpm_at *at, void *mixture)
{
    ad_var e = shifted_noise(at, mixture);
    ad_var d = ad_sub(ad_sub(at->x, at->args[0]), ad_mul(scalar(at, at->sigma), e));
    return ad_add(at->args[0], ad_div(d, scalar(at, at->alpha)));
}

typedef struct mean_case {
    const char    *ours, *other, *type;
    int            order;
    dpm_prediction form, net;
} mean_case;

/* How far the two are apart, over the size of the states. */
static double apart(const mean_case *c, const dpm_mixture *m, const dpm_schedule *s)
{
    double  x[NUMBERS], mu[NUMBERS], shifted[NUMBERS], out[NUMBERS], want[NUMBERS];
    nde_arg arg = { .name = "mu", .shape = ad_rows(DIM) };
    ad_random_normal(AD_F64, 3, 0, 0, NUMBERS, x);
    ad_random_normal(AD_F64, 3, 1, 0, NUMBERS, mu);
    for (int i = 0; i < NUMBERS; i++) x[i] = mu[i] + 0.2 * x[i], shifted[i] = x[i] - mu[i];
    dpm_model plain = dpm_mixture_model(m, AD_F64), ours = plain;
    ours.network    = c->net == DPM_X0 ? shifted_data : shifted_noise;
    ours.prediction = c->net, ours.nargs = 1, ours.args = &arg;
    dpm_options o = { .sampler           = c->ours,
                      .schedule          = s,
                      .grid              = { .name = "logsnr", .steps = 12 },
                      .order             = c->order,
                      .prediction        = c->form,
                      .solver_type       = c->type,
                      .lower_order_final = 1 };
    walks_run(
        &ours, &o,
        &(dpm_run){
            .n = ROWS, .x = x, .args = (const void *[]){ mu }, .mean = mu, .out = out, .seed = 5 });
    o.sampler = c->other, o.order = 0, o.prediction = 0;
    if (c->order == 1) o.lower_order_final = 0, o.solver_type = NULL;
    walks_run(&plain, &o, &(dpm_run){ .n = ROWS, .x = shifted, .out = want, .seed = 5 });
    for (int i = 0; i < NUMBERS; i++) want[i] += mu[i];
    return distance(NUMBERS, out, want);
}

/* Equal to the shifted sampler: 1e-13 where states are of order 1. From predicted data the model's own x0 - mu is some 150 times
   larger at the noise end than the states (1 / alpha), and so are its roundings. */
Test(special, mr_is_shifted_dpm)
{
    static const mean_case cases[] = {
        { "mr-sampler", "dpm-1", NULL, 1, DPM_EPSILON, DPM_EPSILON },
        { "mr-sampler", "dpm-2m", "taylor", 2, DPM_EPSILON, DPM_EPSILON },
        { "mr-sampler", "dpm-2m", "dpmsolver", 2, DPM_EPSILON, DPM_EPSILON },
        { "mr-sampler", "dpm-3m", "taylor", 3, DPM_EPSILON, DPM_EPSILON },
        { "mr-sampler", "dpmpp-1", NULL, 1, DPM_X0, DPM_EPSILON },
        { "mr-sampler", "dpmpp-2m", "taylor", 2, DPM_X0, DPM_EPSILON },
        { "mr-sampler", "dpmpp-2m", "dpmsolver", 2, DPM_X0, DPM_EPSILON },
        { "mr-sampler", "dpmpp-3m", "taylor", 3, DPM_X0, DPM_EPSILON },
        { "mr-sampler", "dpmpp-2m", "taylor", 2, DPM_X0, DPM_X0 },
        { "mr-sampler", "dpm-2m", "taylor", 2, DPM_EPSILON, DPM_X0 },
        { "mr-sampler-sde", "sde-dpm-1", NULL, 1, DPM_EPSILON, DPM_EPSILON },
        { "mr-sampler-sde", "sde-dpm-2m", "dpmsolver", 2, DPM_EPSILON, DPM_EPSILON },
        { "mr-sampler-sde", "sde-dpmpp-1", NULL, 1, DPM_X0, DPM_EPSILON },
        { "mr-sampler-sde", "sde-dpmpp-2m", "dpmsolver", 2, DPM_X0, DPM_EPSILON },
        { "mr-sampler-sde", "sde-dpmpp-2m", "taylor", 2, DPM_X0, DPM_EPSILON },
    };
    dpm_mixture  *m = walks_four();
    dpm_schedule *s = walks_schedule(&(dpm_schedule_options){ .name = "mean-reverting" });
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        cr_expect_lt(apart(&cases[i], m, s), 1e-13, "%s, %s, %s: %g", cases[i].ours, cases[i].other,
                     cases[i].type, apart(&cases[i], m, s));
    dpm_schedule_free(s);
    dpm_mixture_free(m);
}

/* --- SADA: what it decides ----------------------------------------------------------------------------------------------- */

/* eps the same everywhere: the path in (y, rho) is a line. */
static ad_var constant_noise(const dpm_at *at, void *ctx)
{
    (void)ctx;
    return ad_add(ad_scale(at->x, 0), ad_const(at->g, at->type, 0.7));
}

/* eps = rho^power */
static ad_var power_noise(const dpm_at *at, void *power)
{
    ad_var r = scalar(at, at->rho);
    return ad_add(ad_scale(at->x, 0), *(const int *)power > 0 ? r : ad_reciprocal(r));
}

static long sada(const char *sampler, dpm_network *f, void *ctx, int most, const double *x,
                 double *y)
{
    dpm_schedule *vp = walks_vp();
    dpm_model     m  = { .network = f, .ctx = ctx, .dim = DIM };
    dpm_options   o  = { .sampler   = sampler,
                         .schedule  = vp,
                         .grid      = { .name = "logsnr", .steps = 50 },
                         .skip_most = most };
    long          n  = walks_run(&m, &o, &(dpm_run){ .n = ROWS, .x = x, .out = y });
    dpm_schedule_free(vp);
    return n;
}

static const char *const both[] = { "sada", "sada-euler" };

/* On a line the criterion is 0: 10 first, then 14 and 19, every fourth from 24 to 44, the last 3; and the end is exact. */
Test(special, sada_skips_a_line)
{
    dpm_schedule *vp = walks_vp();
    dpm_point     a = dpm_schedule_at(vp, 1), b = dpm_schedule_at(vp, 1e-3);
    double        x[NUMBERS], y[NUMBERS], want[NUMBERS];
    ad_random_normal(AD_F64, 2, 0, 0, NUMBERS, x);
    for (int i = 0; i < NUMBERS; i++) want[i] = b.alpha * (x[i] / a.alpha + (b.rho - a.rho) * 0.7);
    for (int k = 0; k < 2; k++) {
        cr_expect_eq(sada(both[k], constant_noise, NULL, 0, x, y), 10 + 2 + 6 + 3);
        cr_expect_lt(distance(NUMBERS, y, want), 1e-11, "%g", distance(NUMBERS, y, want));
        cr_expect_eq(sada(both[k], constant_noise, NULL, 1, x, y), 10 + 7 + 12 + 3);
        cr_expect_eq(sada(both[k], constant_noise, NULL, -1, x, y), 50);
    }
    dpm_schedule_free(vp);
}

/* Over DPM-Solver++ 2M, with u and v the last two differences of f, small steps make the criterion -(3/8 |d|^2 + 1/2 u d), d = u - v:
   where f falls by a factor r of 3/7 to 1 a step it is positive, where f grows it is negative. Here r = e^-+0.21. */
Test(special, sada_sees_curvature)
{
    double x[NUMBERS], y[NUMBERS];
    int    falls = 1, grows = -1;
    ad_random_normal(AD_F64, 2, 0, 0, NUMBERS, x);
    cr_expect_eq(sada("sada", power_noise, &falls, 0, x, y), 24 + 6 + 3);
    cr_expect_eq(sada("sada", power_noise, &grows, 0, x, y), 21);
    cr_expect_eq(sada("sada-euler", power_noise, &falls, 0, x, y), 21);
}

Test(special, sada_unskipped_is_its_base)
{
    dpm_mixture  *m     = walks_four();
    dpm_schedule *vp    = walks_vp();
    dpm_model     model = dpm_mixture_model(m, AD_F64);
    double        x[NUMBERS], y[NUMBERS], want[NUMBERS];
    ad_random_normal(AD_F64, 2, 0, 0, NUMBERS, x);
    const char *base[] = { "dpmpp-2m", "ddim" };
    for (int k = 0; k < 2; k++) {
        dpm_options o = { .sampler   = both[k],
                          .schedule  = vp,
                          .grid      = { .name = "logsnr", .steps = 40 },
                          .skip_most = -1 };
        walks_run(&model, &o, &(dpm_run){ .n = ROWS, .x = x, .out = y });
        o.sampler = base[k], o.skip_most = 0;
        walks_run(&model, &o, &(dpm_run){ .n = ROWS, .x = x, .out = want });
        cr_expect_lt(distance(NUMBERS, y, want), 1e-12, "%g", distance(NUMBERS, y, want));
    }
    dpm_schedule_free(vp);
    dpm_mixture_free(m);
}

/* sum_i c_i y_i of what SADA makes of x, and its gradient unless x_bar is NULL. */
static double sada_loss(const dpm_mixture *m, const dpm_schedule *vp, dpm_adjoint adjoint,
                        const double *x, double *x_bar)
{
    dpm_model    model = dpm_mixture_model(m, AD_F64);
    dpm_options  o     = { .sampler  = "sada",
                           .schedule = vp,
                           .grid     = { .name = "time-uniform", .steps = 30 },
                           .adjoint  = adjoint };
    double       y[NUMBERS], c[NUMBERS], loss = 0;
    dpm_sampler *s = walks_new(&model, &o, ROWS);
    cr_assert_eq(dpm_sample(s, &(dpm_run){ .n = ROWS, .x = x, .out = y, .record = x_bar != NULL }),
                 AD_OK, "%s", ad_message());
    cr_expect_lt(dpm_sampler_stats(s)->nfe, 20);
    for (int i = 0; i < NUMBERS; i++) loss += (c[i] = cos(i)) * y[i];
    if (x_bar)
        cr_assert_eq(dpm_pullback(s, &(dpm_cotangents){ .out_bar = c, .x_bar = x_bar }), AD_OK,
                     "%s", ad_message());
    dpm_sampler_free(s);
    return loss;
}

/* The gradient is that of the instructions which ran, the decisions as they were: against central differences along a direction, of step
   e, whose error is e^2 times a third derivative and rounding over e, some 1e-9 and 1e-10 here. */
Test(special, sada_has_a_gradient)
{
    dpm_mixture  *m  = walks_four();
    dpm_schedule *vp = walks_vp();
    double       x[NUMBERS], d[NUMBERS], up[NUMBERS], down[NUMBERS], points[NUMBERS], tape[NUMBERS];
    const double e     = 1e-5;
    double       slope = 0;
    ad_random_normal(AD_F64, 2, 0, 0, NUMBERS, x);
    ad_random_normal(AD_F64, 2, 1, 0, NUMBERS, d);
    for (int i = 0; i < NUMBERS; i++) up[i] = x[i] + e * d[i], down[i] = x[i] - e * d[i];
    sada_loss(m, vp, DPM_ADJOINT_POINTS, x, points);
    sada_loss(m, vp, DPM_ADJOINT_TAPE, x, tape);
    for (int i = 0; i < NUMBERS; i++) slope += points[i] * d[i];
    double want = (sada_loss(m, vp, DPM_ADJOINT_POINTS, up, NULL) -
                   sada_loss(m, vp, DPM_ADJOINT_POINTS, down, NULL)) /
                  (2 * e);
    cr_expect_lt(distance(NUMBERS, points, tape), 1e-12);
    cr_expect_lt(fabs(slope - want) / fabs(want), 1e-6, "%.12g, differences %.12g", slope, want);
    dpm_schedule_free(vp);
    dpm_mixture_free(m);
}
