/* beta_j = min(1 - f(j + 1) / f(j), 0.999), f(j) = cos^2 a_j, a_j = (pi / 2) (j / N + s) / (1 + s), s = 0.008: Nichol, Dhariwal 2021,
   section 3.2. As 1 - cos^2 b / cos^2 a = sin(a + b) sin(b - a) / cos^2 a, nothing cancels. */
#include <math.h>

#include "discrete.h"

#define OFFSET  0.008
#define HALF_PI 1.57079632679489661923

static double beta(const dpm_schedule *s, long j)
{
    double n = (double)s->o.train_steps, step = HALF_PI / (n * (1 + OFFSET));
    double a = HALF_PI * ((double)j / n + OFFSET) / (1 + OFFSET), c = cos(a);
    return fmin(sin(2 * a + step) * sin(step) / (c * c), 0.999);
}

static ad_status prepare(dpm_schedule *s)
{
    return dpm_discrete_prepare(s, beta);
}

const dpm_schedule_kind dpm_schedule_cosine_discrete = {
    .name     = "cosine-discrete",
    .about    = "discrete, alpha a cosine of the step, beta at most 0.999",
    .cite     = "Nichol, Dhariwal 2021, section 3.2",
    .defaults = { .train_steps = 1000 },
    .prepare  = prepare,
    .at       = dpm_discrete_at,
    .time     = dpm_discrete_time,
};
