/* Denoising MCMC is a chain in (x, sigma), each sample with a sigma of its own: dmcmc.h has it, and this row is how it is found. */
#include <costate/diffusion/method.h>

const dpm_method dpm_method_dmcmc = {
    .name    = "dmcmc",
    .about   = "denoising MCMC, a chain in (x, sigma): dpm_dmcmc() of <costate/diffusion/dmcmc.h>",
    .cite    = "Kim, Ye 2023",
    .aliases = "denoising-mcmc dlg",
    .order   = 1,
    .form    = DPM_EPSILON,
    .flags   = DPM_STOCHASTIC,
    .takes   = "",
};
