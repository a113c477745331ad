/* BDIA: DDIM made exactly invertible by the mean of two directions (Zhang, Lewis, Kleijn 2023).

   With D_{i->j} one step of DDIM from point i to point j,
       x_{i+1} = gamma (x_{i-1} - D_{i->i-1}(x_i)) + D_{i->i+1}(x_i)                                           (1)
   which is solved for x_{i-1} with the same evaluation at x_i. gamma = 1 is a leapfrog step, of second order where step sizes
   vary smoothly; gamma < 1 is of first order, and on the way back every step divides the rounding error by gamma once more: only
   gamma near 1 can be walked back over many steps. */
#include <costate/diffusion/method.h>

#include "ddim_map.h"

static void make(dpm_build *b)
{
    const double gamma = dpm_or(b->o->gamma, 1);
    if (!(gamma > 0 && gamma <= 1)) {
        dpm_build_fail(
            b, AD_INVALID,
            "bdia's gamma is %g, but lies in (0, 1]; 1 is reversible over many steps, and "
            "without it there is ddim",
            gamma);
        return;
    }
    dpm_slot before = b->x, x = b->x;
    for (long i = 0; i < b->steps; i++) {
        const dpm_point *s = &b->point[i], *t = &b->point[i + 1];
        dpm_slot         m = dpm_eval(b, x, s, DPM_EPSILON), next;
        if (i == 0) {
            next = dpm_lin2(b, ddim_keep(s, t), x, ddim_move(s, t), m);
        } else {
            const dpm_point *r = &b->point[i - 1];
            next = dpm_lin3(b, gamma, before, ddim_keep(s, t) - gamma * ddim_keep(s, r), x,
                            ddim_move(s, t) - gamma * ddim_move(s, r), m);
            dpm_recover(b, next, before);
        }
        before = x;
        x      = dpm_step(b, i, next);
    }
    dpm_results(b, 2, (dpm_slot[]){ x, before });
}

const dpm_method dpm_method_bdia = {
    .name       = "bdia",
    .about      = "DDIM in both directions at once: exactly reversible, gamma 1",
    .cite       = "Zhang, Lewis, Kleijn 2023",
    .aliases    = "bdia-ddim",
    .order      = 2,
    .true_order = 2,
    .form       = DPM_EPSILON,
    .flags      = DPM_REVERSIBLE | DPM_TO_ZERO,
    .takes      = "gamma invert",
    .make       = make,
};
