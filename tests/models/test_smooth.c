/* Local polynomials: exact where the data are polynomials, and the leave-one-out error that chooses them. */
#include <criterion/criterion.h>

#include <costate/models/smooth.h>

#include "tests/support.h"

enum { N = 30 };

static void cubic(double t[N], double y[N])
{
    uint64_t state = 7;
    for (int i = 0; i < N; i++) {
        t[i] = i + draw(&state, -0.3, 0.3);
        y[i] = 1 - 2 * t[i] + 0.3 * t[i] * t[i] - 0.01 * t[i] * t[i] * t[i];
    }
}

Test(smooth, a_cubic_is_reproduced)
{
    double t[N], y[N];
    cubic(t, y);
    y[11]          = NAN; /* missing values are reached over */
    mdl_smoother s = { 3, 9, 0 };
    mdl_column   c = { N, t, y, 1 };
    for (int i = 0; i < N; i++) {
        mdl_local l = mdl_smooth_at(&s, &c, t[i], i);
        double    x = t[i], want = 1 - 2 * x + 0.3 * x * x - 0.01 * x * x * x;
        /* the normal equations square a condition of some 1e2; |y| is below 100 */
        cr_assert_float_eq(l.value, want, 1e-9);
        cr_assert_float_eq(l.slope, -2 + 0.6 * x - 0.03 * x * x, 1e-8);
        cr_assert_float_eq(l.curvature, 0.6 - 0.06 * x, 1e-7);
    }
}

Test(smooth, the_error_is_that_of_leaving_a_row_out)
{
    double   t[N], y[N], without[N];
    uint64_t state = 3;
    cubic(t, y);
    for (int i = 0; i < N; i++) y[i] += draw(&state, -1, 1);
    mdl_smoother s    = { 2, 9, 0 };
    mdl_column   c    = { N, t, y, 1 };
    mdl_local    with = mdl_smooth_at(&s, &c, t[12], 12);
    memcpy(without, y, sizeof y);
    without[12]            = NAN;
    mdl_smoother one_fewer = { 2, 8, 0 }; /* the same neighbours */
    mdl_column   d         = { N, t, without, 1 };
    mdl_local    out       = mdl_smooth_at(&one_fewer, &d, t[12], 12);
    cr_assert_float_eq((y[12] - with.value) / (1 - with.leverage), y[12] - out.value, 1e-10);
}

Test(smooth, noise_asks_for_more_rows)
{
    enum { M = 400 };
    static double t[M], clean[M], noisy[M];
    uint64_t      state = 5;
    for (int i = 0; i < M; i++) {
        t[i]     = 0.1 * i;
        clean[i] = sin(t[i]);
        noisy[i] = clean[i] + draw(&state, -0.3, 0.3);
    }
    mdl_smoother a, b;
    mdl_smooth_choose(&a, &(mdl_column){ M, t, clean, 1 });
    mdl_smooth_choose(&b, &(mdl_column){ M, t, noisy, 1 });
    cr_assert_lt(a.rows, b.rows);
    cr_assert_lt(b.error, 0.3 / sqrt(3) * 1.3, "a uniform draw's deviation is 0.3 / sqrt 3");
}

Test(smooth, nothing_and_little)
{
    double       t[] = { 0, 1, 2 }, none[] = { NAN, NAN, NAN }, one[] = { NAN, 4, NAN };
    mdl_smoother s;
    mdl_smooth_choose(&s, &(mdl_column){ 3, t, one, 1 });
    mdl_local a = mdl_smooth_at(&s, &(mdl_column){ 3, t, none, 1 }, 1, 1);
    mdl_local b = mdl_smooth_at(&s, &(mdl_column){ 3, t, one, 1 }, 1, 1);
    cr_assert(isnan(a.value) && a.slope == 0);
    cr_assert_float_eq(b.value, 4, 1e-12);
}
