/* adabelief.c - Zhuang et al. 2020, Algorithm 2: Adam with the variance of the gradient about its mean in place of the mean
   square, so that a step is long where the gradient is what was expected.

       m = beta1 m + (1 - beta1) g                                                       (1)
       s = beta2 s + (1 - beta2) (g - m)^2 + eps                                         (2)
       theta -= rate (m / (1 - beta1^k)) / (sqrt(s / (1 - beta2^k)) + eps)               (3)

   m in (2) is the new one, and s keeps the eps: it tends to eps / (1 - beta2) under a constant gradient. 1e-16 is the
   default of the authors' PyTorch package; it weighs as 1e-8 does in Adam, being under a root. */
#include <math.h>

#include <costate/autodiff/optim.h>

typedef struct factors {
    double rate, root; /* of (3): rate / (1 - beta1^k), 1 / sqrt(1 - beta2^k) */
} factors;

#define REAL float
#define ROOT sqrtf
#define LOOP loop_f32
#include "adabelief_loop.inc"
#define REAL double
#define ROOT sqrt
#define LOOP loop_f64
#include "adabelief_loop.inc"

static void adabelief(const ad_optim_step_args *a)
{
    double  k = (double)a->step;
    factors f = { a->rate / (1 - pow(a->o->beta1, k)), 1 / sqrt(1 - pow(a->o->beta2, k)) };
    if (a->type == AD_F32)
        loop_f32(a, f);
    else
        loop_f64(a, f);
}

const ad_optimizer ad_optim_adabelief = {
    .name        = "adabelief",
    .cite        = "Zhuang et al. 2020, Algorithm 2",
    .moments     = 2,
    .moment_name = { "exp_avg", "exp_avg_var" },
    .defaults    = { .rate = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-16 },
    .step        = adabelief,
};
