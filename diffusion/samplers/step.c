/* Steps that samplers share. */
#include <math.h>

#include "step.h"

dpm_slot dpm_along(dpm_build *b, dpm_prediction form, const dpm_point *s, const dpm_point *t,
                   dpm_slot x, dpm_slot m)
{
    return dpm_lin2(b, dpm_transfer(form, s, t), x, dpm_moment(form, s, t, 0), m);
}

dpm_point dpm_between(const dpm_build *b, const dpm_point *s, const dpm_point *t)
{
    return dpm_schedule_at_lambda(b->schedule, 0.5 * (s->lambda + t->lambda));
}

dpm_split dpm_split_noise(const dpm_point *s, const dpm_point *t, double eta)
{
    if (eta == 0) return (dpm_split){ .down = *t };
    double ratio = t->rho / s->rho,
           up    = fmin(eta * t->sigma * sqrt((1 - ratio) * (1 + ratio)), t->sigma),
           down  = sqrt((t->sigma - up) * (t->sigma + up));
    return (dpm_split){ .down = dpm_point_of(t->t, t->alpha, down), .up = up };
}

dpm_slot dpm_churn(dpm_build *b, dpm_slot x, dpm_point *s)
{
    const dpm_options *o     = b->o;
    double             churn = dpm_or(o->churn, 0), most = dpm_or(o->churn_max, INFINITY);
    if (churn == 0 || s->rho < dpm_or(o->churn_min, 0) || s->rho > most) return x;
    double    gamma = fmin(churn / (double)b->steps, sqrt(2) - 1), rho = (1 + gamma) * s->rho;
    dpm_point up    = dpm_schedule_at_lambda(b->schedule, -log(rho));
    double    added = up.alpha * sqrt((rho - s->rho) * (rho + s->rho));
    x  = dpm_lin2(b, up.alpha / s->alpha, x, dpm_or(o->churn_noise, 1) * added, dpm_noise(b));
    *s = up;
    return x;
}

int dpm_values_at(const dpm_build *b, long i, int most, int lower)
{
    long n = i + 1 < most ? i + 1 : most;
    if (lower && b->steps - i < n) n = b->steps - i;
    return (int)n;
}
