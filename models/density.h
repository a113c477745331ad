/* density.h - the likelihood of a diffusion model, by its probability-flow ODE (Song et al. 2021, section 4.3 and appendix D).

   In y = x / alpha and rho = sigma / alpha, with l = log rho for time,
       dy/dl = rho eps(alpha y),    da/dl = rho alpha div eps,    a(l_0) = 0,                                   (1)
       log p(x) = log N(y(l_T); 0, rho_T^2) + a(l_T) - dim log alpha_0,    y(l_0) = x / alpha_0:                (2)
   x counts as a sample at t_end, and the noise end as what samplers start from. rho is kept in [1e-4, 1e4] where a schedule
   reaches 0 or infinity. The divergence is exact, by dim tangents, or Hutchinson's with a Rademacher probe for every sample. */
#ifndef COSTATE_MODELS_DENSITY_H
#define COSTATE_MODELS_DENSITY_H

#include <costate/diffusion/model.h>
#include <costate/diffusion/schedule.h>

COSTATE_BEGIN_DECLS

/* Zero means the default, which stands beside the field. */
typedef struct mdl_density_options {
    const nde_options *solve;    /* tsit5, rtol = atol = 1e-5                     */
    long               capacity; /* 256: samples that are solved together         */
    int                estimate; /* 1: Hutchinson's; 0: the exact divergence      */
} mdl_density_options;

typedef struct mdl_density mdl_density;

/* The model and the schedule must outlive it. */
ad_status mdl_density_new(mdl_density **d, const dpm_model *m, const dpm_schedule *s,
                          const mdl_density_options *o);
void      mdl_density_free(mdl_density *d);

/* log p of n rows x [n, dim], in nats. theta and args (each [n, ..], or shared) are the model's; seed: of probes. nfe (NULL: not
   wanted): evaluations of (1), the mean of the solves. */
ad_status mdl_density_log(mdl_density *d, long n, const double *x, const void *theta,
                          const void *const *args, uint64_t seed, double *log_p, double *nfe);

COSTATE_END_DECLS
#endif
