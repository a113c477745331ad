#include <costate/nde/tableau.h>

/* The embedded weights are Euler's, as Diffrax has them. */
const nde_tableau nde_midpoint = {
    .name        = "midpoint",
    .cite        = "Runge 1895, the improved polygon method; Hairer, Norsett, Wanner II.1",
    .aliases     = "improved_polygon torchdiffeq:midpoint torchdyn:Midpoint diffrax:Midpoint",
    .stages      = 2,
    .order       = 2,
    .error_order = 1,
    .dense_order = 2, /* Hermite's cubic through values of order 2 */
    .a           = { { 0.0 }, { 0.5 } },
    .b           = { 0.0, 1.0 },
    .c           = { 0.0, 0.5 },
    .e           = { -1.0, 1.0 },
    .stability   = 2.0,
};
