/* prediction.h - what a network predicts, and how it becomes what a sampler integrates.

   Every prediction is affine in the others, so that one evaluation is
       m = p x + q net(cin x)                                                                                  (1)
   with numbers p, q, cin of the point (Karras et al. 2022, table 1, for the last row):
       epsilon  the noise e            x0 = (x - sigma e) / alpha
       x0       the data
       v        alpha e - sigma x0     (Salimans, Ho 2022); where alpha^2 + sigma^2 = 1
       score    -e / sigma
       flow     e - x0                 dx/dt of alpha = 1 - t, sigma = t (Liu et al. 2023, Lipman et al. 2023)
       edm      F of x0 = c_skip x' + c_out F(c_in x'), x' = x / alpha, with s = sigma_data, rho:
                c_skip = s^2 / (rho^2 + s^2), c_out = rho s / sqrt(rho^2 + s^2), c_in = 1 / sqrt(rho^2 + s^2) */
#ifndef COSTATE_DIFFUSION_PREDICTION_H
#define COSTATE_DIFFUSION_PREDICTION_H

#include <costate/diffusion/point.h>

COSTATE_BEGIN_DECLS

typedef enum dpm_prediction {
    DPM_NATIVE, /* the sampler's own, or the network's */
    DPM_EPSILON,
    DPM_X0,
    DPM_V,
    DPM_SCORE,
    DPM_FLOW,
    DPM_EDM,
} dpm_prediction;

typedef struct dpm_affine {
    double cin, p, q;
} dpm_affine;

/* From what a network predicts to what is wanted. AD_INVALID where that divides by zero at the point: epsilon's x0 at alpha = 0
   (a schedule with zero terminal SNR), x0's epsilon at sigma = 0. */
ad_status dpm_affine_make(dpm_prediction net, dpm_prediction want, const dpm_point *at,
                          double sigma_data, dpm_affine *a);

const char *dpm_prediction_name(dpm_prediction p); /* "epsilon" */
/* By our names and by others': noise, eps, sample, data, v_prediction, flow_prediction, ...; AD_INVALID with the nearest name. */
ad_status dpm_prediction_parse(const char *text, dpm_prediction *p);

COSTATE_END_DECLS
#endif
