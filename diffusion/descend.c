/* Limited-memory BFGS with backtracking (Nocedal and Wright 2006, Numerical Optimization, algorithms 7.4, 7.5 and 3.1).

   The functions here are smooth, cheap and have some ten to a hundred variables that differ in scale by orders of magnitude, and their
   gradients are exact: curvature learned on the way is worth far more than many small steps. */
#include <math.h>
#include <string.h>

#include <costate/autodiff/memory.h>

#include "search_internal.h"

enum { MEMORY = 20, CUTS = 30 };

typedef struct descent {
    long          n, left; /* evaluations that are left */
    double       *x, *g, *d, *trial, *trial_g;
    double       *s[MEMORY], *y[MEMORY], rho[MEMORY];
    int           kept; /* pairs, the newest last */
    double        value;
    dpm_function *f;
    void         *ctx;
} descent;

static double dot(long n, const double *a, const double *b)
{
    double sum = 0;
    for (long i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

static void add(long n, double c, const double *a, double *to)
{
    for (long i = 0; i < n; i++) to[i] += c * a[i];
}

static void scale(long n, double c, double *a)
{
    for (long i = 0; i < n; i++) a[i] *= c;
}

/* d = -H g by two loops over the pairs; without any, a step of length 1/20. */
static void direction(descent *q)
{
    double a[MEMORY];
    long   n = q->n;
    memcpy(q->d, q->g, (size_t)n * sizeof *q->d);
    for (int k = q->kept - 1; k >= 0; k--) {
        a[k] = q->rho[k] * dot(n, q->s[k], q->d);
        add(n, -a[k], q->y[k], q->d);
    }
    int last = q->kept - 1;
    scale(n,
          last >= 0 ? 1 / (q->rho[last] * dot(n, q->y[last], q->y[last]))
                    : 0.05 / sqrt(dot(n, q->g, q->g)),
          q->d);
    for (int k = 0; k < q->kept; k++)
        add(n, a[k] - q->rho[k] * dot(n, q->y[k], q->d), q->s[k], q->d);
    scale(n, -1, q->d);
}

/* The step just taken from (x, g) to the trial; pairs without curvature are of no use. */
static void remember(descent *q)
{
    int k = q->kept;
    if (k == MEMORY) {
        double *s = q->s[0], *y = q->y[0];
        memmove(q->s, q->s + 1, (MEMORY - 1) * sizeof *q->s);
        memmove(q->y, q->y + 1, (MEMORY - 1) * sizeof *q->y);
        memmove(q->rho, q->rho + 1, (MEMORY - 1) * sizeof *q->rho);
        k       = MEMORY - 1;
        q->s[k] = s, q->y[k] = y;
    }
    for (long i = 0; i < q->n; i++) {
        q->s[k][i] = q->trial[i] - q->x[i];
        q->y[k][i] = q->trial_g[i] - q->g[i];
    }
    double curvature = dot(q->n, q->s[k], q->y[k]);
    q->kept          = k;
    if (!(curvature > 1e-12 * dot(q->n, q->y[k], q->y[k]))) return;
    q->rho[k] = 1 / curvature;
    q->kept   = k + 1;
}

/* 1: the trial is lower by a fair part of what the slope promises. */
static ad_status search_line(descent *q, int *found)
{
    double slope = dot(q->n, q->g, q->d), value;
    *found       = 0;
    if (!(slope < 0)) return AD_OK;
    double step = 1;
    for (int cut = 0; cut < CUTS && q->left > 0; cut++) {
        for (long i = 0; i < q->n; i++) q->trial[i] = q->x[i] + step * q->d[i];
        q->left--;
        AD_TRY(q->f(q->trial, &value, q->trial_g, q->ctx));
        if (isfinite(value) && value <= q->value + 1e-4 * step * slope) {
            remember(q);
            memcpy(q->x, q->trial, (size_t)q->n * sizeof *q->x);
            memcpy(q->g, q->trial_g, (size_t)q->n * sizeof *q->g);
            q->value = value;
            *found   = 1;
            return AD_OK;
        }
        double fall = isfinite(value) ? -0.5 * slope * step / (value - q->value - slope * step) : 0;
        step *= fmin(fmax(fall, 0.1), 0.5); /* the parabola's lowest point, within bounds */
    }
    return AD_OK;
}

/* Steps that bring less than a part in 1e6, five in a row, no longer help. */
static ad_status loop(descent *q)
{
    int idle = 0, found;
    q->left--;
    AD_TRY(q->f(q->x, &q->value, q->g, q->ctx));
    while (q->left > 0 && idle < 5) {
        double before = q->value;
        if (!isfinite(before) || !(dot(q->n, q->g, q->g) > 0)) return AD_OK;
        direction(q);
        AD_TRY(search_line(q, &found));
        if (!found && q->kept == 0) return AD_OK;
        if (!found) q->kept = 0; /* once more along the gradient */
        idle = found && before - q->value > 1e-6 * fabs(before) ? 0 : idle + 1;
    }
    return AD_OK;
}

ad_status dpm_descend(long n, double *x, double *value, long budget, dpm_function *f, void *ctx)
{
    descent q     = { .n = n, .left = budget, .x = x, .f = f, .ctx = ctx, .value = INFINITY };
    double *block = ad_alloc((size_t)n * (4 + 2 * MEMORY) * sizeof *block);
    if (!block) return AD_NO_MEMORY;
    q.g = block, q.d = q.g + n, q.trial = q.d + n, q.trial_g = q.trial + n;
    for (int k = 0; k < MEMORY; k++) {
        q.s[k] = block + (4 + 2 * k) * n;
        q.y[k] = q.s[k] + n;
    }
    ad_status s = budget > 0 ? loop(&q) : AD_OK;
    *value      = q.value;
    ad_free(block);
    return s;
}
