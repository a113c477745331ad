#include <math.h>
#include <string.h>

#include <costate/models/smooth.h>

enum { TERMS = 4 }; /* up to cubic */

/* Rows lo .. hi around row with at least k values, or all there are; returns how many values. */
static long reach(const mdl_column *c, long row, long k, long *lo, long *hi)
{
    long n = 0;
    *lo = *hi = row;
    n         = !isnan(c->y[row * c->stride]);
    while (n < k && (*lo > 0 || *hi < c->len - 1)) {
        int left = *lo > 0 && (*hi == c->len - 1 || row - *lo <= *hi - row);
        if (left)
            n += !isnan(c->y[--*lo * c->stride]);
        else
            n += !isnan(c->y[++*hi * c->stride]);
    }
    return n;
}

/* Cholesky in place, lower; 0 if not positive definite. */
static int factor(int n, double a[TERMS][TERMS])
{
    for (int j = 0; j < n; j++)
        for (int i = j; i < n; i++) {
            double sum = a[i][j];
            for (int k = 0; k < j; k++) sum -= a[i][k] * a[j][k];
            if (i == j && !(sum > 1e-13)) return 0;
            a[i][j] = i == j ? sqrt(sum) : sum / a[j][j];
        }
    return 1;
}

static void substitute(int n, double a[TERMS][TERMS], double b[TERMS])
{
    for (int i = 0; i < n; i++) {
        for (int k = 0; k < i; k++) b[i] -= a[i][k] * b[k];
        b[i] /= a[i][i];
    }
    for (int i = n - 1; i >= 0; i--) {
        for (int k = i + 1; k < n; k++) b[i] -= a[k][i] * b[k];
        b[i] /= a[i][i];
    }
}

mdl_local mdl_smooth_at(const mdl_smoother *s, const mdl_column *c, double t, long row)
{
    long   lo, hi, n = reach(c, row, s->rows, &lo, &hi);
    double width = fmax(fabs(t - c->t[lo]), fabs(c->t[hi] - t));
    if (n == 0) return (mdl_local){ NAN, 0, 0, 1 };
    if (!(width > 0)) return (mdl_local){ c->y[row * c->stride], 0, 0, 1 };
    for (int d = s->degree < n - 1 ? s->degree : (int)n - 1; d >= 0; d--) {
        double a[TERMS][TERMS] = { { 0 } }, b[TERMS] = { 0 }, e[TERMS] = { 1 };
        for (long i = lo; i <= hi; i++) {
            double y = c->y[i * c->stride], u = (c->t[i] - t) / width,
                   x[TERMS] = { 1, u, u * u, u * u * u };
            if (isnan(y)) continue;
            for (int p = 0; p <= d; p++) {
                b[p] += x[p] * y;
                for (int q = 0; q <= p; q++) a[p][q] += x[p] * x[q];
            }
        }
        if (!factor(d + 1, a)) continue;
        substitute(d + 1, a, b);
        substitute(d + 1, a, e);
        return (mdl_local){ b[0], b[1] / width, 2 * b[2] / (width * width), e[0] };
    }
    return (mdl_local){ NAN, 0, 0, 1 };
}

/* Root mean square of (2), over at most some 1500 rows. */
static double press(const mdl_smoother *s, const mdl_column *c)
{
    double sum = 0;
    long   n = 0, stride = c->len / 1500 + 1;
    for (long i = 0; i < c->len; i += stride) {
        double y = c->y[i * c->stride];
        if (isnan(y)) continue;
        mdl_local f = mdl_smooth_at(s, c, c->t[i], i);
        if (!(f.leverage < 1 - 1e-9)) continue;
        double e = (y - f.value) / (1 - f.leverage);
        sum += e * e;
        n++;
    }
    return n ? sqrt(sum / (double)n) : INFINITY;
}

void mdl_smooth_choose(mdl_smoother *s, const mdl_column *c)
{
    static const long rows[] = { 4, 5, 7, 9, 13, 17, 25, 33 };
    *s                       = (mdl_smoother){ 1, 2, INFINITY };
    for (int d = 1; d < TERMS; d++)
        for (int k = 0; k < 8; k++) {
            mdl_smoother trial = { d, rows[k], 0 };
            if (rows[k] < d + 2 || rows[k] > c->len) continue;
            trial.error = press(&trial, c);
            if (trial.error < s->error) *s = trial;
        }
}
