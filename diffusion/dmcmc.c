/* Denoising MCMC: the chain, then the finish. */
#include <math.h>
#include <string.h>

#include <costate/autodiff/memory.h>
#include <costate/autodiff/random.h>

#include "dmcmc.h"

enum { STREAM_CHAIN = 0x444d, STREAM_LEVEL };

typedef struct walk {
    dpm_dmcmc_options o; /* defaults filled in */
    long              dim, level;
    double           *sigma, *log_p; /* [levels]                                      */
    double           *x, *best;      /* [dim]: the chain's state; the least noisy     */
    double           *score, *next, *z;
    double            best_sigma, log_sigma;
    dpm_dmcmc_stats   stats;
} walk;

static double score_at(walk *w, double sigma, const double *x, double *score)
{
    dpm_point at = dpm_point_of(sigma, 1, sigma);
    return w->o.density.log(&at, x, score, w->o.density.ctx);
}

/* (2): the level whose share of the sum holds u. */
static void draw_level(walk *w, double u)
{
    double most = -INFINITY, sum = 0, part = 0;
    long   n = w->o.levels;
    if (w->o.classify)
        w->o.classify(w->x, n, w->sigma, w->log_p, w->o.classify_ctx);
    else
        for (long j = 0; j < n; j++) w->log_p[j] = score_at(w, w->sigma[j], w->x, NULL);
    for (long j = 0; j < n; j++)
        if (w->log_p[j] > most) most = w->log_p[j];
    for (long j = 0; j < n; j++) sum += w->log_p[j] = exp(w->log_p[j] - most);
    for (w->level = 0; w->level < n - 1; w->level++) {
        part += w->log_p[w->level];
        if (part > u * sum) break;
    }
}

/* One state of the chain, `state` its number. */
static void advance(walk *w, long chain, long state)
{
    const uint64_t k     = ((uint64_t)chain << 32) + (uint64_t)state;
    const double   sigma = w->sigma[w->level], eta = w->o.step * sigma * w->o.step * sigma;
    double         u;
    score_at(w, sigma, w->x, w->score);
    w->stats.nfe_chain++;
    ad_random_normal(AD_F64, w->o.seed, STREAM_CHAIN, k * (uint64_t)w->dim, w->dim, w->z);
    for (long i = 0; i < w->dim; i++) w->x[i] += 0.5 * eta * w->score[i] + sqrt(eta) * w->z[i];
    ad_random_uniform(AD_F64, w->o.seed, STREAM_LEVEL, k, 1, &u);
    draw_level(w, u);
    if (w->o.last || w->sigma[w->level] < w->best_sigma) {
        w->best_sigma = w->sigma[w->level];
        memcpy(w->best, w->x, (size_t)w->dim * sizeof *w->x);
    }
}

static void begin(walk *w, long chain)
{
    w->level = w->o.levels - 1;
    ad_random_normal(AD_F64, w->o.seed, STREAM_CHAIN, ((uint64_t)chain << 32) * (uint64_t)w->dim,
                     w->dim, w->x);
    for (long i = 0; i < w->dim; i++) w->x[i] *= w->sigma[w->level];
    for (long k = 1; k <= w->o.warm_up; k++) advance(w, chain, k);
}

/* Karras et al. 2022, eq. 5, rho = 7, between sigma and sigma_min. */
static double karras(double sigma, double least, double part)
{
    const double a = pow(sigma, 1 / 7.), b = pow(least, 1 / 7.);
    return pow(a + part * (b - a), 7);
}

/* One step of dx = -sigma score dsigma from s to t. */
static void ode_step(walk *w, double s, double t, double *x)
{
    score_at(w, s, x, w->score);
    w->stats.nfe_finish++;
    for (long i = 0; i < w->dim; i++) w->next[i] = x[i] - (t - s) * s * w->score[i];
    if (w->o.order > 1) {
        score_at(w, t, w->next, w->z);
        w->stats.nfe_finish++;
        for (long i = 0; i < w->dim; i++)
            w->next[i] = x[i] - 0.5 * (t - s) * (s * w->score[i] + t * w->z[i]);
    }
    memcpy(x, w->next, (size_t)w->dim * sizeof *x);
}

static void finish(walk *w, double *x)
{
    const double least = w->o.sigma_min, sigma = w->best_sigma;
    const double whole = pow(w->o.sigma_max, 1 / 7.) - pow(least, 1 / 7.);
    const double part  = (pow(sigma, 1 / 7.) - pow(least, 1 / 7.)) / whole;
    const long   steps = (long)ceil(part * (double)w->o.steps - 1e-9);
    memcpy(x, w->best, (size_t)w->dim * sizeof *x);
    w->log_sigma += log(sigma);
    for (long i = 0; i < steps; i++)
        ode_step(w, karras(sigma, least, (double)i / (double)steps),
                 karras(sigma, least, (double)(i + 1) / (double)steps), x);
    if (w->o.no_tweedie) return;
    score_at(w, least, x, w->score);
    w->stats.nfe_finish++;
    for (long i = 0; i < w->dim; i++) x[i] += least * least * w->score[i];
}

static ad_status run(walk *w, long n, double *x)
{
    for (long j = 0; j < w->o.levels; j++)
        w->sigma[j] = w->o.sigma_min *
                      pow(w->o.sigma_max / w->o.sigma_min, (double)j / (double)(w->o.levels - 1));
    for (long i = 0, state = 0; i < n; i++) {
        const long chain = i / w->o.per_chain;
        if (i % w->o.per_chain == 0) begin(w, chain), state = w->o.warm_up;
        w->best_sigma = INFINITY;
        for (long k = 0; k < w->o.skip; k++) advance(w, chain, ++state);
        double *out = x + i * w->dim;
        finish(w, out);
        for (long k = 0; k < w->dim; k++)
            if (!isfinite(out[k]))
                return ad_fail(
                    AD_NONFINITE_STATE,
                    "sample %ld (chain %ld) is not finite: a smaller step than %g may help", i,
                    chain, w->o.step);
    }
    w->stats.sigma_mean = exp(w->log_sigma / (double)n);
    return AD_OK;
}

static void defaults(dpm_dmcmc_options *o)
{
    if (o->sigma_min == 0) o->sigma_min = 0.01;
    if (o->sigma_max == 0) o->sigma_max = 10;
    if (!o->levels) o->levels = 64;
    if (o->step == 0) o->step = 0.5;
    if (!o->warm_up) o->warm_up = 200;
    if (!o->skip) o->skip = 10;
    if (!o->steps) o->steps = 18;
    if (!o->order) o->order = 2;
    if (!o->per_chain) o->per_chain = 1;
}

static ad_status checked(const dpm_dmcmc_options *o, long n)
{
    if (!o->density.log || o->density.dim < 1)
        return ad_fail(AD_INVALID, "denoising MCMC needs a density");
    if (n < 1) return ad_fail(AD_INVALID, "%ld samples: there must be one at least", n);
    if (!(o->sigma_min > 0 && o->sigma_max > o->sigma_min))
        return ad_fail(AD_INVALID, "sigma from %g to %g: it must rise from above 0", o->sigma_min,
                       o->sigma_max);
    if (o->levels < 2 || o->warm_up < 0 || o->skip < 1 || o->steps < 1 || o->per_chain < 1)
        return ad_fail(AD_INVALID,
                       "%ld levels, %ld states to warm up, %ld a sample, %ld steps, %ld samples a "
                       "chain: levels are 2 at least, the others 1",
                       o->levels, o->warm_up, o->skip, o->steps, o->per_chain);
    if (!(o->step > 0 && o->step < 2))
        return ad_fail(AD_INVALID, "a step of %g sigma: Langevin's is stable between 0 and 2",
                       o->step);
    if (o->order != 1 && o->order != 2)
        return ad_fail(AD_INVALID, "a finish of order %d: 1 is Euler's, 2 Heun's", o->order);
    return AD_OK;
}

ad_status dpm_dmcmc(const dpm_dmcmc_options *o, long n, double *x, dpm_dmcmc_stats *stats)
{
    walk w = { .o = *o, .dim = o->density.dim };
    defaults(&w.o);
    AD_TRY(checked(&w.o, n));
    const size_t levels = (size_t)w.o.levels, dim = (size_t)w.dim;
    double      *block = ad_alloc((2 * levels + 5 * dim) * sizeof *block);
    if (!block) return AD_NO_MEMORY;
    w.sigma = block, w.log_p = block + levels, w.x = block + 2 * levels;
    w.best = w.x + dim, w.score = w.x + 2 * dim, w.next = w.x + 3 * dim, w.z = w.x + 4 * dim;
    ad_status s = run(&w, n, x);
    if (stats) *stats = w.stats;
    ad_free(block);
    return s;
}
