/* dpm-1, dpm-2m, dpm-3m and dpmpp-1, dpmpp-2m, dpmpp-3m: DPM-Solver and DPM-Solver++ from values of earlier steps.

   x_t = T x_s + sum_j w_j m_j, m_0 at s = t_i, m_j at t_{i-j}; with r_0 = (lambda_s - lambda_{i-1}) / h
       1    w_0 = M_0                                     DDIM (Song, Meng, Ermon 2021, eq. 13)
       2    M_0 m_0 + c (m_0 - m_1) / r_0                 c = M_1 / h (taylor) or M_0 / 2                               (1)
       3    the integral of the parabola through the three                                                             (2)
   (Lu et al. 2022b, algorithm 2 and appendix B; their code's multistep updates). (2) as published,
       M_0 m_0 + (M_1 / h) D_1 + (M_2 / h^2) D_2,   D_2 = (D_10 - D_11) / (r_0 + r_1),
   has half of the second derivative, for which D_2 is a divided difference: its order is 2, and compat published gives it. */
#include "dpm_solver.h"

enum { FEW = 10 }; /* official: steps below which the last ones are of lower order */

static void second(const dpm_build *b, long i, int relaxed, double w[])
{
    const dpm_point *p = b->point + i, *t = p + 1;
    double           r = (p[0].lambda - p[-1].lambda) / (t->lambda - p[0].lambda);
    double           c = dpm_slope(b->form, p, t, relaxed) / r;
    w[0]               = dpm_moment(b->form, p, t, 0) + c;
    w[1]               = -c;
}

static void third_published(const dpm_build *b, long i, double w[])
{
    const dpm_point *p = b->point + i, *t = p + 1;
    double           h  = t->lambda - p[0].lambda;
    double           r0 = (p[0].lambda - p[-1].lambda) / h, r1 = (p[-1].lambda - p[-2].lambda) / h;
    double d1 = dpm_moment(b->form, p, t, 1) / h, d2 = dpm_moment(b->form, p, t, 2) / (h * h);
    /* D_10 = (m_0 - m_1) / r_0, D_11 = (m_1 - m_2) / r_1, D_1 = D_10 + r_0 D_2 */
    double e = (d1 * r0 + d2) / (r0 + r1), on_d10 = (d1 + e) / r0, on_d11 = -e / r1;
    w[0] = dpm_moment(b->form, p, t, 0) + on_d10;
    w[1] = on_d11 - on_d10;
    w[2] = -on_d11;
}

static void third(const dpm_build *b, long i, double w[])
{
    const dpm_point *p = b->point + i, *const node[] = { p, p - 1, p - 2 };
    dpm_weights(b->form, DPM_IN_LAMBDA, b->schedule, p, p + 1, 3, node, w);
}

static void weights(const dpm_build *b, long i, int order, int relaxed, double w[])
{
    if (order == 1)
        w[0] = dpm_moment(b->form, &b->point[i], &b->point[i + 1], 0);
    else if (order == 2)
        second(b, i, relaxed, w);
    else if (b->o->published)
        third_published(b, i, w);
    else
        third(b, i, w);
}

static void make(dpm_build *b)
{
    int      relaxed = dpm_family_options(b);
    dpm_slot v[4]    = { b->x, -1, -1, -1 }; /* the state, and values from new to old */
    for (long i = 0; i < b->steps; i++) {
        const dpm_point *s     = &b->point[i];
        int              order = dpm_order_at(b, i, b->order, FEW);
        double           c[4]  = { dpm_transfer(b->form, s, s + 1) };
        weights(b, i, order, relaxed, c + 1);
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
