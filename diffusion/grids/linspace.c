/* Whole steps of a discrete schedule, as diffusers spaces them (Lin et al. 2024, table 2), N = t_begin + 1, n + 1 points:
       linspace   round((N - 1) (n - i) / n): both ends
       leading    (n - i) floor(N / (n + 1)) + offset
       trailing   round(N - i N / m) - 1, m the number of steps: begins at N - 1
   Halves are rounded to even. diffusers' classes differ in whether they count the final point among these (DPM-Solver, UniPC, DEIS: n
   is the number of steps, and the last point is replaced) or append it (the others): dpm_final. Where the last point is not
   replaced it is t_end. */
#include <math.h>

#include "../grid_make.h"

static ad_status make_linspace(const dpm_schedule *s, const dpm_grid_options *o, dpm_point *point)
{
    AD_TRY(dpm_grid_needs_steps(s, "linspace"));
    for (long i = 0; i <= o->steps; i++) {
        double step = o->steps ? (o->t_begin - o->t_end) / (double)o->steps : 0;
        double t    = o->steps ? o->t_end + (double)(o->steps - i) * step : o->t_begin;
        point[i]    = dpm_schedule_at(s, nearbyint(t));
    }
    return AD_OK;
}

static ad_status from_zero(const dpm_schedule *s, const dpm_grid_options *o, const char *grid)
{
    AD_TRY(dpm_grid_needs_steps(s, grid));
    if (o->t_end == 0) return AD_OK;
    return ad_fail(AD_INVALID, "the grid '%s' counts steps down to 0: t_end = %g is not for it",
                   grid, o->t_end);
}

static ad_status make_leading(const dpm_schedule *s, const dpm_grid_options *o, dpm_point *point)
{
    AD_TRY(from_zero(s, o, "leading"));
    double ratio = floor((o->t_begin + 1) / (double)(o->steps + 1));
    for (long i = 0; i <= o->steps; i++)
        point[i] = dpm_schedule_at(s, (double)(o->steps - i) * ratio + (double)o->offset);
    if (!o->final_zero && o->steps) point[o->steps] = dpm_schedule_at(s, o->t_end);
    return AD_OK;
}

/* n steps of N / n, and the last point at t_end: with nothing appended the last of the formula's points is not needed */
static ad_status make_trailing(const dpm_schedule *s, const dpm_grid_options *o, dpm_point *point)
{
    AD_TRY(from_zero(s, o, "trailing"));
    int    appended = o->final_zero == DPM_FINAL_APPENDED || o->final_zero == DPM_FINAL_END;
    double n = (double)(appended ? o->steps + 1 : o->steps), whole = o->t_begin + 1;
    for (long i = 0; i <= o->steps; i++)
        point[i] = dpm_schedule_at(s, nearbyint(whole - (double)i * (whole / n)) - 1);
    if (!o->final_zero) point[o->steps] = dpm_schedule_at(s, o->t_end);
    return AD_OK;
}

const dpm_grid_kind dpm_grid_linspace = {
    .name    = "linspace",
    .about   = "whole steps of a discrete schedule, both ends",
    .cite    = "Lin et al. 2024, table 2",
    .aliases = "",
    .make    = make_linspace,
};

const dpm_grid_kind dpm_grid_leading = {
    .name    = "leading",
    .about   = "whole steps of a discrete schedule, from 0 upwards",
    .cite    = "Lin et al. 2024, table 2",
    .aliases = "",
    .make    = make_leading,
};

const dpm_grid_kind dpm_grid_trailing = {
    .name    = "trailing",
    .about   = "whole steps of a discrete schedule, from its last step downwards",
    .cite    = "Lin et al. 2024, table 2",
    .aliases = "sgm-uniform",
    .make    = make_trailing,
};
