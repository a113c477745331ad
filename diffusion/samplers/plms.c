/* plms - PNDM without its Runge-Kutta steps (Rombach et al. 2022; diffusers' skip_prk_steps, Stable Diffusion's first default).

   Means of noises in the first-order transfer of pndm.c: pseudo Heun in the first step, then (3, -1) / 2, (23, -16, 5) / 12 and
   (55, -59, 37, -9) / 24 as values come in. The noise at the first step's trial point is not kept: the next step evaluates anew. */
#include "step.h"

static const double weights[3][4] = {
    { 1.5, -0.5 },
    { 23 / 12.0, -16 / 12.0, 5 / 12.0 },
    { 55 / 24.0, -59 / 24.0, 37 / 24.0, -9 / 24.0 },
};

static void make(dpm_build *b)
{
    dpm_slot x = b->x, e[4] = { -1, -1, -1, -1 }; /* newest first */
    for (long i = 0; i < b->steps; i++) {
        const dpm_point *s = &b->point[i], *t = s + 1;
        for (int j = 3; j > 0; j--) e[j] = e[j - 1];
        e[0]          = dpm_eval(b, x, s, DPM_EPSILON);
        dpm_slot mean = e[0];
        int      n    = i < 3 ? (int)i + 1 : 4;
        if (n > 1)
            mean = dpm_lin(b, n, weights[n - 2], e);
        else if (t->sigma > 0) {
            dpm_slot u = dpm_along(b, DPM_EPSILON, s, t, x, e[0]);
            mean       = dpm_lin2(b, 0.5, e[0], 0.5, dpm_eval(b, u, t, DPM_EPSILON));
        }
        x = dpm_step(b, i, dpm_along(b, DPM_EPSILON, s, t, x, mean));
    }
    dpm_result(b, x);
}

const dpm_method dpm_method_plms = {
    .name       = "plms",
    .about      = "PNDM that starts with pseudo Heun and rises to four values",
    .cite       = "Liu, Ren, Lin, Zhao 2022; Rombach et al. 2022",
    .aliases    = "",
    .true_order = 2,
    .form       = DPM_EPSILON,
    .flags      = DPM_TO_ZERO,
    .takes      = "invert",
    .make       = make,
};
