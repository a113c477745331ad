/* rmsprop.c - Tieleman and Hinton 2012, lecture 6.5, with PyTorch's momentum mu = beta1 (none unless asked for) and
   alpha = beta2:

       v = alpha v + (1 - alpha) g^2                                                     (1)
       b = mu b + g / (sqrt(v) + eps)                                                    (2)
       theta -= rate b                                                                   (3)

   v starts at 0 and is not corrected for it: the first steps are up to 1 / sqrt(1 - alpha) = 10 rates long. */
#include <math.h>

#include <costate/autodiff/optim.h>

#define REAL float
#define ROOT sqrtf
#define LOOP loop_f32
#include "rmsprop_loop.inc"
#define REAL double
#define ROOT sqrt
#define LOOP loop_f64
#include "rmsprop_loop.inc"

static void rmsprop(const ad_optim_step_args *a)
{
    if (a->type == AD_F32)
        loop_f32(a);
    else
        loop_f64(a);
}

const ad_optimizer ad_optim_rmsprop = {
    .name        = "rmsprop",
    .cite        = "Tieleman and Hinton 2012, lecture 6.5",
    .moments     = 2,
    .moment_name = { "square_avg", "momentum_buffer" },
    .defaults    = { .rate = 1e-2, .beta2 = 0.99, .eps = 1e-8 },
    .step        = rmsprop,
};
