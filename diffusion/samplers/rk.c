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

int dpm_rk_stages(const nde_tableau *m)
{
    int n = m->stages;
    while (n > 1 && m->b[n - 1] == 0) n--;
    return n;
}

static int ends_there(const nde_tableau *m)
{
    for (int i = 0; i < dpm_rk_stages(m); i++)
        if (m->c[i] == 1) return 1;
    return 0;
}

/* x at p of a step from s to t: n slopes with the weights of a row. */
static dpm_slot combine(dpm_build *b, dpm_coordinates c, const double *row, const dpm_point *s,
                        const dpm_point *t, const dpm_point *p, dpm_slot x, int n,
                        const dpm_slot slope[])
{
    double   dz = place(c, t) - place(c, s), w[1 + NDE_STAGES];
    dpm_slot term[1 + NDE_STAGES];
    w[0] = scale(c, p) / scale(c, s), term[0] = x;
    for (int j = 0; j < n; j++) w[1 + j] = scale(c, p) * dz * row[j], term[1 + j] = slope[j];
    return dpm_lin(b, 1 + n, w, term);
}

void dpm_rk_slopes(dpm_build *b, dpm_coordinates c, const nde_tableau *m, const dpm_point *s,
                   const dpm_point *t, dpm_slot x, dpm_slot slope[])
{
    dpm_prediction want = c == DPM_ALONG_RHO ? DPM_EPSILON : DPM_FLOW;
    for (int i = 0; i < dpm_rk_stages(m); i++) {
        const dpm_point p = stage(b, c, m->c[i], s, t);
        slope[i] = dpm_eval(b, i ? combine(b, c, m->a[i], s, t, &p, x, i, slope) : x, &p, want);
    }
}

dpm_slot dpm_rk_step(dpm_build *b, dpm_coordinates c, const nde_tableau *m, const dpm_point *s,
                     const dpm_point *t, dpm_slot x)
{
    dpm_slot slope[NDE_STAGES];
    if (t->sigma == 0 && ends_there(m)) m = &nde_euler;
    dpm_rk_slopes(b, c, m, s, t, x, slope);
    return combine(b, c, m->b, s, t, t, x, dpm_rk_stages(m), slope);
}

void dpm_rk(dpm_build *b, dpm_coordinates c, const nde_tableau *m)
{
    dpm_slot x = b->x;
    for (long i = 0; i < b->steps; i++)
        x = dpm_step(b, i, dpm_rk_step(b, c, m, &b->point[i], &b->point[i + 1], x));
    dpm_result(b, x);
}
