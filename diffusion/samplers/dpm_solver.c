/* Shared by the DPM-Solver family: options, orders, single steps. */
#include <math.h>

#include "dpm_solver.h"

static int relaxed_type(dpm_build *b, const char *standard)
{
    const char *type = b->o->solver_type ? b->o->solver_type : standard;
    if (dpm_is(type, "", "dpmsolver") || dpm_is(type, "", "midpoint")) return 1;
    if (dpm_is(type, "", "taylor") || dpm_is(type, "", "heun")) return 0;
    dpm_build_fail(b, AD_INVALID, "%s: there is no solver type '%s'; it is 'dpmsolver' or 'taylor'",
                   b->method->name, type);
    return 0;
}

int dpm_family_options(dpm_build *b, const char *standard)
{
    const dpm_point *start = &b->point[0];
    if (b->form == DPM_EPSILON && start->alpha == 0)
        dpm_build_fail(b, AD_INVALID,
                       "%s integrates the noise, which cannot start at alpha = 0 (a schedule with "
                       "zero terminal SNR); try --prediction data, or a later start",
                       b->method->name);
    if (b->form == DPM_X0 && start->sigma == 0)
        dpm_build_fail(b, AD_INVALID,
                       "%s integrates the data, which cannot start at sigma = 0; try --prediction "
                       "noise, or a start with some noise",
                       b->method->name);
    return relaxed_type(b, standard);
}

int dpm_order_at(const dpm_build *b, long i, int most, long below)
{
    long p     = i + 1 < most ? i + 1 : most;
    int  lower = b->o->lower_order_final;
    if (lower > 1 || (lower == 1 && below == 0) || (lower >= 0 && b->steps < below))
        if (b->steps - i < p) p = b->steps - i;
    if (isinf(b->point[i + 1].lambda)) return 1;
    while (p > 1 && isinf(b->point[i - p + 1].lambda)) p--;
    return (int)p;
}

void dpm_difference_weights(const dpm_point *s, int p, int relaxed, int published, const double M[],
                            double w[])
{
    double h = s[1].lambda - s->lambda, on_d10 = 0, on_d11 = 0;
    if (p > 1) {
        double r0 = (s[0].lambda - s[-1].lambda) / h;
        on_d10    = (p == 2 && relaxed ? 0.5 * M[0] : M[1] / h) / r0;
        if (p == 3) {
            double r1   = (s[-1].lambda - s[-2].lambda) / h;
            double on_e = (M[1] / h * r0 + M[2] / (h * h) * (published ? 1 : 2)) / (r0 + r1);
            on_d10 += on_e / r0;
            on_d11 = -on_e / r1;
        }
    }
    w[0] = M[0] + on_d10;
    if (p > 1) w[1] = on_d11 - on_d10;
    if (p > 2) w[2] = -on_d11;
}

double dpm_slope(dpm_prediction form, const dpm_point *s, const dpm_point *t, int relaxed)
{
    if (relaxed) return 0.5 * dpm_moment(form, s, t, 0);
    return dpm_moment(form, s, t, 1) / (t->lambda - s->lambda);
}

/* --- single steps ------------------------------------------------------------------------------------------------ */

/* x_t = T x_s + M_0 m_0 + c (m_j - m_0) */
static dpm_slot along(dpm_build *b, const dpm_single *p, const dpm_point *t, double c, int j)
{
    double first = dpm_moment(p->form, p->s, t, 0);
    return dpm_lin3(b, dpm_transfer(p->form, p->s, t), p->x, first - c, p->m[0], c, p->m[j]);
}

static dpm_slot first(dpm_build *b, dpm_single *p, const dpm_point *t)
{
    if (p->m[0] < 0) p->m[0] = dpm_eval(b, p->x, p->s, p->form);
    return dpm_lin2(b, dpm_transfer(p->form, p->s, t), p->x, dpm_moment(p->form, p->s, t, 0),
                    p->m[0]);
}

static dpm_point stage(const dpm_build *b, const dpm_single *p, double r)
{
    double h = p->t->lambda - p->s->lambda;
    return dpm_schedule_at_lambda(b->schedule, p->s->lambda + r * h);
}

/* Lu et al. 2022, algorithm 1; 2022b, algorithm 1: D = (m_1 - m_0) / r1. */
static dpm_slot second(dpm_build *b, dpm_single *p)
{
    dpm_point at = stage(b, p, p->r1);
    dpm_slot  u  = first(b, p, &at);
    if (p->m[1] < 0) p->m[1] = dpm_eval(b, u, &at, p->form);
    return along(b, p, p->t, dpm_slope(p->form, p->s, p->t, p->relaxed) / p->r1, 1);
}

/* Lu et al. 2022, algorithm 2: the second stage with the slope of the first, exactly integrated; the end with the slope of the
   second, or (taylor) with the parabola through all three. */
static dpm_slot third(dpm_build *b, dpm_single *p)
{
    dpm_point one = stage(b, p, p->r1), two = stage(b, p, p->r2);
    dpm_slot  u = first(b, p, &one);
    if (p->m[1] < 0) p->m[1] = dpm_eval(b, u, &one, p->form);
    u = along(b, p, &two, dpm_slope(p->form, p->s, &two, 0) * p->r2 / p->r1, 1);
    if (p->m[2] < 0) p->m[2] = dpm_eval(b, u, &two, p->form);
    if (p->relaxed) return along(b, p, p->t, dpm_slope(p->form, p->s, p->t, 0) / p->r2, 2);
    const dpm_point *node[] = { p->s, &one, &two };
    double           c[4]   = { dpm_transfer(p->form, p->s, p->t) };
    dpm_weights(p->form, DPM_IN_LAMBDA, b->schedule, p->s, p->t, 3, node, c + 1);
    return dpm_lin(b, 4, c, (dpm_slot[]){ p->x, p->m[0], p->m[1], p->m[2] });
}

dpm_slot dpm_single_step(dpm_build *b, dpm_single *p, int order)
{
    if (order > 1 && !isinf(p->t->lambda - p->s->lambda))
        return order == 2 ? second(b, p) : third(b, p);
    return first(b, p, p->t);
}
