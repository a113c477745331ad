/* alpha = 1 - s, sigma = s with s = k t / (1 + (k - 1) t): Liu et al. 2023; the shift k, Esser et al. 2024, eq. 23.

   A network is told t. Models that are told the shifted level itself, as those of diffusers, want shift = 1 here and the shift
   in the grid. t = 1 has alpha = 0; t_begin = 0.999 is the default, so that lambda is finite and every sampler can begin. */
#include <math.h>

#include <costate/diffusion/schedule.h>

static ad_status prepare(dpm_schedule *s)
{
    if (s->o.shift > 0) return AD_OK;
    return ad_fail(AD_INVALID, "the schedule 'flow': shift = %g; it must be positive", s->o.shift);
}

static dpm_point at(const dpm_schedule *s, double t)
{
    double k = s->o.shift, below = 1 + (k - 1) * t;
    return dpm_point_of(t, (1 - t) / below, k * t / below);
}

/* rho = s / (1 - s) = k t / (1 - t), so t = rho / (k + rho) */
static double inverse(const dpm_schedule *s, double lambda)
{
    return 1 / (1 + s->o.shift * exp(lambda));
}

const dpm_schedule_kind dpm_schedule_flow = {
    .name     = "flow",
    .about    = "rectified flow, alpha = 1 - t, sigma = t, with a shift",
    .cite     = "Liu et al. 2023; Esser et al. 2024, eq. 23",
    .defaults = { .shift = 1, .t_begin = 0.999, .t_end = 1e-3 },
    .prepare  = prepare,
    .at       = at,
    .time     = inverse,
};
