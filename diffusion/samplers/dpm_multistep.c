/* dpm-1, dpm-2m, dpm-3m and dpmpp-1, dpmpp-2m, dpmpp-3m: DPM-Solver and DPM-Solver++ from values of earlier steps.

   x_t = T x_s + sum_j w_j m_j, m_0 at s = t_i, m_j at t_{i-j} (Lu et al. 2022b, algorithm 2 and appendix B; their code's multistep
   updates): DDIM's w_0 = M_0 (Song, Meng, Ermon 2021, eq. 13), and dpm_solver.h's (2) and (3). Published, (3) takes half of the
   second derivative: its order is 2, and compat published gives it.
   The first step of order 1 has a local error of h^2, which in the end makes the order of 3m 2 as well (observed: 3.8 to 48 steps, 2.5
   at 768, 2.05 at 3072). Unless published, its end is therefore corrected with the value that is needed there anyway, as UniPC's is
   (Zhao et al. 2023, algorithm 2): x_1 becomes the integral of the line through m_0 and m_1, at no further evaluation. */
#include <math.h>

#include "dpm_solver.h"

enum { FEW = 10 }; /* official: steps below which the last ones are of lower order */

/* x_1 from x_0 by the values at both ends. */
static dpm_slot corrected(dpm_build *b, dpm_slot x, dpm_slot m0, dpm_slot m1)
{
    const dpm_point *s = &b->point[0], *const node[] = { s, s + 1 };
    double w[2];
    dpm_weights(b->form, DPM_IN_LAMBDA, b->schedule, s, s + 1, 2, node, w);
    return dpm_lin3(b, dpm_transfer(b->form, s, s + 1), x, w[0], m0, w[1], m1);
}

static void make(dpm_build *b)
{
    int      relaxed = dpm_family_options(b, "dpmsolver");
    int      correct = b->order == 3 && !b->o->published && !isinf(b->point[0].lambda);
    dpm_slot v[4] = { b->x, dpm_eval(b, b->x, b->point, b->form), -1, -1 }; /* x, m_0, m_1, m_2 */
    for (long i = 0; i < b->steps; i++) {
        const dpm_point *s     = &b->point[i];
        int              order = dpm_order_at(b, i, b->order, FEW);
        double           c[4]  = { dpm_transfer(b->form, s, s + 1) }, moment[3];
        for (int k = 0; k < order; k++) moment[k] = dpm_moment(b->form, s, s + 1, k);
        dpm_difference_weights(s, order, relaxed, b->o->published, moment, c + 1);
        dpm_slot x     = dpm_lin(b, order + 1, c, v);
        int      first = i == 0 && correct;
        if (!first) x = dpm_step(b, i, x);
        if (i == b->steps - 1) {
            dpm_result(b, x);
            return;
        }
        dpm_slot m = dpm_eval(b, x, s + 1, b->form);
        if (first) x = dpm_step(b, i, corrected(b, v[0], v[1], m));
        v[3] = v[2];
        v[2] = v[1];
        v[1] = m;
        v[0] = x;
    }
}

#define TAKES "solver-type lower-order-final invert"

const dpm_method dpm_method_dpm_1 = {
    .name       = "dpm-1",
    .about      = "DPM-Solver-1, which is DDIM, from the noise",
    .cite       = "Lu et al. 2022, eq. 3.7",
    .aliases    = "dpm-solver-1 dpm-1m",
    .order      = 1,
    .true_order = 1,
    .form       = DPM_EPSILON,
    .flags      = DPM_TO_ZERO | DPM_FORM,
    .takes      = TAKES,
    .make       = make,
};

const dpm_method dpm_method_dpm_2m = {
    .name       = "dpm-2m",
    .about      = "DPM-Solver of order 2 from the noise, two values kept",
    .cite       = "Lu et al. 2022b, appendix B",
    .aliases    = "dpm-solver-2m",
    .order      = 2,
    .true_order = 2,
    .form       = DPM_EPSILON,
    .min_steps  = 2,
    .flags      = DPM_TO_ZERO | DPM_FORM,
    .takes      = TAKES,
    .make       = make,
};

const dpm_method dpm_method_dpm_3m = {
    .name            = "dpm-3m",
    .about           = "DPM-Solver of order 3 from the noise, three values kept",
    .cite            = "Lu et al. 2022b, appendix B, its second difference doubled",
    .aliases         = "dpm-solver-3m",
    .order           = 3,
    .true_order      = 3,
    .published_order = 2,
    .form            = DPM_EPSILON,
    .min_steps       = 3,
    .flags           = DPM_TO_ZERO | DPM_FORM,
    .takes           = TAKES " compat",
    .make            = make,
};

const dpm_method dpm_method_dpmpp_1 = {
    .name       = "dpmpp-1",
    .about      = "DPM-Solver++ of order 1, which is DDIM, from the data",
    .cite       = "Lu et al. 2022b, eq. 9",
    .aliases    = "dpm-solver++-1 dpmpp-1m",
    .order      = 1,
    .true_order = 1,
    .form       = DPM_X0,
    .flags      = DPM_TO_ZERO | DPM_FROM_ZERO | DPM_FORM,
    .takes      = TAKES,
    .make       = make,
};

const dpm_method dpm_method_dpmpp_2m = {
    .name       = "dpmpp-2m",
    .about      = "DPM-Solver++ of order 2 from the data, two values kept",
    .cite       = "Lu et al. 2022b, algorithm 2",
    .aliases    = "dpm-solver++-2m DPMSolverMultistepScheduler EDMDPMSolverMultistepScheduler "
                  "sample_dpmpp_2m k_dpmpp_2m dpm++-2m",
    .order      = 2,
    .true_order = 2,
    .form       = DPM_X0,
    .min_steps  = 2,
    .flags      = DPM_TO_ZERO | DPM_FROM_ZERO | DPM_FORM,
    .takes      = TAKES,
    .make       = make,
};

const dpm_method dpm_method_dpmpp_3m = {
    .name            = "dpmpp-3m",
    .about           = "DPM-Solver++ of order 3 from the data, three values kept",
    .cite            = "Lu et al. 2022b, appendix B, its second difference doubled",
    .aliases         = "dpm-solver++-3m dpm++-3m",
    .order           = 3,
    .true_order      = 3,
    .published_order = 2,
    .form            = DPM_X0,
    .min_steps       = 3,
    .flags           = DPM_TO_ZERO | DPM_FROM_ZERO | DPM_FORM,
    .takes           = TAKES " compat",
    .make            = make,
};
