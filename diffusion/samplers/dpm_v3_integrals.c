/* The integrals of dpm_v3.h. */
#include <math.h>

#include "dpm_v3.h"

enum { POINTS = 8 };
static const double WIDTH =
    0.5; /* of a panel, at most: 8 points leave an error of (WIDTH / 4)^16 there */

/* L, S and B at lambda. */
typedef struct place {
    double lambda, L, S, B;
} place;

/* sum_k c_k (lambda - at)^k */
typedef struct cubic {
    double at, c[4];
} cubic;

typedef struct rule {
    const dpm_statistics *st;
    long                  d;
    cubic                 l, s, b;              /* of the panel that is walked through */
    double                x[POINTS], w[POINTS]; /* in (0, 1) */
} rule;

static double value(const cubic *p, double lambda)
{
    double u = lambda - p->at;
    return p->c[0] + u * (p->c[1] + u * (p->c[2] + u * p->c[3]));
}

static double integral(const cubic *p, double from, double to)
{
    double u = from - p->at, v = to - p->at;
    double a = u * (p->c[0] + u * (p->c[1] / 2 + u * (p->c[2] / 3 + u * p->c[3] / 4)));
    double b = v * (p->c[0] + v * (p->c[1] / 2 + v * (p->c[2] / 3 + v * p->c[3] / 4)));
    return b - a;
}

/* The node at or below lambda, -1: none. */
static long below(const dpm_statistics *st, double lambda)
{
    long a = -1, b = st->nodes;
    while (b - a > 1) {
        long m = (a + b) / 2;
        if (st->lambda[m] <= lambda)
            a = m;
        else
            b = m;
    }
    return a;
}

/* Slope at node i of the parabola through it and its neighbours; of the line at the ends. */
static double slope(const dpm_statistics *st, const double *p, long i)
{
    const double *at = st->lambda + i, *y = p + i * st->dim;
    double        left = 0, right = 0;
    if (i > 0) left = (y[0] - y[-st->dim]) / (at[0] - at[-1]);
    if (i == st->nodes - 1) return left;
    right = (y[st->dim] - y[0]) / (at[1] - at[0]);
    if (i == 0) return right;
    return (left * (at[1] - at[0]) + right * (at[0] - at[-1])) / (at[1] - at[-1]);
}

/* The piece of a table around lambda: Hermite's cubic of values and slopes. */
static cubic piece(const dpm_statistics *st, const double *table, long d, double lambda)
{
    long          i = below(st, lambda), last = st->nodes - 1;
    const double *p = table + d;
    if (i < 0 || i >= last) return (cubic){ 0, { p[i < 0 ? 0 : last * st->dim], 0, 0, 0 } };
    double h = st->lambda[i + 1] - st->lambda[i], y = p[i * st->dim], m = slope(st, p, i);
    double rise = (p[(i + 1) * st->dim] - y) / h, n = slope(st, p, i + 1);
    return (cubic){ st->lambda[i],
                    { y, m, (3 * rise - 2 * m - n) / h, (m + n - 2 * rise) / (h * h) } };
}

double dpm_v3_l(const dpm_statistics *st, long d, double lambda)
{
    if (!st) return 1;
    cubic l = piece(st, st->l, st->dim > 1 ? d : 0, lambda);
    return value(&l, lambda);
}

/* Sets the pieces for the panel from a on, on the way to b, either way; returns its end. */
static double panel(rule *r, double a, double b)
{
    const dpm_statistics *st  = r->st;
    double                way = b > a ? 1 : -1, end = fabs(b - a) > WIDTH ? a + way * WIDTH : b;
    if (!st) {
        r->l = (cubic){ 0, { 1, 0, 0, 0 } };
        return end;
    }
    long i = below(st, a);
    if (way < 0 && i >= 0 && st->lambda[i] == a) i--;
    if (way > 0) i++;
    if (i >= 0 && i < st->nodes && way * st->lambda[i] < way * end) end = st->lambda[i];
    double middle = 0.5 * (a + end);
    r->l          = piece(st, st->l, r->d, middle);
    r->s          = piece(st, st->s, r->d, middle);
    r->b          = piece(st, st->b, r->d, middle);
    return end;
}

/* To lambda inside the panel. */
static void advance(const rule *r, place *p, double lambda)
{
    double h = lambda - p->lambda;
    for (int q = 0; r->st && q < POINTS; q++) {
        double at = p->lambda + h * r->x[q];
        p->B += h * r->w[q] * exp(-p->S - integral(&r->s, p->lambda, at)) * value(&r->b, at);
    }
    p->L += integral(&r->l, p->lambda, lambda);
    p->S += integral(&r->s, p->lambda, lambda);
    p->lambda = lambda;
}

static place reach(rule *r, double from, double to)
{
    place p = { .lambda = from };
    while (p.lambda != to) advance(r, &p, panel(r, p.lambda, to));
    return p;
}

/* basis[k] = N_k(lambda): Newton's products, or powers. */
static void newton(int n, const dpm_point *const node[], double from, int pseudo, double lambda,
                   double basis[])
{
    basis[0] = 1;
    for (int k = 1; k < n; k++)
        basis[k] = basis[k - 1] * (lambda - (pseudo ? from : node[k - 1]->lambda));
}

/* moment[k] = int e^{L + S} N_k, *drift = int e^{L + S} B, up to *end. */
static place integrate(rule *r, const dpm_point *s, const dpm_point *t, int n,
                       const dpm_point *const node[], int pseudo, double moment[], double *drift)
{
    place  p = { .lambda = s->lambda };
    double basis[DPM_V3_NODES];
    *drift = 0;
    for (int k = 0; k < n; k++) moment[k] = 0;
    while (p.lambda != t->lambda) {
        double end = panel(r, p.lambda, t->lambda), h = end - p.lambda;
        for (int q = 0; q < POINTS; q++) {
            place at = p;
            advance(r, &at, p.lambda + h * r->x[q]);
            double e = h * r->w[q] * exp(at.L + at.S);
            newton(n, node, s->lambda, pseudo, at.lambda, basis);
            for (int k = 0; k < n; k++) moment[k] += e * basis[k];
            *drift += e * at.B;
        }
        advance(r, &p, end);
    }
    return p;
}

/* d[0 .. k]: the k-th divided difference is sum_j d_j g_j. */
static void divided(int k, const dpm_point *const node[], double d[])
{
    for (int j = 0; j <= k; j++) {
        d[j] = 1;
        for (int i = 0; i <= k; i++)
            if (i != j) d[j] /= node[j]->lambda - node[i]->lambda;
    }
}

dpm_v3_weights dpm_v3_step(const dpm_statistics *st, long d, const dpm_point *s, const dpm_point *t,
                           int n, const dpm_point *const node[], int pseudo)
{
    dpm_v3_weights v = { 0 };
    rule           r = { .st = st, .d = st && st->dim > 1 ? d : 0 };
    double         moment[DPM_V3_NODES], drift, difference[DPM_V3_NODES];
    dpm_gauss(POINTS, r.x, r.w);
    for (int q = 0; q < POINTS; q++) {
        r.x[q] = 0.5 * (1 + r.x[q]);
        r.w[q] *= 0.5;
    }
    place  end   = integrate(&r, s, t, n, node, pseudo, moment, &drift);
    double front = -t->alpha * exp(-end.L);
    for (int k = 0; k < n; k++) {
        divided(k, node, difference);
        for (int j = 0; j <= k; j++) v.w[j] += moment[k] * difference[j];
    }
    v.keep     = t->alpha / s->alpha * exp(-end.L);
    v.constant = front * drift;
    for (int j = 0; j < n; j++) {
        place at = reach(&r, s->lambda, node[j]->lambda);
        v.constant -= front * v.w[j] * at.B;
        v.w[j] *= front * exp(-at.S);
    }
    return v;
}
