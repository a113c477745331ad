/* alpha = 1, sigma = sigma_min (sigma_max / sigma_min)^t: Song et al. 2021, eq. 30. sigma = 0 is t = -infinity. */
#include <math.h>

#include <costate/diffusion/schedule.h>

static ad_status prepare(dpm_schedule *s)
{
    if (s->o.sigma_min > 0 && s->o.sigma_max > s->o.sigma_min) return AD_OK;
    return ad_fail(AD_INVALID,
                   "the schedule 've' needs 0 < sigma_min < sigma_max: they are %g and %g",
                   s->o.sigma_min, s->o.sigma_max);
}

static dpm_point at(const dpm_schedule *s, double t)
{
    double log_min = log(s->o.sigma_min), log_max = log(s->o.sigma_max);
    double log_sigma = log_min + t * (log_max - log_min), sigma = exp(log_sigma);
    return (dpm_point){ .t = t, .alpha = 1, .sigma = sigma, .lambda = -log_sigma, .rho = sigma };
}

static double inverse(const dpm_schedule *s, double lambda)
{
    double log_min = log(s->o.sigma_min), log_max = log(s->o.sigma_max);
    return (-lambda - log_min) / (log_max - log_min);
}

const dpm_schedule_kind dpm_schedule_ve = {
    .name     = "ve",
    .about    = "variance exploding, sigma geometric in t",
    .cite     = "Song et al. 2021, eq. 30",
    .defaults = { .sigma_min = 0.01, .sigma_max = 50, .t_begin = 1, .t_end = DPM_ZERO },
    .prepare  = prepare,
    .at       = at,
    .time     = inverse,
};
