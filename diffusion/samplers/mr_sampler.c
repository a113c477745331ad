/* MR Sampler: DPM-Solver for mean-reverting diffusions (Li et al. 2025), ODE and SDE.

   There x_t = alpha x0 + (1 - alpha) mu + sigma e, so that x - mu is a diffusion of x0 - mu as any other, and with A and w_j those
   of the multistep DPM-Solver,
       x_t = A x_s + (1 - A) mu + sum_j w_j eps_j             epsilon form                                     (1)
       x_t = A x_s + (1 - A - sum_j w_j) mu + sum_j w_j x0_j  x0 form                                          (2)
   The network is told x itself. Its prediction becomes eps or x0 by numbers made for mu = 0; as every prediction is affine,
   m = p x + q net (prediction.h), what is missing is -p (1 - alpha) mu. */
#include <math.h>

#include "dpm_solver.h"

enum { MOST = 3, FEW = 10 /* as DPM-Solver: steps below which the last ones are of lower order */ };

/* What one step needs: x_t = keep x_s + sum_j w_j m_j + noise z, before mu. */
typedef struct rule {
    double keep, w[MOST], noise;
} rule;

static const dpm_point *point_back(const dpm_build *b, long i, int j)
{
    return &b->point[i - j];
}

/* Weights of m_0 and of D = (m_0 - m_1) / r, r = (lambda_0 - lambda_1) / h. */
static void differences(rule *k, double w0, double d, double r)
{
    k->w[0] = w0 + d / r;
    k->w[1] = -d / r;
}

static rule ode_rule(const dpm_build *b, long i, int order)
{
    const dpm_point *s = &b->point[i], *t = &b->point[i + 1], *node[MOST];
    rule             k = { .keep = dpm_transfer(b->form, s, t) };
    for (int j = 0; j < order; j++) node[j] = point_back(b, i, j);
    if (order == 2 && dpm_is(b->o->solver_type, "taylor", "dpmsolver")) {
        double w0 = dpm_moment(b->form, s, t, 0);
        differences(&k, w0, 0.5 * w0, (s->lambda - node[1]->lambda) / (t->lambda - s->lambda));
    } else {
        dpm_weights(b->form, DPM_IN_LAMBDA, b->schedule, s, t, order, node, k.w);
    }
    return k;
}

/* The reverse SDE in lambda (Lu et al. 2022b): epsilon's integral counts twice; in the x0 form e^{2 lambda} takes the
   place of e^lambda,
       x_t = (sigma_t / sigma_s) e^-h x_s + 2 alpha_t int e^{-2 (lambda_t - lambda)} x0 dlambda + sigma_t sqrt(1 - e^-2h) z.   (3) */
static rule sde_rule(const dpm_build *b, long i, int order)
{
    const dpm_point *s = &b->point[i], *t = &b->point[i + 1];
    const double     h = t->lambda - s->lambda;
    if (b->form != DPM_X0) {
        rule k = ode_rule(b, i, order);
        for (int j = 0; j < order; j++) k.w[j] *= 2;
        k.noise = t->sigma * sqrt(expm1(2 * h));
        return k;
    }
    const double w0 = -t->alpha * expm1(-2 * h);
    rule         k  = { .keep  = t->sigma == 0 ? 0 : t->sigma / s->sigma * exp(-h),
                        .w     = { w0 },
                        .noise = t->sigma * sqrt(-expm1(-2 * h)) };
    if (order == 2) {
        int relaxed = dpm_is(b->o->solver_type, "taylor", "dpmsolver");
        differences(&k, w0, relaxed ? 0.5 * w0 : t->alpha * (1 + 0.5 * expm1(-2 * h) / h),
                    (s->lambda - point_back(b, i, 1)->lambda) / h);
    }
    return k;
}

/* p of the evaluation at a point, times 1 - alpha: what mu adds to it wrongly. */
static double misread(dpm_build *b, const dpm_point *at)
{
    dpm_affine     a          = { 0 };
    dpm_prediction net        = b->model->prediction ? b->model->prediction : DPM_EPSILON;
    double         sigma_data = b->model->sigma_data ? b->model->sigma_data : 0.5;
    if (dpm_affine_make(net, b->form, at, sigma_data, &a) != AD_OK) return 0;
    return a.p * (1 - at->alpha);
}

static dpm_slot combine(dpm_build *b, long i, int order, const rule *k, dpm_slot x,
                        const dpm_slot m[])
{
    double   c[MOST + 3], mu = 1 - k->keep;
    dpm_slot v[MOST + 3];
    int      n = 0;
    c[n] = k->keep, v[n++] = x;
    for (int j = 0; j < order; j++) {
        mu -= k->w[j] * misread(b, point_back(b, i, j));
        if (b->form == DPM_X0) mu -= k->w[j];
        c[n] = k->w[j], v[n++] = m[j];
    }
    c[n] = mu, v[n++] = dpm_mean(b);
    if (k->noise != 0) c[n] = k->noise, v[n++] = dpm_noise(b);
    return dpm_lin(b, n, c, v);
}

static void walk(dpm_build *b, rule (*make_rule)(const dpm_build *, long, int), long few)
{
    dpm_slot x = b->x, m[MOST] = { -1, -1, -1 };
    for (long i = 0; i < b->steps; i++) {
        int order = dpm_order_at(b, i, b->order, few);
        for (int j = MOST - 1; j > 0; j--) m[j] = m[j - 1];
        m[0]   = dpm_eval(b, x, &b->point[i], b->form);
        rule k = make_rule(b, i, order);
        x      = dpm_step(b, i, combine(b, i, order, &k, x, m));
    }
    dpm_result(b, x);
}

static void make_ode(dpm_build *b)
{
    walk(b, ode_rule, FEW);
}
static void make_sde(dpm_build *b)
{
    walk(b, sde_rule, 0);
}

const dpm_method dpm_method_mr_sampler = {
    .name       = "mr-sampler",
    .about      = "multistep DPM-Solver for mean-reverting diffusions, the ODE",
    .cite       = "Li et al. 2025",
    .aliases    = "mr mrs mr-sampler-ode",
    .order      = 2,
    .order_most = 3,
    .true_order = 2,
    .form       = DPM_X0,
    .flags      = DPM_FORM | DPM_ORDERS | DPM_TO_ZERO,
    .takes      = "solver-type lower-order-final invert",
    .make       = make_ode,
};

const dpm_method dpm_method_mr_sampler_sde = {
    .name       = "mr-sampler-sde",
    .about      = "multistep SDE-DPM-Solver for mean-reverting diffusions",
    .cite       = "Li et al. 2025",
    .aliases    = "mr-sde mrs-sde",
    .order      = 2,
    .order_most = 2,
    .form       = DPM_X0,
    .flags      = DPM_STOCHASTIC | DPM_FORM | DPM_ORDERS | DPM_TO_ZERO,
    .takes      = "solver-type lower-order-final",
    .make       = make_sde,
};
