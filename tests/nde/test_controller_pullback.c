/* The controllers' pullback against differences of the factor, along a run of errors.

       L = sum_n w_n factor_n,    factor_n = factor(E_n, E_{n-1}, E_{n-2})                                      (1)

   with verdicts held. By log E: four-point differences of width d = 1e-3 err by d^4 L^(5) / 30, L a sum of exponentials of
   slopes of at most 1 with values up to 10, and by 1e-15 / d: 1e-11 together. */
#include <criterion/criterion.h>
#include <math.h>

#include <costate/nde/controller.h>

enum { ERRORS = 14, ORDER = 5 };

/* Rejections, one after another too; below the floor; both bounds; none on a bound. */
static const double errors[ERRORS] = { 0.5,  0.8,  1.7, 0.6,  40, 2.5, 0.9,
                                       1e-3, 1e-6, 0.3, 1e-2, 3,  1e6, 0.7 };

static double weight(int n)
{
    return 1 + 0.3 * n;
}

static double loss(const nde_controller *c, const double log_e[])
{
    nde_controller_state s;
    double               L = 0;
    nde_controller_start(c, &s);
    for (int n = 0; n < ERRORS; n++)
        L += weight(n) * nde_controller_factor(c, &s, ORDER, exp(log_e[n]), errors[n] <= 1);
    return L;
}

static void pull(const nde_controller *c, double e_bar[])
{
    nde_controller_state s, before[ERRORS];
    double               log_bar[2] = { 0 };
    nde_controller_start(c, &s);
    for (int n = 0; n < ERRORS; n++) {
        before[n] = s;
        nde_controller_factor(c, &s, ORDER, errors[n], errors[n] <= 1);
    }
    for (int n = ERRORS - 1; n >= 0; n--) {
        nde_controller_call at = { c, before[n], ORDER, errors[n], errors[n] <= 1 };
        e_bar[n]               = nde_controller_pullback(&at, weight(n), log_bar);
    }
}

static void check(const nde_controller *c)
{
    double       e_bar[ERRORS], log_e[ERRORS];
    int          moved = 0;
    const double d = 1e-3, w[] = { 1, -8, 8, -1 }, by[] = { -2, -1, 1, 2 };
    for (int n = 0; n < ERRORS; n++) log_e[n] = log(errors[n]);
    pull(c, e_bar);
    for (int n = 0; n < ERRORS; n++) {
        double at = log_e[n], want = 0;
        for (int k = 0; k < 4; k++) {
            log_e[n] = at + by[k] * d;
            want += w[k] * loss(c, log_e) / (12 * d);
        }
        log_e[n] = at;
        moved += want != 0;
        cr_expect_float_eq(e_bar[n] * errors[n], want, 1e-9,
                           "%s, E[%d] = %g: %.12g, by differences %.12g", c->name, n, errors[n],
                           e_bar[n] * errors[n], want);
    }
    cr_expect_gt(moved, ERRORS / 2);
}

Test(controller_pullback, every_controller)
{
    for (int i = 0; i < nde_controller_count(); i++) check(nde_controller_at(i));
}

Test(controller_pullback, absolute_betas_and_a_steady_range)
{
    nde_controller c = *nde_controller_named("pid");
    c.relative       = 0;
    c.beta1 = 0.14, c.beta2 = 0.08, c.beta3 = 0.02;
    check(&c);
    c.steady_lo = 0.95, c.steady_hi = 1.3;
    check(&c);
}

Test(controller_pullback, errors_that_have_no_derivative)
{
    const nde_controller *c   = nde_controller_named("pi");
    const double          e[] = { 0, INFINITY, NAN };
    for (int i = 0; i < 3; i++) {
        nde_controller_call at         = { .c = c, .k = ORDER, .e = e[i], .accepted = i == 0 };
        double              log_bar[2] = { 3, 5 };
        cr_expect_eq(nde_controller_pullback(&at, 2, log_bar), 0);
        cr_expect_eq(log_bar[0], i == 0 ? 5 : 3);
        cr_expect_eq(log_bar[1], i == 0 ? 0 : 5);
    }
}
