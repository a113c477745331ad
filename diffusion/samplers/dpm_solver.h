/* dpm_solver.h - (internal) what the samplers of the DPM-Solver family share.

   h = lambda_t - lambda_s, M_k the moments of table.h; m_0 the value at s, m_1, m_2, ... at other nodes. Derivatives in lambda come
   from finite differences; where there is one, D = h m', the family weighs it in either of two ways that agree to h^3:
       taylor      M_1 / h, the exact integral            relaxed ("dpmsolver", diffusers' "midpoint")   M_0 / 2          (1)
   (Lu et al. 2022, appendix B.2 and D; Lu et al. 2022b, appendix B). */
#ifndef COSTATE_DIFFUSION_SAMPLERS_DPM_SOLVER_H
#define COSTATE_DIFFUSION_SAMPLERS_DPM_SOLVER_H

#include <costate/diffusion/method.h>

/* 1: the solver type, or where none is given the standard one, is relaxed, 0: taylor. Another, or a start from which the form
   cannot step, is a mistake of the build. */
int dpm_family_options(dpm_build *b, const char *standard);

/* How many values step i uses: as many as there are, at most `most`; one into sigma = 0 or out of an end of infinite lambda; at
   most the steps that are left where lower-order-final says so, which it does as the official flag: with fewer than `below` steps,
   with any number where below is 0 or the option 2. By default it says so unless below is 0. */
int dpm_order_at(const dpm_build *b, long i, int most, long below);

/* w[0 .. p) of the values at s, s - 1, .., from M_0 .. M_{p-1}: with r_j = (lambda_{s-j} - lambda_{s-j-1}) / h and
   D_1j = (m_j - m_{j+1}) / r_j,
       p = 2    M_0 m_0 + c D_10                                             c = M_1 / h, or M_0 / 2                    (2)
       p = 3    M_0 m_0 + (M_1 / h) (D_10 + r_0 E) + (M_2 / h^2) 2 E         E = (D_10 - D_11) / (r_0 + r_1)            (3)
   which is the integral of the parabola through the three. Published, (3) lacks its 2. */
void dpm_difference_weights(const dpm_point *s, int p, int relaxed, int published, const double M[],
                            double w[]);

/* (1), divided by h: what D is multiplied with. */
double dpm_slope(dpm_prediction form, const dpm_point *s, const dpm_point *t, int relaxed);

/* A single step with stages inside, r1 and r2 of the way in lambda. m: values at s and at the stages, dead until something needs
   them, so that steps of several orders share them. */
typedef struct dpm_single {
    dpm_prediction   form;
    int              relaxed;
    const dpm_point *s, *t;
    dpm_slot         x; /* at s */
    double           r1, r2;
    dpm_slot         m[3];
} dpm_single;

dpm_slot dpm_single_step(dpm_build *b, dpm_single *p, int order); /* 1, 2, 3: the state at t */

#endif
