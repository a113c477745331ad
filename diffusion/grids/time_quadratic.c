/* sqrt(t) in equal steps: Song, Meng, Ermon 2021, appendix D.2. */
#include <math.h>

#include "../grid_make.h"

static ad_status make(const dpm_schedule *s, const dpm_grid_options *o, dpm_point *point)
{
    if (!(o->t_begin >= 0 && o->t_end >= 0))
        return ad_fail(AD_INVALID, "the grid 'time-quadratic' needs times from 0 on, not %g to %g",
                       o->t_begin, o->t_end);
    double a = sqrt(o->t_begin), b = sqrt(o->t_end);
    for (long i = 0; i <= o->steps; i++) {
        double root = a + dpm_grid_part(i, o->steps) * (b - a);
        point[i]    = dpm_schedule_at(s, root * root);
    }
    point[0] = dpm_schedule_at(s, o->t_begin);
    if (o->steps) point[o->steps] = dpm_schedule_at(s, o->t_end);
    return AD_OK;
}

const dpm_grid_kind dpm_grid_time_quadratic = {
    .name    = "time-quadratic",
    .about   = "equal steps of the square root of t",
    .cite    = "Song, Meng, Ermon 2021, appendix D.2",
    .aliases = "quad quadratic",
    .make    = make,
};
