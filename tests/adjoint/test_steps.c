/* What is asked of accepted steps: cotangents of their estimates and of the states that they start from, joint and per sample.

       L = sum_i w_i . y(t_i) + sum_n (a_n E_n + b_n S_n + u_n U_n) + sum_j d_j . y_{n_j}                       (1)

   On given steps L is smooth; differences and their tolerance as in test_adjoint.c. The state has two parts, one out of error
   control. */
#include <criterion/criterion.h>

#include <costate/adjoint/adjoint.h>
#include <costate/autodiff/layers.h>

#include "../support.h"
#include "differences.h"

#define ok(call) cr_assert_eq((call), AD_OK, "%s", ad_message())

enum { N = 3, DIM = 3, STATE = N * DIM, TIMES = 5, STEPS = 5, WEIGHTS = 4 * 3 + 2 * 5, MOST = 512 };
enum { STATES = 4 };

/* y' = W2 tanh(W1 y + b1) + b2 + z cos(t), z' = y_0 y_1 - z / 2 */
static void field(const nde_point *at, ad_var *dy, void *ctx)
{
    (void)ctx;
    ad_var y = at->part[0], z = at->part[1];
    ad_var h = ad_dense(ad_tanh(ad_dense(y, at->theta, "hidden", 4)), at->theta, "out", 2);
    dy[0]    = ad_add(h, ad_mul(z, ad_cos(at->t)));
    dy[1]    = ad_lincomb(2, (double[]){ 1, -0.5 },
                          (ad_var[]){ ad_mul(ad_slice(y, 1, 0, 1), ad_slice(y, 1, 1, 2)), z });
}

static const nde_part parts[2] = { { "y", { 2, 1, { 1, 2 } }, 0 }, { "z", { 2, 1, { 1, 1 } }, 1 } };

typedef struct setting {
    const nde_tableau *method;
    nde_batching       batching;
    int    mode, lean; /* lean: no output inside a step, no times: the pullback of rows */
    double dir;
    double rtol; /* 0: given steps */
} setting;

typedef struct problem {
    const setting *set;
    nde_ode        ode;
    adj_solver    *s;
    int            times, stiff;
    long           n; /* samples */
    double         grid[STEPS + 1], t[TIMES], y0[STATE], theta[WEIGHTS], y[TIMES * STATE];
    double         w[TIMES * STATE], a[MOST], b[MOST], u[MOST], d[STATES * STATE];
    long           at[STATES];
} problem;

typedef struct gradient {
    double y0[STATE], theta[WEIGHTS], t[TIMES];
} gradient;

static void start(problem *p, const setting *set)
{
    const double grid[STEPS + 1]       = { 0, 0.3, 0.5, 0.9, 1.4, 2 },
                              t[TIMES] = { 0, 0.1, 0.42, 1.3, 2 };
    uint64_t seed                      = 5;
    *p = (problem){ .set = set, .n = N, .times = set->lean ? 2 : TIMES };
    for (int i = 0; i <= STEPS; i++) p->grid[i] = set->dir * grid[i];
    for (int i = 0; i < TIMES; i++) p->t[i] = set->dir * t[i];
    if (set->lean) p->t[1] = p->t[TIMES - 1];
    double *numbers[] = { p->y0, p->theta, p->w, p->a, p->b, p->u, p->d };
    int     many[]    = { STATE, WEIGHTS, TIMES * STATE, MOST, MOST, MOST, STATES * STATE };
    for (int k = 0; k < 7; k++)
        for (int i = 0; i < many[k]; i++) numbers[k][i] = draw(&seed, -1, 1);
    p->ode = (nde_ode){ .field_parts = field, .parts = 2, .part = parts };
    ok(ad_params_new(&p->ode.theta, AD_F64));
    p->stiff      = nde_tableau_stiff_stage(set->method) >= 0 && set->method->order < 8;
    nde_options o = { .method    = set->method,
                      .batching  = set->batching,
                      .estimates = NDE_ESTIMATE_UNSCALED,
                      .rtol      = set->rtol > 0 ? set->rtol : 1e-2,
                      .atol      = set->rtol > 0 ? set->rtol : 1e-2 };
    if (!(set->rtol > 0)) o.nsteps_given = STEPS + 1, o.steps_given = p->grid;
    if (p->stiff) o.estimates |= NDE_ESTIMATE_STIFFNESS;
    ok(adj_solver_new(&p->s, &p->ode, &o,
                      &(adj_options){ .mode = set->mode, .estimates_bar = set->lean }, N));
}

static void stop(problem *p)
{
    adj_solver_free(p->s);
    ad_params_free(p->ode.theta);
}

static void solve(problem *p)
{
    ok(adj_solve(
        p->s,
        &(nde_solve_args){
            .n = p->n, .times = p->times, .t = p->t, .y0 = p->y0, .theta = p->theta, .y = p->y }));
    long steps = adj_steps(p->s);
    cr_assert_lt(steps, MOST);
    p->at[0] = p->at[3] = steps / 2, p->at[1] = 0, p->at[2] = steps - 1;
}

/* Numbers of a state as adj_step_state() writes it. */
static long width(const problem *p)
{
    return p->set->batching == NDE_JOINT ? p->n * DIM : DIM;
}

static double loss(void *ctx)
{
    problem *p = ctx;
    double   l = 0, y[STATE];
    solve(p);
    long          steps = adj_steps(p->s);
    const double *e = adj_step_error(p->s), *u = adj_step_unscaled(p->s);
    for (int i = 0; i < p->times * STATE; i++) l += p->w[i] * p->y[i];
    for (long i = 0; i < steps; i++) l += p->a[i] * e[i] + p->u[i] * u[i];
    const double *stiff = adj_step_stiffness(p->s);
    for (long i = 0; p->stiff && i < steps; i++) l += p->b[i] * stiff[i];
    for (int k = 0; k < STATES; k++) {
        ok(adj_step_state(p->s, p->at[k], y));
        for (long i = 0; i < width(p); i++) l += p->d[k * width(p) + i] * y[i];
    }
    return l;
}

static adj_cotangents cotangents(problem *p, gradient *g)
{
    return (adj_cotangents){ .y_bar        = p->w,
                             .y0_bar       = g->y0,
                             .theta_bar    = g->theta,
                             .t_bar        = p->set->lean ? NULL : g->t,
                             .error_bar    = p->a,
                             .stiff_bar    = p->stiff ? p->b : NULL,
                             .unscaled_bar = p->u,
                             .states       = STATES,
                             .state_step   = p->at,
                             .state_bar    = p->d };
}

static gradient pullback(problem *p)
{
    gradient g = { .y0 = { 0 } };
    solve(p);
    adj_cotangents c = cotangents(p, &g);
    ok(adj_pullback(p->s, &c));
    return g;
}

static void compare(problem *p, const char *what, double *x, double x_bar, double *also)
{
    double want = difference(loss, p, x, also);
    cr_expect(fabs(x_bar - want) <= 1e-9 * (1 + fabs(want)),
              "%s, batching %d, mode %d, lean %d, %s: %.12g, differences say %.12g",
              p->set->method->name, p->set->batching, p->set->mode, p->set->lean, what, x_bar,
              want);
}

static void check(const setting *set)
{
    static problem p;
    start(&p, set);
    gradient g = pullback(&p);
    for (int i = 0; i < STATE; i++) compare(&p, "y0", p.y0 + i, g.y0[i], NULL);
    for (int i = 0; i < WEIGHTS; i++) compare(&p, "theta", p.theta + i, g.theta[i], NULL);
    for (int i = 0; !set->lean && i < TIMES; i++) {
        double *end = i == 0 ? p.grid : i == TIMES - 1 ? p.grid + STEPS : NULL;
        compare(&p, "t", p.t + i, g.t[i], end);
    }
    stop(&p);
}

static void every_method(nde_batching batching)
{
    for (int m = 0; m < nde_method_count(); m++)
        for (int k = 0; nde_method_at(m)->error_order && k < 4; k++)
            check(&(setting){ .method   = nde_method_at(m),
                              .batching = batching,
                              .mode     = k & 1 ? ADJ_RECOMPUTE : ADJ_STORE_ALL,
                              .lean     = k >> 1,
                              .dir      = m % 2 ? -1 : 1 });
}

Test(steps, estimates_and_states_joint, .timeout = 60)
{
    every_method(NDE_JOINT);
}

Test(steps, estimates_and_states_per_sample, .timeout = 60)
{
    every_method(NDE_PER_SAMPLE);
}

/* --- per sample, with steps of each one's own: as if each had been solved alone ---------------------------------------- */

/* Sample i of the whole, its cotangents in the order of its own steps. */
static void alone(const problem *all, long i, problem *one, const setting *set)
{
    const long *whose = adj_step_sample(all->s), steps = adj_steps(all->s);
    long        own = 0;
    cr_assert_not_null(whose);
    start(one, set);
    one->n = 1;
    /* parts one behind the other: y of all samples, then z */
    for (int t = 0; t < all->times; t++)
        for (int j = 0; j < DIM; j++)
            one->w[t * DIM + j] = all->w[t * STATE + (j < 2 ? i * 2 + j : N * 2 + i)];
    for (int j = 0; j < DIM; j++) one->y0[j] = all->y0[j < 2 ? i * 2 + j : N * 2 + i];
    solve(one);
    for (long k = 0; k < steps; k++) {
        if (whose[k] != i) continue;
        double y[DIM], same[DIM];
        one->a[own] = all->a[k], one->b[own] = all->b[k], one->u[own] = all->u[k];
        cr_expect_float_eq(adj_step_t(all->s)[k], adj_step_t(one->s)[own], 1e-9);
        ok(adj_step_state(all->s, k, y));
        ok(adj_step_state(one->s, own, same));
        cr_expect_lt(distance(DIM, y, same), 1e-9);
        own++;
    }
    cr_expect_eq(own, adj_steps(one->s), "sample %ld: %ld steps, alone %ld", i, own,
                 adj_steps(one->s));
}

static void pull(problem *p, gradient *g, long states, const long *step, const double *bar)
{
    adj_cotangents c = cotangents(p, g);
    c.states = states, c.state_step = step, c.state_bar = bar;
    ok(adj_pullback(p->s, &c));
}

/* Each step's state gets a cotangent. Tolerance: steps differ by roundings of E, whose relative size is 1e-16 over how far its
   stages cancel, some 1e-11. */
Test(steps, each_sample_as_if_alone)
{
    static problem all, one;
    static double  bar[MOST * DIM], own_bar[MOST * DIM];
    static long    step[MOST], own_step[MOST];
    const setting  set  = { &nde_tsit5, NDE_PER_SAMPLE, ADJ_STORE_ALL, 1, 1, 1e-5 },
                  joint = { &nde_tsit5, NDE_JOINT, ADJ_RECOMPUTE, 1, 1, 1e-5 };
    uint64_t seed       = 8;
    gradient whole = { .y0 = { 0 } }, sum = { .y0 = { 0 } };
    start(&all, &set);
    solve(&all);
    long steps = adj_steps(all.s);
    for (long k = 0; k < steps; k++) step[k] = steps - 1 - k;
    for (long j = 0; j < steps * DIM; j++) bar[j] = draw(&seed, -1, 1);
    pull(&all, &whole, steps, step, bar);
    const long *whose = adj_step_sample(all.s);
    for (long i = 0; i < N; i++) {
        long     own = 0;
        gradient g   = { .y0 = { 0 } };
        alone(&all, i, &one, &joint);
        for (long k = 0; k < steps; k++) { /* bar k is for step[k] */
            long at = steps - 1 - k;
            if (whose[k] != i) continue;
            memcpy(own_bar + own * DIM, bar + at * DIM, DIM * sizeof *bar);
            own_step[own] = own, own++;
        }
        pull(&one, &g, own, own_step, own_bar);
        for (int j = 0; j < WEIGHTS; j++) sum.theta[j] += g.theta[j];
        for (int j = 0; j < DIM; j++) sum.y0[j < 2 ? i * 2 + j : N * 2 + i] = g.y0[j];
        stop(&one);
    }
    cr_expect_lt(distance(STATE, whole.y0, sum.y0), 1e-9);
    cr_expect_lt(distance(WEIGHTS, whole.theta, sum.theta), 1e-9);
    stop(&all);
}

Test(steps, whose_a_step_is_when_joint)
{
    static problem p;
    start(&p, &(setting){ &nde_tsit5, NDE_JOINT, ADJ_STORE_ALL, 1, 1, 0 });
    solve(&p);
    cr_expect_null(adj_step_sample(p.s));
    stop(&p);
}

/* --- what cannot be given ------------------------------------------------------------------------------------------------- */

static void refused(adj_solver *s, const adj_cotangents *c, const char *word)
{
    double         y0_bar[STATE] = { 0 }, theta_bar[WEIGHTS] = { 0 };
    adj_cotangents with = *c;
    with.y0_bar = y0_bar, with.theta_bar = theta_bar;
    cr_expect_eq(adj_pullback(s, &with), AD_INVALID, "%s", word);
    cr_expect(strstr(ad_message(), word), "\"%s\" does not say \"%s\"", ad_message(), word);
    cr_expect(isnan(y0_bar[0]) && isnan(theta_bar[WEIGHTS - 1]), "%s: stale gradients", word);
}

Test(steps, cotangents_of_what_is_not_there)
{
    for (int batching = NDE_JOINT; batching <= NDE_PER_SAMPLE; batching++) {
        static problem p;
        double         y[STATE], bar[STATE] = { 1 };
        long           below = -1;
        start(&p, &(setting){ &nde_tsit5, batching, ADJ_STORE_ALL, 1, 1, 0 });
        adj_solver_free(p.s);
        nde_options o = { .batching = batching, .nsteps_given = STEPS + 1, .steps_given = p.grid };
        ok(adj_solver_new(&p.s, &p.ode, &o, NULL, N));
        solve(&p);
        long beyond = adj_steps(p.s);
        refused(p.s, &(adj_cotangents){ .error_bar = p.a }, "error_bar");
        refused(p.s, &(adj_cotangents){ .stiff_bar = p.a }, "NDE_ESTIMATE_STIFFNESS");
        refused(p.s, &(adj_cotangents){ .unscaled_bar = p.a }, "NDE_ESTIMATE_UNSCALED");
        refused(p.s, &(adj_cotangents){ .h_bar = p.a }, "through_h");
        refused(p.s, &(adj_cotangents){ .states = 1 }, "state_bar");
        refused(p.s, &(adj_cotangents){ .states = 1, .state_step = &beyond, .state_bar = bar },
                "for step");
        refused(p.s, &(adj_cotangents){ .states = 1, .state_step = &below, .state_bar = bar },
                "for step -1");
        cr_expect_eq(adj_step_state(p.s, beyond, y), AD_INVALID);
        cr_expect_eq(adj_step_state(p.s, -1, y), AD_INVALID);
        ok(adj_pullback(p.s, &(adj_cotangents){ .y_bar = p.w })); /* nothing is left behind */
        stop(&p);
    }
}

Test(steps, a_cotangent_that_is_nan)
{
    for (int batching = NDE_JOINT; batching <= NDE_PER_SAMPLE; batching++)
        for (int which = 0; which < 2; which++) {
            static problem p;
            start(&p, &(setting){ &nde_tsit5, batching, ADJ_STORE_ALL, 1, 1, 0 });
            gradient g = { .y0 = { 0 } };
            solve(&p);
            *(which ? &p.u[1] : &p.d[1]) = NAN;
            adj_cotangents c             = cotangents(&p, &g);
            cr_expect_eq(adj_pullback(p.s, &c), AD_NONFINITE_STATE);
            cr_expect(isnan(g.y0[0]) && isnan(g.theta[0]));
            stop(&p);
        }
}

/* --- what it costs ---------------------------------------------------------------------------------------------------------- */

/* y' = -y^3 as a callback whose vjps are counted, in rows. */
static ad_status cube(long n, const void *const in[], void *out, void *ctx)
{
    const double *y = in[0];
    (void)ctx;
    for (long i = 0; i < n; i++) ((double *)out)[i] = -y[i] * y[i] * y[i];
    return AD_OK;
}

static ad_status cube_vjp(long n, const void *const in[], const void *out, const void *out_bar,
                          void *const x_bar[], void *ctx)
{
    const double *y = in[0], *bar = out_bar;
    (void)out;
    *(long *)ctx += n;
    for (long i = 0; i < n; i++) ((double *)x_bar[0])[i] = -3 * y[i] * y[i] * bar[i];
    return AD_OK;
}

static ad_var counted(const nde_point *at, void *ctx)
{
    return ad_call(&(ad_callback){ .name = "cube", .value = cube, .vjp = cube_vjp, .ctx = ctx }, 1,
                   &at->y, AD_F64, ad_rows(1));
}

typedef struct counted_case {
    const nde_tableau *method;
    nde_batching       batching;
    int                mode, outputs; /* outputs: one inside */
} counted_case;

/* vjps of f with cotangents of the errors (1) and without (0); *steps: accepted */
static long vjps(const counted_case *k, int errors, long *steps)
{
    adj_solver    *s;
    long           rows = 0, n = k->batching == NDE_JOINT ? N : 1;
    double         y0[N] = { 1, 0.4, 1.7 }, y[3 * N], bar[3 * N], y0_bar[N], ones[MOST];
    double         t[3]  = { 0, 3, 3 };
    nde_ode        ode   = { .field = counted, .dim = 1, .ctx = &rows };
    nde_options    o     = { .method = k->method, .batching = k->batching, .rtol = 1e-3 };
    nde_solve_args a     = { .n = N, .times = 2 + k->outputs, .t = t, .y0 = y0, .y = y };
    if (k->outputs) t[1] = 1.234;
    for (int i = 0; i < MOST; i++) ones[i] = 1;
    for (int i = 0; i < 3 * N; i++) bar[i] = 1;
    adj_options how = { .mode = k->mode, .estimates_bar = 1 };
    ok(adj_solver_new(&s, &ode, &o, &how, N));
    ok(adj_solve(s, &a));
    *steps = adj_steps(s);
    cr_assert_leq(*steps, MOST);
    rows = 0;
    ok(adj_pullback(
        s, &(adj_cotangents){ .y_bar = bar, .y0_bar = y0_bar, .error_bar = errors ? ones : NULL }));
    long told = adj_solver_stats(s)->nvjp;
    cr_expect_eq(told * n, rows, "%s: %ld vjps told, %ld rows of them seen", k->method->name, told,
                 rows);
    adj_solver_free(s);
    return told;
}

/* (s - 1) N + 1 for a method whose last stage is the next step's first, s N for another; the errors' cotangents add at most
   one vjp (the last stage of the last step, whose cotangent is zero without them). */
Test(steps, the_error_costs_at_most_one_vjp)
{
    for (int m = 0; m < nde_method_count(); m++)
        for (int i = 0; nde_method_at(m)->error_order && i < 8; i++) {
            counted_case k    = { nde_method_at(m), i & 1 ? NDE_PER_SAMPLE : NDE_JOINT,
                               i & 2 ? ADJ_RECOMPUTE : ADJ_STORE_ALL, i >> 2 };
            int          fsal = nde_tableau_fsal(k.method), stages = k.method->stages;
            long         steps, plain = vjps(&k, 0, &steps), with = vjps(&k, 1, &steps);
            long         lanes = k.batching == NDE_JOINT ? 1 : N;
            cr_expect(with - plain >= 0 && with - plain <= 1, "%s: %ld, without %ld",
                      k.method->name, with, plain);
            if (!k.outputs) cr_expect_eq(with, (stages - fsal) * steps + fsal * lanes);
        }
}
