#include <costate/nde/tableau.h>

/* The explicit trapezoidal rule; the embedded weights are Euler's. */
const nde_tableau nde_heun2 = {
    .name    = "heun2",
    .cite    = "Heun 1900; Hairer, Norsett, Wanner II.1",
    .aliases = "heun explicit_trapezoid torchdiffeq:heun2 torchdiffeq:adaptive_heun diffrax:Heun "
               "torchode:Heun",
    .stages  = 2,
    .order   = 2,
    .error_order = 1,
    .dense_order = 2, /* Hermite's cubic through values of order 2 */
    .a           = { { 0.0 }, { 1.0 } },
    .b           = { 0.5, 0.5 },
    .c           = { 0.0, 1.0 },
    .e           = { -0.5, 0.5 },
    .stability   = 2.0,
};
