/* flow-euler, flow-heun, rf-solver - on the rectified flow dx/dt = v = eps - x0 (Liu, Gong, Liu 2023; Lipman et al. 2023).

   For another schedule, on the flow of the same data and noise (rk.h, eq. 2). flow-euler is then ddim, term by term.
   RF-Solver (Wang et al. 2025) writes its second-order step as x + dt v + dt^2 / 2 (v_mid - v) / (dt / 2), where v_mid is v after half an
   Euler step. That is x + dt v_mid: the explicit midpoint rule. Of order 2; but for a
   single Gaussian, whose x is proportional to the root of a quadratic in t, the h^3 term a a' / 4 + a^3 / 6 + a'' / 24 of x' = a x
   vanishes, and it looks like 3. */
#include "rk.h"

static void make_euler(dpm_build *b)
{
    dpm_rk(b, DPM_ALONG_FLOW, &nde_euler);
}

static void make_heun(dpm_build *b)
{
    dpm_rk(b, DPM_ALONG_FLOW, &nde_heun2);
}

static void make_midpoint(dpm_build *b)
{
    dpm_rk(b, DPM_ALONG_FLOW, &nde_midpoint);
}

const dpm_method dpm_method_flow_euler = {
    .name       = "flow-euler",
    .about      = "Euler in the flow's time; equal to ddim",
    .cite       = "Liu, Gong, Liu 2023",
    .aliases    = "FlowMatchEulerDiscreteScheduler",
    .order      = 1,
    .true_order = 1,
    .form       = DPM_FLOW,
    .flags      = DPM_TO_ZERO | DPM_FROM_ZERO,
    .takes      = "invert",
    .make       = make_euler,
};

const dpm_method dpm_method_flow_heun = {
    .name       = "flow-heun",
    .about      = "Heun in the flow's time",
    .cite       = "Liu, Gong, Liu 2023; Karras et al. 2022, algorithm 1",
    .aliases    = "FlowMatchHeunDiscreteScheduler",
    .order      = 2,
    .true_order = 2,
    .form       = DPM_FLOW,
    .flags      = DPM_TO_ZERO | DPM_FROM_ZERO,
    .takes      = "invert",
    .make       = make_heun,
};

const dpm_method dpm_method_rf_solver = {
    .name       = "rf-solver",
    .about      = "RF-Solver-2, which is the explicit midpoint rule in the flow's time",
    .cite       = "Wang et al. 2025",
    .aliases    = "rf-solver-2 flow-midpoint",
    .order      = 2,
    .true_order = 2,
    .form       = DPM_FLOW,
    .flags      = DPM_TO_ZERO | DPM_FROM_ZERO,
    .takes      = "invert",
    .make       = make_midpoint,
};
