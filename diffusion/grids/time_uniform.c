/* t in equal steps; of the flow schedule, where t is the noise level, with the shift k: t' = k t / (1 + (k - 1) t), Esser et al. 2024,
   eq. 23. */
#include <math.h>
#include <string.h>

#include "../grid_make.h"

static ad_status make(const dpm_schedule *s, const dpm_grid_options *o, dpm_point *point)
{
    double k = o->shift == 0 ? 1 : o->shift;
    if (k != 1 && strcmp(s->kind->name, "flow"))
        return ad_fail(AD_INVALID,
                       "the shift of the grid 'time-uniform' is for the schedule 'flow', not '%s'",
                       s->kind->name);
    if (!(k > 0) || isinf(k))
        return ad_fail(AD_INVALID, "the grid 'time-uniform': shift = %g; it must be positive", k);
    for (long i = 0; i <= o->steps; i++) {
        double u = dpm_grid_part(i, o->steps), t = o->t_begin + u * (o->t_end - o->t_begin);
        if (u == 1) t = o->t_end;
        point[i] = dpm_schedule_at(s, k == 1 ? t : k * t / (1 + (k - 1) * t));
    }
    return AD_OK;
}

const dpm_grid_kind dpm_grid_time_uniform = {
    .name    = "time-uniform",
    .about   = "equal steps of t, with the shift of flows",
    .cite    = "Song et al. 2021; Esser et al. 2024, eq. 23",
    .aliases = "uniform flow use-flow-sigmas",
    .make    = make,
};
