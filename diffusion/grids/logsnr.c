/* lambda in equal steps: Lu et al. 2022 (DPM-Solver), section 3.2. Equal steps of log sigma (k-diffusion's "exponential") and Lu's
   lambdas with their exponent 1 are the same points. */
#include "../grid_make.h"

static ad_status make(const dpm_schedule *s, const dpm_grid_options *o, dpm_point *point)
{
    AD_TRY(dpm_grid_needs_finite(s, o, "logsnr"));
    dpm_point a = dpm_schedule_at(s, o->t_begin), b = dpm_schedule_at(s, o->t_end);
    for (long i = 0; i <= o->steps; i++)
        point[i] = dpm_schedule_at_lambda(s, a.lambda + dpm_grid_part(i, o->steps) *
                                                            (b.lambda - a.lambda));
    point[0] = a;
    if (o->steps) point[o->steps] = b;
    return AD_OK;
}

const dpm_grid_kind dpm_grid_logsnr = {
    .name    = "logsnr",
    .about   = "equal steps of lambda = log(alpha / sigma)",
    .cite    = "Lu et al. 2022, section 3.2",
    .aliases = "lambda exponential lu use-exponential-sigmas use-lu-lambdas loglinear",
    .make    = make,
};
