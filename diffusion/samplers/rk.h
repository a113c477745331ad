/* rk.h - (internal) a Runge-Kutta step on the probability-flow ODE, in one of two coordinates:

       y = x / alpha,            z = rho,                      dy/dz = eps                                       (1)
       y = x / (alpha + sigma),  z = sigma / (alpha + sigma),  dy/dz = eps - x0                                  (2)

   (1) is that of point.h. (2) is the rectified flow's own, where alpha = 1 - t, sigma = t: there z = t and y = x; by it any other
   schedule has a flow too. */
#ifndef COSTATE_DIFFUSION_SAMPLERS_RK_H
#define COSTATE_DIFFUSION_SAMPLERS_RK_H

#include "step.h"

typedef enum dpm_coordinates { DPM_ALONG_RHO, DPM_ALONG_FLOW } dpm_coordinates;

/* Stages that a step evaluates: the last of a tableau that keeps it for the next step has no weight here. */
int dpm_rk_stages(const nde_tableau *m);
/* Their slopes of a step from x at s to t. */
void dpm_rk_slopes(dpm_build *b, dpm_coordinates c, const nde_tableau *m, const dpm_point *s,
                   const dpm_point *t, dpm_slot x, dpm_slot slope[]);
/* From x at s to t. Into sigma = 0, a tableau with a stage there is Euler's: Karras et al. 2022, algorithm 1, line 6. */
dpm_slot dpm_rk_step(dpm_build *b, dpm_coordinates c, const nde_tableau *m, const dpm_point *s,
                     const dpm_point *t, dpm_slot x);
/* All steps. */
void dpm_rk(dpm_build *b, dpm_coordinates c, const nde_tableau *m);

#endif
