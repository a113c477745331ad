/* What networks predict: every prediction turned into every other, where that is defined. */
#include <criterion/criterion.h>

#include <costate/diffusion/prediction.h>

#include "support.h"

enum { FIRST = DPM_EPSILON, LAST = DPM_EDM };

/* The value of a prediction for the data x0 and the noise e at a point: its definition. */
static double value(dpm_prediction p, const dpm_point *at, double s, double x0, double e)
{
    double x = x0 + at->rho * e, root = sqrt(at->rho * at->rho + s * s);
    switch (p) {
    case DPM_EPSILON: return e;
    case DPM_X0: return x0;
    case DPM_V: return at->alpha * e - at->sigma * x0;
    case DPM_SCORE: return -e / at->sigma;
    case DPM_FLOW: return e - x0;
    default: return (x0 - s * s / (root * root) * x) / (at->rho * s / root);
    }
}

/* m = p x + q net for points of all kinds. The largest coefficients here are some 1 / sigma^2 <= 400; each is a few roundings. */
static void expect_all(const dpm_point *at, double s, uint64_t *seed)
{
    for (int net = FIRST; net <= LAST; net++)
        for (int want = FIRST; want <= LAST; want++) {
            double x0 = draw(seed, -2, 2), e = draw(seed, -2, 2),
                   x = at->alpha * x0 + at->sigma * e;
            dpm_affine a;
            cr_assert_eq(dpm_affine_make(net, want, at, s, &a), AD_OK, "%s", ad_message());
            double m = a.p * x + a.q * value(net, at, s, x0, e), right = value(want, at, s, x0, e);
            cr_expect_leq(fabs(m - right), 1e-15 * 400 * (1 + fabs(right)),
                          "%s from %s: %.17g, %.17g", dpm_prediction_name(want),
                          dpm_prediction_name(net), m, right);
            cr_expect(net == DPM_EDM || a.cin == 1);
        }
}

Test(prediction, all_from_all)
{
    uint64_t seed = 5;
    for (int i = 0; i < 50; i++) {
        double alpha = draw(&seed, 0.05, 1), sigma = sqrt(1 - alpha * alpha) + 0.05,
               t = draw(&seed, 0.05, 0.95);
        expect_all(&(dpm_point[]){ dpm_point_of(0, alpha, sigma) }[0], 0.5, &seed);
        expect_all(&(dpm_point[]){ dpm_point_of(t, 1 - t, t) }[0], 1.3, &seed);
        expect_all(&(dpm_point[]){ dpm_point_of(t, 1, 3 * t) }[0], 0.5, &seed);
    }
}

/* Karras et al. 2022, table 1, in x' = x / alpha */
Test(prediction, preconditioning)
{
    dpm_point  at = dpm_point_of(0, 0.8, 0.6);
    dpm_affine a;
    double     s = 0.5, rho = 0.75, d2 = rho * rho + s * s;
    cr_assert_eq(dpm_affine_make(DPM_EDM, DPM_X0, &at, 0, &a), AD_OK); /* 0: 0.5 */
    cr_expect_leq(fabs(a.cin - 1 / sqrt(d2) / 0.8), 1e-15);
    cr_expect_leq(fabs(a.p - s * s / d2 / 0.8), 1e-15);
    cr_expect_leq(fabs(a.q - rho * s / sqrt(d2)), 1e-15);
}

Test(prediction, native)
{
    dpm_point  at = dpm_point_of(0, 0.8, 0.6);
    dpm_affine a, b;
    cr_assert_eq(dpm_affine_make(DPM_V, DPM_NATIVE, &at, 0, &a), AD_OK);
    cr_expect(a.cin == 1 && a.p == 0 && a.q == 1);
    cr_assert_eq(dpm_affine_make(DPM_NATIVE, DPM_X0, &at, 0, &a), AD_OK);
    cr_assert_eq(dpm_affine_make(DPM_EPSILON, DPM_X0, &at, 0, &b), AD_OK);
    cr_expect(a.p == b.p && a.q == b.q);
}

/* At alpha = 0 x is the noise and at sigma = 0 the data: what asks for the other one needs a network that says it. */
static int defined(int net, int want, int at_noise)
{
    if (net == want) return 1;
    if (at_noise) { /* x0 is not in epsilon or score; v is -x0 there, F is x0 / s: both are affine in flow's */
        if (net == DPM_EPSILON || net == DPM_SCORE) return want == DPM_EPSILON || want == DPM_SCORE;
        return 1;
    }
    if (want == DPM_SCORE || want == DPM_EDM) return 0; /* divided by sigma */
    if (net == DPM_X0) return 0;
    return 1;
}

Test(prediction, ends)
{
    dpm_point noise = dpm_point_of(999, 0, 1), data = dpm_point_of(-1, 1, 0);
    for (int net = FIRST; net <= LAST; net++)
        for (int want = FIRST; want <= LAST; want++)
            for (int end = 0; end < 2; end++) {
                dpm_affine a;
                ad_status  s = dpm_affine_make(net, want, end ? &noise : &data, 0, &a);
                cr_expect_eq(s, defined(net, want, end) ? AD_OK : AD_INVALID,
                             "%s from %s at %s: %s", dpm_prediction_name(want),
                             dpm_prediction_name(net), end ? "noise" : "data", ad_status_name(s));
                cr_expect(s || (isfinite(a.p) && isfinite(a.q) && isfinite(a.cin)));
            }
}

Test(prediction, sentences)
{
    dpm_point  noise = dpm_point_of(999, 0, 1), data = dpm_point_of(-1, 1, 0);
    dpm_affine a;
    cr_assert_eq(dpm_affine_make(DPM_EPSILON, DPM_X0, &noise, 0, &a), AD_INVALID);
    cr_expect(strstr(ad_message(), "t = 999") && strstr(ad_message(), "zero terminal SNR"));
    cr_expect(strstr(ad_message(), "x0 cannot be had from a prediction of epsilon"));
    cr_assert_eq(dpm_affine_make(DPM_X0, DPM_EPSILON, &data, 0, &a), AD_INVALID);
    cr_expect(strstr(ad_message(), "sigma is 0"));
    cr_assert_eq(
        dpm_affine_make(DPM_X0, DPM_EPSILON, &(dpm_point){ .alpha = NAN, .sigma = 1 }, 0, &a),
        AD_INVALID);
}

Test(prediction, names)
{
    static const struct {
        const char    *text;
        dpm_prediction p;
    } row[] = {
        { "epsilon", DPM_EPSILON },
        { "noise", DPM_EPSILON },
        { "eps", DPM_EPSILON },
        { "x0", DPM_X0 },
        { "sample", DPM_X0 },
        { "Data", DPM_X0 },
        { "v", DPM_V },
        { "v_prediction", DPM_V },
        { "score", DPM_SCORE },
        { "flow", DPM_FLOW },
        { "flow_prediction", DPM_FLOW },
        { "edm", DPM_EDM },
        { "native", DPM_NATIVE },
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        dpm_prediction p = 99;
        cr_assert_eq(dpm_prediction_parse(row[i].text, &p), AD_OK, "%s", ad_message());
        cr_expect_eq(p, row[i].p, "%s", row[i].text);
    }
    for (int i = DPM_NATIVE; i <= LAST; i++) {
        dpm_prediction p = 99;
        cr_expect_eq(dpm_prediction_parse(dpm_prediction_name(i), &p), AD_OK);
        cr_expect_eq((int)p, i);
    }
    dpm_prediction p;
    cr_expect_null(dpm_prediction_name(99));
    cr_assert_eq(dpm_prediction_parse("epsilom", &p), AD_INVALID);
    cr_expect(strstr(ad_message(), "did you mean 'epsilon'"), "%s", ad_message());
    cr_assert_eq(dpm_prediction_parse("qwertyuiop", &p), AD_INVALID);
    cr_expect(strstr(ad_message(), "there are epsilon (noise)"), "%s", ad_message());
}
