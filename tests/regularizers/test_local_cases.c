/* Local regularizers: what they cost, states of several parts, args, float32, break points, what cannot carry them, memory. */
#include "field.h"

static nde_solve_args solve_of(const double t[2], long n, const void *y0, const void *theta,
                               void *y)
{
    return (nde_solve_args){ .n = n, .times = 2, .t = t, .y0 = y0, .theta = theta, .y = y };
}

static ad_status solver_for(reg_solver **s, const nde_ode *ode, const nde_options *o,
                            const char *terms)
{
    reg_term        t[REG_MOST];
    reg_solver_spec spec = { .ode = ode, .solve = o, .term = t, .capacity = 4 };
    ad_status       e    = reg_parse(terms, REG_MOST, t, &spec.terms);
    return e ? e : reg_solver_new(s, &spec);
}

/* --- cost ------------------------------------------------------------------------------------------------------------------ */

typedef struct calls {
    long value, vjp;
} calls;

/* y' = -a y^3 with a a parameter, told how often it is asked. */
static ad_status cubic(long n, const void *const in[], void *out, void *ctx)
{
    const double *y = in[0], *a = in[1];
    ((calls *)ctx)->value++;
    for (long i = 0; i < n; i++) ((double *)out)[i] = -*a * y[i] * y[i] * y[i];
    return AD_OK;
}

static ad_status cubic_vjp(long n, const void *const in[], const void *out, const void *out_bar,
                           void *const x_bar[], void *ctx)
{
    const double *y = in[0], *a = in[1], *b = out_bar;
    double        sum = 0;
    (void)out;
    ((calls *)ctx)->vjp += x_bar[1] != NULL; /* a call for each input */
    for (long i = 0; i < n; i++) sum -= y[i] * y[i] * y[i] * b[i];
    for (long i = 0; x_bar[0] && i < n; i++) ((double *)x_bar[0])[i] = -3 * *a * y[i] * y[i] * b[i];
    if (x_bar[1]) *(double *)x_bar[1] = sum;
    return AD_OK;
}

static ad_var counted(const nde_point *at, void *ctx)
{
    ad_callback f = { "cubic", cubic, cubic_vjp, NULL, ctx, 0 };
    ad_var      a = ad_param(at->g, at->theta, "a", ad_scalar(), AD_INIT_VALUE, 1);
    return ad_call(&f, 2, (ad_var[]){ at->y, a }, AD_F64, ad_rows(1));
}

static calls cost(const char *terms, nde_batching batching)
{
    calls       c = { 0 };
    reg_solver *s;
    nde_options o     = { .rtol = 1e-6, .batching = batching };
    nde_ode     ode   = { .field = counted, .ctx = &c, .dim = 1 };
    double      y0[3] = { 1, 2, -1 }, y[6], a = 1.5, a_bar = 0, y_bar[6] = { 0, 0, 0, 1, 1, 1 };
    ok(ad_params_new(&ode.theta, AD_F64));
    ok(solver_for(&s, &ode, &o, terms));
    nde_solve_args w = solve_of((const double[]){ 0, 2 }, 3, y0, &a, y);
    ok(reg_solve(s, &w, (reg_progress){ 0, 0 }, 1));
    ok(reg_pullback(s, &(adj_cotangents){ .y_bar = y_bar, .theta_bar = &a_bar }));
    cr_expect_neq(a_bar, 0);
    reg_solver_free(s);
    ad_params_free(ode.theta);
    return c;
}

/* f(t, y) and f after the trial Euler step, which give the size; the six stages behind k1; back through those stages, k1 if it
   is asked for, and both of the size's. */
Test(local_cases, cost)
{
    static const struct {
        const char *terms;
        long        value, vjp;
    } want[] = {
        { "local-biased:1", 8, 6 },          { "local-biased+state:1", 8, 6 },
        { "local-biased+k1:1", 8, 7 },       { "local-biased+step:1", 8, 8 },
        { "local-biased+unscaled:1", 8, 6 }, { "local-biased+state+k1+step:1", 8, 8 },
        { "local-unbiased:1", 8, 6 },        { "local-stiffness-biased:1", 8, 6 },
    };
    for (int b = 0; b < 2; b++) {
        calls plain = cost(NULL, b ? NDE_PER_SAMPLE : NDE_JOINT);
        for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
            calls c = cost(want[i].terms, b ? NDE_PER_SAMPLE : NDE_JOINT);
            cr_expect_eq(c.value - plain.value, want[i].value, "%s: %ld evaluations more",
                         want[i].terms, c.value - plain.value);
            cr_expect_eq(c.vjp - plain.vjp, want[i].vjp, "%s: %ld vjps more", want[i].terms,
                         c.vjp - plain.vjp);
        }
    }
}

/* --- parts, args, types, break points ------------------------------------------------------------------------------------------ */

/* (y, z) with y' = f(y) arg, z' = |y|^2, z out of error control or a part like others. */
static void two_parts(const nde_point *at, ad_var *dy, void *ctx)
{
    ad_var f = ad_mlp(at->part[0], at->theta, "f", 2, (long[]){ 6, 2 }, ad_tanh);
    (void)ctx;
    dy[0] = ad_mul(f, at->args[0]);
    dy[1] = ad_sum(ad_square(at->part[0]), 2, 1);
}

enum { PARTS_N = 3, PARTS_DIM = 3, PARTS_STATE = PARTS_N * PARTS_DIM };

/* A solver of either type; everything in one buffer: y0, arg, theta from 16 on. */
typedef struct parted {
    nde_ode     ode;
    nde_part    part[2];
    nde_arg     arg;
    nde_options o;
    reg_solver *s;
    double      x[64], bar[64];
} parted;

static const double parts_grid[] = { 0, 0.4, 1.1, 2 };

static void parted_start(parted *p, ad_type type, nde_batching batching, int no_error,
                         const char *terms)
{
    uint64_t seed = 12;
    p->part[0]    = (nde_part){ "y", { 2, 1, { 1, 2 } }, 0 };
    p->part[1]    = (nde_part){ "z", { 2, 1, { 1, 1 } }, no_error };
    p->arg        = (nde_arg){ "rate", { 2, 1, { 1, 1 } }, 0 };
    p->ode        = (nde_ode){ .field_parts = two_parts,
                               .type        = type,
                               .parts       = 2,
                               .part        = p->part,
                               .nargs       = 1,
                               .args        = &p->arg };
    p->o          = (nde_options){
                 .batching = batching, .rtol = 1, .atol = 1, .nsteps_given = 4, .steps_given = parts_grid
    };
    ok(ad_params_new(&p->ode.theta, type));
    ok(solver_for(&p->s, &p->ode, &p->o, terms));
    cr_assert_leq(16 + ad_params_count(p->ode.theta), 64);
    for (int i = 0; i < 64; i++) p->x[i] = draw(&seed, -3, 3);
    for (int i = 0; i < PARTS_N; i++) p->x[PARTS_STATE + i] = draw(&seed, 1, 2);
}

static void parted_stop(parted *p)
{
    reg_solver_free(p->s);
    ad_params_free(p->ode.theta);
}

/* R, and its gradient into bar when asked. */
static double parted_value(parted *p, int gradient)
{
    float          f[64], f_bar[64] = { 0 };
    int            f32  = p->ode.type == AD_F32;
    size_t         size = ad_type_size(p->ode.type);
    const char    *from = f32 ? (const char *)f : (const char *)p->x;
    char          *to   = f32 ? (char *)f_bar : (char *)p->bar;
    double         y[2 * PARTS_STATE];
    nde_solve_args a = solve_of((const double[]){ 0, 2 }, PARTS_N, from, from + 16 * size, y);
    for (int i = 0; i < 64; i++) f[i] = (float)p->x[i];
    a.args = (const void *[]){ from + PARTS_STATE * size };
    ok(reg_solve(p->s, &a, (reg_progress){ 0, 0 }, 4));
    if (!gradient) return reg_value(p->s);
    memset(p->bar, 0, sizeof p->bar);
    ok(reg_pullback(p->s, &(adj_cotangents){ .y0_bar = to, .theta_bar = to + 16 * size }));
    for (int i = 0; f32 && i < 64; i++) p->bar[i] = f_bar[i];
    return reg_value(p->s);
}

static void check_parts(nde_batching b, int no_error, const char *terms)
{
    const double weight[] = { 1, -8, 8, -1 }, by[] = { -2, -1, 1, 2 }, d = 1e-4;
    double       largest = 0, apart = 0;
    parted       p, q;
    parted_start(&p, AD_F64, b, no_error, terms);
    parted_start(&q, AD_F32, b, no_error, terms);
    double r = parted_value(&p, 1), r32 = parted_value(&q, 1);
    for (int i = 0; i < 64; i++) {
        double at = p.x[i], sum = 0;
        if (i >= PARTS_STATE && i < 16) continue; /* the arg, a constant; and nothing */
        for (int k = 0; k < 4; k++) {
            p.x[i] = at + by[k] * d;
            sum += weight[k] * parted_value(&p, 0) / (12 * d);
        }
        p.x[i]  = at;
        largest = fmax(largest, fabs(sum)), apart = fmax(apart, fabs(sum - p.bar[i]));
    }
    cr_expect(apart <= 1e-7 * largest, "%s: %g of %g apart", terms, apart, largest);
    /* float32: e.k has lost two or three of its seven digits */
    cr_expect_float_eq(r32, r, 1e-3 * r, "%s: float32 %g, float64 %g", terms, r32, r);
    cr_expect_leq(distance(64, q.bar, p.bar), 1e-2);
    parted_stop(&p);
    parted_stop(&q);
}

Test(local_cases, parts_args_and_types)
{
    for (int k = 0; k < 4; k++) {
        nde_batching b = k & 1 ? NDE_PER_SAMPLE : NDE_JOINT;
        check_parts(b, k / 2, "local-unbiased+state+k1+step:1");
        check_parts(b, k / 2, "local-biased+state+k1+step:1");
        check_parts(b, k / 2, "local-stiffness-biased+state+k1+step:1,kinetic:0.1");
        check_parts(b, k / 2, "local-biased+state+k1+step:1,kinetic:0.1");
    }
}

/* f jumps at 1/2: a step begun before ends there, and does not see what comes after, whatever that is. */
static ad_var jumping(const nde_point *at, void *ctx)
{
    ad_var before = ad_lt(at->t, ad_const(at->g, AD_F64, 0.5));
    ad_var f      = ad_mul(ad_param(at->g, at->theta, "a", ad_scalar(), AD_INIT_VALUE, 1),
                           ad_sin(ad_scale(at->y, 3)));
    return ad_where(before, f, ad_scale(f, *(double *)ctx));
}

static double across(double factor, nde_batching batching, uint64_t draw)
{
    reg_solver  *s;
    nde_options  o   = { .rtol     = 0.5,
                         .atol     = 0.5,
                         .nbreaks  = 1,
                         .breaks   = (const double[]){ 0.5 },
                         .batching = batching };
    nde_ode      ode = { .field = jumping, .dim = 1, .ctx = &factor };
    const double a = 1.5, y0[2] = { 0.3, 0.3 };
    double       y[4], a_bar    = 0;
    ok(ad_params_new(&ode.theta, AD_F64));
    ok(solver_for(&s, &ode, &o, "local-unbiased:1"));
    nde_solve_args w = solve_of((const double[]){ 0, 1 }, 2, y0, &a, y);
    if (batching == NDE_PER_SAMPLE) w.n = 1;
    ok(reg_solve(s, &w, (reg_progress){ 0, 0 }, draw));
    ok(reg_pullback(s, &(adj_cotangents){ .theta_bar = &a_bar }));
    double r = reg_value(s);
    reg_solver_free(s);
    ad_params_free(ode.theta);
    return r;
}

Test(local_cases, break_points)
{
    int same = 0, other = 0;
    for (uint64_t d = 0; d < 40; d++) {
        double one = across(1, NDE_JOINT, d), far = across(50, NDE_JOINT, d);
        cr_expect_float_eq(across(50, NDE_PER_SAMPLE, d), far, 1e-9 * far);
        same += one == far, other += one != far;
    }
    cr_expect(same > 8 && other > 8, "%d of 40 begin before the break", same);
}

/* --- what cannot be ------------------------------------------------------------------------------------------------------------ */

Test(local_cases, methods_that_cannot_carry_them)
{
    static const struct {
        const nde_tableau *m;
        const char        *terms, *says;
    } bad[] = {
        { &nde_rk4, "local-unbiased:1", "local-unbiased+tsit5" },
        { &nde_rk4, "local-biased:1", "tsit5, dopri5" },
        { &nde_euler, "local-stiffness-biased:1", "tsit5 or dopri5" },
        { &nde_bosh3, "local-stiffness-unbiased:1", "local-stiffness-unbiased+tsit5" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        regularized p = { 0 };
        nde_options o = { .method = bad[i].m, .fixed_step = 0.1 };
        reg_solver *s = NULL;
        p.ode         = (nde_ode){ .field = network, .dim = DIM };
        ok(ad_params_new(&p.ode.theta, AD_F64));
        cr_expect_eq(solver_for(&s, &p.ode, &o, bad[i].terms), AD_UNSUPPORTED);
        cr_expect_null(s);
        cr_expect(strstr(ad_message(), bad[i].says), "%s", ad_message());
        ad_params_free(p.ode.theta);
    }
    regularized p;
    nde_options o = { .method = &nde_rk4, .fixed_step = 0.1 };
    regularized_start(&p, "local-unbiased+tsit5:1,local-stiffness-biased+tsit5:1", &o, NULL);
    cr_expect_gt(regularized_loss(&p, 0), 0);
    regularized_pull(&p, 1);
    regularized_stop(&p);
}

/* y' = 20 (0.9 - y) sqrt(1 - y), a = 20: the solution ends at 0.9 and short steps follow it; a step as long as a tolerance of 100
   makes it goes beyond 1, and no further. */
static ad_var walled(const nde_point *at, void *ctx)
{
    (void)ctx;
    ad_var a = ad_param(at->g, at->theta, "a", ad_scalar(), AD_INIT_VALUE, 1);
    return ad_mul(a, ad_mul(ad_shift(ad_neg(at->y), 0.9), ad_sqrt(ad_shift(ad_neg(at->y), 1))));
}

Test(local_cases, a_step_that_leaves_the_domain)
{
    reg_solver *s;
    nde_ode     ode = { .field = walled, .dim = 1 };
    nde_options o   = { .rtol = 100, .atol = 100, .fixed_step = 1e-2 };
    double      a = 20, y0 = 0.8, y[2];
    int         left = 0, inside = 0;
    ok(ad_params_new(&ode.theta, AD_F64));
    ok(solver_for(&s, &ode, &o, "local-unbiased:1"));
    nde_solve_args w = solve_of((const double[]){ 0, 1 }, 1, &y0, &a, y);
    for (uint64_t d = 0; d < 80; d++) {
        ad_status e = reg_solve(s, &w, (reg_progress){ 0, 0 }, d);
        if (e) {
            left++;
            cr_expect_eq(e, AD_NONFINITE_FIELD);
            cr_expect(strstr(ad_message(), "local-unbiased: the step from t = 0."), "%s",
                      ad_message());
        }
        inside += !e;
    }
    cr_expect(left > 0 && inside > 0, "%d of 80 steps leave", left);
    reg_solver_free(s);
    ad_params_free(ode.theta);
}

/* --- memory --------------------------------------------------------------------------------------------------------------------- */

static const char all[] = "local-unbiased+state:1,local-biased+state+k1+step:1,"
                          "local-stiffness-unbiased:1,local-stiffness-biased+state:1";

Test(local_cases, allocates_nothing)
{
    for (int b = 0; b < 2; b++) {
        counting    c = { 0 };
        regularized p;
        nde_options o = { .batching = b ? NDE_PER_SAMPLE : NDE_JOINT };
        counting_start(&c);
        regularized_start(&p, all, &o, NULL);
        for (int i = 0; i < 6; i++) {
            p.draw = 9;
            regularized_loss(&p, 1);
            regularized_pull(&p, 1);
            if (i == 1) c.count = 0;
        }
        cr_expect_eq(c.count, 0, "%ld", c.count);
        regularized_stop(&p);
        cr_expect_eq(c.live, 0);
        counting_stop();
    }
}

static ad_status build_and_run(void *arg)
{
    regularized     p    = { .ode = { .field = network, .dim = DIM },
                             .t   = { 0, 0.5, 1 },
                             .o   = { .rtol     = 1e-2,
                                      .atol     = 1e-2,
                                      .nbreaks  = 1,
                                      .breaks   = (const double[]){ 0.7 },
                                      .batching = *(nde_batching *)arg } };
    reg_solver_spec spec = { .ode = &p.ode, .solve = &p.o, .term = p.term, .capacity = BATCH };
    const char     *two  = p.o.batching == NDE_JOINT ? "local-unbiased+state:1,local-biased:1"
                                                     : "local-stiffness-biased+state:1";
    ad_status       e    = ad_params_new(&p.ode.theta, AD_F64);
    if (!e) e = reg_parse(two, REG_MOST, p.term, &spec.terms);
    if (!e) e = reg_solver_new(&p.s, &spec);
    nde_solve_args a = regularized_args(&p);
    if (!e) e = reg_solve(p.s, &a, (reg_progress){ 0, 0 }, 1);
    if (!e) e = reg_pullback(p.s, &(adj_cotangents){ .y0_bar = p.y0_bar });
    if (!e) e = reg_pullback(p.s, &(adj_cotangents){ .y_bar = p.w, .theta_bar = p.theta_bar });
    regularized_stop(&p);
    return e;
}

Test(local_cases, every_allocation_may_fail, .timeout = 120)
{
    for (int b = 0; b < 2; b++) {
        nde_batching batching = b ? NDE_PER_SAMPLE : NDE_JOINT;
        long         runs;
        cr_expect(every_allocation_fails_cleanly(build_and_run, &batching, &runs));
        cr_expect_gt(runs, 50);
    }
}
