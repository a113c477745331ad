#include "density.h"

static double of_mixture(const dpm_point *at, const double *x, double *score, void *ctx)
{
    return dpm_mixture_log_density(ctx, at, x, score);
}

dpm_density dpm_mixture_density(const dpm_mixture *m)
{
    return (dpm_density){ of_mixture, (void *)m, m->dim };
}
