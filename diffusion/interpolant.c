#include <math.h>

#include <costate/autodiff/memory.h>
#include <costate/autodiff/random.h>

#include "interpolant.h"

enum { STREAM = 0x5349 };
static const double HALF_PI = 1.57079632679489661923;

dpm_interpolant_place dpm_interpolant_at(dpm_interpolant_kind kind, double t)
{
    dpm_interpolant_place p = { 1 - t, t, -1, 1, t * (1 - t), 0.5 - t };
    if (kind == DPM_TRIGONOMETRIC) {
        p.a = cos(HALF_PI * t), p.da = -HALF_PI * sin(HALF_PI * t);
        p.b = sin(HALF_PI * t), p.db = HALF_PI * cos(HALF_PI * t);
    }
    return p;
}

/* --- two mixtures ------------------------------------------------------------------------------------------------ */

/* A pair (j, k) of components at x: its mean m and variance V in coordinate i, and what it adds to drift and score there,
       E[dx/dt | x] = da mu0 + db mu1 + (a da v0 + b db v1 + gamma dgamma) (x - m) / V,   score = -(x - m) / V.           (1) */
typedef struct pair_at {
    double part, drift, score; /* part: (x - m)^2 / V + log V */
} pair_at;

static pair_at pair_of(const dpm_interpolant *p, const dpm_interpolant_place *q, long j, long k,
                       long i, double x)
{
    const long   u = j * p->from->dim + i, v = k * p->to->dim + i;
    const double m0 = p->from->mean[u], m1 = p->to->mean[v];
    const double v0 = p->from->variance[u], v1 = p->to->variance[v];
    const double var = q->a * q->a * v0 + q->b * q->b * v1 + q->gamma2;
    const double d   = x - q->a * m0 - q->b * m1;
    return (pair_at){ .part  = d * d / var + log(var),
                      .score = -d / var,
                      .drift = q->da * m0 + q->db * m1 +
                               (q->a * q->da * v0 + q->b * q->db * v1 + q->gamma_dgamma) * d /
                                   var };
}

static double log_weight(const dpm_interpolant *p, const dpm_interpolant_place *q, long j, long k,
                         const double *x)
{
    double l = log(p->from->weight[j]) + log(p->to->weight[k]);
    for (long i = 0; i < p->from->dim; i++) l -= 0.5 * pair_of(p, q, j, k, i, x[i]).part;
    return l;
}

void dpm_interpolant_exact(double t, const double *x, double *drift, double *score, void *ctx)
{
    const dpm_interpolant *p    = ctx;
    dpm_interpolant_place  q    = dpm_interpolant_at(p->kind, t);
    double                 most = -INFINITY, sum = 0;
    const long             dim = p->from->dim, pairs = p->from->components * p->to->components;
    for (long i = 0; i < dim; i++) drift[i] = score[i] = 0;
    for (long n = 0; n < pairs; n++) {
        double l = log_weight(p, &q, n / p->to->components, n % p->to->components, x);
        if (l > most) most = l;
    }
    for (long n = 0; n < pairs; n++) {
        const long   j = n / p->to->components, k = n % p->to->components;
        const double r = exp(log_weight(p, &q, j, k, x) - most);
        sum += r;
        for (long i = 0; i < dim; i++) {
            pair_at e = pair_of(p, &q, j, k, i, x[i]);
            drift[i] += r * e.drift;
            score[i] += r * e.score;
        }
    }
    for (long i = 0; i < dim; i++) drift[i] /= sum, score[i] /= sum;
}

/* --- the walk ------------------------------------------------------------------------------------------------------ */

/* b + eps s into drift. */
static void whole_drift(const dpm_interpolant_options *o, double t, const double *x, double *drift,
                        double *score)
{
    o->field(t, x, drift, score, o->ctx);
    for (long i = 0; i < o->dim; i++) drift[i] += o->noise_level * score[i];
}

static void step(const dpm_interpolant_options *o, long row, long k, double *x, double *work)
{
    const double h = 1 / (double)o->steps, t = (double)k * h;
    double      *u = work, *d0 = work + o->dim, *d1 = work + 2 * o->dim, *score = work + 3 * o->dim,
           *z = work + 4 * o->dim;
    for (long i = 0; i < o->dim; i++) z[i] = 0;
    if (o->noise_level > 0)
        ad_random_normal(AD_F64, o->seed, STREAM, (uint64_t)(row * o->steps + k) * (uint64_t)o->dim,
                         o->dim, z);
    for (long i = 0; i < o->dim; i++) z[i] *= sqrt(2 * o->noise_level * h);
    whole_drift(o, t, x, d0, score);
    for (long i = 0; i < o->dim; i++) u[i] = x[i] + h * d0[i] + z[i];
    whole_drift(o, (double)(k + 1) * h, u, d1, score);
    for (long i = 0; i < o->dim; i++) x[i] += 0.5 * h * (d0[i] + d1[i]) + z[i];
}

ad_status dpm_interpolant_run(const dpm_interpolant_options *o, long n, double *x)
{
    if (!o->field) return ad_fail(AD_INVALID, "an interpolant needs a field");
    if (n < 1 || o->dim < 1 || o->steps < 1)
        return ad_fail(AD_INVALID, "%ld rows of %ld numbers, %ld steps: each is at least 1", n,
                       o->dim, o->steps);
    if (!(o->noise_level >= 0))
        return ad_fail(AD_INVALID, "a noise level of %g: 0 is the ODE, more the SDE",
                       o->noise_level);
    double *work = ad_alloc(5 * (size_t)o->dim * sizeof *work);
    if (!work) return AD_NO_MEMORY;
    ad_status s = AD_OK;
    for (long row = 0; row < n && !s; row++) {
        double *y = x + row * o->dim;
        for (long k = 0; k < o->steps; k++) step(o, o->first + row, k, y, work);
        for (long i = 0; i < o->dim; i++)
            if (!s && !isfinite(y[i]))
                s = ad_fail(AD_NONFINITE_STATE,
                            "row %ld is not finite at t = 1: take more steps than %ld", row,
                            o->steps);
    }
    ad_free(work);
    return s;
}
