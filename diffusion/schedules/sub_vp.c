/* sigma = 1 - alpha^2, alpha that of vp-linear: Song et al. 2021, eq. 29. So rho = 1 / alpha - alpha = 2 sinh(-log alpha). */
#include <math.h>

#include "vp.h"

static dpm_point at(const dpm_schedule *s, double t)
{
    double z = -dpm_linear_log_alpha(s, t), sigma = -expm1(-2 * z);
    return (dpm_point){
        .t = t, .alpha = exp(-z), .sigma = sigma, .lambda = -z - log(sigma), .rho = 2 * sinh(z)
    };
}

static double inverse(const dpm_schedule *s, double lambda)
{
    return dpm_linear_time(s, asinh(0.5 * exp(-lambda)));
}

const dpm_schedule_kind dpm_schedule_sub_vp = {
    .name     = "sub-vp",
    .about    = "sigma = 1 - alpha^2, beta(t) linear in t",
    .cite     = "Song et al. 2021, eq. 29",
    .defaults = { .beta_min = 0.1, .beta_max = 20, .t_begin = 1, .t_end = 1e-3 },
    .prepare  = dpm_linear_prepare,
    .at       = at,
    .time     = inverse,
};
