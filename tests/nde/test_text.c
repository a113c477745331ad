/* Systems as text, what expressions are worth: traced against the plain evaluator, both against recorded values. */
#include "detest.h"
#include "ivp.h"
#include "text_spot.h"

static double plain(const char *expression, double t, double x)
{
    char   text[512];
    double dx;
    snprintf(text, sizeof text, "x' = %s\n", expression);
    nde_system *s = system_of(text);
    cr_assert_eq(nde_system_eval(s, t, &x, NULL, &dx, NULL), AD_OK);
    double d = traced_against_plain(s, t);
    cr_assert(d <= ROUNDING, "%s: traced and plain differ by %g", expression, d);
    nde_system_free(s);
    return dx;
}

Test(text, precedence)
{
    static const struct {
        const char *expression;
        double      value; /* at x = 3, t = 2 */
    } cases[] = {
        { "-x^2", -9 },
        { "(-x)^2", 9 },
        { "2^3^2", 512 },
        { "(2^3)^2", 64 },
        { "x^-1", 1.0 / 3 },
        { "2^-x^2", 1.0 / 512 },
        { "10 - x - 2", 5 },
        { "10 - (x - 2)", 9 },
        { "12/x/2", 2 },
        { "12/x*2", 8 },
        { "-x - -x", 0 },
        { "--x", 3 },
        { "+x", 3 },
        { "1 + 2*x", 7 },
        { "2*x^2", 18 },
        { "-2^2", -4 },
        { "x*-2", -6 },
        { "(1 + 2)*x", 9 },
        { "if(le(x, 3), t, 5)", 2 },
        { "if(le(x, 2.9), t, 5)", 5 },
        { "if(x - 3, 1, 7)", 7 },
        { "le(3, x) + le(x, t)", 1 },
        { "(x - 5)^3", -8 },
        { "(x - 5)^(1 + 1)", 4 },
        { "2^x", 8 },
        { "x^t", 9 },
        { "1e1 + .5 + 1. + 2.5e-1", 11.75 },
        { "x^0", 1 },
        { "x^1", 3 },
        { "3/x", 1 },
        { "1/x", 1.0 / 3 },
        { "x/4", 0.75 },
        { "0*x + 2", 2 },
        { "2*pi/pi", 2 },
        { "mod(-x, 2)", -1 },
        { "floor(-x/2)", -2 },
        { "x*1 + 0 - 0", 3 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double got = plain(cases[i].expression, 2, 3);
        cr_expect(fabs(got - cases[i].value) <= 4 * DBL_EPSILON * fabs(cases[i].value),
                  "%s = %.17g, not %.17g", cases[i].expression, got, cases[i].value);
    }
}

Test(text, functions)
{
    static const struct {
        const char *expression;
        double      value; /* at x = 0.7, t = 2 */
    } cases[] = {
        { "sin(x)", 0.644217687237691 },
        { "cos(x)", 0.7648421872844885 },
        { "tan(x)", 0.8422883804630794 },
        { "asin(x/2)", 0.35757110364551026 },
        { "acos(x/2)", 1.2132252231493863 },
        { "atan(x)", 0.6107259643892086 },
        { "sinh(x)", 0.7585837018395334 },
        { "cosh(x)", 1.255169005630943 },
        { "tanh(x)", 0.6043677771171636 },
        { "exp(x)", 2.0137527074704766 },
        { "expm1(x)", 1.0137527074704766 },
        { "log(x)", -0.35667494393873245 },
        { "log1p(x)", 0.5306282510621704 },
        { "sqrt(x)", 0.8366600265340756 },
        { "x^0.5", 0.8366600265340756 },
        { "abs(-x)", 0.7 },
        { "sign(-x)", -1 },
        { "sign(x - x)", 0 },
        { "floor(x + 3)", 3 },
        { "min(x, 1)", 0.7 },
        { "max(x, 1)", 1 },
        { "mod(7.5, x + 1.3)", 1.5 },
        { "atan2(x, -1)", 2.5308666892005846 },
        { "sigmoid(x)", 0.668187772168166 },
        { "softplus(x)", 1.1031860488854579 },
        { "softplus(-800) + softplus(800)", 800 },
        { "relu(x) + relu(-x)", 0.7 },
        { "x^1.5", 0.5856620185738529 },
        { "t^x", 1.624504792712471 },
        { "2^x", 1.624504792712471 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double got = plain(cases[i].expression, 2, 0.7);
        cr_expect(fabs(got - cases[i].value) <= 8 * DBL_EPSILON * (1 + fabs(cases[i].value)),
                  "%s = %.17g, not %.17g", cases[i].expression, got, cases[i].value);
    }
}

Test(text, parameters_and_auxiliaries)
{
    nde_system *s = system_of(
        "y' = s*a\nx' = -w*b^2*x + s\na = -1.5\nb=+.5\nw = 2*pi\ns = x + y/(b + 4)\nq = s + w\n");
    double at[2] = { 0.25, 2 }, dy[2]; /* states in the order of their equations: y, x */
    cr_assert_eq(nde_system_eval(s, 0, at, NULL, dy, NULL), AD_OK);
    double sum = 2 + 0.25 / 4.5;
    cr_assert_float_eq(dy[0], -1.5 * sum, 1e-15);
    cr_assert_float_eq(dy[1], -2 * 3.14159265358979323846 * 0.25 * 2 + sum, 1e-15);
    cr_assert(traced_against_plain(s, 1) <= ROUNDING);
    const nde_system_info *a = nde_system_about(s);
    cr_assert_eq(a->parameters, 2);
    cr_assert_str_eq(a->parameter[1].name, "b");
    cr_assert_eq(a->parameter[1].value, 0.5);
    nde_system_free(s);
}

/* What a signed number is, and what only looks like one. */
Test(text, one_signed_number_makes_a_parameter)
{
    nde_system *s = system_of("a = -1\nb = + 1e-3\nc = (1)\nd = --1\ne = 1 + 0\nf = -(1)\ng = "
                              "-1^2\nx' = a + b + c + d + e + f + g\n");
    cr_assert_eq(nde_system_about(s)->parameters, 2);
    double x = 0, dx;
    cr_assert_eq(nde_system_eval(s, 0, &x, NULL, &dx, NULL), AD_OK);
    cr_assert_float_eq(dx, -1 + 1e-3 + 1 + 1 + 1 - 1 - 1, 1e-15);
    nde_system_free(s);
}

/* --- recorded references ------------------------------------------------------------------------------------------ */

static void same_field(const char *name, nde_system *s, double t, const double *y,
                       const double *want, int n)
{
    double dy[MOST], most = 0;
    cr_assert_eq(nde_system_eval(s, t, y, NULL, dy, NULL), AD_OK, "%s", ad_message());
    for (int i = 0; i < n; i++) most = fmax(most, fabs(want[i]));
    /* what cancels is of the size of the largest component; a component's own terms round some 50 times */
    for (int i = 0; i < n; i++)
        cr_expect(fabs(dy[i] - want[i]) <=
                      50 * DBL_EPSILON * fabs(want[i]) + 4 * DBL_EPSILON * most,
                  "%s: dy[%d] = %.17g, not %.17g", name, i, dy[i], want[i]);
}

Test(text, right_hand_sides_of_ivp_json)
{
    json_t *all = ivp_open();
    if (!all) cr_skip("shared reference/ivp.json is not there");
    cr_assert_geq(ivp_count(all), 40);
    for (int i = 0; i < ivp_count(all); i++) {
        json_t *p    = ivp_at(all, i);
        char   *text = ivp_text(p);
        double  t, y[MOST], dy[MOST];
        ivp_check(p, &t, y, dy);
        nde_system *s = system_of(text);
        cr_assert_eq(nde_system_about(s)->states, ivp_dim(p));
        cr_assert_eq(nde_system_solvable(s), AD_OK, "%s", ad_message());
        same_field(ivp_string(p, "name"), s, t, y, dy, ivp_dim(p));
        double d = traced_against_plain(s, t);
        cr_expect(d <= 256 * DBL_EPSILON, "%s: traced and plain differ by %g",
                  ivp_string(p, "name"), d);
        nde_system_free(s);
        free(text);
    }
    json_decref(all);
}

Test(text, detest_is_that_of_ivp_json)
{
    json_t *all = ivp_open();
    if (!all) cr_skip("shared reference/ivp.json is not there");
    for (int i = 0; i < DETEST_PROBLEMS; i++) {
        char text[DETEST_TEXT], name[32];
        cr_assert(detest_text(detest_names[i], text, sizeof text));
        nde_system *s = system_of(text);
        cr_assert_eq(nde_system_solvable(s), AD_OK, "%s", ad_message());
        snprintf(name, sizeof name, "DETEST-NS-%.2s", detest_names[i]);
        json_t *p = ivp_find(all, name);
        cr_assert(p, "%s", name);
        double t, y[MOST], dy[MOST], y0[MOST];
        int    n = ivp_dim(p);
        ivp_check(p, &t, y, dy);
        if (strstr(detest_names[i], "diffrax"))
            dy[n - 1] = y[n - 2]; /* 0 in the last diagonal entry */
        same_field(detest_names[i], s, t, y, dy, n);
        ivp_numbers(p, "y0", n, y0);
        for (int k = 0; k < n; k++) cr_assert_eq(nde_system_about(s)->state[k].y0, y0[k]);
        nde_system_free(s);
    }
    json_decref(all);
}
