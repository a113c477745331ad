#include <costate/nde/tableau.h>

/* What torchdiffeq calls rk4. */
// clang-format off
const nde_tableau nde_rk38 = {
    .name        = "rk38",
    .cite        = "Kutta 1901, the 3/8 rule; Hairer, Norsett, Wanner II.1, Table 1.2",
    .aliases     = "three_eighths torchdiffeq:rk4",
    .stages      = 4,
    .order       = 4,
    .dense_order = 3, /* Hermite */
    .a = { { 0.0 },
           { 1.0 / 3 },
           { -1.0 / 3, 1.0 },
           { 1.0, -1.0, 1.0 } },
    .b = { 1.0 / 8, 3.0 / 8, 3.0 / 8, 1.0 / 8 },
    .c = { 0.0, 1.0 / 3, 2.0 / 3, 1.0 },
    .stability = 2.7853, /* every four-stage method of order 4 has rk4's polynomial */
};
