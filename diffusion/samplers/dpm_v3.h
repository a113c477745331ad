/* dpm_v3.h - (internal) the integrals of DPM-Solver-v3 for one step and one component.

   With L, S the integrals of l, s from lambda_s on, g = e^-S f - B and B = int e^-S b, the exact solution is
       x_t = (alpha_t / alpha_s) e^{-L_t} x_s - alpha_t e^{-L_t} int e^{L + S} (g + B) dlambda                           (1)
   (Zheng et al. 2023, eq. 10 ff.), and a polynomial through values of g is put in place of g. Between the nodes of the
   statistics l, s and b are Hermite cubics, so that f stays smooth; L and S are their integrals, the rest is Gauss and Legendre's. */
#ifndef COSTATE_DIFFUSION_SAMPLERS_DPM_V3_H
#define COSTATE_DIFFUSION_SAMPLERS_DPM_V3_H

#include <costate/diffusion/method.h>
#include <costate/diffusion/statistics.h>

enum { DPM_V3_NODES = 4 };

typedef struct dpm_v3_weights {
    double keep;            /* of x_s                  */
    double w[DPM_V3_NODES]; /* of f at the nodes       */
    double constant;        /* of one                  */
} dpm_v3_weights;

/* l of component d. st = NULL: l = 1, s = b = 0. */
double dpm_v3_l(const dpm_statistics *st, long d, double lambda);

/* The nodes are in the order in which divided differences are taken. pseudo: powers of lambda - lambda_s in place of Newton's
   products, as the official corrector has it. */
dpm_v3_weights dpm_v3_step(const dpm_statistics *st, long d, const dpm_point *s, const dpm_point *t,
                           int n, const dpm_point *const node[], int pseudo);

#endif
