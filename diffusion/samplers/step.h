/* step.h - (internal) what several samplers of this folder do in one step from point s to point t.

   In the coordinates of point.h, y = x / alpha and rho = sigma / alpha, the ODE is dy/drho = eps: a step along a constant m is
       x_t = (alpha_t / alpha_s) x_s + alpha_t (rho_t - rho_s) m                                                 (1) */
#ifndef COSTATE_DIFFUSION_SAMPLERS_STEP_H
#define COSTATE_DIFFUSION_SAMPLERS_STEP_H

#include <costate/diffusion/method.h>

/* (1), or its like in x0. */
dpm_slot dpm_along(dpm_build *b, dpm_prediction form, const dpm_point *s, const dpm_point *t,
                   dpm_slot x, dpm_slot m);

/* The half-way point in lambda, of s's schedule. */
dpm_point dpm_between(const dpm_build *b, const dpm_point *s, const dpm_point *t);

/* The part of the noise at t that is drawn anew, sigma_up = eta sigma_t sqrt(1 - rho_t^2 / rho_s^2), at most sigma_t, and the
   point to step to before it is added: t with what is left, sqrt(sigma_t^2 - sigma_up^2), for its sigma. */
typedef struct dpm_split {
    dpm_point down;
    double    up;
} dpm_split;
dpm_split dpm_split_noise(const dpm_point *s, const dpm_point *t, double eta);

/* Karras et al. 2022, algorithm 2, lines 4 to 6: noise is added up to rho' = (1 + gamma) rho, gamma = min(churn / steps, sqrt 2 - 1)
   where churn_min <= rho <= churn_max. Sets *s to the point of rho', on the schedule. */
dpm_slot dpm_churn(dpm_build *b, dpm_slot x, dpm_point *s);

/* How many values step i of a multistep method uses: as many as there are, at most `most`; and, where `lower` says so, at most the
   steps that are left. */
int dpm_values_at(const dpm_build *b, long i, int most, int lower);

#endif
