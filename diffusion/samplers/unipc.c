/* unipc - a predictor and a corrector that uses the value at the predicted point, which the next step needs anyway (Zhao et al. 2023,
   algorithms 1 and 2, eq. 9; order p: p values kept).

   With D_j = (m_j - m_0) / r_j, r_j = (lambda_j - lambda_s) / h, both are x_t = T x_s + M_0 m_0 + B sum_j a_j D_j, a such that
   polynomials in lambda are integrated exactly, and B falls out: the weights are table.h's through
       predictor    m_0 .. m_{p-1}            p >= 3;   p = 2: a = 1/2                                                   (1)
       corrector    m_t, m_0 .. m_{p-1}       p >= 2;   p = 1: a = 1/2                                                   (2)
   B = M_0 (bh2: e^h - 1) or its first term in h (bh1: h). `vary` has (1) and (2) exact at every p; as published (their
   vary_coeff), with c_jk the coefficients of the polynomial sum_k c_jk u^k that is 1 at r_j and 0 at the other r, 0 <= k < p,
       sum_j D_j sum_k (k + 1)! c_jk M_{k+1} / h^{k+1}                                                                  (3)
   lacks k = p - 1, but for D_t, of which it has the product of that moment and c_{t,p-2} (p - 1)! alone: its order is 1. */
#include <limits.h>
#include <math.h>

#include "dpm_solver.h"

enum { MOST = 3, BH1, BH2, VARY };

static int variant_of(dpm_build *b)
{
    const char *v = b->o->variant;
    if (dpm_is(v, "bh2", "bh2")) return BH2;
    if (dpm_is(v, "", "bh1")) return BH1;
    if (dpm_is(v, "", "vary")) return VARY;
    dpm_build_fail(b, AD_INVALID, "unipc: there is no variant '%s'; it is 'bh1', 'bh2' or 'vary'",
                   v);
    return BH2;
}

/* B / 2 */
static double half(const dpm_build *b, const dpm_point *s, int variant)
{
    double h = s[1].lambda - s->lambda;
    if (variant == BH2) return 0.5 * dpm_moment(b->form, s, s + 1, 0);
    return 0.5 * h * (b->form == DPM_X0 ? s[1].alpha : -s[1].sigma);
}

/* From s to the next point through n values, the newest of them at s[ahead]. */
static void exact(const dpm_build *b, const dpm_point *s, int ahead, int n, double w[])
{
    const dpm_point *node[MOST + 1];
    for (int j = 0; j < n; j++) node[j] = s + ahead - j;
    dpm_weights(b->form, DPM_IN_LAMBDA, b->schedule, s, s + 1, n, node, w);
}

/* (1): w[0 .. p) of m_0 .. m_{p-1} */
static void predictor(const dpm_build *b, const dpm_point *s, int p, int variant, double w[])
{
    if (p != 2 || variant == VARY) {
        exact(b, s, 0, p, w);
        return;
    }
    w[1] = half(b, s, variant) * (s[1].lambda - s->lambda) / (s[-1].lambda - s->lambda);
    w[0] = dpm_moment(b->form, s, s + 1, 0) - w[1];
}

/* c[k] of the node j among r[0 .. p), see (3) */
static void coefficients(int p, const double r[], int j, double c[])
{
    double product = 1;
    c[0]           = 1;
    c[1] = c[2] = 0;
    for (int i = 0; i < p; i++) {
        if (i == j) continue;
        for (int k = p - 1; k > 0; k--) c[k] = c[k - 1] - r[i] * c[k];
        c[0] *= -r[i];
        product *= r[j] - r[i];
    }
    for (int k = 0; k < p; k++) c[k] /= product;
}

/* (3) as published: w[0] of m_t, w[1 .. p] of m_0 .. m_{p-1} */
static void published(const dpm_build *b, const dpm_point *s, int p, double w[])
{
    double h = s[1].lambda - s->lambda, r[MOST], c[MOST], moment[MOST], scale = 1;
    for (int j = 0; j < p; j++) {
        r[j] = j ? (s[-j].lambda - s->lambda) / h : 1; /* m_t first, where m_0 has no difference */
        scale *= (j + 1) / h;
        moment[j] = dpm_moment(b->form, s, s + 1, j + 1) * scale;
    }
    w[1] = dpm_moment(b->form, s, s + 1, 0);
    for (int j = 0; j < p; j++) {
        double sum = 0;
        coefficients(p, r, j, c);
        for (int k = 0; k < p - 1; k++) sum += moment[k] * c[k];
        if (j == 0) sum = p == 1 ? moment[0] : moment[p - 1] / p * c[p - 2];
        w[j ? j + 1 : 0] = sum / r[j];
        w[1] -= sum / r[j];
    }
}

/* (2): w[0] of m_t, w[1 .. p] of m_0 .. m_{p-1} */
static void corrector(const dpm_build *b, const dpm_point *s, int p, int variant, double w[])
{
    if (variant == VARY && b->o->published) {
        published(b, s, p, w);
    } else if (p > 1 || variant == VARY) {
        exact(b, s, 1, p + 1, w);
    } else {
        w[0] = half(b, s, variant);
        w[1] = dpm_moment(b->form, s, s + 1, 0) - w[0];
    }
}

static void make(dpm_build *b)
{
    int      variant     = variant_of(b);
    dpm_slot m[MOST + 1] = { -1, -1, -1, -1 }; /* from new to old */
    dpm_family_options(b, "dpmsolver");
    if (b->steps < b->order)
        dpm_build_fail(b, AD_INVALID, "unipc of order %d needs %d steps or more, and has %ld",
                       b->order, b->order, b->steps);
    if (dpm_build_failed(b)) return;
    dpm_slot x = b->x;
    m[0]       = dpm_eval(b, x, &b->point[0], b->form);
    for (long i = 0; i < b->steps; i++) {
        const dpm_point *s     = &b->point[i];
        int              p     = dpm_order_at(b, i, b->order, LONG_MAX);
        double           first = dpm_transfer(b->form, s, s + 1), w[MOST + 2] = { first };
        predictor(b, s, p, variant, w + 1);
        dpm_slot u = dpm_lin(b, p + 1, w, (dpm_slot[]){ x, m[0], m[1], m[2] });
        if (i < b->steps - 1) {
            for (int j = MOST; j > 0; j--) m[j] = m[j - 1];
            m[0] = dpm_eval(b, u, s + 1, b->form);
            corrector(b, s, p, variant, w + 1);
            if (!b->o->no_corrector && !isinf(s[1].lambda - s->lambda))
                u = dpm_lin(b, p + 2, w, (dpm_slot[]){ x, m[0], m[1], m[2], m[3] });
        }
        x = dpm_step(b, i, u);
    }
    dpm_result(b, x);
}

const dpm_method dpm_method_unipc = {
    .name       = "unipc",
    .about      = "predictor and corrector of any order with one evaluation a step",
    .cite       = "Zhao et al. 2023, algorithms 1 and 2",
    .aliases    = "uni-pc UniPCMultistepScheduler k_unipc",
    .order      = 2,
    .order_most = MOST,
    .true_order = 3,
    .form       = DPM_X0,
    .flags      = DPM_TO_ZERO | DPM_FROM_ZERO | DPM_FORM | DPM_ORDERS,
    .takes      = "variant lower-order-final no-corrector compat invert",
    .make       = make,
};
