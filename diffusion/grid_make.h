/* grid_make.h - what the files of grids/ share (internal).

   A kind's make() sees options with the ends filled in (DPM_ZERO is 0), and steps without the one that dpm_grid_make() adds for the
   final point: it fills point[0 .. o->steps], where steps may be 0. The final point's rules are dpm_grid_make()'s. */
#ifndef COSTATE_DIFFUSION_GRID_MAKE_H
#define COSTATE_DIFFUSION_GRID_MAKE_H

#include <costate/diffusion/grid.h>

/* i / n, 0 for n = 0: how far point i is */
double dpm_grid_part(long i, long n);
/* Points from values of rho, but with both ends as the options have them. */
dpm_point dpm_grid_at_rho(const dpm_schedule *s, double rho);
/* AD_INVALID when the schedule is not discrete. */
ad_status dpm_grid_needs_steps(const dpm_schedule *s, const char *grid);
/* AD_INVALID where lambda is infinite at an end. */
ad_status dpm_grid_needs_finite(const dpm_schedule *s, const dpm_grid_options *o, const char *grid);

#endif
