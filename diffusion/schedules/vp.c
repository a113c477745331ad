#include "vp.h"

#include <math.h>

double dpm_vp_log_alpha(double lambda)
{
    return lambda < 0 ? lambda - 0.5 * log1p(exp(2 * lambda)) : -0.5 * log1p(exp(-2 * lambda));
}

double dpm_linear_log_alpha(const dpm_schedule *s, double t)
{
    double b0 = s->o.beta_min, b1 = s->o.beta_max;
    if (t < 0) return NAN;
    return t * (-0.25 * (b1 - b0) * t - 0.5 * b0);
}

double dpm_linear_time(const dpm_schedule *s, double z)
{
    double b0 = s->o.beta_min, b1 = s->o.beta_max;
    if (z == 0 || isinf(z)) return z;
    return 4 * z / (b0 + sqrt(b0 * b0 + 4 * (b1 - b0) * z));
}

ad_status dpm_linear_prepare(dpm_schedule *s)
{
    double b0 = s->o.beta_min, b1 = s->o.beta_max;
    if (b1 > 0 && b1 >= b0) return AD_OK;
    return ad_fail(AD_INVALID,
                   "the schedule '%s' needs 0 <= beta_min <= beta_max, not 0: they are %g and %g",
                   s->kind->name, b0, b1);
}
