/* point.h - a place on the way from data to noise, where x = alpha x0 + sigma e, e ~ N(0, I).

   All of it is float64, whatever the state is, and users may read it: a sampler is told places, never indices of a table.
   In the coordinates y = x / alpha and rho = sigma / alpha the probability-flow ODE of every schedule is one and the same,
       dy/drho = eps(y, rho),                                                                                  (1)
   (Song, Meng, Ermon 2021, eq. 14; Karras et al. 2022, eq. 1 with s = alpha). */
#ifndef COSTATE_DIFFUSION_POINT_H
#define COSTATE_DIFFUSION_POINT_H

#include <costate/autodiff/status.h>

COSTATE_BEGIN_DECLS

typedef struct dpm_point {
    double t; /* the schedule's own time: what a network is told          */
    double alpha, sigma;
    double lambda; /* log(alpha / sigma): +inf where sigma = 0, -inf where alpha = 0 */
    double rho;    /* sigma / alpha                                            */
} dpm_point;

/* Of alpha and sigma as they are. */
dpm_point dpm_point_of(double t, double alpha, double sigma);
/* Variance preserving, alpha^2 + sigma^2 = 1, from log alpha, accurate at both ends. */
dpm_point dpm_point_vp(double t, double log_alpha);

COSTATE_END_DECLS
#endif
