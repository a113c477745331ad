/* Mixtures of Gaussians: their density and score in plain C, and as a network. */
#include <math.h>
#include <string.h>

#include <costate/autodiff/memory.h>
#include <costate/autodiff/ops.h>
#include <costate/autodiff/random.h>

#include "mixture.h"

static ad_status checked(long components, long dim, const double *weight, const double *mean,
                         const double *variance)
{
    if (components < 1 || dim < 1)
        return ad_fail(AD_INVALID,
                       "a mixture of %ld components in %ld dimensions: both are at least 1",
                       components, dim);
    for (long k = 0; k < components; k++)
        if (!(weight[k] > 0) || isinf(weight[k]))
            return ad_fail(AD_INVALID, "the mixture's weight %ld is %g: it must be positive", k,
                           weight[k]);
    for (long i = 0; i < components * dim; i++) {
        if (!isfinite(mean[i]))
            return ad_fail(AD_INVALID, "the mixture's mean %ld has %g at coordinate %ld", i / dim,
                           mean[i], i % dim);
        if (!(variance[i] > 0) || isinf(variance[i]))
            return ad_fail(
                AD_INVALID,
                "the mixture's variance %ld has %g at coordinate %ld: it must be positive", i / dim,
                variance[i], i % dim);
    }
    return AD_OK;
}

ad_status dpm_mixture_new(dpm_mixture **out, long components, long dim, const double *weight,
                          const double *mean, const double *variance)
{
    *out = NULL;
    AD_TRY(checked(components, dim, weight, mean, variance));
    size_t       k = (size_t)components, kd = k * (size_t)dim;
    dpm_mixture *m = ad_alloc(sizeof *m + (k + 2 * kd) * sizeof(double)); /* in one block */
    if (!m) return AD_NO_MEMORY;
    double *numbers = (double *)(m + 1);
    *m              = (dpm_mixture){ components, dim, numbers, numbers + k, numbers + k + kd };
    memcpy(m->mean, mean, kd * sizeof *mean);
    memcpy(m->variance, variance, kd * sizeof *variance);
    double sum = 0;
    for (long i = 0; i < components; i++) sum += weight[i];
    for (long i = 0; i < components; i++) m->weight[i] = weight[i] / sum;
    *out = m;
    return AD_OK;
}

void dpm_mixture_free(dpm_mixture *m)
{
    ad_free(m);
}

/* --- as a network ------------------------------------------------------------------------------------------------ */

/* What (1) needs of the place, [K, d] and [K], or with a row's own time [n, K, d] and [n, K]. */
typedef struct place {
    ad_var mean;      /* alpha mu                            */
    ad_var precision; /* 1 / (alpha^2 v + sigma^2)           */
    ad_var scale;     /* log w - 1/2 sum log (alpha^2 v + sigma^2) */
} place;

/* [1] stays; [n, 1] becomes [n, 1, 1] and goes with [K, d]. */
static ad_var beside_components(ad_var v)
{
    return ad_shape_of(v).batched ? ad_reshape(v, 3, (long[]){ 1, 1, 1 }) : v;
}

static place place_of(const dpm_at *at, const dpm_mixture *m)
{
    ad_graph *g  = at->g;
    ad_shape  kd = ad_matrix(m->components, m->dim);
    ad_var    a = beside_components(at->alpha), s = beside_components(at->sigma);
    ad_var    v = ad_add(ad_mul(ad_square(a), ad_const_array(g, AD_F64, kd, m->variance)),
                         ad_square(s));
    ad_var    w = ad_log(ad_const_array(g, AD_F64, ad_vector(m->components), m->weight));
    int       d = ad_shape_of(at->alpha).batched ? 2 : 1;
    return (place){
        ad_cast(ad_mul(a, ad_const_array(g, AD_F64, kd, m->mean)), at->type),
        ad_cast(ad_reciprocal(v), at->type),
        ad_cast(ad_sub(w, ad_scale(ad_sum(ad_log(v), 1 << d, 0), 0.5)), at->type),
    };
}

/* eps of (1), and x0 = sum_k r_k (mu_k + alpha v_k (x - alpha mu_k) / (alpha^2 v_k + sigma^2)), which needs no division by alpha; x is
   what is noisy, whatever the network is shown. */
static void posterior(const dpm_at *at, const dpm_mixture *m, ad_var noisy, ad_var *eps, ad_var *x0)
{
    place    p  = place_of(at, m);
    ad_var   x  = ad_reshape(noisy, 3, (long[]){ 1, 1, m->dim });
    ad_var   z  = ad_sub(x, p.mean); /* [n, K, d] */
    ad_var   q  = ad_mul(z, p.precision);
    ad_var   l  = ad_sub(p.scale, ad_scale(ad_sum(ad_mul(z, q), 1 << 2, 0), 0.5));
    ad_var   r  = ad_reshape(ad_softmax(l, 1), 3, (long[]){ 1, m->components, 1 });
    ad_shape kd = ad_matrix(m->components, m->dim);
    *eps        = ad_mul(ad_cast(at->sigma, at->type), ad_sum(ad_mul(r, q), 1 << 1, 0));
    if (!x0) return;
    ad_var v = ad_mul(beside_components(at->alpha), ad_const_array(at->g, AD_F64, kd, m->variance));
    ad_var mean = ad_cast(ad_const_array(at->g, AD_F64, kd, m->mean), at->type);
    *x0         = ad_sum(ad_mul(r, ad_add(mean, ad_mul(ad_cast(v, at->type), q))), 1 << 1, 0);
}

ad_var dpm_mixture_network(const dpm_at *at, void *mixture)
{
    ad_var eps;
    posterior(at, mixture, at->x, &eps, NULL);
    return eps;
}

dpm_model dpm_mixture_model(const dpm_mixture *m, ad_type type)
{
    return (dpm_model){ .network    = dpm_mixture_network,
                        .ctx        = (void *)m,
                        .prediction = DPM_EPSILON,
                        .type       = type,
                        .dim        = m->dim,
                        .name       = "mixture" };
}

/* --- as a network that predicts something else: prediction.h ------------------------------------------------------- */

static ad_var of_place(const dpm_at *at, ad_var v)
{
    return ad_cast(v, at->type);
}

static ad_var predict_x0(const dpm_at *at, void *mixture)
{
    ad_var eps, x0;
    posterior(at, mixture, at->x, &eps, &x0);
    return x0;
}

static ad_var predict_v(const dpm_at *at, void *mixture)
{
    ad_var eps, x0;
    posterior(at, mixture, at->x, &eps, &x0);
    return ad_sub(ad_mul(of_place(at, at->alpha), eps), ad_mul(of_place(at, at->sigma), x0));
}

static ad_var predict_score(const dpm_at *at, void *mixture)
{
    ad_var eps;
    posterior(at, mixture, at->x, &eps, NULL);
    return ad_neg(ad_div(eps, of_place(at, at->sigma)));
}

static ad_var predict_flow(const dpm_at *at, void *mixture)
{
    ad_var eps, x0;
    posterior(at, mixture, at->x, &eps, &x0);
    return ad_sub(eps, x0);
}

/* With d^2 = sigma^2 + alpha^2 s^2 the network is shown x / d, and F = (x0 - (alpha s^2 / d^2) x) d / (sigma s), s = 1/2. */
static ad_var predict_edm(const dpm_at *at, void *mixture)
{
    ad_var eps, x0, a = at->alpha, o = at->sigma;
    ad_var d  = ad_sqrt(ad_add(ad_square(o), ad_scale(ad_square(a), 0.25)));
    ad_var in = of_place(at, ad_div(ad_scale(a, 0.25), d)), out = ad_div(d, ad_scale(o, 0.5));
    posterior(at, mixture, ad_mul(of_place(at, d), at->x), &eps, &x0);
    return ad_mul(of_place(at, out), ad_sub(x0, ad_mul(in, at->x)));
}

dpm_model dpm_mixture_predicts(const dpm_mixture *m, ad_type type, dpm_prediction what)
{
    static dpm_network *const network[] = {
        [DPM_NATIVE]  = dpm_mixture_network,
        [DPM_EPSILON] = dpm_mixture_network,
        [DPM_X0]      = predict_x0,
        [DPM_V]       = predict_v,
        [DPM_SCORE]   = predict_score,
        [DPM_FLOW]    = predict_flow,
        [DPM_EDM]     = predict_edm,
    };
    dpm_model model  = dpm_mixture_model(m, type);
    model.network    = network[what];
    model.prediction = what == DPM_NATIVE ? DPM_EPSILON : what;
    return model;
}

/* --- in plain C -------------------------------------------------------------------------------------------------- */

/* log(w_k N(x; alpha mu_k, alpha^2 v_k + sigma^2)) */
static double log_component(const dpm_mixture *m, const dpm_point *at, long k, const double *x)
{
    const double *mu = m->mean + k * m->dim, *v = m->variance + k * m->dim;
    double        sum = 0;
    for (long j = 0; j < m->dim; j++) {
        double z = x[j] - at->alpha * mu[j];
        double s = at->alpha * at->alpha * v[j] + at->sigma * at->sigma;
        sum += z * z / s + log(2 * M_PI * s);
    }
    return log(m->weight[k]) - 0.5 * sum;
}

/* Twice through the components: first for the largest exponent, so that the sum of exponentials neither overflows nor, far
   from all of them, vanishes. */
double dpm_mixture_log_density(const dpm_mixture *m, const dpm_point *at, const double *x,
                               double *score)
{
    double most = -INFINITY, sum = 0;
    for (long k = 0; k < m->components; k++) most = fmax(most, log_component(m, at, k, x));
    if (score) memset(score, 0, (size_t)m->dim * sizeof *score);
    for (long k = 0; k < m->components; k++) {
        double        p  = exp(log_component(m, at, k, x) - most);
        const double *mu = m->mean + k * m->dim, *v = m->variance + k * m->dim;
        sum += p;
        for (long j = 0; score && j < m->dim; j++)
            score[j] -= p * (x[j] - at->alpha * mu[j]) /
                        (at->alpha * at->alpha * v[j] + at->sigma * at->sigma);
    }
    for (long j = 0; score && j < m->dim; j++) score[j] /= sum;
    return most + log(sum);
}

long dpm_mixture_mode(const dpm_mixture *m, const double *x)
{
    const dpm_point data = { .alpha = 1, .lambda = INFINITY };
    double          most = -INFINITY;
    long            mode = 0;
    for (long k = 0; k < m->components; k++) {
        double l = log_component(m, &data, k, x);
        if (l > most) most = l, mode = k;
    }
    return mode;
}

enum { STREAM_COMPONENT = 0x6d697800, STREAM_NOISE };

void dpm_mixture_draw(const dpm_mixture *m, uint64_t seed, long first, long n, double *x)
{
    for (long i = 0; i < n; i++) {
        long   row = first + i, k = 0;
        double u, *out            = x + i * m->dim;
        ad_random_uniform(AD_F64, seed, STREAM_COMPONENT, (uint64_t)row, 1, &u);
        while (k < m->components - 1 && u > m->weight[k]) u -= m->weight[k++];
        ad_random_normal(AD_F64, seed, STREAM_NOISE, (uint64_t)(row * m->dim), m->dim, out);
        for (long j = 0; j < m->dim; j++)
            out[j] = m->mean[k * m->dim + j] + sqrt(m->variance[k * m->dim + j]) * out[j];
    }
}
