/* euler, heun - Karras et al. 2022, algorithms 1 and 2: Euler and Heun on dy/drho = eps, each step after a little noise.

   Without churn (the default) heun is rho-rk with heun2 and euler is ddim. Into sigma = 0 heun's step is Euler's. */
#include "rk.h"

static void steps(dpm_build *b, const nde_tableau *m)
{
    dpm_slot x = b->x;
    for (long i = 0; i < b->steps; i++) {
        dpm_point s = b->point[i];
        x           = dpm_churn(b, x, &s);
        x           = dpm_step(b, i, dpm_rk_step(b, DPM_ALONG_RHO, m, &s, &b->point[i + 1], x));
    }
    dpm_result(b, x);
}

static void make_euler(dpm_build *b)
{
    steps(b, &nde_euler);
}

static void make_heun(dpm_build *b)
{
    steps(b, &nde_heun2);
}

const dpm_method dpm_method_euler = {
    .name       = "euler",
    .about      = "Euler in sigma / alpha, with churn",
    .cite       = "Karras et al. 2022, algorithm 2 without its correction",
    .aliases    = "EulerDiscreteScheduler EDMEulerScheduler sample_euler k_euler",
    .order      = 1,
    .true_order = 1,
    .form       = DPM_EPSILON,
    .flags      = DPM_TO_ZERO,
    .takes      = "churn invert",
    .make       = make_euler,
};

const dpm_method dpm_method_heun = {
    .name       = "heun",
    .about      = "EDM's sampler: Heun in sigma / alpha, with churn",
    .cite       = "Karras et al. 2022, algorithms 1, 2",
    .aliases    = "HeunDiscreteScheduler sample_heun k_heun edm edm_sampler",
    .order      = 2,
    .true_order = 2,
    .form       = DPM_EPSILON,
    .flags      = DPM_TO_ZERO,
    .takes      = "churn invert",
    .make       = make_heun,
};
