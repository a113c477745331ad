/* The controllers against the formulas of their sources, written out here as the sources have them. */
#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <string.h>

#include <costate/nde/controller.h>

/* Ours is exp(x), x a sum of at most three products with logarithms, theirs is a product of three powers: |x| < 40 here, and
   so both are off by some 40 eps relatively. */
#define NEAR(is, want) (fabs((is) - (want)) <= 200 * DBL_EPSILON * fabs(want))

static double min2(double a, double b)
{
    return a < b ? a : b;
}
static double max2(double a, double b)
{
    return a > b ? a : b;
}

/* A start, a rejection, two in a row, tiny errors below every floor, both clamps. */
static const double errors[] = { 0.5,  0.8, 1.7,   0.6, 40,   2.5, 0.9, 1e-3, 1e-6, 1e-9, 0.3,
                                 1e-2, 3,   0.999, 1e9, 1e-5, 1.0, 0.2, 0,    0.7,  0.1,  1.01 };
enum { ERRORS = sizeof errors / sizeof *errors };

/* A source's own law: its memory and the factor after an attempt. */
typedef struct memory {
    double a, b;
    int    rejected;
} memory;
typedef double source_law(memory *s, double k, double e);

static void follows(const char *name, source_law *law, memory start, int k)
{
    const nde_controller *c = nde_controller_named(name);
    cr_assert(c);
    nde_controller_state s;
    nde_controller_start(c, &s);
    for (int n = 0; n < ERRORS; n++) {
        double e = errors[n], want = law(&start, k, e);
        double is = nde_controller_factor(c, &s, k, e, e <= 1);
        cr_expect(NEAR(is, want), "%s, k = %d, attempt %d, E = %g: %.17g, not %.17g", name, k, n, e,
                  is, want);
    }
}

static void follows_at_all_orders(const char *name, source_law *law, memory start)
{
    static const int orders[] = { 2, 3, 5, 8 };
    for (int i = 0; i < 4; i++) follows(name, law, start, orders[i]);
}

static double plain_i(memory *s, double k, double e)
{
    (void)s;
    double factor = e > 0 ? min2(10, max2(0.2, 0.9 * pow(e, -1 / k))) : 10;
    return e > 1 ? min2(factor, 0.9) : factor;
}

Test(controller, i)
{
    follows_at_all_orders("i", plain_i, (memory){ 0 });
}

/* torchdiffeq, _optimal_step_size. */
static double torchdiffeq(memory *s, double k, double e)
{
    (void)s;
    double ifactor = 10, dfactor = e < 1 ? 1 : 0.2;
    if (e == 0) return ifactor;
    return min2(ifactor, max2(0.9 / pow(e, 1 / k), dfactor));
}

Test(controller, torchdiffeq)
{
    follows_at_all_orders("torchdiffeq", torchdiffeq, (memory){ 0 });
}

/* dopri5.f, the core integrator's step; written for k = 5. a is FACOLD. */
static double dopri5_f(memory *s, double k, double e)
{
    double beta = 0.04, expo1 = 0.2 - beta * 0.75, facc1 = 1 / 0.2, facc2 = 1 / 10.0, safe = 0.9;
    double fac11 = pow(e, expo1), fac = fac11 / pow(s->a, beta), change;
    (void)k;
    if (e <= 1) {
        fac    = max2(facc2, min2(facc1, fac / safe));
        change = 1 / fac;
        s->a   = max2(e, 1e-4);
        if (s->rejected) change = min2(change, 1);
        s->rejected = 0;
        return change;
    }
    s->rejected = 1;
    return 1 / min2(facc1, fac11 / safe);
}

Test(controller, hairer)
{
    follows("hairer", dopri5_f, (memory){ .a = 1e-4 }, 5);
}

/* OrdinaryDiffEq 5, PI; beta1 = 7 / (10 k), beta2 = 2 / (5 k): 7/50 and 2/25 for Tsit5. a is qold. */
static double ordinarydiffeq(memory *s, double k, double e)
{
    double beta1 = 7 / (10 * k), beta2 = 2 / (5 * k), gamma = 0.9, qmin = 0.2, qmax = 10;
    double q11 = pow(e, beta1), q = q11 / pow(s->a, beta2);
    if (e > 1) return 1 / min2(1 / qmin, q11 / gamma);
    q    = e == 0 ? 1 / qmax : max2(1 / qmax, min2(1 / qmin, q / gamma));
    s->a = max2(e, 1e-4);
    return 1 / q;
}

Test(controller, ordinarydiffeq)
{
    follows_at_all_orders("ordinarydiffeq", ordinarydiffeq, (memory){ .a = 1e-4 });
}

static double gustafsson(memory *s, double k, double e)
{
    if (e > 1) {
        s->rejected = 1;
        return max2(0.2, 0.9 * pow(e, -0.7 / k));
    }
    double factor = e > 0 ? min2(10, max2(0.2, 0.9 * pow(e, -0.7 / k) * pow(s->a, 0.4 / k))) : 10;
    if (s->rejected) factor = min2(factor, 1);
    s->a        = max2(e, 1e-4);
    s->rejected = 0;
    return factor;
}

Test(controller, pi)
{
    follows_at_all_orders("pi", gustafsson, (memory){ .a = 1 });
}

/* Diffrax's form, with P = 0.01, I = 0.47, D = 0.1. */
static double diffrax_pid(memory *s, double k, double e)
{
    double P = 0.01 / k, I = 0.47 / k, D = 0.1 / k;
    if (e > 1) {
        s->rejected = 1;
        return max2(0.2, 0.9 * pow(1 / e, P + I + D));
    }
    double factor = 10;
    if (e > 0)
        factor = 0.9 * pow(1 / e, P + I + D) * pow(1 / s->a, -(P + 2 * D)) * pow(1 / s->b, D);
    factor = min2(10, max2(0.2, factor));
    if (s->rejected) factor = min2(factor, 1);
    s->b        = s->a;
    s->a        = max2(e, 1e-4);
    s->rejected = 0;
    return factor;
}

Test(controller, pid)
{
    follows_at_all_orders("pid", diffrax_pid, (memory){ .a = 1, .b = 1 });
}

Test(controller, steady_factors_become_one)
{
    nde_controller c = *nde_controller_named("i");
    c.steady_lo = 0.9, c.steady_hi = 1.2;
    nde_controller_state s;
    nde_controller_start(&c, &s);
    cr_expect_eq(nde_controller_factor(&c, &s, 5, pow(0.9 / 1.1, 5), 1), 1.0);
    cr_expect(NEAR(nde_controller_factor(&c, &s, 5, pow(0.9 / 1.3, 5), 1), 1.3));
    cr_expect(nde_controller_factor(&c, &s, 5, 1.0001, 0) < 0.9, "a rejected step must shrink");
}

Test(controller, absolute_betas)
{
    nde_controller c = *nde_controller_named("ordinarydiffeq");
    c.relative = 0, c.beta1 = 0.14, c.beta2 = 0.08;
    nde_controller_state s;
    nde_controller_start(&c, &s);
    cr_expect(
        NEAR(nde_controller_factor(&c, &s, 3, 0.3, 1), 0.9 * pow(0.3, -0.14) * pow(1e-4, 0.08)));
}

/* --- for all of them --------------------------------------------------------------------------------------------- */

Test(controller, falls_with_the_error)
{
    for (int i = 0; i < nde_controller_count(); i++) {
        const nde_controller *c = nde_controller_at(i);
        nde_controller_state  start;
        nde_controller_start(c, &start);
        nde_controller_factor(c, &start, 5, 0.4, 1);
        double before = INFINITY;
        for (double e = 0; e<1e6; e = e> 0 ? 1.3 * e : 1e-12) {
            nde_controller_state s      = start;
            double               factor = nde_controller_factor(c, &s, 5, e, e <= 1);
            if (e > 1 && e <= 1.3)
                before = INFINITY; /* another law where a rejection forgets the past */
            cr_expect(factor <= before, "%s: E = %g gives %g after %g", c->name, e, factor, before);
            cr_expect(factor >= c->min_factor && factor <= c->max_factor, "%s", c->name);
            cr_expect(e <= 1 || factor <= c->safety, "%s: rejected steps do not shrink", c->name);
            before = factor;
        }
        cr_expect_eq(before, c->min_factor);
    }
}

Test(controller, no_error_gives_the_largest_factor)
{
    for (int i = 0; i < nde_controller_count(); i++) {
        const nde_controller *c = nde_controller_at(i);
        nde_controller_state  s;
        nde_controller_start(c, &s);
        cr_expect_eq(nde_controller_factor(c, &s, 5, 0.0, 1), c->max_factor, "%s", c->name);
        cr_expect_eq(nde_controller_factor(c, &s, 5, 5e-324, 1), c->max_factor, "%s", c->name);
        double next = nde_controller_factor(c, &s, 5, 0.5, 1);
        cr_expect(next > c->min_factor && next <= 1.5, "%s: %g after two zeros", c->name, next);
    }
}

Test(controller, an_error_that_is_no_number_is_a_rejection)
{
    static const double bad[] = { NAN, INFINITY, -INFINITY, -1 };
    for (int i = 0; i < nde_controller_count(); i++) {
        const nde_controller *c = nde_controller_at(i);
        for (int n = 0; n < 4; n++) {
            nde_controller_state s;
            nde_controller_start(c, &s);
            nde_controller_state before = s;
            cr_expect_eq(nde_controller_factor(c, &s, 5, bad[n], n % 2), c->min_factor, "%s",
                         c->name);
            cr_expect_eq(s.rejected, 1);
            cr_expect(s.log_e1 == before.log_e1 && s.log_e2 == before.log_e2, "%s remembers %g",
                      c->name, bad[n]);
        }
    }
}

/* With E = (h / H)^5 the laws settle where the factor is 1: 0.9 = E^(sum of the exponents). OrdinaryDiffEq:
   E = 0.9^(1 / (0.14 - 0.08)) = 0.173, not 1. */
static double settled(const char *name)
{
    const nde_controller *c = nde_controller_named(name);
    nde_controller_state  s;
    nde_controller_start(c, &s);
    double h = 0.1, e = 0;
    for (int n = 0; n < 2000; n++) {
        e = pow(h, 5);
        h *= nde_controller_factor(c, &s, 5, e, e <= 1);
    }
    return e;
}

Test(controller, settles_at_its_fixed_point)
{
    double pi = settled("ordinarydiffeq");
    cr_expect(fabs(pi - 0.173) < 0.0005, "%g", pi);
    cr_expect(fabs(pi - pow(0.9, 1 / 0.06)) < 1e-9, "%g", pi);
    cr_expect(fabs(settled("i") - pow(0.9, 5)) < 1e-9);
    cr_expect(fabs(settled("hairer") - pow(0.9, 1 / 0.13)) < 1e-9);
    cr_expect(fabs(settled("pid") - pow(0.9, 5 / 0.47)) < 1e-9);
}

Test(controller, names)
{
    cr_assert_geq(nde_controller_count(), 6);
    for (int i = 0; i < nde_controller_count(); i++) {
        const nde_controller *c = nde_controller_at(i);
        cr_expect_eq(nde_controller_named(c->name), c);
        cr_expect(c->cite && *c->cite);
    }
    cr_expect_null(nde_controller_at(-1));
    cr_expect_null(nde_controller_at(nde_controller_count()));
    cr_expect_str_eq(nde_controller_at(0)->name, "i", "the default");
    cr_expect_eq(nde_controller_named("OrdinaryDiffEq"), nde_controller_named("ordinarydiffeq"));
    cr_expect_null(nde_controller_named("harier"));
    cr_expect(strstr(ad_message(), "did you mean \"hairer\"") &&
                  strstr(ad_message(), "torchdiffeq"),
              "%s", ad_message());
    cr_expect_null(nde_controller_named("bang-bang"));
    cr_expect(!strstr(ad_message(), "did you mean"), "%s", ad_message());
    cr_expect_null(nde_controller_named(NULL));
}

/* --- the first step ------------------------------------------------------------------------------------------------ */

Test(controller, initial_step)
{
    cr_expect_eq(nde_initial_guess(1e-6, 3), 1e-6);
    cr_expect_eq(nde_initial_guess(3, 1e-6), 1e-6);
    cr_expect_eq(nde_initial_guess(2, 4), 0.005);
    cr_expect_eq(nde_initial_guess(2, INFINITY), 1e-6);
    cr_expect_eq(nde_initial_guess(NAN, 1), 1e-6);
    cr_expect(NEAR(nde_initial_step(1.0, 3, 7, 5), pow(10, -(2 + log10(7)) / 5)),
              "OrdinaryDiffEq's way of writing it");
    cr_expect(NEAR(nde_initial_step(1.0, 7, 3, 6), pow(0.01 / 7, 1.0 / 6)));
    cr_expect(NEAR(nde_initial_step(1e-6, 1, 1, 5), 1e-4), "at most 100 h0");
    cr_expect_eq(nde_initial_step(1e-6, 0, 0, 5), 1e-6);
    cr_expect_eq(nde_initial_step(0.5, 0, 0, 5), 0.5 * 1e-3);
    cr_expect_eq(nde_initial_step(0.5, 1, INFINITY, 5), 0.5 * 1e-3, "the Euler step overflowed");
    cr_expect_eq(nde_initial_step(0.5, 1, NAN, 5), 0.5 * 1e-3);
}
