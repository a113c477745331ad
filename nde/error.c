#include <math.h>

#include "error.h"

static int two_estimates(const nde_step *s)
{
    for (int i = 0; i < s->method->stages; i++)
        if (s->method->e2[i] != 0) return 1;
    return 0;
}

double nde_error(const nde_step *s, const double q[NDE_COLUMNS], double m)
{
    if (q[0] == 0) return 0;
    return two_estimates(s) ? q[0] / sqrt(m * (q[0] + 0.01 * q[1])) : sqrt(q[0] / m);
}

double nde_stiffness(const double q[NDE_COLUMNS])
{
    return q[3] == 0 || q[4] == 0 ? 0 : sqrt(q[3] / q[4]);
}

double nde_unscaled(const double q[NDE_COLUMNS], double m)
{
    return sqrt(q[2] / m);
}

void nde_error_pullback(const nde_step *s, const double q[NDE_COLUMNS], double m,
                        const nde_estimates_bar *bar, double q_bar[NDE_COLUMNS])
{
    double e = nde_error(s, q, m), e_bar = bar->error;
    if (e > 0 && two_estimates(s)) { /* log E = log q0 - log(q0 + 0.01 q1) / 2 - log m / 2 */
        double w = q[0] + 0.01 * q[1];
        q_bar[0] += e_bar * e * (1 / q[0] - 0.5 / w);
        q_bar[1] -= e_bar * e * 0.005 / w;
    } else if (e > 0) {
        q_bar[0] += e_bar * 0.5 / (m * e);
    }
    double stiff = nde_stiffness(q);
    if (stiff > 0) {
        q_bar[3] += bar->stiffness * 0.5 * stiff / q[3];
        q_bar[4] -= bar->stiffness * 0.5 * stiff / q[4];
    }
    if (q[2] > 0) q_bar[2] += bar->unscaled * 0.5 / (m * nde_unscaled(q, m));
}
