/* sgd.c - gradient descent with momentum mu, the form of Sutskever et al. 2013 that PyTorch uses:

       g += decay theta
       b  = mu b + g                                                                     (1)
       theta -= rate b,   with Nesterov's momentum  theta -= rate (g + mu b)             (2)

   The velocity form, v = mu v + rate g, theta -= v (Sutskever et al. 2013 up to the sign; Flux's Momentum), is the same at
   a constant rate, v = rate b. Where the rate changes, (2) takes every past gradient at today's rate, that form each at
   the rate of its own day: at mu = 0.9 and a decay 1 / (1 + 1e-5 i) steps differ by 1e-4 of themselves. */
#include <costate/autodiff/optim.h>

#define REAL float
#define LOOP loop_f32
#include "sgd_loop.inc"
#define REAL double
#define LOOP loop_f64
#include "sgd_loop.inc"

static void sgd(const ad_optim_step_args *a)
{
    if (a->type == AD_F32)
        loop_f32(a);
    else
        loop_f64(a);
}

const ad_optimizer ad_optim_sgd = {
    .name        = "sgd",
    .cite        = "Sutskever et al. 2013, sections 1 and 2",
    .moments     = 1,
    .moment_name = { "momentum_buffer" },
    .defaults    = { .rate = 1e-2, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8 },
    .step        = sgd,
};
