/* dpmpp-sde, dpmpp-2s-ancestral: k-diffusion's stochastic singlestep samplers.

   Both step to (alpha_t, sigma_down) and add sigma_up z, which together have sigma_t (step.h; k-diffusion's get_ancestral_step).
       dpmpp-2s-ancestral    DPM-Solver++ (2S), r = 1/2, to the lower point; then noise                                 (1)
       dpmpp-sde             u = DDIM to the lower point of the middle + noise, m_1 there; DDIM with m_1 to t's; noise    (2)
   In (2), z of the step and z' of its first half are increments of one Brownian motion in rho, so that with
   a = (rho_s - rho_m) / (rho_s - rho_t), z = sqrt(a) z' + sqrt(1 - a) z'' (DPMSolverSDEScheduler, sample_dpmpp_sde). */
#include <math.h>

#include "dpm_solver.h"
#include "step.h"

static void make_ancestral(dpm_build *b)
{
    dpm_slot x   = b->x;
    double   eta = dpm_or(b->o->eta, 1);
    dpm_family_options(b, "dpmsolver");
    for (long i = 0; i < b->steps; i++) {
        const dpm_point *s   = &b->point[i];
        dpm_split        n   = dpm_split_noise(s, s + 1, eta);
        dpm_single       one = { .form    = DPM_X0,
                                 .relaxed = 1,
                                 .s       = s,
                                 .t       = &n.down,
                                 .x       = x,
                                 .r1      = 0.5,
                                 .m       = { -1, -1, -1 } };
        x                    = dpm_single_step(b, &one, 2);
        if (n.up > 0) x = dpm_lin2(b, 1, x, n.up, dpm_noise(b));
        x = dpm_step(b, i, x);
    }
    dpm_result(b, x);
}

/* (2) */
static dpm_slot step(dpm_build *b, const dpm_point *s, dpm_slot x, double eta)
{
    const dpm_point *t = s + 1;
    dpm_slot         m = dpm_eval(b, x, s, DPM_X0), z = -1;
    if (isinf(t->lambda - s->lambda)) return dpm_along(b, DPM_X0, s, t, x, m);
    dpm_point middle = dpm_between(b, s, t);
    dpm_split half = dpm_split_noise(s, &middle, eta), whole = dpm_split_noise(s, t, eta);
    dpm_slot  u = dpm_along(b, DPM_X0, s, &half.down, x, m);
    if (half.up > 0) {
        z = dpm_noise(b);
        u = dpm_lin2(b, 1, u, half.up, z);
    }
    m = dpm_eval(b, u, &middle, DPM_X0);
    x = dpm_along(b, DPM_X0, s, &whole.down, x, m);
    if (whole.up == 0) return x;
    double a = (s->rho - middle.rho) / (s->rho - t->rho);
    return dpm_lin3(b, 1, x, whole.up * sqrt(a), z, whole.up * sqrt(1 - a), dpm_noise(b));
}

static void make_sde(dpm_build *b)
{
    dpm_slot x   = b->x;
    double   eta = dpm_or(b->o->eta, 1);
    dpm_family_options(b, "dpmsolver");
    for (long i = 0; i < b->steps; i++) x = dpm_step(b, i, step(b, &b->point[i], x, eta));
    dpm_result(b, x);
}

const dpm_method dpm_method_dpmpp_sde = {
    .name    = "dpmpp-sde",
    .about   = "a stage in each step of the reverse SDE, from the data",
    .cite    = "k-diffusion",
    .aliases = "DPMSolverSDEScheduler sample_dpmpp_sde k_dpmpp_sde",
    .form    = DPM_X0,
    .flags   = DPM_STOCHASTIC | DPM_TO_ZERO | DPM_FROM_ZERO,
    .takes   = "eta",
    .make    = make_sde,
};

const dpm_method dpm_method_dpmpp_2s_ancestral = {
    .name    = "dpmpp-2s-ancestral",
    .about   = "DPM-Solver++ (2S) to a smaller sigma, then noise",
    .cite    = "k-diffusion",
    .aliases = "sample_dpmpp_2s_ancestral k_dpmpp_2s_a dpmpp-2s-a",
    .form    = DPM_X0,
    .flags   = DPM_STOCHASTIC | DPM_TO_ZERO | DPM_FROM_ZERO,
    .takes   = "eta",
    .make    = make_ancestral,
};
