/* density.h - a density of noisy data, as procedures that are no straight line of evaluations ask it: dmcmc.h, fkc.h. */
#ifndef COSTATE_DIFFUSION_DENSITY_H
#define COSTATE_DIFFUSION_DENSITY_H

#include <costate/diffusion/mixture.h>
#include <costate/diffusion/point.h>

COSTATE_BEGIN_DECLS

/* Returns log p_t(x) of one x [dim] at a point, NaN where the score alone is known; the score goes into score [dim] unless NULL. */
typedef double dpm_log_density(const dpm_point *at, const double *x, double *score, void *ctx);

typedef struct dpm_density {
    dpm_log_density *log;
    void            *ctx;
    long             dim;
} dpm_density;

/* m must outlive it. */
dpm_density dpm_mixture_density(const dpm_mixture *m);

COSTATE_END_DECLS
#endif
