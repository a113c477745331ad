/* interpolant.h - stochastic interpolants between two densities (Albergo, Boffi, Vanden-Eijnden 2023).

   x_t = a x0 + b x1 + gamma z with x0 ~ rho0, x1 ~ rho1, z ~ N(0, I), all independent, gamma = sqrt(t (1 - t)) and
       linear          a = 1 - t,           b = t,
       trigonometric   a = cos(pi t / 2),   b = sin(pi t / 2),
   has the drift b(x, t) = E[dx_t/dt | x_t = x] and the score s(x, t). From x ~ rho0 at t = 0 both
       dx = b dt,       dx = (b + eps s) dt + sqrt(2 eps) dW                                                   (1)
   have the law of x_t, and so rho1 at t = 1, for every eps >= 0.
   (samplers/interpolant.c is the case of noise as rho0 on a noise schedule, for any model.) */
#ifndef COSTATE_DIFFUSION_INTERPOLANT_H
#define COSTATE_DIFFUSION_INTERPOLANT_H

#include <costate/diffusion/mixture.h>

COSTATE_BEGIN_DECLS

/* Drift and score of one x [dim] at t in [0, 1]. */
typedef void dpm_interpolant_field(double t, const double *x, double *drift, double *score,
                                   void *ctx);

typedef enum dpm_interpolant_kind { DPM_LINEAR, DPM_TRIGONOMETRIC } dpm_interpolant_kind;

/* Between two mixtures both are known: x_t is a mixture over pairs of components. This is a field's ctx. */
typedef struct dpm_interpolant {
    const dpm_mixture   *from, *to; /* of one dim */
    dpm_interpolant_kind kind;
} dpm_interpolant;

dpm_interpolant_field dpm_interpolant_exact;

/* a, b, their derivatives, gamma^2 and gamma dgamma/dt, which is finite at the ends. */
typedef struct dpm_interpolant_place {
    double a, b, da, db, gamma2, gamma_dgamma;
} dpm_interpolant_place;
dpm_interpolant_place dpm_interpolant_at(dpm_interpolant_kind kind, double t);

/* (1) from t = 0 to 1 by `steps` equal steps of Heun's method, the step's noise the same in both stages: of weak order 2, as noise
   is additive. x [n, dim] goes in and out; row i draws noise by (seed, first + i). */
typedef struct dpm_interpolant_options {
    dpm_interpolant_field *field; /* required */
    void                  *ctx;
    long                   dim, steps;  /* required */
    double                 noise_level; /* eps: 0 */
    uint64_t               seed;
    long                   first;
} dpm_interpolant_options;

ad_status dpm_interpolant_run(const dpm_interpolant_options *o, long n, double *x);

COSTATE_END_DECLS
#endif
