/* How far a set of samples is from exact ones:

       SW2^2 = mean over directions u of int (F_u^-1(q) - G_u^-1(q))^2 dq                                       (1)

   F_u, G_u of the samples' components along u: two sorted lists of equal length (Bonneel et al. 2015). */
#include <math.h>
#include <stdlib.h>

#include <costate/autodiff/memory.h>
#include <costate/autodiff/random.h>

#include "sampler_cases.h"

enum { DIRECTIONS = 128, SEED = 2025, ALONG = 1, NOISE = 2, AGAIN = 3 };

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void project(const sampler_case *c, const double *x, const double *u, double *p)
{
    for (long i = 0; i < c->n; i++) {
        p[i] = 0;
        for (long k = 0; k < c->dim; k++) p[i] += u[k] * x[i * c->dim + k];
    }
    qsort(p, (size_t)c->n, sizeof *p, by_size);
}

static double along(const sampler_case *c, const double *a, const double *b, long direction,
                    double *p)
{
    double u[SAMPLER_DIM_MOST], norm = 0, sum = 0;
    ad_random_normal(AD_F64, SEED, ALONG, (uint64_t)(direction * c->dim), c->dim, u);
    for (long k = 0; k < c->dim; k++) norm += u[k] * u[k];
    for (long k = 0; k < c->dim; k++) u[k] /= sqrt(norm);
    project(c, a, u, p);
    project(c, b, u, p + c->n);
    for (long i = 0; i < c->n; i++) sum += (p[i] - p[c->n + i]) * (p[i] - p[c->n + i]);
    return sum / (double)c->n;
}

/* Exact samples of the end: alpha x0 + sigma e. */
static void exact_samples(const sampler_case *c, uint64_t seed, double *x, double *e)
{
    dpm_point end = dpm_schedule_at(c->schedule, c->schedule->o.t_end);
    long      all = c->n * c->dim;
    dpm_mixture_draw(c->mixture, seed, 0, c->n, x);
    ad_random_normal(AD_F64, seed, NOISE, 0, all, e);
    for (long i = 0; i < all; i++) x[i] = end.alpha * x[i] + end.sigma * e[i];
}

ad_status sampler_case_between(const sampler_case *c, const double *a, const double *b,
                               double *distance)
{
    double *p = ad_alloc(2 * (size_t)c->n * sizeof(double)), sum = 0;
    if (!p) return AD_NO_MEMORY;
    for (long d = 0; d < DIRECTIONS; d++) sum += along(c, a, b, d, p);
    *distance = sqrt(sum / DIRECTIONS);
    ad_free(p);
    return AD_OK;
}

/* a NULL: another set of exact samples. */
static ad_status sliced(const sampler_case *c, const double *a, double *distance)
{
    size_t    bytes = (size_t)(c->n * c->dim) * sizeof(double);
    double   *x = ad_alloc(bytes), *y = ad_alloc(bytes), *e = ad_alloc(bytes);
    ad_status status = x && y && e ? AD_OK : AD_NO_MEMORY;
    if (!status) {
        exact_samples(c, SEED, x, e);
        if (!a) exact_samples(c, SEED + AGAIN, y, e);
        status = sampler_case_between(c, a ? a : y, x, distance);
    }
    ad_free(x);
    ad_free(y);
    ad_free(e);
    return status;
}

ad_status sampler_case_distance(const sampler_case *c, double *distance)
{
    return sliced(c, c->out, distance);
}

ad_status sampler_case_floor(const sampler_case *c, double *distance)
{
    return sliced(c, NULL, distance);
}
