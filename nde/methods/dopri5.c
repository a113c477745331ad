#include <costate/nde/tableau.h>

/* The interpolant is Shampine's, of order 4 and without a further stage. In Hairer's nested form (dopri5.f, contd5)

       y(t + x h) = y + x (r2 + (1 - x) (r3 + x (r4 + (1 - x) r5))),
       r2 = y1 - y,   r3 = h k1 - r2,   r4 = r2 - h k7 - r3,   r5 = h sum_i d_i k_i,

   expanded here in exact fractions; the d_i are the coefficients of x^4. */
// clang-format off
const nde_tableau nde_dopri5 = {
    .name         = "dopri5",
    .cite         = "Dormand, Prince 1980, RK5(4)7M; Shampine 1986 for the interpolant; Hairer, Norsett, Wanner II.5, II.6",
    .aliases      = "RK45 DP5 ode45 dormandprince45 dormand_prince scipy:RK45 scipy:dopri5 matlab:ode45 "
                    "torchdyn:DormandPrince45 torchode:Dopri5 diffrax:Dopri5 "
                    "odeint:runge_kutta_dopri5",
    .stages       = 7,
    .order        = 5,
    .error_order  = 4,
    .dense_order  = 4,
    .dense_degree = 4,
    .a = { { 0.0 },
           { 1.0 / 5 },
           { 3.0 / 40, 9.0 / 40 },
           { 44.0 / 45, -56.0 / 15, 32.0 / 9 },
           { 19372.0 / 6561, -25360.0 / 2187, 64448.0 / 6561, -212.0 / 729 },
           { 9017.0 / 3168, -355.0 / 33, 46732.0 / 5247, 49.0 / 176, -5103.0 / 18656 },
           { 35.0 / 384, 0.0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84 } },
    .b = { 35.0 / 384, 0.0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84 },
    .c = { 0.0, 1.0 / 5, 3.0 / 10, 4.0 / 5, 8.0 / 9, 1.0, 1.0 },
    .e = { 71.0 / 57600, 0.0, -71.0 / 16695, 71.0 / 1920, -17253.0 / 339200, 22.0 / 525, -1.0 / 40 },
    .dense = {
        [0] = { 0.0, 1.0, -8048581381.0 / 2820520608.0, 8663915743.0 / 2820520608.0, -12715105075.0 / 11282082432.0 },
        [2] = { 0.0, 0.0, 131558114200.0 / 32700410799.0, -68118460800.0 / 10900136933.0, 87487479700.0 / 32700410799.0 },
        [3] = { 0.0, 0.0, -1754552775.0 / 470086768.0, 14199869525.0 / 1410260304.0, -10690763975.0 / 1880347072.0 },
        [4] = { 0.0, 0.0, 127303824393.0 / 49829197408.0, -318862633887.0 / 49829197408.0, 701980252875.0 / 199316789632.0 },
        [5] = { 0.0, 0.0, -282668133.0 / 205662961.0, 2019193451.0 / 616988883.0, -1453857185.0 / 822651844.0 },
        [6] = { 0.0, 0.0, 40617522.0 / 29380423.0, -110615467.0 / 29380423.0, 69997945.0 / 29380423.0 },
    },
    .stability = 3.3066,
};
