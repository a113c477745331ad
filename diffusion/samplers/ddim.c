/* ddim, ddpm, euler-ancestral - the first-order step, with or without new noise.

   The posterior of x_t given x_s and x0 has mean and deviation
       x_t = alpha_t x0 + sqrt(sigma_t^2 - s^2) eps + s z,    s = eta sigma_t sqrt(1 - rho_t^2 / rho_s^2),      (1)
   (Song, Meng, Ermon 2021, eq. 12 and 16, where alpha^2 + sigma^2 = 1 and s = eta sqrt(sigma_t^2 / sigma_s^2)
   sqrt(1 - alpha_s^2 / alpha_t^2)). eta = 0 is the Euler step of dy/drho = eps, which is DPM-Solver-1 too; eta = 1 the ancestral
   sampler of Ho, Jain, Abbeel 2020, algorithm 2. Written for any alpha, (1) is k-diffusion's Euler ancestral step as well. From data
   to noise, eta = 0, it is DDIM inversion: exact up to O(h), for eps is taken at the point that is left.
   Ho et al. (section 3.2) have two variances: beta-tilde, which is (1), "small"; and beta, sigma_s^2 - (alpha_s / alpha_t)^2 sigma_t^2,
   "large", on the same mean. */
#include <math.h>

#include "step.h"

/* What is drawn beside (1)'s mean; 0: as (1) has it. */
typedef double deviation(const dpm_point *s, const dpm_point *t);

static void ancestral(dpm_build *b, double eta, deviation *other)
{
    dpm_slot x = b->x;
    if (b->o->invert && eta != 0)
        dpm_build_fail(b, AD_INVALID, "%s from data to noise draws none: it needs eta = 0, not %g",
                       b->method->name, eta);
    for (long i = 0; i < b->steps && !dpm_build_failed(b); i++) {
        const dpm_point *s = &b->point[i], *t = &b->point[i + 1];
        /* y = x / alpha is not there at alpha = 0, x0 is */
        dpm_prediction form = s->alpha == 0 ? DPM_X0 : b->form;
        dpm_split      n    = dpm_split_noise(s, t, eta);
        dpm_slot       m    = dpm_eval(b, x, s, form);
        double         up   = other ? other(s, t) : n.up;
        x                   = dpm_along(b, form, s, &n.down, x, m);
        if (up > 0) x = dpm_lin2(b, 1, x, up, dpm_noise(b));
        x = dpm_step(b, i, x);
    }
    dpm_result(b, x);
}

static double large(const dpm_point *s, const dpm_point *t)
{
    double ratio = t->rho / s->rho;
    return t->sigma == 0 ? 0 : s->sigma * sqrt((1 - ratio) * (1 + ratio));
}

static void make_ddim(dpm_build *b)
{
    ancestral(b, dpm_or(b->o->eta, 0), NULL);
}

static void make_ancestral(dpm_build *b)
{
    ancestral(b, dpm_or(b->o->eta, 1), NULL);
}

static void make_ddpm(dpm_build *b)
{
    int wide = dpm_is(b->o->variant, "small", "large");
    if (!wide && !dpm_is(b->o->variant, "small", "small"))
        dpm_build_fail(b, AD_INVALID, "ddpm has variances small and large, no '%.40s'",
                       b->o->variant);
    ancestral(b, 1, wide ? large : NULL);
}

const dpm_method dpm_method_ddim = {
    .name       = "ddim",
    .about      = "the first-order step; eta > 0 draws noise; inversion",
    .cite       = "Song, Meng, Ermon 2021, eq. 12, 16",
    .aliases    = "DDIMScheduler DDIMInverseScheduler",
    .order      = 1,
    .true_order = 1,
    .form       = DPM_EPSILON,
    .flags      = DPM_TO_ZERO | DPM_FROM_ZERO | DPM_FORM,
    .takes      = "eta invert",
    .make       = make_ddim,
};

const dpm_method dpm_method_ddpm = {
    .name    = "ddpm",
    .about   = "ancestral sampling; variant small (posterior variance) or large (beta)",
    .cite    = "Ho, Jain, Abbeel 2020, algorithm 2",
    .aliases = "DDPMScheduler",
    .order   = 1,
    .form    = DPM_EPSILON,
    .flags   = DPM_STOCHASTIC | DPM_TO_ZERO | DPM_FROM_ZERO | DPM_FORM,
    .takes   = "variant",
    .make    = make_ddpm,
};

const dpm_method dpm_method_euler_ancestral = {
    .name    = "euler-ancestral",
    .about   = "Euler to a smaller sigma, then noise: ddim with eta = 1",
    .cite    = "Song, Meng, Ermon 2021, eq. 12; k-diffusion",
    .aliases = "EulerAncestralDiscreteScheduler sample_euler_ancestral k_euler_ancestral euler_a",
    .order   = 1,
    .form    = DPM_EPSILON,
    .flags   = DPM_STOCHASTIC | DPM_TO_ZERO | DPM_FROM_ZERO | DPM_FORM,
    .takes   = "eta",
    .make    = make_ancestral,
};
