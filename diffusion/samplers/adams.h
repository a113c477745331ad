/* adams.h - (internal) linear multistep methods on dy/drho = eps:

       x_t = (alpha_t / alpha_s) x_s + sum_j w_j eps_j,    j = 0 the newest of n values                          (1)

   They differ in w alone. The first steps have fewer values. */
#ifndef COSTATE_DIFFUSION_SAMPLERS_ADAMS_H
#define COSTATE_DIFFUSION_SAMPLERS_ADAMS_H

#include "step.h"

/* w[0 .. n) of the step from node[0] to t; alpha_t is in it. */
typedef void dpm_adams_weights(const dpm_build *b, const dpm_point *t, int n,
                               const dpm_point *const node[], double w[]);

/* Lagrange's polynomial in rho, exactly. */
dpm_adams_weights dpm_adams_in_rho;

/* `values` at most. lower: the last steps have fewer again, unless the options say otherwise. */
void dpm_adams(dpm_build *b, int values, int lower, dpm_adams_weights *weights);

#endif
