/* vp.h - what variance-preserving schedules share (internal). */
#ifndef COSTATE_DIFFUSION_SCHEDULES_VP_H
#define COSTATE_DIFFUSION_SCHEDULES_VP_H

#include <costate/diffusion/schedule.h>

/* log alpha of a lambda where alpha^2 + sigma^2 = 1: -log(1 + e^(-2 lambda)) / 2, at both ends. */
double dpm_vp_log_alpha(double lambda);

/* The linear beta(t) = b0 + t (b1 - b0), Song et al. 2021, eq. 32:
       log alpha = -(1/2) int_0^t beta = -(b1 - b0) t^2 / 4 - b0 t / 2,                                          (1)
   and its inverse for z = -log alpha, in the form that does not cancel,
       t = 4 z / (b0 + sqrt(b0^2 + 4 (b1 - b0) z)).                                                              (2) */
double    dpm_linear_log_alpha(const dpm_schedule *s, double t);
double    dpm_linear_time(const dpm_schedule *s, double z);
ad_status dpm_linear_prepare(dpm_schedule *s);

#endif
