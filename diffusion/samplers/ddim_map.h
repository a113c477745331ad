/* ddim_map.h - (internal) one step of DDIM between any two points, in either direction, as two numbers.

   In y = x / alpha it is Euler's step of dy/drho = eps (Song, Meng, Ermon 2021, eq. 13-14):
       x_t = (alpha_t / alpha_s) x_s + alpha_t (rho_t - rho_s) eps(x_s, s)                                     (1)
   which is defined at sigma_t = 0, and needs no exponential. */
#ifndef COSTATE_DIFFUSION_SAMPLERS_DDIM_MAP_H
#define COSTATE_DIFFUSION_SAMPLERS_DDIM_MAP_H

#include <costate/diffusion/point.h>

static inline double ddim_keep(const dpm_point *s, const dpm_point *t)
{
    return t->alpha / s->alpha;
}

static inline double ddim_move(const dpm_point *s, const dpm_point *t)
{
    return t->alpha * (t->rho - s->rho);
}

#endif
