/* Feynman-Kac correctors weigh and resample particles of several models: fkc.h has them, and this row is how they are found. */
#include <costate/diffusion/method.h>

const dpm_method dpm_method_fkc = {
    .name    = "fkc",
    .about   = "Feynman-Kac correctors, weighted particles: dpm_fkc() of <costate/diffusion/fkc.h>",
    .cite    = "Skreta et al. 2025",
    .aliases = "feynman-kac",
    .order   = 1,
    .form    = DPM_EPSILON,
    .flags   = DPM_STOCHASTIC,
    .takes   = "",
};
