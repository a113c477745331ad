/* x_t = alpha x0 + (1 - alpha) mu + sigma e, sigma^2 = sigma_inf^2 (1 - alpha^2), alpha that of vp-linear: Luo et al. 2023 (IR-SDE),
   eq. 6. With x - mu for x it is alpha x0 + sigma e as any other (Li et al. 2025, MR sampler); lambda + log sigma_inf is VP's. */
#include <math.h>

#include "vp.h"

static ad_status prepare(dpm_schedule *s)
{
    if (!(s->o.sigma_inf > 0))
        return ad_fail(AD_INVALID,
                       "the schedule 'mean-reverting': sigma_inf = %g; it must be positive",
                       s->o.sigma_inf);
    return dpm_linear_prepare(s);
}

static dpm_point at(const dpm_schedule *s, double t)
{
    dpm_point p = dpm_point_vp(t, dpm_linear_log_alpha(s, t));
    p.sigma *= s->o.sigma_inf;
    p.rho *= s->o.sigma_inf;
    p.lambda -= log(s->o.sigma_inf);
    return p;
}

static double inverse(const dpm_schedule *s, double lambda)
{
    return dpm_linear_time(s, -dpm_vp_log_alpha(lambda + log(s->o.sigma_inf)));
}

const dpm_schedule_kind dpm_schedule_mean_reverting = {
    .name     = "mean-reverting",
    .about    = "towards a mean mu, sigma^2 = sigma_inf^2 (1 - alpha^2), beta(t) linear in t",
    .cite     = "Luo et al. 2023, eq. 6",
    .defaults = { .beta_min = 0.1, .beta_max = 20, .sigma_inf = 0.2, .t_begin = 1, .t_end = 1e-3 },
    .prepare  = prepare,
    .at       = at,
    .time     = inverse,
};
