/* A prediction says x0 and e as affine functions of x and net; every other quantity is a combination of these two. */
#include "prediction.h"

#include <math.h>
#include <stddef.h>

#include <costate/autodiff/text.h>

#include "names.h"

static const struct {
    dpm_prediction p;
    const char    *name, *others;
} predictions[] = {
    { DPM_NATIVE, "native", "" },
    { DPM_EPSILON, "epsilon", "noise eps epsilon-prediction noise-prediction" },
    { DPM_X0, "x0", "sample data x-start denoised x0-prediction data-prediction" },
    { DPM_V, "v", "v-prediction" },
    { DPM_SCORE, "score", "score-prediction" },
    { DPM_FLOW, "flow", "flow-prediction velocity flow-matching" },
    { DPM_EDM, "edm", "karras edm-preconditioning" },
};

enum { PREDICTIONS = sizeof predictions / sizeof *predictions };

const char *dpm_prediction_name(dpm_prediction p)
{
    for (int i = 0; i < PREDICTIONS; i++)
        if (predictions[i].p == p) return predictions[i].name;
    return NULL;
}

ad_status dpm_prediction_parse(const char *text, dpm_prediction *p)
{
    const char *known[PREDICTIONS];
    for (int i = 0; i < PREDICTIONS; i++) {
        known[i] = predictions[i].name;
        if (dpm_name_same(text, known[i]) || dpm_name_among(text, predictions[i].others)) {
            *p = predictions[i].p;
            return AD_OK;
        }
    }
    const char *near = ad_nearest(text, PREDICTIONS, known);
    return ad_fail(AD_INVALID,
                   "there is no prediction '%s'; %s%s%sthere are epsilon (noise), x0 (data), v, "
                   "score, flow and edm",
                   text, near ? "did you mean '" : "", near ? near : "", near ? "'? " : "");
}

/* p x + q net */
typedef struct affine {
    double p, q;
} affine;

typedef struct parts {
    affine x0, eps;
    double cin;
} parts;

/* with x = alpha x0 + sigma e, and for edm with everything multiplied by alpha, so that both ends of the schedule are fine:
   D = sqrt(sigma^2 + (alpha s)^2), x0 = (alpha s^2 / D^2) x + (sigma s / D) F(x / D), e = (sigma / D^2) x - (alpha s / D) F */
static parts split(dpm_prediction net, const dpm_point *at, double s)
{
    double a = at->alpha, o = at->sigma, n = a * a + o * o, d2 = o * o + a * a * s * s;
    double d = sqrt(d2);
    switch (net) {
    case DPM_X0: return (parts){ { 0, 1 }, { 1 / o, -a / o }, 1 };
    case DPM_V: return (parts){ { a / n, -o / n }, { o / n, a / n }, 1 };
    case DPM_SCORE: return (parts){ { 1 / a, o * o / a }, { 0, -o }, 1 };
    case DPM_FLOW: return (parts){ { 1 / (a + o), -o / (a + o) }, { 1 / (a + o), a / (a + o) }, 1 };
    case DPM_EDM: return (parts){ { a * s * s / d2, o * s / d }, { o / d2, -a * s / d }, 1 / d };
    default: return (parts){ { 1 / a, -o / a }, { 0, 1 }, 1 }; /* epsilon */
    }
}

static affine combine(double u, affine a, double v, affine b)
{
    return (affine){ u * a.p + v * b.p, u * a.q + v * b.q };
}

static affine join(dpm_prediction want, const parts *of, const dpm_point *at, double s)
{
    double a = at->alpha, o = at->sigma, d2 = o * o + a * a * s * s, d = sqrt(d2);
    affine x = { 1, 0 };
    switch (want) {
    case DPM_X0: return of->x0;
    case DPM_V: return combine(a, of->eps, -o, of->x0);
    case DPM_SCORE: return (affine){ -of->eps.p / o, -of->eps.q / o };
    case DPM_FLOW: return combine(1, of->eps, -1, of->x0);
    case DPM_EDM: return combine(d / (o * s), of->x0, -a * s / (o * d), x);
    default: return of->eps;
    }
}

static ad_status undefined(dpm_prediction net, dpm_prediction want, const dpm_point *at)
{
    const char *from = dpm_prediction_name(net), *to = dpm_prediction_name(want);
    if (at->alpha == 0)
        return ad_fail(
            AD_INVALID,
            "at t = %g alpha is 0 (zero terminal SNR): %s cannot be had from a prediction "
            "of %s there; begin at a smaller t, or use a model that predicts v or x0",
            at->t, to, from);
    if (at->sigma == 0)
        return ad_fail(AD_INVALID,
                       "at t = %g sigma is 0: %s cannot be had from a prediction of %s there; end "
                       "at a point with noise, or take a sampler whose last step may go to 0",
                       at->t, to, from);
    return ad_fail(AD_INVALID,
                   "at t = %g, alpha = %g, sigma = %g, %s cannot be had from a prediction of %s",
                   at->t, at->alpha, at->sigma, to, from);
}

ad_status dpm_affine_make(dpm_prediction net, dpm_prediction want, const dpm_point *at,
                          double sigma_data, dpm_affine *out)
{
    if (net == DPM_NATIVE) net = DPM_EPSILON;
    if (want == DPM_NATIVE) want = net;
    double s  = sigma_data == 0 ? 0.5 : sigma_data;
    parts  of = split(net, at, s);
    affine m  = net == want ? (affine){ 0, 1 } : join(want, &of, at, s);
    *out      = (dpm_affine){ of.cin, m.p, m.q };
    if (!isfinite(m.p) || !isfinite(m.q) || !isfinite(of.cin)) return undefined(net, want, at);
    return AD_OK;
}
