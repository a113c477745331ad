/* table.h - coefficients of exponential integrators by exact integration, in float64.

   From point s to point t (lambda_t > lambda_s where noise is taken away), h = lambda_t - lambda_s, the exact solution is
       epsilon form   x_t = (alpha_t / alpha_s) x_s - alpha_t int e^-lambda eps dlambda                         (1)
       x0 form        x_t = (sigma_t / sigma_s) x_s + sigma_t int e^lambda  x0  dlambda                         (2)
   (Lu et al. 2022, prop. 3.1; Lu et al. 2022b, prop. 4.1). A method puts a polynomial through values m_j at nodes in place of
   eps or x0; what is left are numbers w_j. */
#ifndef COSTATE_DIFFUSION_TABLE_H
#define COSTATE_DIFFUSION_TABLE_H

#include <costate/diffusion/prediction.h>
#include <costate/diffusion/schedule.h>

COSTATE_BEGIN_DECLS

enum { DPM_NODES = 8 };

/* phi_k(z), phi_0 = e^z, phi_{k+1} = (phi_k - 1 / k!) / z, phi_k(0) = 1 / k!: by its series where the recursion cancels;
   k <= 8, error below 4 ulp for |z| <= 20. */
double dpm_phi(int k, double z);

/* alpha_t / alpha_s or sigma_t / sigma_s: the factor of x_s in (1) and (2). */
double dpm_transfer(dpm_prediction form, const dpm_point *s, const dpm_point *t);

/* int of (1) or (2) with m = (lambda - lambda_s)^k / k!, factor in front included: k = 0 is the first-order weight,
   -sigma_t (e^h - 1) or alpha_t (1 - e^-h); valid for sigma_t = 0 in the x0 form with k = 0, where it is alpha_t. */
double dpm_moment(dpm_prediction form, const dpm_point *s, const dpm_point *t, int k);

typedef enum dpm_variable { DPM_IN_LAMBDA, DPM_IN_RHO, DPM_IN_T } dpm_variable;

/* w[0 .. n) such that sum w_j m_j is the integral of (1) or (2), the polynomial of degree n - 1 through (z(node_j), m_j) in the
   variable z put for eps or x0. Nodes differ; they may lie anywhere. DPM_IN_T needs the schedule. */
void dpm_weights(dpm_prediction form, dpm_variable z, const dpm_schedule *schedule,
                 const dpm_point *s, const dpm_point *t, int n, const dpm_point *const node[],
                 double w[]);

/* Gauss and Legendre's n points in (-1, 1), n <= 32, for those who integrate for themselves. */
void dpm_gauss(int n, double x[], double w[]);

COSTATE_END_DECLS
#endif
