/* "Hyperparameters are all you need": 8 steps that stop short of the data and leave the rest to the last one. Of Karras' 12 levels
   (rho 7) the times of the first and the tenth are the ends of 8 times in Karras' spacing with exponent 1.2, this time in t; 5 and 6
   steps take 8 levels with rho 5, and the seventh. The last point, at sigma = 0 or at t_end, is not among the 8. */
#include <math.h>

#include "../grid_make.h"

typedef struct recipe {
    int    levels, last;
    double rho;
} recipe;

static double level(const dpm_point *a, const dpm_point *b, const recipe *r)
{
    double from = pow(a->rho, 1 / r->rho), to = pow(b->rho, 1 / r->rho);
    return pow(from + (double)r->last / (r->levels - 1) * (to - from), r->rho);
}

static ad_status make(const dpm_schedule *s, const dpm_grid_options *o, dpm_point *point)
{
    int  appended = o->final_zero == DPM_FINAL_APPENDED || o->final_zero == DPM_FINAL_END;
    long n        = appended ? o->steps + 1 : o->steps; /* times */
    if (n != 5 && n != 6 && n != 8)
        return ad_fail(AD_INVALID, "the grid 'hyperparameters' has 5, 6 or 8 steps, not %ld", n);
    AD_TRY(dpm_grid_needs_finite(s, o, "hyperparameters"));
    recipe    r = n == 8 ? (recipe){ 12, 9, 7 } : (recipe){ 8, 6, 5 };
    dpm_point a = dpm_schedule_at(s, o->t_begin), b = dpm_schedule_at(s, o->t_end);
    double    last = dpm_schedule_time(s, -log(level(&a, &b, &r)));
    if (!(a.t > 0 && last > 0))
        return ad_fail(AD_INVALID, "the grid 'hyperparameters' needs positive times, not %g to %g",
                       a.t, last);
    double from = pow(a.t, 1 / 1.2), to = pow(last, 1 / 1.2);
    for (long i = 0; i < n; i++)
        point[i] = dpm_schedule_at(s, pow(from + (double)i / (double)(n - 1) * (to - from), 1.2));
    point[0] = a;
    if (!appended) point[n] = b;
    return AD_OK;
}

const dpm_grid_kind dpm_grid_hyperparameters = {
    .name    = "hyperparameters",
    .about   = "5, 6 or 8 steps that stop short of the data",
    .cite    = "Hyperparameters are all you need",
    .aliases = "",
    .make    = make,
};
