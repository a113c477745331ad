/* Every method of the registry in use, by a plain stepper of fixed steps: orders observed, stability, names. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <costate/autodiff/text.h>
#include <costate/nde/tableau.h>

#include "interpolant.h"

/* Nonlinear and non-autonomous, with a closed solution: y1' = 2 t y1 log y2, y2' = -2 t y2 log y1;
   y1 = exp(sin t^2), y2 = exp(cos t^2). */
static void field(double t, const double y[2], double dy[2])
{
    dy[0] = 2 * t * y[0] * log(y[1]);
    dy[1] = -2 * t * y[1] * log(y[0]);
}

static void solution(double t, double y[2])
{
    y[0] = exp(sin(t * t));
    y[1] = exp(cos(t * t));
}

static void stages(const nde_tableau *m, double t, double h, const double y[2],
                   double k[NDE_STAGES][2])
{
    for (int i = 0; i < m->stages + m->dense_stages; i++) {
        double g[2] = { y[0], y[1] };
        for (int j = 0; j < i; j++)
            for (int d = 0; d < 2; d++) g[d] += h * m->a[i][j] * k[j][d];
        field(t + m->c[i] * h, g, k[i]);
    }
}

static void advance(const nde_tableau *m, double h, const double b[], double k[NDE_STAGES][2],
                    double y[2])
{
    for (int i = 0; i < m->stages + m->dense_stages; i++)
        for (int d = 0; d < 2; d++) y[d] += h * b[i] * k[i][d];
}

static double distance(double t, const double y[2])
{
    double want[2];
    solution(t, want);
    return fmax(fabs(y[0] - want[0]), fabs(y[1] - want[1]));
}

/* On [0, 2], the largest along the way: at one time alone the leading terms may cancel. */
static double global_error(const nde_tableau *m, int steps)
{
    double y[2], k[NDE_STAGES][2], h = 2.0 / steps, worst = 0;
    solution(0, y);
    for (int n = 0; n < steps; n++) {
        stages(m, n * h, h, y, k);
        advance(m, h, m->b, k, y);
        worst = fmax(worst, distance((n + 1) * h, y));
    }
    return worst;
}

/* The interpolant inside one step from an exact value. */
static double local_error(const nde_tableau *m, double h)
{
    double y0[2], k[NDE_STAGES][2], worst = 0;
    solution(0.5, y0);
    stages(m, 0.5, h, y0, k);
    for (int i = 0; i < 3; i++) {
        double y[2] = { y0[0], y0[1] }, b[NDE_STAGES];
        weights_at(m, inside[i], b);
        advance(m, h, b, k, y);
        worst = fmax(worst, distance(0.5 + inside[i] * h, y));
    }
    return worst;
}

/* Least squares slope of log e against log h. */
static double slope(int n, const double h[], const double e[])
{
    double mx = 0, my = 0, xx = 0, xy = 0;
    for (int i = 0; i < n; i++) mx += log(h[i]) / n, my += log(e[i]) / n;
    for (int i = 0; i < n; i++) {
        double x = log(h[i]) - mx;
        xx += x * x;
        xy += x * (log(e[i]) - my);
    }
    return xy / xx;
}

/* The error is C h^p (1 + O(h)): the slope comes nearer to p as h falls, until rounding (some 1e-14) is in the way. The
   steps are about the smallest with larger errors; a quarter of an order tells p from its neighbours. */
Test(methods, converges_with_its_order)
{
    for (int i = 0; i < nde_method_count(); i++) {
        const nde_tableau *m     = nde_method_at(i);
        int                start = m->order >= 8 ? 32 : 256;
        double             h[5], e[5];
        for (int n = 0; n < 5; n++) {
            int steps = start * (4 + n) / 4;
            h[n]      = 2.0 / steps;
            e[n]      = global_error(m, steps);
        }
        double p = slope(5, h, e);
        cr_expect(fabs(p - m->order) < 0.25, "%s: observed order %.3f, errors %.2e to %.2e",
                  m->name, p, e[0], e[4]);
    }
}

Test(methods, interpolates_with_its_order)
{
    for (int i = 0; i < nde_method_count(); i++) {
        nde_tableau m     = with_interpolant(nde_method_at(i));
        double      start = m.dense_order >= 7 ? 0.2 : 0.02, h[5], e[5];
        for (int n = 0; n < 5; n++) {
            h[n] = start * (8 - n) / 8;
            e[n] = local_error(&m, h[n]);
        }
        double p = slope(5, h, e);
        cr_expect(fabs(p - m.dense_order - 1) < 0.25,
                  "%s: observed local order %.3f, errors %.2e to %.2e", m.name, p, e[0], e[4]);
    }
}

/* h e.k */
static double estimate(const nde_tableau *m, const double e[], double h)
{
    double y0[2], k[NDE_STAGES][2], err[2] = { 0, 0 };
    solution(0.5, y0);
    stages(m, 0.5, h, y0, k);
    advance(m, h, e, k, err);
    return fmax(fabs(err[0]), fabs(err[1]));
}

static double estimate_order(const nde_tableau *m, const double weights[], double start)
{
    double h[5], e[5];
    for (int n = 0; n < 5; n++) {
        h[n] = start * (8 - n) / 8;
        e[n] = estimate(m, weights, h[n]);
    }
    return slope(5, h, e) - 1;
}

/* dop853 has two, of orders 5 and 3, and combines them as h |e.k|^2 / sqrt(|e.k|^2 + 0.01 |e2.k|^2) = O(h^8), which is
   reached only where rounding is already in the way. */
Test(methods, estimate_with_their_order)
{
    int seen = 0;
    for (int i = 0; i < nde_method_count(); i++) {
        const nde_tableau *m = nde_method_at(i);
        if (!m->error_order || m == &nde_dop853) continue;
        double p = estimate_order(m, m->e, 0.02);
        cr_expect(fabs(p - m->error_order) < 0.25, "%s: observed order %.3f", m->name, p);
        seen++;
    }
    cr_expect_geq(seen, 6);
    double p = estimate_order(&nde_dop853, nde_dop853.e, 0.1);
    cr_expect(fabs(p - 5) < 0.25, "dop853: observed order %.3f", p);
    p = estimate_order(&nde_dop853, nde_dop853.e2, 0.02);
    cr_expect(fabs(p - 3) < 0.25, "dop853's second: observed order %.3f", p);
}

/* R(z) for y' = z y, one step of size 1 from 1. */
static double amplification(const nde_tableau *m, double z)
{
    double k[NDE_STAGES], y = 1;
    for (int i = 0; i < m->stages; i++) {
        double g = 1;
        for (int j = 0; j < i; j++) g += m->a[i][j] * k[j];
        k[i] = z * g;
        y += m->b[i] * k[i];
    }
    return y;
}

/* Stated to four decimals. */
Test(methods, is_stable_as_far_as_stated)
{
    for (int i = 0; i < nde_method_count(); i++) {
        const nde_tableau *m = nde_method_at(i);
        cr_assert_gt(m->stability, 0);
        for (double z = 0.01; z <= m->stability - 6e-5; z += 0.01)
            cr_assert(fabs(amplification(m, -z)) <= 1, "%s is unstable at -%.4f", m->name, z);
        cr_expect(fabs(amplification(m, -m->stability + 6e-5)) <= 1, "%s", m->name);
        cr_expect(fabs(amplification(m, -m->stability - 6e-5)) > 1, "%s", m->name);
    }
}

/* --- names --------------------------------------------------------------------------------------------------------- */

static void each_alias(const nde_tableau *m, void (*visit)(const nde_tableau *m, const char *alias))
{
    char text[1024];
    snprintf(text, sizeof text, "%s", m->aliases ? m->aliases : "");
    char *rest;
    for (char *word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
        visit(m, word);
}

static void resolves(const nde_tableau *m, const char *alias)
{
    char loud[64];
    int  n = 0;
    for (; alias[n]; n++) loud[n] = alias[n] >= 'a' && alias[n] <= 'z' ? alias[n] - 32 : alias[n];
    loud[n] = 0;
    cr_expect_eq(nde_method(alias), m, "%s is not %s", alias, m->name);
    cr_expect_eq(nde_method(loud), m, "%s is not %s", loud, m->name);
}

Test(methods, every_alias_resolves)
{
    for (int i = 0; i < nde_method_count(); i++) {
        resolves(nde_method_at(i), nde_method_at(i)->name);
        each_alias(nde_method_at(i),
                   resolves); /* the first that answers wins: so none is given twice */
    }
}

Test(methods, peers_names)
{
    cr_expect_eq(nde_method("rk4"), &nde_rk4);
    cr_expect_eq(nde_method("torchdiffeq:rk4"), &nde_rk38);
    cr_expect_eq(nde_method("RK45"), &nde_dopri5);
    cr_expect_eq(nde_method("diffrax:Dopri5"), &nde_dopri5);
    cr_expect_eq(nde_method("ode23"), &nde_bosh3);
    cr_expect_eq(nde_method("Tsitouras45"), &nde_tsit5);
    cr_expect_eq(nde_method("DP8"), &nde_dop853);
    cr_expect_eq(nde_method("Heun"), &nde_heun2);
}

Test(methods, an_unknown_name_gets_a_suggestion)
{
    cr_expect_null(nde_method("dorpi5"));
    cr_expect(strstr(ad_message(), "did you mean \"dopri5\""), "%s", ad_message());
    cr_expect_null(nde_method("tsit"));
    cr_expect(strstr(ad_message(), "did you mean \"tsit5\""), "%s", ad_message());
    cr_expect_null(nde_method("runge-kutta-fehlberg"));
    cr_expect(!strstr(ad_message(), "did you mean") && strstr(ad_message(), "dop853"), "%s",
              ad_message());
    cr_expect_null(nde_method("dopri8"), "Prince-Dormand 8(7) is another method than dop853");
    cr_expect_null(nde_method("rk4 "), "a name is one word");
    cr_expect_null(nde_method("RK45 DP5"));
    cr_expect_null(nde_method(""));
    cr_expect_null(nde_method(NULL));
}

Test(methods, edit_distance)
{
    cr_expect_eq(ad_edit_distance("kitten", "sitting"), 3);
    cr_expect_eq(ad_edit_distance("", "abc"), 3);
    cr_expect_eq(ad_edit_distance("abc", ""), 3);
    cr_expect_eq(ad_edit_distance("Tsit5", "tsit5"), 0);
    cr_expect_eq(ad_edit_distance("tist5", "tsit5"), 1);
    static const char *const names[] = { "i", "pid", "hairer" };
    cr_expect_null(ad_nearest("x", 3, names));
    cr_expect_str_eq(ad_nearest("pd", 3, names), "pid");
    cr_expect_str_eq(ad_nearest("harier", 3, names), "hairer");
    cr_expect_null(ad_nearest("", 3, names));
}
