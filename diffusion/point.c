#include <math.h>

#include "point.h"

dpm_point dpm_point_of(double t, double alpha, double sigma)
{
    return (dpm_point){ .t      = t,
                        .alpha  = alpha,
                        .sigma  = sigma,
                        .lambda = log(alpha) - log(sigma),
                        .rho    = sigma / alpha };
}

dpm_point dpm_point_vp(double t, double log_alpha)
{
    /* sigma^2 = 1 - e^(2 log alpha), which cancels near the data and is expm1's business */
    double s2 = -expm1(2 * log_alpha), alpha = exp(log_alpha);
    return (dpm_point){ .t      = t,
                        .alpha  = alpha,
                        .sigma  = sqrt(s2),
                        .lambda = log_alpha - 0.5 * log(s2),
                        .rho    = sqrt(s2) / alpha };
}
