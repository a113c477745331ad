/* Runge-Kutta steps from a tableau. */
#include <math.h>

#include "rk.h"

static double scale(dpm_coordinates c, const dpm_point *p)
{
    return c == DPM_ALONG_RHO ? p->alpha : p->alpha + p->sigma;
}

static double place(dpm_coordinates c, const dpm_point *p)
{
    return c == DPM_ALONG_RHO ? p->rho : p->sigma / (p->alpha + p->sigma);
}

/* A stage at c_i = 0 or 1 is at an end, to the last bit; others are where the schedule has their z. */
static dpm_point stage(const dpm_build *b, dpm_coordinates c, double part, const dpm_point *s,
                       const dpm_point *t)
{
    if (part == 0) return *s;
    if (part == 1) return *t;
    double from = place(c, s), z = from + part * (place(c, t) - from);
    return dpm_schedule_at_lambda(b->schedule, c == DPM_ALONG_RHO ? -log(z) : log1p(-z) - log(z));
}

/* The last stage of a tableau that keeps it for the next step has no weight here: it would be evaluated for nothing. */
static int stages_used(const nde_tableau *m)
{
    int n = m->stages;
    while (n > 1 && m->b[n - 1] == 0) n--;
    return n;
}

static int ends_there(const nde_tableau *m)
{
    for (int i = 0; i < stages_used(m); i++)
        if (m->c[i] == 1) return 1;
    return 0;
}

dpm_slot dpm_rk_step(dpm_build *b, dpm_coordinates c, const nde_tableau *m, const dpm_point *s,
                     const dpm_point *t, dpm_slot x)
{
    if (t->sigma == 0 && ends_there(m)) m = &nde_euler;
    dpm_prediction want = c == DPM_ALONG_RHO ? DPM_EPSILON : DPM_FLOW;
    double         dz   = place(c, t) - place(c, s), w[1 + NDE_STAGES];
    dpm_slot       term[1 + NDE_STAGES]; /* x, then the slopes */
    int            n = stages_used(m);
    term[0]          = x;
    for (int i = 0; i <= n; i++) {
        const double   *row = i < n ? m->a[i] : m->b;
        const dpm_point p   = i < n ? stage(b, c, m->c[i], s, t) : *t;
        w[0]                = scale(c, &p) / scale(c, s);
        for (int j = 0; j < i; j++) w[1 + j] = scale(c, &p) * dz * row[j];
        dpm_slot v = i ? dpm_lin(b, 1 + i, w, term) : x;
        if (i == n) return v;
        term[1 + i] = dpm_eval(b, v, &p, want);
    }
    return x;
}

void dpm_rk(dpm_build *b, dpm_coordinates c, const nde_tableau *m)
{
    dpm_slot x = b->x;
    for (long i = 0; i < b->steps; i++)
        x = dpm_step(b, i, dpm_rk_step(b, c, m, &b->point[i], &b->point[i + 1], x));
    dpm_result(b, x);
}
