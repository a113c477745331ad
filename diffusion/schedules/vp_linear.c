/* Variance preserving with linear beta(t): Ho et al. 2020 in continuous time, Song et al. 2021, section 3.4. */
#include "vp.h"

static dpm_point at(const dpm_schedule *s, double t)
{
    return dpm_point_vp(t, dpm_linear_log_alpha(s, t));
}

static double inverse(const dpm_schedule *s, double lambda)
{
    return dpm_linear_time(s, -dpm_vp_log_alpha(lambda));
}

const dpm_schedule_kind dpm_schedule_vp_linear = {
    .name     = "vp-linear",
    .about    = "variance preserving, beta(t) linear in t",
    .cite     = "Song et al. 2021, eq. 32",
    .defaults = { .beta_min = 0.1, .beta_max = 20, .t_begin = 1, .t_end = 1e-3 },
    .prepare  = dpm_linear_prepare,
    .at       = at,
    .time     = inverse,
};
