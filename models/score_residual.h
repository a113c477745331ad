/* score_residual.h - how far a denoiser is from the Fokker-Planck equation, on the way of given data to noise.

   With r of regularizers/fokker_planck.h per unit of lambda, and lambdas even between the schedule's ends (within +-12), one a
   row,
       R = sqrt mean |sigma r|^2 / dim,    x = alpha x0 + sigma e:                                               (1)
   the square of it is what training with `--fokker-planck W` adds W times of, but for the levels. The divergence is exact. */
#ifndef COSTATE_MODELS_SCORE_RESIDUAL_H
#define COSTATE_MODELS_SCORE_RESIDUAL_H

#include <costate/diffusion/model.h>
#include <costate/diffusion/schedule.h>

COSTATE_BEGIN_DECLS

/* sigma r [n, dim], an expression of at->x (the state, not times cin). drift, speed: d log alpha / d lambda and dt / d lambda,
   float64 [n, 1]; probe as in fokker_planck.h. */
ad_var mdl_score_residual(const dpm_model *m, const dpm_at *at, ad_var drift, ad_var speed,
                          ad_var probe);
/* drift and speed at a lambda, by central differences of fourth order. */
void mdl_score_slopes(const dpm_schedule *s, double lambda, double *drift, double *speed);

/* R of n rows x0 [n, dim] in the network's units. A model without arguments. */
ad_status mdl_score_residual_rms(const dpm_model *m, const dpm_schedule *s, const void *theta,
                                 long n, const double *x0, uint64_t seed, double *rms);

COSTATE_END_DECLS
#endif
