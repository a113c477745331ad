/* beta_j from beta_min to beta_max in equal steps: Ho et al. 2020, section 4. diffusers: "linear". */
#include "discrete.h"

static double beta(const dpm_schedule *s, long j)
{
    double b0 = s->o.beta_min, b1 = s->o.beta_max;
    return b0 + (b1 - b0) * ((double)j / (double)(s->o.train_steps - 1));
}

static ad_status prepare(dpm_schedule *s)
{
    AD_TRY(dpm_discrete_check_betas(s));
    return dpm_discrete_prepare(s, beta);
}

const dpm_schedule_kind dpm_schedule_ddpm = {
    .name     = "ddpm",
    .about    = "discrete, beta linear in the step",
    .cite     = "Ho et al. 2020, section 4",
    .defaults = { .beta_min = 1e-4, .beta_max = 0.02, .train_steps = 1000 },
    .prepare  = prepare,
    .at       = dpm_discrete_at,
    .time     = dpm_discrete_time,
};
