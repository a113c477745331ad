/* O-BELM: the optimal bidirectional explicit linear multistep method (Wang et al. 2024).

   In y = x / alpha and rho, h the step into point i and k the step out of it,
       y_{i+1} = (k / h)^2 y_{i-1} + (1 - (k / h)^2) y_i + k (h + k) / h eps_i                                 (1)
   has the smallest local error of all two-step rules with one evaluation, O(h^3), and is solved for y_{i-1} as it stands. For
   equal steps it is the leapfrog. The factors (k / h)^2 multiply to (last step / first step)^2: on grids that grow finer towards
   the data errors shrink on the way there and grow on the way back. */
#include <costate/diffusion/method.h>

#include "ddim_map.h"

static void make(dpm_build *b)
{
    dpm_slot before = b->x, x = b->x;
    for (long i = 0; i < b->steps; i++) {
        const dpm_point *s = &b->point[i], *t = &b->point[i + 1];
        dpm_slot         m = dpm_eval(b, x, s, DPM_EPSILON), next;
        if (i == 0) {
            next = dpm_lin2(b, ddim_keep(s, t), x, ddim_move(s, t), m);
        } else {
            const dpm_point *r = &b->point[i - 1];
            const double     h = s->rho - r->rho, k = t->rho - s->rho, q = k / h * (k / h);
            next = dpm_lin3(b, q * ddim_keep(r, t), before, (1 - q) * ddim_keep(s, t), x,
                            t->alpha * k * (h + k) / h, m);
            dpm_recover(b, next, before);
        }
        before = x;
        x      = dpm_step(b, i, next);
    }
    dpm_results(b, 2, (dpm_slot[]){ x, before });
}

const dpm_method dpm_method_o_belm = {
    .name       = "o-belm",
    .about      = "the optimal two-step rule that is its own inverse: exactly reversible",
    .cite       = "Wang et al. 2024",
    .aliases    = "belm obelm",
    .order      = 2,
    .true_order = 2,
    .form       = DPM_EPSILON,
    .flags      = DPM_REVERSIBLE | DPM_TO_ZERO,
    .takes      = "invert",
    .make       = make,
};
