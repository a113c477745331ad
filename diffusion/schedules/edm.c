/* alpha = 1, sigma = t: Karras et al. 2022, table 1. */
#include <math.h>

#include <costate/diffusion/schedule.h>

static ad_status prepare(dpm_schedule *s)
{
    if (isnan(s->o.t_begin)) s->o.t_begin = s->o.sigma_max;
    if (isnan(s->o.t_end)) s->o.t_end = s->o.sigma_min;
    return AD_OK;
}

static dpm_point at(const dpm_schedule *s, double t)
{
    (void)s;
    return (dpm_point){ .t = t, .alpha = 1, .sigma = t, .lambda = -log(t), .rho = t };
}

static double inverse(const dpm_schedule *s, double lambda)
{
    (void)s;
    return exp(-lambda);
}

const dpm_schedule_kind dpm_schedule_edm = {
    .name     = "edm",
    .about    = "sigma = t, from sigma_max to sigma_min",
    .cite     = "Karras et al. 2022, table 1",
    .defaults = { .sigma_min = 0.002, .sigma_max = 80 },
    .prepare  = prepare,
    .at       = at,
    .time     = inverse,
};
