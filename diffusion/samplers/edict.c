/* EDICT: two coupled DDIM trajectories (Wallace, Gokul, Naik 2023).

       u = D(x; eps(y, s)),      v = D(y; eps(u, s)),                                                          (1)
       x' = p u + (1 - p) v,     y' = p v + (1 - p) x'                                                         (2)
   with D DDIM's step from s to t by that noise, and p the mixing, which keeps the two together. Each line is solved for its
   first operand with what is known by then. The noise of v is asked at u, which belongs to t, but with the level of s, as the
   paper has it: first order. Mixing by p < 1 divides rounding errors by p^2 a step on the way back. */
#include <costate/diffusion/method.h>

#include "ddim_map.h"

typedef struct pair {
    dpm_slot x, y;
} pair;

static dpm_slot reversible(dpm_build *b, double c0, dpm_slot v0, double c1, dpm_slot v1)
{
    dpm_slot dst = dpm_lin2(b, c0, v0, c1, v1);
    dpm_recover(b, dst, v0);
    return dst;
}

static pair step(dpm_build *b, const dpm_point *s, const dpm_point *t, double mix, pair z)
{
    const double keep = ddim_keep(s, t), move = ddim_move(s, t);
    dpm_slot     u = reversible(b, keep, z.x, move, dpm_eval(b, z.y, s, DPM_EPSILON));
    dpm_slot     v = reversible(b, keep, z.y, move, dpm_eval(b, u, s, DPM_EPSILON));
    z.x            = reversible(b, mix, u, 1 - mix, v);
    z.y            = reversible(b, mix, v, 1 - mix, z.x);
    return z;
}

static void make(dpm_build *b)
{
    const double mix = dpm_or(b->o->mixing, 0.93);
    pair         z   = { b->x, b->x };
    if (!(mix > 0 && mix <= 1)) {
        dpm_build_fail(b, AD_INVALID, "edict's mixing is %g, but lies in (0, 1]; 0.93 is usual",
                       mix);
        return;
    }
    z.y = dpm_lin1(b, 1, b->x); /* a slot of its own, to be recovered on its own */
    for (long i = 0; i < b->steps; i++) {
        z   = step(b, &b->point[i], &b->point[i + 1], mix, z);
        z.x = dpm_step(b, i, z.x);
    }
    dpm_results(b, 2, (dpm_slot[]){ z.x, z.y });
}

const dpm_method dpm_method_edict = {
    .name       = "edict",
    .about      = "two coupled DDIM trajectories: exactly reversible, two evaluations a step",
    .cite       = "Wallace, Gokul, Naik 2023",
    .aliases    = "",
    .order      = 1,
    .true_order = 1,
    .form       = DPM_EPSILON,
    .flags      = DPM_REVERSIBLE | DPM_TO_ZERO,
    .takes      = "mixing invert",
    .make       = make,
};
