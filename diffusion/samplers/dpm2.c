/* dpm-2, dpm-2-ancestral - k-diffusion's midpoint rule on dy/drho = eps, the middle taken in log rho:

       u = y_s + (rho_m - rho_s) eps(y_s, rho_s),   y_t = y_s + (rho_t - rho_s) eps(u, rho_m),   rho_m = sqrt(rho_s rho_t)    (1)

   (KDPM2DiscreteScheduler; DPM-Solver-2 of Lu et al. 2022, algorithm 1, has the same middle and another last line). Into sigma = 0
   the step is Euler's. Ancestral: (1) to the smaller sigma of ddim.c, eq. 1, then noise. */
#include "step.h"

static dpm_slot midpoint(dpm_build *b, const dpm_point *s, const dpm_point *t, dpm_slot x)
{
    dpm_slot m = dpm_eval(b, x, s, DPM_EPSILON);
    if (t->sigma > 0) {
        dpm_point middle = dpm_between(b, s, t);
        m = dpm_eval(b, dpm_along(b, DPM_EPSILON, s, &middle, x, m), &middle, DPM_EPSILON);
    }
    return dpm_along(b, DPM_EPSILON, s, t, x, m);
}

static void make(dpm_build *b)
{
    dpm_slot x = b->x;
    for (long i = 0; i < b->steps; i++) {
        dpm_point s = b->point[i];
        x           = dpm_churn(b, x, &s);
        x           = dpm_step(b, i, midpoint(b, &s, &b->point[i + 1], x));
    }
    dpm_result(b, x);
}

static void make_ancestral(dpm_build *b)
{
    dpm_slot x   = b->x;
    double   eta = dpm_or(b->o->eta, 1);
    for (long i = 0; i < b->steps; i++) {
        const dpm_point *s = &b->point[i];
        dpm_split        n = dpm_split_noise(s, &b->point[i + 1], eta);
        x                  = midpoint(b, s, &n.down, x);
        if (n.up > 0) x = dpm_lin2(b, 1, x, n.up, dpm_noise(b));
        x = dpm_step(b, i, x);
    }
    dpm_result(b, x);
}

const dpm_method dpm_method_dpm_2 = {
    .name       = "dpm-2",
    .about      = "midpoint in sigma / alpha, the middle in its logarithm; churn",
    .cite       = "Karras et al. 2022, algorithm 2; k-diffusion",
    .aliases    = "KDPM2DiscreteScheduler sample_dpm_2 k_dpm_2 dpm_2_sampler",
    .order      = 2,
    .true_order = 2,
    .form       = DPM_EPSILON,
    .flags      = DPM_TO_ZERO,
    .takes      = "churn invert",
    .make       = make,
};

const dpm_method dpm_method_dpm_2_ancestral = {
    .name    = "dpm-2-ancestral",
    .about   = "dpm-2 to a smaller sigma, then noise",
    .cite    = "k-diffusion",
    .aliases = "KDPM2AncestralDiscreteScheduler sample_dpm_2_ancestral k_dpm_2_a dpm2_a",
    .order   = 2,
    .form    = DPM_EPSILON,
    .flags   = DPM_STOCHASTIC | DPM_TO_ZERO,
    .takes   = "eta",
    .make    = make_ancestral,
};
