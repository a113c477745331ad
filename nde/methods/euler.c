#include <costate/nde/tableau.h>

const nde_tableau nde_euler = {
    .name         = "euler",
    .cite         = "Euler 1768",
    .aliases      = "forward_euler explicit_euler torchdiffeq:euler torchdyn:Euler diffrax:Euler",
    .stages       = 1,
    .order        = 1,
    .dense_order  = 1,
    .dense_degree = 1, /* the chord */
    .b            = { 1.0 },
    .dense        = { { 0.0, 1.0 } },
    .stability    = 2.0,
};
