/* The Frechet distance against closed forms. */
#include <criterion/criterion.h>

#include <costate/models/frechet.h>

#include "tests/support.h"

enum { N = 60, D = 3 };

static void cloud(double *x, uint64_t state)
{
    for (int i = 0; i < N * D; i++) x[i] = draw(&state, -1, 1) * (1 + i % D);
}

/* Rounding: a square root of an eigenvalue that is zero up to 1e-15 is up to 3e-8. */
Test(frechet, closed_forms)
{
    double x[N * D], y[N * D], z[N * D], d;
    cloud(x, 1);
    cr_assert_eq(mdl_frechet(D, N, x, N, x, &d), AD_OK);
    cr_assert_float_eq(d, 0, 1e-12, "of itself: %g", d);
    for (int i = 0; i < N * D; i++) y[i] = x[i] + (i % D == 1 ? 3 : 0);
    cr_assert_eq(mdl_frechet(D, N, x, N, y, &d), AD_OK);
    cr_assert_float_eq(d, 9, 1e-11, "moved by 3: %g", d);
    /* y = 2 x has deviations twice as large: sum (2 s - s)^2 = tr C, and the mean moves by itself. */
    double trace = 0, mean[D] = { 0 };
    for (int i = 0; i < N * D; i++) y[i] = 2 * x[i], mean[i % D] += x[i] / N;
    for (int i = 0; i < N * D; i++) trace += (x[i] - mean[i % D]) * (x[i] - mean[i % D]) / (N - 1);
    for (int j = 0; j < D; j++) trace += mean[j] * mean[j];
    cr_assert_eq(mdl_frechet(D, N, x, N, y, &d), AD_OK);
    cr_assert_float_eq(d, trace, 1e-11, "doubled: %g, not %g", d, trace);
    /* symmetric */
    double e;
    cloud(z, 5);
    cr_assert_eq(mdl_frechet(D, N, x, N / 2, z, &d), AD_OK);
    cr_assert_eq(mdl_frechet(D, N / 2, z, N, x, &e), AD_OK);
    cr_assert_float_eq(d, e, 1e-11);
    cr_assert(d > 0.01);
}

Test(frechet, not_finite)
{
    double x[N * D], d;
    cloud(x, 1);
    x[4]        = NAN;
    ad_status s = mdl_frechet(D, N, x, N, x, &d);
    cr_assert(s == AD_NONFINITE_STATE || isnan(d));
}
