/* adam.c - Kingma and Ba 2015, Algorithm 1; with decoupled decay Loshchilov and Hutter 2019, Algorithm 2.

       m = beta1 m + (1 - beta1) g                                                       (1)
       v = beta2 v + (1 - beta2) g^2                                                     (2)
       theta -= rate (m / (1 - beta1^k)) / (sqrt(v / (1 - beta2^k)) + eps)               (3)

   The corrections of (3) are two numbers of the step and are computed in float64. adam adds decay * theta to g; adamw
   shrinks theta by rate * decay before (3). */
#include <math.h>

#include <costate/autodiff/optim.h>

typedef struct factors {
    double rate, root, keep,
        decay; /* of (3): rate / (1 - beta1^k), 1 / sqrt(1 - beta2^k); of theta; of g */
} factors;

#define REAL float
#define ROOT sqrtf
#define LOOP loop_f32
#include "adam_loop.inc"
#define REAL double
#define ROOT sqrt
#define LOOP loop_f64
#include "adam_loop.inc"

static void step(const ad_optim_step_args *a, factors f)
{
    double k = (double)a->step;
    f.rate   = a->rate / (1 - pow(a->o->beta1, k));
    f.root   = 1 / sqrt(1 - pow(a->o->beta2, k));
    if (a->type == AD_F32)
        loop_f32(a, f);
    else
        loop_f64(a, f);
}

static void adam(const ad_optim_step_args *a)
{
    step(a, (factors){ .keep = 1, .decay = a->o->weight_decay });
}

static void adamw(const ad_optim_step_args *a)
{
    step(a, (factors){ .keep = 1 - a->rate * a->o->weight_decay });
}

const ad_optimizer ad_optim_adam = {
    .name        = "adam",
    .cite        = "Kingma and Ba 2015, Algorithm 1",
    .moments     = 2,
    .moment_name = { "exp_avg", "exp_avg_sq" },
    .defaults    = { .rate = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8 },
    .step        = adam,
};

const ad_optimizer ad_optim_adamw = {
    .name        = "adamw",
    .cite        = "Loshchilov and Hutter 2019, Algorithm 2",
    .moments     = 2,
    .moment_name = { "exp_avg", "exp_avg_sq" },
    .defaults = { .rate = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .weight_decay = 1e-2 },
    .step     = adamw,
};
