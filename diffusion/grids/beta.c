/* rho_i = rho_min + (rho_max - rho_min) Q(1 - i / n), Q the quantile function of the beta distribution with a = b = 0.6: Lee et al. 2024
   (Beta Sampling is All You Need), in the variable in which diffusers takes it. */
#include <math.h>

#include "../grid_make.h"

#define SHAPE 0.6

/* Q(p), p <= 1/2. With u = x^a the distribution function is u S(x) / B, S = sum_k (1 - b)_k x^k / (k! (a + k)) / 1 (DLMF 8.17.7), and
   its derivative by u is (1 - x)^(b - 1) / (a B): Newton from below the root of a convex function. */
static double lower_quantile(double p)
{
    double a = SHAPE, b = SHAPE, beta = tgamma(a) * tgamma(b) / tgamma(a + b);
    double u = p * a * beta;
    for (int i = 0; i < 60 && u > 0; i++) {
        double x = pow(u, 1 / a), sum = 1 / a, term = 1;
        for (int k = 1; k < 200 && term > 1e-18; k++) {
            term *= (k - b) * x / k;
            sum += term / (a + k);
        }
        double step = (u * sum / beta - p) * a * beta * pow(1 - x, 1 - b);
        u -= step;
        if (fabs(step) < 1e-16 * u) break;
    }
    return pow(u, 1 / a);
}

static double quantile(double p)
{
    return p <= 0.5 ? lower_quantile(p) : 1 - lower_quantile(1 - p);
}

static ad_status make(const dpm_schedule *s, const dpm_grid_options *o, dpm_point *point)
{
    AD_TRY(dpm_grid_needs_finite(s, o, "beta"));
    dpm_point a = dpm_schedule_at(s, o->t_begin), b = dpm_schedule_at(s, o->t_end);
    for (long i = 1; i < o->steps; i++) {
        double q = quantile(dpm_grid_part(o->steps - i, o->steps));
        point[i] = dpm_grid_at_rho(s, b.rho + (a.rho - b.rho) * q);
    }
    point[0] = a;
    if (o->steps) point[o->steps] = b;
    return AD_OK;
}

const dpm_grid_kind dpm_grid_beta = {
    .name    = "beta",
    .about   = "sigma / alpha at quantiles of the beta distribution, 0.6 and 0.6",
    .cite    = "Lee et al. 2024",
    .aliases = "use-beta-sigmas",
    .make    = make,
};
