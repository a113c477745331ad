/* A mixture predicts anything: samplers that are told which come to the same samples, and some can begin where epsilon cannot. */
#include <math.h>

#include <criterion/criterion.h>

#include <costate/autodiff/random.h>
#include <costate/diffusion/mixture.h>
#include <costate/diffusion/sample.h>

#include "support.h"

enum { N = 5, DIM = 2 };

static const double weight[4] = { .1, .2, .3, .4 };
static const double mean[8]   = { 1.2, .8, -1, .9, -.7, -1.1, .9, -.6 };
static const double var[8]    = { .04, .09, .06, .03, .05, .05, .02, .08 };

static void ok(ad_status s)
{
    cr_assert_eq(s, AD_OK, "%s", ad_message());
}

/* From noise of deviation sigma_T to x, and the gradient of sum x^2 / 2 to the start. */
static ad_status sampled(dpm_prediction what, const dpm_options *o, double *x, double *bar)
{
    dpm_mixture *m;
    dpm_sampler *s;
    double       start[N * DIM];
    ok(dpm_mixture_new(&m, 4, DIM, weight, mean, var));
    dpm_model model  = dpm_mixture_predicts(m, AD_F64, what);
    ad_status status = dpm_sampler_new(&s, &model, o, N);
    if (!status) {
        ad_random_normal(AD_F64, 7, 0, 0, N * DIM, start);
        for (int i = 0; i < N * DIM; i++) start[i] *= dpm_sampler_points(s)->sigma;
        ok(dpm_sample(s, &(dpm_run){ .n = N, .x = start, .out = x, .record = 1 }));
        ok(dpm_pullback(s, &(dpm_cotangents){ .out_bar = x, .x_bar = bar }));
        dpm_sampler_free(s);
    }
    dpm_mixture_free(m);
    return status;
}

/* Numbers of order 1 to 200 (1 / alpha at t = 1 is 152) go through one more rounding an evaluation: 20 of 2e-14 each, and the flow
   multiplies errors by less than 10. */
Test(mixture_predicts, all_the_same)
{
    dpm_schedule *vp;
    double        want[N * DIM], want_bar[N * DIM], x[N * DIM], bar[N * DIM];
    ok(dpm_schedule_new(&vp, &(dpm_schedule_options){ .name = "vp-linear", .t_end = 1e-3 }));
    dpm_options o = { .sampler = "dpmpp-2m", .schedule = vp, .grid.steps = 20 };
    ok(sampled(DPM_EPSILON, &o, want, want_bar));
    for (int p = DPM_X0; p <= DPM_EDM; p++) {
        ok(sampled((dpm_prediction)p, &o, x, bar));
        for (int i = 0; i < N * DIM; i++) {
            cr_expect_float_eq(x[i], want[i], 4e-12, "%s: %g off",
                               dpm_prediction_name((dpm_prediction)p), x[i] - want[i]);
            cr_expect_float_eq(bar[i], want_bar[i], 1e-10, "%s, gradient: %g off",
                               dpm_prediction_name((dpm_prediction)p), bar[i] - want_bar[i]);
        }
    }
    dpm_schedule_free(vp);
}

/* Zero terminal SNR (Lin et al. 2024): at alpha = 0 x0 is the mean of the data, which v knows and epsilon does not. */
Test(mixture_predicts, begins_without_data)
{
    dpm_schedule *ddpm;
    double        x[N * DIM], bar[N * DIM];
    ok(dpm_schedule_new(&ddpm, &(dpm_schedule_options){ .name = "ddpm", .zero_terminal_snr = 1 }));
    dpm_options o = { .sampler  = "ddim",
                      .schedule = ddpm,
                      .grid     = { .name = "trailing", .steps = 50 } };
    cr_expect_eq(sampled(DPM_EPSILON, &o, x, bar), AD_INVALID);
    ok(sampled(DPM_V, &o, x, bar));
    for (int i = 0; i < N * DIM; i++) cr_expect(fabs(x[i]) < 3 && isfinite(bar[i]), "%g", x[i]);
    dpm_schedule_free(ddpm);
}
