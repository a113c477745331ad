/* The gradient of the probability-flow ODE: that of a sampler of high order on a fine grid, against the variational equation. */
#include <costate/diffusion/sample.h>

#include "reference.h"

enum { N = 32 };

static void ok(ad_status s)
{
    cr_assert_eq(s, AD_OK, "%s", ad_message());
}

/* rk4 in rho, whose error falls 16 times as the steps are doubled; gradients are of order one. */
static double distance_at(long steps, const dpm_mixture *m, const dpm_schedule *vp, const double *x,
                          const double *want)
{
    static const double c[] = { 0.3, -0.7 };
    double              end[2 * N], end_bar[2 * N], x_bar[2 * N];
    dpm_model           model = dpm_mixture_model(m, AD_F64);
    dpm_options         o     = { .sampler  = "rho-rk",
                                  .tableau  = &nde_rk4,
                                  .schedule = vp,
                                  .grid     = { .name = "logsnr", .steps = steps } };
    dpm_sampler        *s;
    ok(dpm_sampler_new(&s, &model, &o, N));
    ok(dpm_sample(s, &(dpm_run){ .n = N, .x = x, .out = end, .record = 1 }));
    for (int i = 0; i < 2 * N; i++) end_bar[i] = c[i % 2] + end[i];
    ok(dpm_pullback(s, &(dpm_cotangents){ .out_bar = end_bar, .x_bar = x_bar }));
    dpm_sampler_free(s);
    return reference_distance(2 * N, x_bar, want);
}

Test(exact_gradient, of_case_a)
{
    double  x[2 * N], want[2 * N];
    json_t *file = reference_open("case_A.json");
    if (!file) cr_skip_test("no reference data: set COSTATE_SHARED");
    const json_t *extended = json_object_get(file, "extended");
    cr_assert_eq(reference_rows(json_object_get(file, "x_T"), x, 2 * N), 2 * N);
    cr_assert_eq(reference_rows(json_object_get(extended, "grad_x_T"), want, 2 * N), 2 * N);
    dpm_mixture  *m = reference_mixture(file);
    dpm_schedule *vp;
    ok(dpm_schedule_new(&vp, &(dpm_schedule_options){ .name = "vp-linear" }));
    double coarse = distance_at(750, m, vp, x, want), fine = distance_at(1500, m, vp, x, want);
    cr_expect_leq(fine, 1e-9, "%g", fine);
    cr_expect(coarse > 14 * fine && coarse < 18 * fine, "%g, %g: not of order 4", coarse, fine);
    dpm_schedule_free(vp);
    dpm_mixture_free(m);
    json_decref(file);
}
