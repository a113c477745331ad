#include <costate/nde/tableau.h>

// clang-format off
const nde_tableau nde_rk4 = {
    .name        = "rk4",
    .cite        = "Kutta 1901, the Runge-Kutta method; Hairer, Norsett, Wanner II.1, Table 1.2",
    .aliases     = "classical_rk4 runge_kutta_4 sciml:RK4 torchdyn:RungeKutta4 odeint:runge_kutta4",
    .stages      = 4,
    .order       = 4,
    .dense_order = 3, /* Hermite */
    .a = { { 0.0 },
           { 1.0 / 2 },
           { 0.0, 1.0 / 2 },
           { 0.0, 0.0, 1.0 } },
    .b = { 1.0 / 6, 1.0 / 3, 1.0 / 3, 1.0 / 6 },
    .c = { 0.0, 1.0 / 2, 1.0 / 2, 1.0 },
    .stability = 2.7853, /* |1 + z + z^2/2 + z^3/6 + z^4/24| <= 1 */
};
