/* adamax.c - Kingma and Ba 2015, Algorithm 2: Adam with the largest past gradient in place of their mean square.

       m = beta1 m + (1 - beta1) g                                                       (1)
       u = max(beta2 u, |g| + eps)                                                       (2)
       theta -= rate / (1 - beta1^k) m / u                                               (3)

   eps in (2) is PyTorch's, against 0 / 0 (Flux has it in the denominator of (3), which differs by 1e-8 of u). */
#include <math.h>

#include <costate/autodiff/optim.h>

#define REAL float
#define ABS  fabsf
#define LOOP loop_f32
#include "adamax_loop.inc"
#define REAL double
#define ABS  fabs
#define LOOP loop_f64
#include "adamax_loop.inc"

static void adamax(const ad_optim_step_args *a)
{
    double rate = a->rate / (1 - pow(a->o->beta1, (double)a->step));
    if (a->type == AD_F32)
        loop_f32(a, rate);
    else
        loop_f64(a, rate);
}

const ad_optimizer ad_optim_adamax = {
    .name        = "adamax",
    .cite        = "Kingma and Ba 2015, Algorithm 2",
    .moments     = 2,
    .moment_name = { "exp_avg", "exp_inf" },
    .defaults    = { .rate = 2e-3, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8 },
    .step        = adamax,
};
