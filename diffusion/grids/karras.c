/* rho^(1/7) in equal steps: Karras et al. 2022, eq. 5, in rho = sigma / alpha. */
#include <math.h>

#include "../grid_make.h"

static ad_status make(const dpm_schedule *s, const dpm_grid_options *o, dpm_point *point)
{
    AD_TRY(dpm_grid_needs_finite(s, o, "karras"));
    double r = o->rho == 0 ? 7 : o->rho;
    if (!(r > 0) || isinf(r))
        return ad_fail(AD_INVALID, "the grid 'karras': rho = %g; it must be positive", r);
    dpm_point a = dpm_schedule_at(s, o->t_begin), b = dpm_schedule_at(s, o->t_end);
    double    from = pow(a.rho, 1 / r), to = pow(b.rho, 1 / r);
    for (long i = 0; i <= o->steps; i++) {
        double root = from + dpm_grid_part(i, o->steps) * (to - from);
        point[i]    = dpm_grid_at_rho(s, pow(root, r));
    }
    point[0] = a;
    if (o->steps) point[o->steps] = b;
    return AD_OK;
}

const dpm_grid_kind dpm_grid_karras = {
    .name    = "karras",
    .about   = "equal steps of (sigma / alpha)^(1 / 7)",
    .cite    = "Karras et al. 2022, eq. 5",
    .aliases = "use-karras-sigmas polynomial edm",
    .make    = make,
};
