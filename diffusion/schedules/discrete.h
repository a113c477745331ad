/* discrete.h - schedules of a finite number of steps, as diffusion models are mostly trained (internal).

   Step i = 0 .. N - 1 has log alpha_i = (1/2) sum_{j <= i} log(1 - beta_j): alpha_i^2 is the alphas_cumprod[i] of diffusers. The time
   t is the index as a real number. Between whole steps lambda is linear in t, as diffusers interpolates log sigma; t = -1 is the
   data itself, alpha = 1. In the interval before the data, and in the last one where the terminal SNR is zero, lambda is infinite
   at one end, and alpha^2 is linear in t instead. Outside [-1, N - 1] a point is NaN.
   (Liu et al. 2022 (PNDM) say t for our t + 1.) */
#ifndef COSTATE_DIFFUSION_SCHEDULES_DISCRETE_H
#define COSTATE_DIFFUSION_SCHEDULES_DISCRETE_H

#include <costate/diffusion/schedule.h>

/* beta_j of a kind, j < N */
typedef double dpm_beta(const dpm_schedule *s, long j);

/* Fills the table from s->o.betas or, where NULL, from beta: log alpha [N], lambda [N], betas [N]. */
ad_status dpm_discrete_prepare(dpm_schedule *s, dpm_beta *beta);
dpm_point dpm_discrete_at(const dpm_schedule *s, double t);
double    dpm_discrete_time(const dpm_schedule *s, double lambda);
/* 0 < beta_min <= beta_max < 1 */
ad_status dpm_discrete_check_betas(const dpm_schedule *s);

#endif
