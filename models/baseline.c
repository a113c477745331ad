#include <math.h>
#include <string.h>

#include <costate/models/baseline.h>

#include "linear.h"

enum { TRIALS = 12, GRID = 20000, TERMS = 200, ORDERS = 16 };

/* Value of a column at time t by linear interpolation of rows 0 .. known - 1, near is a row before t to search from. */
static double interpolate(const mdl_data *d, const mdl_track *k, int j, double t, long known)
{
    long lo = 0, hi = known - 1;
    while (hi - lo > 1) {
        long mid = (lo + hi) / 2;
        if (k->t[mid] <= t)
            lo = mid;
        else
            hi = mid;
    }
    if (hi > 0 && fabs(k->t[hi] - t) <= 1e-9 * d->spacing) lo = hi;
    while (lo > 0 && isnan(k->y[lo * d->cols + j])) lo--;
    if (k->t[hi] < t) hi = known;
    while (hi < known && isnan(k->y[hi * d->cols + j])) hi++;
    double a = k->y[lo * d->cols + j], b = hi < known ? k->y[hi * d->cols + j] : a;
    if (isnan(a)) return isnan(b) ? d->middle[j] : b;
    if (hi >= known || hi == lo) return a;
    return a + (b - a) * fmin(1, fmax(0, (t - k->t[lo]) / (k->t[hi] - k->t[lo])));
}

/* Rows that come before those which choose the order: the validation part, else the last quarter of a training part. */
static long rows_before(const mdl_data *d, const mdl_track *k)
{
    return d->validates ? k->fit : k->train - (k->train + 2) / 4;
}

static void normal_equations(const mdl_data *d, int p, int validating, double *xx, double *xy,
                             double *x)
{
    int q = 1 + p * d->cols, cols = d->cols;
    for (int s = 0; s < d->count; s++) {
        const mdl_track *k    = &d->track[s];
        long             rows = validating ? rows_before(d, k) : k->train;
        if (rows < 2) continue;
        long n    = (long)((k->t[rows - 1] - k->t[0]) / d->spacing + 1.5),
             from = n > GRID ? n - GRID : 0;
        for (long i = from + p; i < n; i++) {
            x[0] = 1;
            for (int l = 0; l <= p; l++)
                for (int j = 0; j < cols; j++) {
                    double v = interpolate(d, k, j, k->t[0] + (double)(i - l) * d->spacing, rows);
                    x[l ? 1 + (l - 1) * cols + j : q + j] = v / d->scale[j];
                }
            for (int a = 0; a < q; a++) {
                for (int b = 0; b <= a; b++) xx[a * q + b] += x[a] * x[b];
                for (int j = 0; j < cols; j++) xy[a * cols + j] += x[a] * x[q + j];
            }
        }
    }
}

static ad_status fit(mdl_autoregression *a, const mdl_data *d, int p, int validating)
{
    size_t  q = 1 + (size_t)(p * d->cols), c = (size_t)d->cols;
    double *xx = ad_alloc((q * q + q + c) * sizeof *xx);
    double *b  = ad_alloc(q * c * sizeof *b);
    if (!xx || !b) {
        ad_free(xx);
        ad_free(b);
        return AD_NO_MEMORY;
    }
    normal_equations(d, p, validating, xx, b, xx + q * q);
    int solved = mdl_solve_spd((long)q, xx, 1e-10, d->cols, b);
    ad_free(xx);
    if (!solved) memset(b, 0, q * c * sizeof *b);
    ad_free(a->b);
    a->b       = b;
    a->order   = p;
    a->cols    = d->cols;
    a->spacing = d->spacing;
    return AD_OK;
}

static void step(const mdl_autoregression *a, const double *z, double *next)
{
    for (int j = 0; j < a->cols; j++) {
        next[j] = a->b[j];
        for (int i = 0; i < a->order * a->cols; i++) next[j] += a->b[(1 + i) * a->cols + j] * z[i];
    }
}

ad_status mdl_autoregression_forecast(const mdl_autoregression *a, const mdl_data *d,
                                      const mdl_track *k, long r, long n, const double *t,
                                      double *y)
{
    int     cols = a->cols;
    size_t  lags = (size_t)(a->order * cols);
    double *z = ad_alloc((lags + 2 * (size_t)cols) * sizeof *z), *now = z + lags,
           *next = now + cols;
    if (!z) return AD_NO_MEMORY;
    for (int l = 0; l < a->order; l++)
        for (int j = 0; j < cols; j++)
            z[l * cols + j] = interpolate(d, k, j, k->t[r] - l * a->spacing, r + 1) / d->scale[j];
    memcpy(next, z, (size_t)cols * sizeof *z);
    double at = k->t[r];
    for (long i = 0; i < n; i++) {
        while (at < t[i] - 1e-9 * a->spacing) {
            memcpy(now, next, (size_t)cols * sizeof *z);
            step(a, z, next);
            memmove(z + cols, z, (lags - (size_t)cols) * sizeof *z);
            memcpy(z, next, (size_t)cols * sizeof *z);
            at += a->spacing;
        }
        double x = 1 - (at - t[i]) / a->spacing;
        for (int j = 0; j < cols; j++)
            y[i * cols + j] = (x > 1 - 1e-6 ? next[j] : now[j] + x * (next[j] - now[j])) *
                              d->scale[j];
    }
    ad_free(z);
    return AD_OK;
}

void mdl_persistence_forecast(const mdl_data *d, const mdl_track *k, long r, long n, double *y)
{
    for (int j = 0; j < d->cols; j++) {
        long row = r;
        while (row > 0 && isnan(k->y[row * d->cols + j])) row--;
        double last = k->y[row * d->cols + j];
        for (long i = 0; i < n; i++) y[i * d->cols + j] = isnan(last) ? d->middle[j] : last;
    }
}

/* Mean square of forecasts from evenly spread rows of from .. to of the longest series. */
static ad_status judge(const mdl_autoregression *a, const mdl_data *d, const mdl_track *k,
                       long from, long to, double *error)
{
    long    h = (to - from) / 2 > 0 ? (to - from) / 2 : 1, n = 0;
    double *y = ad_alloc((size_t)(h * d->cols) * sizeof *y);
    if (!y) return AD_NO_MEMORY;
    if (h > 100) h = 100;
    *error = 0;
    for (int i = 0; i < TRIALS; i++) {
        long r = from - 1 + i * (to - from - h) / TRIALS;
        if (r < a->order - 1) continue;
        ad_status s = mdl_autoregression_forecast(a, d, k, r, h, k->t + r + 1, y);
        if (s) {
            ad_free(y);
            return s;
        }
        for (long l = 0; l < h * d->cols; l++) {
            double e = (y[l] - k->y[(r + 1) * d->cols + l]) / d->scale[l % d->cols];
            if (isnan(k->y[(r + 1) * d->cols + l])) continue;
            *error += e * e;
            n++;
        }
    }
    *error = n ? *error / (double)n : INFINITY;
    if (isnan(*error)) *error = INFINITY;
    ad_free(y);
    return AD_OK;
}

static ad_status choose_order(mdl_autoregression *a, const mdl_data *d, int *best)
{
    static const int orders[] = { 1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 26, 32, 40, 50, 64 };
    const mdl_track *k        = d->track;
    double           least    = INFINITY;
    for (int i = 1; i < d->count; i++)
        if (d->track[i].train > k->train) k = &d->track[i];
    long from = rows_before(d, k);
    *best     = 1;
    for (int i = 0; i < ORDERS; i++) {
        double error;
        int    terms = 1 + orders[i] * d->cols;
        if (3 * terms > 2 * (from - orders[i]) || (i > 10 && terms > TERMS)) break;
        AD_TRY(fit(a, d, orders[i], 1));
        AD_TRY(judge(a, d, k, from, k->train, &error));
        if (error < least) {
            least = error;
            *best = orders[i];
        }
    }
    return AD_OK;
}

ad_status mdl_autoregression_fit(mdl_autoregression **out, const mdl_data *d)
{
    int best;
    *out                  = NULL;
    mdl_autoregression *a = ad_alloc(sizeof *a);
    if (!a) return AD_NO_MEMORY;
    ad_status s = choose_order(a, d, &best);
    if (!s) s = fit(a, d, best, 0);
    if (s)
        mdl_autoregression_free(a);
    else
        *out = a;
    return s;
}

void mdl_autoregression_free(mdl_autoregression *a)
{
    if (a) ad_free(a->b);
    ad_free(a);
}
