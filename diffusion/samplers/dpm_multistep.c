/* dpm-1, dpm-2m, dpm-3m and dpmpp-1, dpmpp-2m, dpmpp-3m: DPM-Solver and DPM-Solver++ from values of earlier steps.

   x_t = T x_s + sum_j w_j m_j, m_0 at s = t_i, m_j at t_{i-j} (Lu et al. 2022b, algorithm 2 and appendix B; their code's multistep
   updates): DDIM's w_0 = M_0 (Song, Meng, Ermon 2021, eq. 13), and dpm_solver.h's (2) and (3). Published, (3) takes half of the
   second derivative: its order is 2, and compat published gives it.
   As with every multistep method that starts with a step of order 1, whose local error is h^2, the order of 3m is 2 in the end. From
   noise that error is small: at 192 steps (case G16, logSNR) nothing is seen of it, at 768 the order is 2.6, at 3072 2.05. */
#include "dpm_solver.h"

enum { FEW = 10 }; /* official: steps below which the last ones are of lower order */

static void make(dpm_build *b)
{
    int      relaxed = dpm_family_options(b, "dpmsolver");
    dpm_slot v[4]    = { b->x, -1, -1, -1 }; /* the state, and values from new to old */
    for (long i = 0; i < b->steps; i++) {
        const dpm_point *s     = &b->point[i];
        int              order = dpm_order_at(b, i, b->order, FEW);
        double           c[4]  = { dpm_transfer(b->form, s, s + 1) }, moment[3];
        for (int k = 0; k < order; k++) moment[k] = dpm_moment(b->form, s, s + 1, k);
        dpm_difference_weights(s, order, relaxed, b->o->published, moment, c + 1);
        v[3] = v[2];
        v[2] = v[1];
        v[1] = dpm_eval(b, v[0], s, b->form);
        v[0] = dpm_step(b, i, dpm_lin(b, order + 1, c, v));
    }
    dpm_result(b, v[0]);
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
