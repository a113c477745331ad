/* fkc.h - Feynman-Kac correctors: weighted particles that sample powers and products of diffusion models (Skreta et al. 2025).

   Wanted is, at every noise level, p ~ prod_j q_j^beta_j, where q_j is the law of a model's noisy data and S_j its score:
       one term, beta              an annealed model
       1 - b and b                 the geometric mean: classifier-free guidance with strength b
       1 and 1                     a product of experts
   In y = x / alpha, with G = rho^2 falling from noise to data, s^2 = k g^2 the noise and P = sum_j beta_j S_j, all scores with
   respect to y,
       dy = (1 + k) / 2 P |dG| + sqrt(k) dB,      B of variance |dG|,                                          (1)
       dw = 1/2 (|P|^2 - sum_j beta_j |S_j|^2) |dG|                                                            (2)
   keep p as the law of y weighted by e^w, whatever k is: (2) has their cases in one form. Without noise resampling cannot
   move mass: k = 0 degenerates. */
#ifndef COSTATE_DIFFUSION_FKC_H
#define COSTATE_DIFFUSION_FKC_H

#include <costate/diffusion/density.h>
#include <costate/diffusion/grid.h>

COSTATE_BEGIN_DECLS

enum { DPM_FKC_TERMS = 8 };

/* Zero means the default, which stands beside the field. */
typedef struct dpm_fkc_options {
    const dpm_schedule
                    *schedule; /* required                                                      */
    dpm_grid_options grid;     /* grid.steps is required                                        */
    int              terms;    /* required                                                      */
    dpm_density      density[DPM_FKC_TERMS];
    double           exponent[DPM_FKC_TERMS]; /* beta_j; their sum is positive                 */
    double           noise; /* k: 1, the score of the target; 1 / beta: "tempered noise"        */
    double   effective; /* resampled where the effective number falls below this part of all: 0.5;
                         1: after every step; DPM_ZERO: never                                     */
    uint64_t seed;
} dpm_fkc_options;

typedef struct dpm_fkc_stats {
    long   nfe; /* evaluations of scores, of all particles                       */
    long   resampled;
    double effective_least; /* of the parts (sum w)^2 / (n sum w^2) after the steps          */
} dpm_fkc_stats;

/* n particles at the grid's last point: x [n, dim], weight [n], which sum to 1. They start from N(0, sigma^2 / sum beta), weighted by
   what p is there, where densities are known. stats may be NULL. */
ad_status dpm_fkc(const dpm_fkc_options *o, long n, double *x, double *weight,
                  dpm_fkc_stats *stats);

COSTATE_END_DECLS
#endif
