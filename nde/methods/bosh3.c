#include <costate/nde/tableau.h>

// clang-format off
const nde_tableau nde_bosh3 = {
    .name        = "bosh3",
    .cite        = "Bogacki, Shampine 1989, A 3(2) pair of Runge-Kutta formulas",
    .aliases     = "RK23 BS3 ode23 bogacki_shampine scipy:RK23 matlab:ode23 torchdiffeq:bosh3 diffrax:Bosh3",
    .stages      = 4,
    .order       = 3,
    .error_order = 2,
    .dense_order = 3, /* Hermite */
    .a = { { 0.0 },
           { 1.0 / 2 },
           { 0.0, 3.0 / 4 },
           { 2.0 / 9, 1.0 / 3, 4.0 / 9 } },
    .b = { 2.0 / 9, 1.0 / 3, 4.0 / 9 },
    .c = { 0.0, 1.0 / 2, 3.0 / 4, 1.0 },
    .e = { -5.0 / 72, 1.0 / 12, 1.0 / 9, -1.0 / 8 }, /* b - (7/24, 1/4, 1/3, 1/8) */
    .stability = 2.5127, /* |1 + z + z^2/2 + z^3/6| <= 1 */
};
