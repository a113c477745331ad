/* The gradient of a solve with everything that has a cotangent: start, parameters, arguments, times, error and stiffness.

       L = sum_i w_i . y(t_i) + sum_n a_n E_n + sum_n b_n S_n                                                          (1)

   with numbers w, a, b drawn once. With the steps given, L is a smooth function, and the five-point difference

       L'(x) = (8 (L(x + d) - L(x - d)) - (L(x + 2 d) - L(x - 2 d))) / (12 d) + O(d^4 L^(5) / 30)                         (2)

   has an error of some 1e-12 of L at d = 1e-3 in either term (rounding: 1e-15 / d). Asked: 1e-9 of 1 + |L'|. */
#include <criterion/criterion.h>

#include <costate/adjoint/adjoint.h>
#include <costate/autodiff/layers.h>

#include "../support.h"

#define ok(call) cr_assert_eq((call), AD_OK, "%s", ad_message())

enum { N = 3, DIM = 2, STATE = N * DIM, TIMES = 6, STEPS = 6, WEIGHTS = 4 * 3 + 2 * 5 };

/* y' = W2 tanh(W1 y + b1) + b2 + mu y cos(t) + c; mu [n, 1], c [2] */
static ad_var field(const nde_point *at, void *ctx)
{
    (void)ctx;
    ad_var h = ad_dense(ad_tanh(ad_dense(at->y, at->theta, "hidden", 4)), at->theta, "out", DIM);
    ad_var w = ad_mul(ad_mul(at->args[0], at->y), ad_cos(at->t));
    return ad_add(ad_add(h, w), at->args[1]);
}

typedef struct problem {
    nde_ode     ode;
    nde_arg     arg[2];
    nde_options o;
    adj_solver *s[2]; /* store all, recompute */
    double grid[STEPS + 1], t[TIMES], y0[STATE], theta[WEIGHTS], mu[N], c[DIM], y[TIMES * STATE];
    double w[TIMES * STATE], a[STEPS], b[STEPS];
    int    errors, stiffness;
} problem;

typedef struct gradient {
    double y0[STATE], theta[WEIGHTS], mu[N], c[DIM], t[TIMES];
} gradient;

static void start(problem *p, const nde_tableau *m, double dir)
{
    const double grid[] = { 0, 0.3, 0.5, 0.9, 1.2, 1.6, 2 };
    const double t[]    = { 0, 0.1, 0.42, 0.9, 1.3, 2 }; /* two in one step; one on a grid point */
    uint64_t     seed   = 7;
    /* dop853's pair of stages differs by some 1e-9: differences of S would be differences of roundings */
    *p        = (problem){ .errors    = m->error_order > 0,
                           .stiffness = nde_tableau_stiff_stage(m) >= 0 && m->order < 8 };
    p->arg[0] = (nde_arg){ "mu", ad_rows(1), 0 };
    p->arg[1] = (nde_arg){ "c", ad_vector(DIM), 0 };
    for (int i = 0; i <= STEPS; i++) p->grid[i] = dir * grid[i];
    for (int i = 0; i < TIMES; i++) p->t[i] = dir * t[i];
    double *numbers[] = { p->y0, p->theta, p->mu, p->c, p->w, p->a, p->b };
    int     many[]    = { STATE, WEIGHTS, N, DIM, TIMES * STATE, STEPS, STEPS };
    for (int k = 0; k < 7; k++)
        for (int i = 0; i < many[k]; i++) numbers[k][i] = draw(&seed, -1, 1);
    p->ode = (nde_ode){ .field = field, .dim = DIM, .nargs = 2, .args = p->arg };
    ok(ad_params_new(&p->ode.theta, AD_F64));
    p->o = (nde_options){
        .method = m, .rtol = 1e-2, .atol = 1e-2, .nsteps_given = STEPS + 1, .steps_given = p->grid
    };
    p->o.estimates = (p->errors ? NDE_ESTIMATE_UNSCALED : 0) |
                     (p->stiffness ? NDE_ESTIMATE_STIFFNESS : 0);
    for (int k = 0; k < 2; k++)
        ok(adj_solver_new(
            &p->s[k], &p->ode, &p->o,
            &(adj_options){ .mode = k ? ADJ_RECOMPUTE : ADJ_STORE_ALL, .estimates_bar = 1 },
            N + 1));
    cr_assert_eq(ad_params_count(p->ode.theta), WEIGHTS);
}

static void stop(problem *p)
{
    for (int k = 0; k < 2; k++) adj_solver_free(p->s[k]);
    ad_params_free(p->ode.theta);
}

static nde_solve_args arguments(problem *p, const void *args[2])
{
    args[0] = p->mu, args[1] = p->c;
    return (nde_solve_args){
        .n = N, .times = TIMES, .t = p->t, .y0 = p->y0, .args = args, .theta = p->theta, .y = p->y
    };
}

static double loss(problem *p)
{
    const void    *args[2];
    nde_solve_args a = arguments(p, args);
    double         l = 0;
    ok(adj_solve(p->s[0], &a));
    cr_assert_eq(adj_steps(p->s[0]), STEPS);
    for (int i = 0; i < TIMES * STATE; i++) l += p->w[i] * p->y[i];
    const double *e = adj_step_error(p->s[0]), *s = adj_step_stiffness(p->s[0]);
    for (int i = 0; p->errors && i < STEPS; i++) l += p->a[i] * e[i];
    for (int i = 0; p->stiffness && i < STEPS; i++) l += p->b[i] * s[i];
    return l;
}

static gradient pullback(problem *p, int mode)
{
    const void    *args[2];
    nde_solve_args a = arguments(p, args);
    gradient       g;
    void          *args_bar[] = { g.mu, g.c };
    memset(g.theta, 0, sizeof g.theta); /* the others are set */
    adj_cotangents c = {
        .y_bar = p->w, .y0_bar = g.y0, .args_bar = args_bar, .theta_bar = g.theta, .t_bar = g.t
    };
    if (p->errors) c.error_bar = p->a;
    if (p->stiffness) c.stiff_bar = p->b;
    ok(adj_solve(p->s[mode], &a));
    ok(adj_pullback(p->s[mode], &c));
    return g;
}

/* (2); also, when not NULL, moves with x: the grid's end that an end time is */
static double difference(problem *p, double *x, double *also)
{
    const double d = 1e-3, weight[] = { 1, -8, 8, -1 }, by[] = { -2, -1, 1, 2 };
    double       at = *x, sum = 0;
    for (int k = 0; k < 4; k++) {
        *x = at + by[k] * d;
        if (also) *also = *x;
        sum += weight[k] * loss(p);
    }
    *x = at;
    if (also) *also = at;
    return sum / (12 * d);
}

static void compare(problem *p, const char *what, int n, double *x, const double *x_bar)
{
    for (int i = 0; i < n; i++) {
        double want = difference(p, x + i, NULL);
        cr_expect_float_eq(x_bar[i], want, 1e-9 * (1 + fabs(want)),
                           "%s, %s[%d]: %.12g, differences say %.12g", p->o.method->name, what, i,
                           x_bar[i], want);
    }
}

static void check_method(const nde_tableau *m, double dir)
{
    static problem p;
    start(&p, m, dir);
    gradient g = pullback(&p, 0), r = pullback(&p, 1);
    compare(&p, "y0", STATE, p.y0, g.y0);
    compare(&p, "theta", WEIGHTS, p.theta, g.theta);
    compare(&p, "mu", N, p.mu, g.mu);
    compare(&p, "c", DIM, p.c, g.c);
    for (int i = 0; i < TIMES; i++) {
        if (i == 3) continue; /* on a grid point the interpolant's second derivative jumps */
        double want = difference(&p, p.t + i,
                                 i == 0           ? p.grid
                                 : i == TIMES - 1 ? p.grid + STEPS
                                                  : NULL);
        cr_expect_float_eq(g.t[i], want, 1e-9 * (1 + fabs(want)),
                           "%s, t[%d]: %.12g, differences say %.12g", m->name, i, g.t[i], want);
    }
    cr_expect_lt(distance(sizeof g / sizeof(double), (double *)&r, (double *)&g), 1e-12,
                 "%s: modes differ", m->name);
    stop(&p);
}

Test(adjoint, everything_that_has_a_cotangent, .timeout = 120)
{
    for (int m = 0; m < nde_method_count(); m++) check_method(nde_method_at(m), 1);
}

Test(adjoint, backwards_in_time, .timeout = 60)
{
    check_method(&nde_tsit5, -1);
    check_method(&nde_bosh3, -1);
    check_method(&nde_rk4, -1);
}

/* dL/dt_i = w_i . f(t_i, y(t_i)) where t_i is on the grid: f from a step of Euler's method. */
Test(adjoint, an_output_on_a_grid_point_moves_along_the_field)
{
    for (int m = 0; m < nde_method_count(); m++) {
        static problem p;
        start(&p, nde_method_at(m), 1);
        gradient     g = pullback(&p, 0);
        const double h = 0x1p-20, t[] = { 0.9, 0.9 + h };
        const void  *args[] = { p.mu, p.c };
        double       y[2 * STATE], want = 0, *from = p.y + 3 * STATE;
        nde_solver  *euler;
        ok(nde_solver_new(&euler, &p.ode, &(nde_options){ .method = &nde_euler, .fixed_step = h },
                          N));
        ok(nde_solve(
            euler,
            &(nde_solve_args){
                .n = N, .times = 2, .t = t, .y0 = from, .args = args, .theta = p.theta, .y = y }));
        for (int i = 0; i < STATE; i++)
            want += p.w[3 * STATE + i] * (y[STATE + i] - from[i]) / (t[1] - t[0]);
        cr_expect_float_eq(g.t[3], want, 1e-8, "%s: %.12g, f says %.12g", p.o.method->name, g.t[3],
                           want); /* 6 roundings / h */
        nde_solver_free(euler);
        stop(&p);
    }
}

/* Times that repeat are as many outputs of one state: cotangents add, and derivatives by the times that coincide add up to
   that of the one time they are. */
Test(adjoint, times_that_repeat)
{
    static problem p;
    const double   twice[] = { 0, 0, 0.9, 0.9, 2, 2 }, once[] = { 0, 0.9, 2 };
    double         w[TIMES * STATE];
    start(&p, &nde_tsit5, 1);
    memcpy(p.t, twice, sizeof twice);
    gradient       both = pullback(&p, 0), one;
    const void    *args[2];
    void          *args_bar[] = { one.mu, one.c };
    nde_solve_args a          = arguments(&p, args);
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < STATE; j++)
            w[i * STATE + j] = p.w[2 * i * STATE + j] + p.w[(2 * i + 1) * STATE + j];
    a.times = 3, a.t = once;
    memset(one.theta, 0, sizeof one.theta);
    ok(adj_solve(p.s[0], &a));
    ok(adj_pullback(p.s[0], &(adj_cotangents){ w, p.a, p.b, one.y0, args_bar, one.theta, one.t }));
    cr_expect_lt(distance(STATE, both.y0, one.y0), 1e-13);
    cr_expect_lt(distance(WEIGHTS, both.theta, one.theta), 1e-13);
    for (int i = 0; i < 3; i++) {
        double sum = both.t[2 * i] + both.t[2 * i + 1];
        cr_expect_float_eq(sum, one.t[i], 1e-12 * (1 + fabs(sum)),
                           "t[%d]: %.15g, as one time %.15g", i, sum, one.t[i]);
    }
    stop(&p);
}

/* Steps chosen by the error are constants: the gradient is that of the same steps given. */
Test(adjoint, chosen_steps_count_as_given)
{
    for (int m = 0; m < nde_method_count(); m++) {
        static problem p;
        double         grid[512];
        if (!nde_method_at(m)->error_order) continue;
        start(&p, nde_method_at(m), 1);
        p.errors = p.stiffness = 0;
        nde_options o          = { .method = nde_method_at(m), .rtol = 1e-4, .atol = 1e-4 };
        adj_solver *given      = p.s[1];
        adj_solver_free(p.s[0]);
        ok(adj_solver_new(&p.s[0], &p.ode, &o, NULL, N));
        gradient chosen = pullback(&p, 0);
        long     steps  = adj_steps(p.s[0]);
        cr_assert_lt(steps, 511);
        memcpy(grid, adj_step_t(p.s[0]), sizeof *grid * (size_t)steps);
        grid[steps]    = p.t[TIMES - 1];
        o.nsteps_given = (int)steps + 1, o.steps_given = grid;
        adj_solver_free(given);
        ok(adj_solver_new(&p.s[1], &p.ode, &o, NULL, N));
        gradient same = pullback(&p, 1);
        cr_expect_lt(distance(sizeof same / sizeof(double), (double *)&same, (double *)&chosen),
                     1e-14, "%s", o.method->name);
        stop(&p);
    }
}

/* On given steps a batch stepped together and samples stepped alone are the same numbers, but for the rounding of products
   and the order of sums over samples. Both ends and an inner time repeat. */
Test(adjoint, per_sample_agrees_with_joint)
{
    const double repeats[] = { 0, 0, 0.42, 0.9, 2, 2 };
    for (int m = 0; m < nde_method_count(); m++)
        for (int mode = 0; mode < 2; mode++)
            for (int times = 0; times < 2; times++) {
                static problem p;
                start(&p, nde_method_at(m), 1);
                if (times) memcpy(p.t, repeats, sizeof repeats);
                p.errors = p.stiffness = 0;
                gradient together      = pullback(&p, mode);
                adj_solver_free(p.s[mode]);
                p.o.batching = NDE_PER_SAMPLE;
                ok(adj_solver_new(&p.s[mode], &p.ode, &p.o,
                                  &(adj_options){ .mode = mode ? ADJ_RECOMPUTE : ADJ_STORE_ALL },
                                  N));
                gradient alone = pullback(&p, mode);
                cr_expect_lt(distance(STATE, alone.y0, together.y0), 1e-13, "%s", p.o.method->name);
                cr_expect_lt(distance(WEIGHTS, alone.theta, together.theta), 1e-13, "%s",
                             p.o.method->name);
                cr_expect_lt(distance(N, alone.mu, together.mu), 1e-13, "%s", p.o.method->name);
                cr_expect_lt(distance(DIM, alone.c, together.c), 1e-13, "%s", p.o.method->name);
                for (int i = 0; i < TIMES; i++)
                    cr_expect_float_eq(alone.t[i], together.t[i], 1e-12 * (1 + fabs(together.t[i])),
                                       "%s, times %d, t[%d]: %.12g alone, %.12g together",
                                       p.o.method->name, times, i, alone.t[i], together.t[i]);
                stop(&p);
            }
}
