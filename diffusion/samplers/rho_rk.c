/* rho-rk - an explicit Runge-Kutta method of nde/ on dy/drho = eps (Zhang, Chen 2023, section 4: rho-RK DEIS).

   With heun2 it is rho2Heun: Karras et al. 2022, algorithm 1. A fixed step on the grid; adaptive ones are what nde/ is for. */
#include "rk.h"

static void make(dpm_build *b)
{
    dpm_rk(b, DPM_ALONG_RHO, b->o->tableau ? b->o->tableau : &nde_heun2);
}

const dpm_method dpm_method_rho_rk = {
    .name       = "rho-rk",
    .about      = "any explicit Runge-Kutta tableau in sigma / alpha; heun2",
    .cite       = "Zhang, Chen 2023, section 4",
    .aliases    = "deis-rhork rho2heun",
    .order      = 2,
    .true_order = 2,
    .form       = DPM_EPSILON,
    .flags      = DPM_TO_ZERO,
    .takes      = "tableau invert",
    .make       = make,
};
