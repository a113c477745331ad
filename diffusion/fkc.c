/* Feynman-Kac correctors: (1) of fkc.h by Heun's method, its noise the same in both stages, and (2) by the trapezoidal rule, half a
   step's weight before the move and half behind it: Strang's splitting of the weighted semigroup, of weak order 2. */
#include <math.h>
#include <string.h>

#include <costate/autodiff/memory.h>
#include <costate/autodiff/random.h>

#include "fkc.h"

enum { STREAM_START = 0x4646, STREAM_STEP, STREAM_PICK };

typedef struct cloud {
    const dpm_fkc_options *o;
    long                   n, dim;
    double        sum, noise, effective; /* sum of exponents; options with their defaults */
    double       *y, *other;             /* [n, dim]: and what resampling copies into     */
    double       *drift, *drift_other;   /* [n, dim]: P                                   */
    double       *rate, *rate_other;     /* [n]: dw / |dG|                                */
    double       *w;                     /* [n]: logarithms                               */
    double       *one;                   /* [4, dim]: of one particle                     */
    dpm_fkc_stats stats;
} cloud;

/* P and the rate of (2) at y. Scores with respect to y = x / alpha are alpha times those of x. */
static double field(cloud *c, const dpm_point *at, const double *y, double *p)
{
    double *x = c->one, *score = c->one + c->dim, squares = 0, whole = 0;
    for (long i = 0; i < c->dim; i++) x[i] = at->alpha * y[i], p[i] = 0;
    for (int j = 0; j < c->o->terms; j++) {
        const dpm_density *q = &c->o->density[j];
        q->log(at, x, score, q->ctx);
        c->stats.nfe++;
        for (long i = 0; i < c->dim; i++) {
            double s = at->alpha * score[i];
            p[i] += c->o->exponent[j] * s;
            squares += c->o->exponent[j] * s * s;
        }
    }
    for (long i = 0; i < c->dim; i++) whole += p[i] * p[i];
    return 0.5 * (whole - squares);
}

/* log p - log N(0, sigma^2 / sum beta) but for a constant; 0 where a density is not known. */
static double start_weight(cloud *c, const dpm_point *at, const double *y)
{
    double *x = c->one, w = 0;
    for (long i = 0; i < c->dim; i++) {
        x[i] = at->alpha * y[i];
        w += 0.5 * c->sum * y[i] * y[i] / (at->rho * at->rho);
    }
    for (int j = 0; j < c->o->terms; j++)
        w += c->o->exponent[j] * c->o->density[j].log(at, x, NULL, c->o->density[j].ctx);
    return isnan(w) ? 0 : w;
}

static void start(cloud *c, const dpm_point *at)
{
    ad_random_normal(AD_F64, c->o->seed, STREAM_START, 0, c->n * c->dim, c->y);
    for (long i = 0; i < c->n * c->dim; i++) c->y[i] *= at->rho / sqrt(c->sum);
    for (long i = 0; i < c->n; i++) {
        double *y  = c->y + i * c->dim;
        c->w[i]    = start_weight(c, at, y);
        c->rate[i] = field(c, at, y, c->drift + i * c->dim);
    }
}

static void move(cloud *c, long step, long i, const dpm_point *s, const dpm_point *t)
{
    const double g = s->rho * s->rho - t->rho * t->rho, a = 0.5 * (1 + c->noise) * g;
    double      *y = c->y + i * c->dim, *p = c->drift + i * c->dim, *u = c->one + 2 * c->dim,
           *q = c->one + 3 * c->dim;
    c->w[i] += 0.5 * g * c->rate[i];
    ad_random_normal(AD_F64, c->o->seed, STREAM_STEP,
                     (uint64_t)(step * c->n + i) * (uint64_t)c->dim, c->dim, q);
    for (long k = 0; k < c->dim; k++) {
        y[k] += sqrt(c->noise * g) * q[k];
        u[k] = y[k] + a * p[k];
    }
    field(c, t, u, q);
    for (long k = 0; k < c->dim; k++) y[k] += 0.5 * a * (p[k] + q[k]);
    c->rate[i] = field(c, t, y, p);
    c->w[i] += 0.5 * g * c->rate[i];
}

/* Weights relative to the largest; returns (sum w)^2 / (n sum w^2), NaN when none is left. */
static double effective(cloud *c)
{
    double most = -INFINITY, sum = 0, squares = 0;
    for (long i = 0; i < c->n; i++)
        if (c->w[i] > most) most = c->w[i];
    for (long i = 0; i < c->n; i++) {
        c->w[i] -= most;
        sum += exp(c->w[i]);
        squares += exp(2 * c->w[i]);
    }
    return sum * sum / (squares * (double)c->n);
}

static void swap(double **a, double **b)
{
    double *t = *a;
    *a = *b, *b = t;
}

/* Systematic: particle i as often as the points (k + u) / n fall into its share of the sum. */
static void resample(cloud *c, long step)
{
    double u, sum = 0, part = 0;
    long   from = -1;
    ad_random_uniform(AD_F64, c->o->seed, STREAM_PICK, (uint64_t)step, 1, &u);
    for (long i = 0; i < c->n; i++) sum += exp(c->w[i]);
    for (long k = 0; k < c->n; k++) {
        while (from < c->n - 1 && (from < 0 || part <= ((double)k + u) * sum / (double)c->n))
            part += exp(c->w[++from]);
        size_t row = (size_t)c->dim * sizeof *c->y;
        memcpy(c->other + k * c->dim, c->y + from * c->dim, row);
        memcpy(c->drift_other + k * c->dim, c->drift + from * c->dim, row);
        c->rate_other[k] = c->rate[from];
    }
    swap(&c->y, &c->other);
    swap(&c->drift, &c->drift_other);
    swap(&c->rate, &c->rate_other);
    for (long i = 0; i < c->n; i++) c->w[i] = 0;
    c->stats.resampled++;
}

static ad_status run(cloud *c, const dpm_point *point)
{
    start(c, &point[0]);
    c->stats.effective_least = 1;
    for (long k = 0; k < c->o->grid.steps; k++) {
        for (long i = 0; i < c->n; i++) move(c, k, i, &point[k], &point[k + 1]);
        double part = effective(c);
        if (!isfinite(part))
            return ad_fail(
                AD_NONFINITE_STATE,
                "weights are not finite after step %ld of %ld (t = %g): take more steps, or "
                "exponents nearer 1",
                k + 1, c->o->grid.steps, point[k + 1].t);
        if (part < c->stats.effective_least) c->stats.effective_least = part;
        if (part < c->effective || c->effective >= 1) resample(c, k);
    }
    return AD_OK;
}

static void finish(cloud *c, const dpm_point *at, double *x, double *weight)
{
    double sum = 0;
    for (long i = 0; i < c->n; i++) sum += exp(c->w[i]);
    for (long i = 0; i < c->n; i++) weight[i] = exp(c->w[i]) / sum;
    for (long i = 0; i < c->n * c->dim; i++) x[i] = at->alpha * c->y[i];
}

static ad_status checked(const dpm_fkc_options *o, long n, cloud *c)
{
    if (!o->schedule) return ad_fail(AD_INVALID, "a Feynman-Kac corrector needs a schedule");
    if (n < 1) return ad_fail(AD_INVALID, "%ld particles: there must be one at least", n);
    if (o->grid.steps < 1)
        return ad_fail(AD_INVALID, "%ld steps: there must be one at least", o->grid.steps);
    if (o->terms < 1 || o->terms > DPM_FKC_TERMS)
        return ad_fail(AD_INVALID, "a target of %d terms: 1 to %d can be multiplied", o->terms,
                       DPM_FKC_TERMS);
    for (int j = 0; j < o->terms; j++) {
        c->sum += o->exponent[j];
        if (o->density[j].dim != o->density[0].dim)
            return ad_fail(AD_BAD_SHAPE, "term %d has %ld dimensions, the first has %ld", j,
                           o->density[j].dim, o->density[0].dim);
    }
    if (!(c->sum > 0))
        return ad_fail(AD_INVALID, "the exponents sum to %g: no density of noise has that", c->sum);
    c->noise     = o->noise == 0 ? 1 : o->noise == DPM_ZERO ? 0 : o->noise;
    c->effective = o->effective == 0 ? 0.5 : o->effective == DPM_ZERO ? 0 : o->effective;
    if (!(c->noise >= 0)) return ad_fail(AD_INVALID, "noise of %g times g^2", c->noise);
    c->n = n, c->dim = o->density[0].dim;
    return AD_OK;
}

static ad_status sample(cloud *c, double *x, double *weight)
{
    const size_t n = (size_t)c->n, nd = n * (size_t)c->dim, points = (size_t)c->o->grid.steps + 1;
    dpm_point   *point = ad_alloc(points * sizeof *point);
    double      *block = ad_alloc((4 * nd + 3 * n + 4 * (size_t)c->dim) * sizeof *block);
    ad_status    s     = point && block ? AD_OK : AD_NO_MEMORY;
    if (!s) s = dpm_grid_make(c->o->schedule, &c->o->grid, point);
    if (!s && !isfinite(point[0].rho))
        s = ad_fail(AD_INVALID, "the schedule begins at alpha = 0, where y = x / alpha is not "
                                "defined: begin a little later");
    if (!s) {
        c->y = block, c->other = block + nd, c->drift = block + 2 * nd;
        c->drift_other = block + 3 * nd, c->rate = block + 4 * nd, c->rate_other = c->rate + n;
        c->w = c->rate + 2 * n, c->one = c->rate + 3 * n;
        s = run(c, point);
    }
    if (!s) finish(c, &point[c->o->grid.steps], x, weight);
    ad_free(point);
    ad_free(block);
    return s;
}

ad_status dpm_fkc(const dpm_fkc_options *o, long n, double *x, double *weight, dpm_fkc_stats *stats)
{
    cloud     c = { .o = o };
    ad_status s = checked(o, n, &c);
    if (!s) s = sample(&c, x, weight);
    if (stats) *stats = c.stats;
    return s;
}
