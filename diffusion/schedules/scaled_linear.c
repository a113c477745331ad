/* sqrt(beta_j) from sqrt(beta_min) to sqrt(beta_max) in equal steps: Rombach et al. 2022, the schedule of latent diffusion. */
#include <math.h>

#include "discrete.h"

static double beta(const dpm_schedule *s, long j)
{
    double b0 = sqrt(s->o.beta_min), b1 = sqrt(s->o.beta_max);
    double b = b0 + (b1 - b0) * ((double)j / (double)(s->o.train_steps - 1));
    return b * b;
}

static ad_status prepare(dpm_schedule *s)
{
    AD_TRY(dpm_discrete_check_betas(s));
    return dpm_discrete_prepare(s, beta);
}

const dpm_schedule_kind dpm_schedule_scaled_linear = {
    .name     = "scaled-linear",
    .about    = "discrete, sqrt(beta) linear in the step",
    .cite     = "Rombach et al. 2022",
    .defaults = { .beta_min = 0.00085, .beta_max = 0.012, .train_steps = 1000 },
    .prepare  = prepare,
    .at       = dpm_discrete_at,
    .time     = dpm_discrete_time,
};
