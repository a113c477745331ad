/* lms - k-diffusion's linear multistep method: the polynomial of the last values in rho, integrated exactly (k-diffusion does it
   by adaptive quadrature). The same as deis-rhoab of one degree less. */
#include "adams.h"

static void make(dpm_build *b)
{
    dpm_adams(b, b->order, 0, dpm_adams_in_rho);
}

const dpm_method dpm_method_lms = {
    .name       = "lms",
    .about      = "Adams-Bashforth in sigma / alpha, through the last `order` values",
    .cite       = "Hairer, Norsett, Wanner 1993, III.5; k-diffusion",
    .aliases    = "LMSDiscreteScheduler sample_lms k_lms",
    .order      = 4,
    .order_most = 4,
    .true_order = 4,
    .form       = DPM_EPSILON,
    .flags      = DPM_TO_ZERO | DPM_ORDERS,
    .takes      = "lower-order-final invert",
    .make       = make,
};
