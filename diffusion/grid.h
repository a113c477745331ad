/* grid.h - at which points of a schedule a sampler steps: steps + 1 of them, from noise to data.

   A grid is one file of grids/ and one line of grids.def. */
#ifndef COSTATE_DIFFUSION_GRID_H
#define COSTATE_DIFFUSION_GRID_H

#include <costate/diffusion/schedule.h>

COSTATE_BEGIN_DECLS

enum { DPM_STEPS_MOST = 10000000 };

/* Zero means the default, which stands beside the field. */
typedef struct dpm_grid_options {
    const char *name; /* "logsnr"                                                                 */
    long   steps; /* required, 1 to DPM_STEPS_MOST                                             */
    double t_begin, t_end; /* the schedule's; DPM_ZERO for 0                                   */
    double rho;   /* karras: 7                                                                */
    double shift; /* flow shift of the uniform grid's noise level: 1                          */
    int final_zero; /* 1: the last point has sigma = 0 (diffusers' final_sigmas_type "zero"); dpm_final */
    const double *
        list; /* "list": steps + 1 times, "sigmas": steps + 1 values of rho, decreasing; without the
                  last, where that is appended */
    long offset; /* leading: added to every time (diffusers' steps_offset): 0 */
} dpm_grid_options;

/* The last point. diffusers' classes differ: Euler, DDIM and most others append it, DPM-Solver's, UniPC and DEIS put it in the place
   of the grid's last one when steps are spaced in time. */
enum dpm_final {
    DPM_FINAL_GRID, /* steps + 1 points of the grid, to t_end                                      */
    DPM_FINAL_APPENDED, /* steps points of the grid, and one with sigma = 0                           */
    DPM_FINAL_REPLACED, /* steps + 1 points of the grid, and sigma = 0 in place of the last           */
    DPM_FINAL_END, /* steps points of the grid, and one at t_end                                 */
};

typedef struct dpm_grid_kind {
    const char *name, *about, *cite, *aliases; /* aliases: names with spaces between, "" */
    ad_status (*make)(const dpm_schedule *s, const dpm_grid_options *o, dpm_point *point);
} dpm_grid_kind;

/* point[0 .. steps]. Times that coincide, or do not go from noise to data, are AD_INVALID. */
ad_status dpm_grid_make(const dpm_schedule *s, const dpm_grid_options *o, dpm_point *point);

int                  dpm_grid_count(void);
const dpm_grid_kind *dpm_grid_row(int i);
const dpm_grid_kind *dpm_grid_find(const char *name); /* NULL with a sentence: the nearest name */

COSTATE_END_DECLS
#endif
