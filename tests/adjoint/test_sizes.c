/* Gradients through the choice of steps (through_h), against differences of whole adaptive solves.

       L = sum_i w_i . y(t_i) + sum_n (a_n E_n + b_n S_n + u_n U_n + g_n h_n + d_n . y_n)                     (1)

   over output times t_i and accepted steps n. Where no verdict changes and no limit is crossed L is smooth; a loss behind another
   verdict is NaN and left out (differences.h). The error of one step is enlarged by the powers of E of the steps behind it, so
   that L rounds to 1e-12 and more, and at d = 1e-3 either term of the differences' error is below 1e-8. Asked: 1e-7 of 1 + |L'|.
   The first step is given. */
#include <criterion/criterion.h>

#include <costate/adjoint/adjoint.h>
#include <costate/autodiff/layers.h>

#include "../support.h"
#include "differences.h"

#define ok(call) cr_assert_eq((call), AD_OK, "%s", ad_message())

enum { N = 2, DIM = 2, STATE = N * DIM, TIMES = 5, MOST = 400, WEIGHTS = 4 * 3 + 2 * 5 };

/* y' = W2 tanh(W1 y + b1) + b2 + mu y cos(t) + 2 exp(-2.5 (t^2 - 1.2)^2): a pulse for which steps must shrink. */
static ad_var field(const nde_point *at, void *ctx)
{
    (void)ctx;
    ad_var h = ad_dense(ad_tanh(ad_dense(at->y, at->theta, "hidden", 4)), at->theta, "out", DIM);
    ad_var w = ad_mul(ad_mul(at->args[0], at->y), ad_cos(at->t));
    ad_var t = ad_shift(ad_square(at->t), -1.2);
    return ad_add(ad_add(h, w), ad_scale(ad_exp(ad_scale(ad_square(t), -2.5)), 2));
}

typedef struct setting {
    const char           *name;
    const nde_tableau    *method;
    const nde_controller *controller;
    double                dir, rtol, h, h_max, breaks[1];
    int                   nbreaks;
    double                t0;
} setting;

typedef struct problem {
    const setting *set;
    nde_ode        ode;
    nde_arg        arg;
    adj_solver    *s[2]; /* store all, recompute */
    double         t[TIMES], y0[STATE], theta[WEIGHTS], mu[N], y[TIMES * STATE], w[TIMES * STATE];
    double         a[MOST], b[MOST], u[MOST], g[MOST], d[2 * STATE];
    long           at[2];
    int            stiff;
    char           verdict[MOST];
    int            attempts, times;
} problem;

typedef struct gradient {
    double y0[STATE], theta[WEIGHTS], mu[N], t[TIMES];
} gradient;

static int watch(const nde_attempt *a, void *ctx)
{
    problem *p = ctx;
    if (p->attempts < MOST) p->verdict[p->attempts++] = (char)a->accepted;
    return 0;
}

static void start(problem *p, const setting *set)
{
    static const double t[TIMES] = { 0, 0.23, 0.9, 1.37, 2 };
    uint64_t            seed     = 12;
    *p                           = (problem){ .set   = set,
                                              .times = TIMES,
                                              .stiff = nde_tableau_stiff_stage(set->method) >= 0 };
    if (set->method->order == 8) p->stiff = 0; /* see test_adjoint.c */
    for (int i = 0; i < TIMES; i++) p->t[i] = set->dir * (t[i] + (i ? 0 : set->t0));
    double *numbers[] = { p->y0, p->theta, p->mu, p->w, p->a, p->b, p->u, p->g, p->d };
    int     many[]    = { STATE, WEIGHTS, N, TIMES * STATE, MOST, MOST, MOST, MOST, 2 * STATE };
    for (int k = 0; k < 9; k++)
        for (int i = 0; i < many[k]; i++) numbers[k][i] = draw(&seed, -1, 1);
    p->arg = (nde_arg){ "mu", ad_rows(1), 0 };
    p->ode = (nde_ode){ .field = field, .dim = DIM, .nargs = 1, .args = &p->arg };
    ok(ad_params_new(&p->ode.theta, AD_F64));
    nde_options o = { .method      = set->method,
                      .controller  = set->controller,
                      .rtol        = set->rtol,
                      .atol        = 0.1 * set->rtol,
                      .h           = set->h,
                      .h_max       = set->h_max,
                      .nbreaks     = set->nbreaks,
                      .breaks      = set->breaks,
                      .estimates   = NDE_ESTIMATE_UNSCALED,
                      .observe     = watch,
                      .observe_ctx = p };
    if (p->stiff) o.estimates |= NDE_ESTIMATE_STIFFNESS;
    for (int k = 0; k < 2; k++)
        ok(adj_solver_new(
            &p->s[k], &p->ode, &o,
            &(adj_options){ .mode = k ? ADJ_RECOMPUTE : ADJ_STORE_ALL, .through_h = 1 }, N));
}

static void stop(problem *p)
{
    for (int k = 0; k < 2; k++) adj_solver_free(p->s[k]);
    ad_params_free(p->ode.theta);
}

static void solve(problem *p, int mode)
{
    const void    *args[] = { p->mu };
    nde_solve_args a      = { .n     = N,
                              .times = p->times,
                              .t     = p->t,
                              .y0    = p->y0,
                              .args  = args,
                              .theta = p->theta,
                              .y     = p->y };
    p->attempts           = 0;
    ok(adj_solve(p->s[mode], &a));
    cr_assert_lt(p->attempts, MOST);
    p->at[0] = adj_steps(p->s[mode]) / 2, p->at[1] = 0;
}

/* NAN: a verdict changed */
static double loss(void *ctx)
{
    problem *p = ctx;
    char     verdict[MOST];
    int      attempts = p->attempts;
    double   l        = 0, y[STATE];
    memcpy(verdict, p->verdict, sizeof verdict);
    solve(p, 0);
    int same = attempts == p->attempts && !memcmp(verdict, p->verdict, (size_t)attempts);
    memcpy(p->verdict, verdict, sizeof verdict);
    p->attempts = attempts;
    if (!same) return NAN;
    const adj_solver *s     = p->s[0];
    long              steps = adj_steps(s);
    for (int i = 0; i < TIMES * STATE; i++) l += p->w[i] * p->y[i];
    const double *e = adj_step_error(s), *u = adj_step_unscaled(s), *h = adj_step_h(s),
                 *stiff = adj_step_stiffness(s);
    for (long i = 0; i < steps; i++) l += p->a[i] * e[i] + p->u[i] * u[i] + p->g[i] * h[i];
    for (long i = 0; p->stiff && i < steps; i++) l += p->b[i] * stiff[i];
    for (int k = 0; k < 2; k++) {
        ok(adj_step_state(p->s[0], p->at[k], y));
        for (int i = 0; i < STATE; i++) l += p->d[k * STATE + i] * y[i];
    }
    return l;
}

static gradient pullback(problem *p, int mode, int times)
{
    gradient g          = { .y0 = { 0 } };
    void    *args_bar[] = { g.mu };
    solve(p, mode);
    adj_cotangents c = { .y_bar        = p->w,
                         .y0_bar       = g.y0,
                         .args_bar     = args_bar,
                         .theta_bar    = g.theta,
                         .t_bar        = times ? g.t : NULL,
                         .error_bar    = p->a,
                         .stiff_bar    = p->stiff ? p->b : NULL,
                         .unscaled_bar = p->u,
                         .h_bar        = p->g,
                         .states       = 2,
                         .state_step   = p->at,
                         .state_bar    = p->d };
    ok(adj_pullback(p->s[mode], &c));
    return g;
}

static void compare(problem *p, const char *what, int n, double *x, const double *x_bar)
{
    for (int i = 0; i < n; i++) {
        double want = difference(loss, p, x + i, NULL);
        cr_expect(fabs(x_bar[i] - want) <= 1e-7 * (1 + fabs(want)),
                  "%s, %s[%d]: %.12g, differences say %.12g", p->set->name, what, i, x_bar[i],
                  want);
    }
}

static void check(const setting *set)
{
    static problem p;
    start(&p, set);
    gradient g = pullback(&p, 0, 1), r = pullback(&p, 1, 1), without = pullback(&p, 0, 0);
    long     rejected = p.attempts - adj_steps(p.s[1]);
    cr_expect_gt(rejected, 0, "%s: no attempt is rejected", set->name);
    cr_expect_lt(distance(sizeof g / sizeof(double), (double *)&r, (double *)&g), 1e-11,
                 "%s: modes differ", set->name);
    memcpy(without.t, g.t, sizeof g.t); /* whether dL/dt is wanted changes nothing else */
    cr_expect_eq(memcmp(&without, &g, sizeof g), 0, "%s: another gradient without t_bar",
                 set->name);
    compare(&p, "y0", STATE, p.y0, g.y0);
    compare(&p, "theta", WEIGHTS, p.theta, g.theta);
    compare(&p, "mu", N, p.mu, g.mu);
    compare(&p, "t", TIMES, p.t, g.t);
    stop(&p);
}

Test(sizes, every_controller, .timeout = 60)
{
    for (int i = 0; i < nde_controller_count(); i++) {
        const nde_controller *c   = nde_controller_at(i);
        setting               set = {
                          .name = c->name, .method = &nde_tsit5, .controller = c, .dir = 1, .rtol = 1e-4, .h = 0.6
        };
        check(&set);
    }
}

Test(sizes, every_method_with_an_error, .timeout = 60)
{
    for (int i = 0; i < nde_method_count(); i++) {
        const nde_tableau *m = nde_method_at(i);
        if (!m->error_order) continue;
        setting set = { .name   = m->name,
                        .method = m,
                        .dir    = i % 2 ? 1 : -1,
                        .rtol   = m->order < 4 ? 1e-2 : 1e-4,
                        .h      = m->order < 8 ? 0.5 : 1 };
        check(&set);
    }
}

/* A size capped, a break, outputs that must be hit: where these end a step its size is not the controller's. */
Test(sizes, what_cuts_a_step, .timeout = 60)
{
    static nde_tableau coarse; /* bosh3 whose interpolant is not trusted: steps end at outputs */
    coarse               = nde_bosh3;
    coarse.dense_order   = 1;
    const setting sets[] = {
        { .name = "h_max", .method = &nde_dopri5, .dir = 1, .rtol = 1e-4, .h = 0.6, .h_max = 0.33 },
        { .name    = "a break",
          .method  = &nde_tsit5,
          .dir     = 1,
          .rtol    = 1e-4,
          .h       = 0.6,
          .nbreaks = 1,
          .breaks  = { 0.8 },
          .t0      = -0.1 },
        { .name       = "a break, backwards, without FSAL",
          .method     = &nde_heun2,
          .controller = nde_controller_named("pid"),
          .dir        = -1,
          .rtol       = 1e-2,
          .h          = 0.6,
          .nbreaks    = 1,
          .breaks     = { -0.8 } },
        { .name       = "outputs hit",
          .method     = &coarse,
          .controller = nde_controller_named("pi"),
          .dir        = 1,
          .rtol       = 1e-3,
          .h          = 0.7 },
        { .name   = "outputs hit, h_max",
          .method = &coarse,
          .dir    = -1,
          .rtol   = 1e-3,
          .h      = 0.6,
          .h_max  = 0.31 },
    };
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) check(&sets[i]);
}

/* The rule's first step counts as given. */
Test(sizes, the_first_step_is_a_constant)
{
    static problem p;
    setting        set = { .name = "automatic", .method = &nde_tsit5, .dir = 1, .rtol = 1e-5 };
    start(&p, &set);
    gradient g = pullback(&p, 0, 1);
    cr_assert(p.verdict[0], "the first attempt is rejected: its size is not known here");
    set.h = adj_step_h(p.s[0])[0];
    stop(&p);
    start(&p, &set);
    gradient given = pullback(&p, 0, 1);
    cr_expect_eq(memcmp(&g, &given, sizeof g), 0);
    stop(&p);
}

/* Times that repeat: cotangents of outputs and derivatives by times add up to those of the one time that they are. Here an
   output's node moves, or is where the solve was cut to it. */
Test(sizes, times_that_repeat)
{
    static nde_tableau coarse;
    coarse             = nde_bosh3;
    coarse.dense_order = 1;
    for (int k = 0; k < 2; k++) {
        static problem p;
        setting        set = {
                   .name = "", .method = k ? &coarse : &nde_tsit5, .dir = 1, .rtol = 1e-4, .h = 0.3
        };
        start(&p, &set);
        p.t[1] = p.t[0], p.t[3] = p.t[2];
        if (k == 0) p.t[2] = 1.1, p.t[3] = p.t[4];
        gradient five = pullback(&p, 0, 1), three;
        double   w[TIMES * STATE];
        int      one[TIMES] = { 0, 0, 1, k ? 1 : 2, 2 };
        memcpy(w, p.w, sizeof w);
        memset(p.w, 0, sizeof p.w);
        for (int i = 0; i < TIMES * STATE; i++) p.w[one[i / STATE] * STATE + i % STATE] += w[i];
        for (int i = 0; i < TIMES; i++) p.t[one[i]] = p.t[i];
        p.times = 3;
        three   = pullback(&p, 0, 1);
        cr_expect_lt(distance(STATE, five.y0, three.y0), 1e-11);
        cr_expect_lt(distance(WEIGHTS, five.theta, three.theta), 1e-11);
        for (int i = 0; i < 3; i++) {
            double sum = 0;
            for (int j = 0; j < TIMES; j++) sum += one[j] == i ? five.t[j] : 0;
            cr_expect_float_eq(sum, three.t[i], 1e-10 * (1 + fabs(sum)),
                               "%s, t[%d]: %.12g, once %.12g", set.method->name, i, sum,
                               three.t[i]);
        }
        stop(&p);
    }
}

static void refused(const nde_options *o, const char *word)
{
    adj_solver *s;
    nde_ode     ode = { .field = field, .dim = DIM };
    adj_options a   = { .through_h = 1 };
    cr_expect_eq(adj_solver_new(&s, &ode, o, &a, N), AD_UNSUPPORTED);
    cr_expect_null(s);
    cr_expect(strstr(ad_message(), word), "\"%s\" does not say \"%s\"", ad_message(), word);
}

Test(sizes, refused_where_no_step_is_chosen)
{
    const double grid[] = { 0, 1, 2 };
    refused(&(nde_options){ .batching = NDE_PER_SAMPLE }, "joint");
    refused(&(nde_options){ .fixed_step = 0.1 }, "fixed step");
    refused(&(nde_options){ .nsteps_given = 3, .steps_given = grid }, "given step points");
}

/* A rejected attempt that is not even finite (its stage left the field's domain) moves nothing. */
static ad_var root(const nde_point *at, void *ctx)
{
    (void)ctx;
    return ad_scale(ad_sqrt(at->y), -1);
}

Test(sizes, an_attempt_that_is_not_finite)
{
    for (int mode = ADJ_STORE_ALL; mode <= ADJ_RECOMPUTE; mode++) {
        adj_solver    *s;
        nde_ode        ode = { .field = root, .dim = 1 };
        nde_options    o   = { .rtol = 1e-4, .atol = 1e-6, .h = 1.5 };
        double         t[] = { 0, 1.5 }, y0 = 0.7, y[2], y_bar[2] = { 0, 1 }, y0_bar, t_bar[2];
        nde_solve_args a = { .n = 1, .times = 2, .t = t, .y0 = &y0, .y = y };
        adj_cotangents c = { .y_bar = y_bar, .y0_bar = &y0_bar, .t_bar = t_bar };
        o.h              = 1.5;
        y0               = 0.7;
        ok(adj_solver_new(&s, &ode, &o, &(adj_options){ .mode = mode, .through_h = 1 }, 1));
        ok(adj_solve(s, &a));
        cr_assert_gt(adj_solver_stats(s)->rejected, 0);
        ok(adj_pullback(s, &c));
        /* y = (sqrt(y0) - t / 2)^2: dy/dy0 = sqrt(y / y0), dy/dt = -sqrt(y); the method's error is some 100 rtol at most */
        cr_expect_float_eq(y0_bar, sqrt(y[1] / y0), 1e-2);
        cr_expect_float_eq(t_bar[1], -sqrt(y[1]), 1e-2);
        adj_solver_free(s);
    }
}
