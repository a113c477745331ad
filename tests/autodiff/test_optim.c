/* The optimizers' common parts: clipping, norms, mistakes, and the average of parameters. Their formulas: test_optim_papers.c. */
#include <criterion/criterion.h>

#include <costate/autodiff/ema.h>

#include "optim_machine.h"

Test(optim, adamw_differs_from_adam_with_decay)
{
    double   a[N], g[N];
    uint64_t state = 1;
    numbers(&state, a);
    numbers(&state, g);
    machine x = start("adam", AD_F64, &(ad_optim_options){ .weight_decay = 0.1 }, a);
    machine y = start("adamw", AD_F64, &(ad_optim_options){ .weight_decay = 0.1 }, a);
    for (int k = 0; k < 3; k++) cr_assert(!take(&x, 1, g) && !take(&y, 1, g));
    cr_assert_neq(value(&x, 0), value(&y, 0));
    stop(&x);
    stop(&y);
}

Test(optim, two_runs_agree_to_the_bit)
{
    for (int row = 0; ad_optimizer_row(row); row++) {
        double   a[N], g[N];
        uint64_t state = 2;
        numbers(&state, a);
        machine x = start(ad_optimizer_row(row)->name, AD_F32, NULL, a);
        machine y = start(ad_optimizer_row(row)->name, AD_F32, NULL, a);
        for (int k = 0; k < 20; k++) {
            numbers(&state, g);
            cr_assert(!take(&x, 1, g) && !take(&y, 1, g));
        }
        cr_assert_arr_eq(x.theta, y.theta, N * sizeof(float));
        cr_assert_neq(value(&x, 0), a[0]);
        stop(&x);
        stop(&y);
    }
}

Test(optim, clipping_equals_a_scaled_gradient)
{
    double   a[N], g[N], norm, square = 0;
    uint64_t state = 3;
    numbers(&state, a);
    numbers(&state, g);
    for (int i = 0; i < N; i++) square += g[i] * g[i];
    machine x = start("sgd", AD_F64, &(ad_optim_options){ .clip = 0.5 }, a);
    machine y = start("sgd", AD_F64, NULL, a);
    cr_assert_eq(take(&x, 1, g), AD_OK);
    cr_assert_float_eq(x.s->norm, sqrt(square), N * 0x1p-53 * sqrt(square));
    cr_assert_eq(ad_clip_norm(AD_F64, N, g, 0.5, &norm), AD_OK);
    cr_assert_eq(norm, x.s->norm);
    cr_assert_float_eq(ad_norm(AD_F64, N, g), 0.5, N * 0x1p-53);
    cr_assert_eq(take(&y, 1, g), AD_OK);
    cr_assert_arr_eq(x.theta, y.theta, sizeof x.theta);
    double before = g[4];
    cr_assert_eq(ad_clip_norm(AD_F64, N, g, 3, NULL), AD_OK); /* short enough */
    cr_assert_eq(g[4], before);
    stop(&x);
    stop(&y);
}

/* 3-4-5 triangles, beyond the range of squares on either side and in the lanes and the rest of the sum */
Test(optim, the_norm_survives_extreme_numbers)
{
    const double scale[] = { 1, 0x1p900, 0x1p-900, 0x1p-1070, 0x1p1020 };
    for (int k = 0; k < 5; k++) {
        double g[11] = { 3 * scale[k], [9] = -4 * scale[k] };
        cr_assert_eq(ad_norm(AD_F64, 11, g), 5 * scale[k], "scale %g", scale[k]);
    }
    float f[9] = { [1] = 3e30f, [8] = 4e30f };
    cr_assert_float_eq(ad_norm(AD_F32, 9, f), 5e30, 5e30 * 0x1p-23);
    cr_assert_eq(ad_norm(AD_F32, 0, f), 0);
    cr_assert_eq(ad_norm(AD_F32, 1, f), 0);
    f[3] = -INFINITY;
    cr_assert_eq(ad_norm(AD_F32, 9, f), INFINITY);
    f[8] = NAN;
    cr_assert(isnan(ad_norm(AD_F32, 9, f)));
}

Test(optim, a_gradient_that_is_not_finite_changes_nothing)
{
    for (int row = 0; ad_optimizer_row(row); row++)
        for (int bad = 0; bad < 3; bad++) {
            double   a[N], g[N], before[N], moment[N];
            uint64_t state = 4;
            numbers(&state, a);
            numbers(&state, g);
            machine m = start(ad_optimizer_row(row)->name, AD_F64, NULL, a);
            cr_assert_eq(take(&m, 1, g), AD_OK);
            memcpy(before, m.theta, sizeof before);
            memcpy(moment, m.s->moment[0], sizeof moment);
            g[33] = bad == 0 ? NAN : bad == 1 ? INFINITY : -INFINITY;
            cr_assert_eq(take(&m, 1, g), AD_NONFINITE_STATE);
            cr_assert(strstr(ad_message(), "second[3]") && strstr(ad_message(), "before step 2"),
                      "%s", ad_message());
            cr_assert_arr_eq(m.theta, before, sizeof before);
            cr_assert_arr_eq(m.s->moment[0], moment, sizeof moment);
            cr_assert_eq(m.s->steps, 1);
            stop(&m);
        }
    float g[2] = { 1, NAN };
    cr_assert_eq(ad_clip_norm(AD_F32, 2, g, 0.1, NULL), AD_NONFINITE_STATE);
    cr_assert_eq(g[0], 1);
}

Test(optim, wrong_settings_are_sentences)
{
    ad_params *p;
    ad_optim  *s;
    cr_assert_eq(ad_params_new(&p, AD_F32), AD_OK);
    const ad_optimizer    *adam_row = ad_optimizer_find("adam");
    const ad_optim_options wrong[]  = { { .rate = -0.5 },        { .rate = NAN }, { .beta1 = 1 },
                                        { .beta2 = 1.5 },        { .eps = -2 },   { .clip = -3 },
                                        { .weight_decay = -0.1 } };
    for (int i = 0; i < 7; i++) {
        cr_assert_eq(ad_optim_new(&s, adam_row, p, &wrong[i]), AD_INVALID, "case %d", i);
        cr_assert_null(s);
    }
    cr_assert_null(ad_optimizer_find("adams"));
    cr_assert(strstr(ad_message(), "adams") && strstr(ad_message(), "adamw"));
    cr_assert_eq(ad_optim_new(&s, NULL, p, NULL), AD_INVALID);
    ad_params_free(p);
}

/* (1) of ema.h unrolled: a_k = sum_j (1 - d) d^(k - j) theta_j, debiased divided by the sum of its weights */
Test(ema, weights_are_geometric)
{
    for (int debias = 0; debias < 2; debias++) {
        ad_params *p;
        ad_ema    *e;
        enum { K = 5 };
        double x[K] = { 3, -1, 4, 1, -5 }, d = 0.75, want = 0, weight = 0, have[1];
        cr_assert_eq(ad_params_new(&p, AD_F64), AD_OK);
        ad_params_add(p, "x", ad_scalar(), AD_INIT_ZERO, 0);
        cr_assert_eq(ad_ema_new(&e, p, d, debias), AD_OK);
        cr_assert_eq(ad_ema_read(e, have), AD_INVALID);
        for (int j = 0; j < K; j++) {
            ad_ema_update(e, &x[j]);
            double w = (j == 0 && !debias ? 1 : 1 - d) * pow(d, K - 1 - j);
            want += w * x[j];
            weight += w;
        }
        cr_assert_eq(ad_ema_read(e, have), AD_OK);
        cr_assert_float_eq(have[0], want / weight, K * 5 * 0x1p-52);
        ad_ema_free(e);
        cr_assert_eq(ad_ema_new(&e, p, 1, debias), AD_INVALID);
        ad_params_free(p);
    }
}

static ad_status build(void *arg)
{
    (void)arg;
    ad_params *p;
    ad_optim  *s = NULL;
    ad_ema    *e = NULL;
    AD_TRY(ad_params_new(&p, AD_F32));
    ad_status status = ad_params_add(p, "w", ad_vector(9), AD_INIT_ZERO, 0) < 0 ? AD_NO_MEMORY
                                                                                : AD_OK;
    if (!status) status = ad_optim_new(&s, ad_optimizer_row(0), p, NULL);
    if (!status) status = ad_ema_new(&e, p, 0.9, 1);
    ad_ema_free(e);
    ad_optim_free(s);
    ad_params_free(p);
    return status;
}

Test(optim, every_allocation_may_fail)
{
    long runs;
    cr_assert(every_allocation_fails_cleanly(build, NULL, &runs));
    cr_assert_geq(runs, 8);
}
