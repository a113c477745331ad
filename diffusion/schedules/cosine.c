/* alpha = cos(a) / cos(a0), a = a0 + (pi / 2) t / (1 + s), a0 = (pi / 2) s / (1 + s), s = 0.008: Nichol, Dhariwal 2021, eq. 17.

   t = 0.9946 is where Lu et al. 2022 (DPM-Solver, appendix D.4) begin: beyond it lambda falls without end. */
#include <math.h>

#include "vp.h"

#define OFFSET  0.008
#define HALF_PI 1.57079632679489661923

static double start(void)
{
    return HALF_PI * OFFSET / (1 + OFFSET);
}

static dpm_point at(const dpm_schedule *s, double t)
{
    (void)s;
    double a0 = start(), u = 0.5 * HALF_PI * t / (1 + OFFSET); /* u = (a - a0) / 2 */
    double c = cos(a0 + 2 * u), c0 = cos(a0);
    if (t < 0) return dpm_point_of(t, NAN, NAN);
    /* near the data 1 - alpha is small and is taken from cos a0 - cos a = 2 sin(a0 + u) sin(u) */
    double log_alpha = c < 0.5 ? log(c / c0) : log1p(-2 * sin(a0 + u) * sin(u) / c0);
    return dpm_point_vp(t, log_alpha);
}

/* With d = 1 - alpha and w = tan u, 2 sin(a0 + u) sin u = d cos a0 is the quadratic
   cos a0 (2 - d) w^2 + 2 sin a0 w - d cos a0 = 0, whose positive root does not cancel in this form. */
static double inverse(const dpm_schedule *s, double lambda)
{
    (void)s;
    double a0 = start(), c0 = cos(a0), s0 = sin(a0), d = -expm1(dpm_vp_log_alpha(lambda));
    double w = c0 * d / (s0 + sqrt(s0 * s0 + c0 * c0 * (2 - d) * d));
    return 2 * atan(w) * (1 + OFFSET) / HALF_PI;
}

const dpm_schedule_kind dpm_schedule_cosine = {
    .name     = "cosine",
    .about    = "variance preserving, alpha a cosine of t, s = 0.008",
    .cite     = "Nichol, Dhariwal 2021, eq. 17",
    .defaults = { .t_begin = 0.9946, .t_end = 1e-3 },
    .at       = at,
    .time     = inverse,
};
