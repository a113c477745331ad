/* Times, or values of sigma / alpha, as they are given. */
#include <math.h>

#include "../grid_make.h"

static ad_status given(const dpm_grid_options *o, const char *grid)
{
    if (o->list) return AD_OK;
    return ad_fail(AD_INVALID,
                   "the grid '%s' of %ld steps needs a list of numbers, and there is none", grid,
                   o->steps);
}

static ad_status make_list(const dpm_schedule *s, const dpm_grid_options *o, dpm_point *point)
{
    AD_TRY(given(o, "list"));
    for (long i = 0; i <= o->steps; i++) point[i] = dpm_schedule_at(s, o->list[i]);
    return AD_OK;
}

static ad_status make_sigmas(const dpm_schedule *s, const dpm_grid_options *o, dpm_point *point)
{
    AD_TRY(given(o, "sigmas"));
    for (long i = 0; i <= o->steps; i++) {
        if (!(o->list[i] >= 0))
            return ad_fail(AD_INVALID,
                           "the grid 'sigmas': value %ld is %g; they are numbers from 0 on", i,
                           o->list[i]);
        point[i] = dpm_grid_at_rho(s, o->list[i]);
    }
    return AD_OK;
}

const dpm_grid_kind dpm_grid_list = {
    .name    = "list",
    .about   = "the given times",
    .cite    = "",
    .aliases = "timesteps times",
    .make    = make_list,
};

const dpm_grid_kind dpm_grid_sigmas = {
    .name    = "sigmas",
    .about   = "the given values of sigma / alpha",
    .cite    = "",
    .aliases = "",
    .make    = make_sigmas,
};
