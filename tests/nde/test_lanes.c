/* Per-sample stepping: what a sample goes through is its own business. Sample i alone, in two, in seven and in the whole
   batch gives the same bits, whatever its neighbours do. */
#include <criterion/criterion.h>

#include <costate/autodiff/layers.h>
#include <costate/nde/ode.h>

#include "support.h"

enum { WHOLE = 23, TIMES = 6, DIM = 2 };

/* --- fields ---------------------------------------------------------------------------------------------------------- */

/* y' = W3 tanh(W2 tanh(W1 y + b1) + b2) + b3 sin t, widths 50 and 5: products of every shape, and time for each row */
static ad_var network(const nde_point *at, void *ctx)
{
    (void)ctx;
    ad_var h = ad_mlp(at->y, at->theta, "f", 3, (long[]){ 50, 5, DIM }, ad_tanh);
    return ad_mul(ad_scale(h, 3), ad_cast(ad_cos(at->t), at->type));
}

/* van der Pol, two parts [n, 1]: x' = v, v' = mu (1 - x^2) v - x */
static void van_der_pol(const nde_point *at, ad_var *dy, void *ctx)
{
    (void)ctx;
    ad_var x = at->part[0], v = at->part[1];
    dy[0] = v;
    dy[1] = ad_sub(ad_mul(at->args[0], ad_mul(ad_omsq(x), v)), x);
}

/* y' = y - 2 before t = 0.5 and y + 1 from there on, in the second component only there a jump */
static ad_var jumps(const nde_point *at, void *ctx)
{
    (void)ctx;
    ad_var late = ad_cast(ad_ge(at->t, ad_const(at->g, AD_F64, 0.5)), at->type);
    return ad_add(at->y, ad_shift(ad_scale(late, 3), -2));
}

/* y' = y^2: infinite at t = 1 / y0 where y0 > 0 */
static ad_var explodes(const nde_point *at, void *ctx)
{
    (void)ctx;
    return ad_square(at->y);
}

/* --- one problem, solved in groups ------------------------------------------------------------------------------------- */

typedef struct setup {
    nde_ode     ode;
    nde_options o;
    double      y0[WHOLE][DIM], mu[WHOLE], t[WHOLE][TIMES];
    int         t_each;
    void       *theta;
} setup;

typedef struct result {
    double    y[TIMES][DIM];
    ad_status status;
} result;

static const nde_part vdp_parts[2] = { { "x", { 2, 1, { 1, 1 } }, 0 },
                                       { "v", { 2, 1, { 1, 1 } }, 0 } };
static const nde_arg  vdp_args[1]  = { { "mu", { 2, 1, { 1, 1 } }, 0 } };

static void put(const setup *s, void *to, long i, double v)
{
    if (s->ode.type == AD_F32)
        ((float *)to)[i] = (float)v;
    else
        ((double *)to)[i] = v;
}

static double get(const setup *s, const void *from, long i)
{
    return s->ode.type == AD_F32 ? ((const float *)from)[i] : ((const double *)from)[i];
}

/* Where component d of row i of n lies in a user's state: parts one behind the other. */
static long place(const setup *s, long n, long i, long d)
{
    return s->ode.parts == 2 ? d * n + i : i * s->ode.dim + d;
}

static ad_status solve_group(const setup *s, nde_solver *solver, long n, const long who[],
                             result r[])
{
    double         y0[WHOLE * DIM], mu[WHOLE], y[TIMES * WHOLE * DIM], t[WHOLE][TIMES];
    ad_status      status[WHOLE];
    const void    *args[1] = { mu };
    long           dim     = s->ode.parts == 2 ? 2 : s->ode.dim;
    nde_solve_args a       = { .n      = n,
                               .times  = TIMES,
                               .t      = t[0],
                               .t_each = s->t_each,
                               .y0     = y0,
                               .args   = args,
                               .theta  = s->theta,
                               .y      = y,
                               .status = status };
    for (long i = 0; i < n; i++) {
        for (long d = 0; d < dim; d++) put(s, y0, place(s, n, i, d), s->y0[who[i]][d]);
        put(s, mu, i, s->mu[who[i]]);
        memcpy(t[i], s->t[s->t_each ? who[i] : 0], sizeof t[i]);
    }
    memset(y, 0x5a, sizeof y);
    ad_status e = nde_solve(solver, &a);
    for (long i = 0; i < n; i++) {
        r[i].status = status[i];
        for (int k = 0; k < TIMES; k++)
            for (long d = 0; d < dim; d++)
                r[i].y[k][d] = get(s, y, k * n * dim + place(s, n, i, d));
    }
    return e;
}

static int same(const setup *s, const result *a, const result *b)
{
    long dim = s->ode.parts == 2 ? 2 : s->ode.dim;
    for (int k = 0; k < TIMES; k++)
        for (long d = 0; d < dim; d++) {
            double x = a->y[k][d], y = b->y[k][d];
            if (memcmp(&x, &y, sizeof x) != 0 && !(isnan(x) && isnan(y))) return 0;
        }
    return a->status == b->status;
}

/* Groups of n samples with a stride, so that neighbours and positions change. */
static int groups_agree(const setup *s, nde_solver *solver, long n, const result whole[])
{
    int good = 1;
    for (long first = 0; first < WHOLE; first++) {
        long   who[WHOLE];
        result r[WHOLE];
        for (long i = 0; i < n; i++) who[i] = (first + i * 5) % WHOLE;
        solve_group(s, solver, n, who, r);
        for (long i = 0; i < n; i++) {
            int ok = same(s, &r[i], &whole[who[i]]);
            good &= ok;
            cr_expect(ok, "sample %ld in a group of %ld at place %ld: %.17g, in the whole %.17g",
                      who[i], n, i, r[i].y[TIMES - 1][0], whole[who[i]].y[TIMES - 1][0]);
        }
    }
    return good;
}

static void solve_whole(const setup *s, nde_solver *solver, result whole[])
{
    long all[WHOLE];
    for (long i = 0; i < WHOLE; i++) all[i] = i;
    solve_group(s, solver, WHOLE, all, whole);
}

static void rows_are_exact(const setup *s, const char *what)
{
    nde_solver *large, *small;
    result      whole[WHOLE];
    nde_options o = s->o;
    o.batching    = NDE_PER_SAMPLE;
    cr_assert_eq(nde_solver_new(&large, &s->ode, &o, WHOLE), AD_OK, "%s: %s", what, ad_message());
    cr_assert_eq(nde_solver_new(&small, &s->ode, &o, 1), AD_OK, "%s: %s", what, ad_message());
    solve_whole(s, large, whole);
    cr_expect(groups_agree(s, large, 1, whole), "%s", what);
    cr_expect(groups_agree(s, large, 2, whole), "%s", what);
    cr_expect(groups_agree(s, large, 7, whole), "%s", what);
    cr_expect(groups_agree(s, small, 1, whole), "%s: in a solver of capacity 1", what);
    nde_solver_free(large);
    nde_solver_free(small);
}

/* direction: 1 or -1; each: every sample has times of its own, some of them equal to the start, or twice the same */
static void some_samples(setup *s, double end, double direction, int each)
{
    uint64_t seed = 11;
    s->t_each     = each;
    for (int i = 0; i < WHOLE; i++) {
        s->mu[i]    = draw(&seed, 0.5, 6);
        s->y0[i][0] = draw(&seed, -2, 2);
        s->y0[i][1] = draw(&seed, -2, 2);
        double at = each ? draw(&seed, -1, 1) : 0, last = at;
        for (int k = 0; k < TIMES; k++, last = at) {
            s->t[i][k] = last;
            at         = last + direction * (each ? draw(&seed, 0, 2) : 1) * end / (TIMES - 1);
            if (each && k == i % TIMES && k > 0 && k < TIMES - 2) at = last;
        }
    }
}

static void *initial(const ad_params *theta, ad_type type)
{
    void *p = ad_alloc((size_t)ad_params_count(theta) * ad_type_size(type));
    ad_params_init(theta, 3, p);
    return p;
}

static setup network_setup(ad_params **theta, ad_type type)
{
    setup s = { .ode = { .field = network, .dim = DIM, .type = type } };
    cr_assert_eq(ad_params_new(theta, type), AD_OK);
    s.ode.theta = *theta;
    nde_solver *tracer; /* registers the parameters */
    cr_assert_eq(nde_solver_new(&tracer, &s.ode, NULL, 1), AD_OK, "%s", ad_message());
    nde_solver_free(tracer);
    s.theta = initial(*theta, type);
    return s;
}

static void network_is_exact(ad_type type, double direction, int each)
{
    ad_params *theta;
    setup      s = network_setup(&theta, type);
    some_samples(&s, 3, direction, each);
    rows_are_exact(&s, "network");
    ad_free(s.theta);
    ad_params_free(theta);
}

Test(lanes, a_network_float64)
{
    network_is_exact(AD_F64, 1, 0);
}
Test(lanes, a_network_float32)
{
    network_is_exact(AD_F32, 1, 0);
}
Test(lanes, a_network_backwards)
{
    network_is_exact(AD_F64, -1, 0);
}
Test(lanes, a_network_with_times_of_each)
{
    network_is_exact(AD_F32, 1, 1);
}
Test(lanes, a_network_with_times_of_each_backwards)
{
    network_is_exact(AD_F64, -1, 1);
}

static setup vdp_setup(ad_type type)
{
    return (setup){ .ode = { .field_parts = van_der_pol,
                             .type        = type,
                             .parts       = 2,
                             .part        = vdp_parts,
                             .nargs       = 1,
                             .args        = vdp_args } };
}

Test(lanes, van_der_pol_with_mu_of_each)
{
    static const nde_tableau *const methods[] = { &nde_tsit5, &nde_dopri5, &nde_bosh3, &nde_dop853,
                                                  &nde_heun2 };
    for (int type = AD_F32; type <= AD_F64; type++)
        for (size_t m = 0; m < sizeof methods / sizeof *methods; m++)
            for (int each = 0; each < 2; each++) {
                setup s    = vdp_setup(type);
                s.o.method = methods[m];
                some_samples(&s, 4, each ? -1 : 1, each);
                rows_are_exact(&s, methods[m]->name);
            }
}

Test(lanes, steps_of_a_fixed_size)
{
    setup s        = vdp_setup(AD_F64);
    s.o.method     = &nde_rk4;
    s.o.fixed_step = 0.03;
    some_samples(&s, 4, 1, 1);
    rows_are_exact(&s, "rk4, fixed");
}

Test(lanes, the_controllers)
{
    for (int i = 0; i < nde_controller_count(); i++) {
        setup s        = vdp_setup(AD_F32);
        s.o.controller = nde_controller_at(i);
        some_samples(&s, 4, 1, 0);
        rows_are_exact(&s, s.o.controller->name);
    }
}

/* --- break points ------------------------------------------------------------------------------------------------------ */

/* y(t) = 2 + (y0 - 2) e^(t - t0) up to b, -1 + (y(b) + 1) e^(t - b) behind it; forwards from t0 < b, or backwards from
   behind it to t0 with the pieces the other way round. */
static double jumped(double y0, double t0, double t)
{
    const double b    = 0.5;
    int          late = t0 > b || (t0 == b && t > b);
    double       c = late ? -1 : 2, other = late ? 2 : -1;
    if ((t0 - b) * (t - b) >= 0) return c + (y0 - c) * exp(t - t0);
    double at_b = c + (y0 - c) * exp(b - t0);
    return other + (at_b - other) * exp(t - b);
}

Test(lanes, break_points)
{
    for (int way = -1; way <= 1; way += 2) {
        setup s     = { .ode = { .field = jumps, .dim = 1, .type = AD_F64 } };
        s.o.breaks  = (double[]){ 0.5 };
        s.o.nbreaks = 1;
        s.o.rtol = 1e-9, s.o.atol = 1e-9;
        some_samples(&s, 2, way, 1);
        rows_are_exact(&s, "break point");
        nde_solver *solver;
        result      r[WHOLE];
        nde_options o = s.o;
        o.batching    = NDE_PER_SAMPLE;
        cr_assert_eq(nde_solver_new(&solver, &s.ode, &o, WHOLE), AD_OK);
        solve_whole(&s, solver, r);
        long rejected = nde_solver_stats(solver)->rejected;
        cr_expect_lt(rejected, 2 * WHOLE,
                     "%ld rejections: a jump inside a step costs some twenty each", rejected);
        for (int i = 0; i < WHOLE; i++)
            for (int k = 0; k < TIMES; k++) {
                double want = jumped(s.y0[i][0], s.t[i][0], s.t[i][k]);
                cr_expect_float_eq(r[i].y[k][0], want, 1e-6 * (1 + fabs(want)),
                                   "sample %d, t %g from %g: %.10g, %.10g", i, s.t[i][k], s.t[i][0],
                                   r[i].y[k][0], want);
            }
        nde_solver_free(solver);
    }
}

/* --- failures ------------------------------------------------------------------------------------------------------------ */

/* Some samples end early: they have a status and NaN from there on, the others the bits that they have without them. */
static void failing(setup *s, const char *what)
{
    nde_solver *solver;
    result      whole[WHOLE];
    nde_options o = s->o;
    o.batching    = NDE_PER_SAMPLE;
    cr_assert_eq(nde_solver_new(&solver, &s->ode, &o, WHOLE), AD_OK);
    solve_whole(s, solver, whole);
    int failed = 0;
    for (int i = 0; i < WHOLE; i++) {
        double ends = s->y0[i][0] > 0 ? 1 / s->y0[i][0] : INFINITY, last = s->t[i][0];
        for (int k = 0; k < TIMES; k++) {
            double t = s->t[s->t_each ? i : 0][k];
            if (t < 0.98 * ends && !o.max_steps)
                cr_expect(isfinite(whole[i].y[k][0]), "%s: sample %d at %g before its end %g", what,
                          i, t, ends);
            if (t > ends)
                cr_expect(isnan(whole[i].y[k][0]), "%s: sample %d at %g behind its end %g: %g",
                          what, i, t, ends, whole[i].y[k][0]);
            last = t;
        }
        if (last > ends) cr_expect_neq(whole[i].status, AD_OK, "%s: sample %d", what, i);
        failed += whole[i].status != AD_OK;
        if (whole[i].status == AD_OK)
            cr_expect(isfinite(whole[i].y[TIMES - 1][0]));
        else
            cr_expect(isnan(whole[i].y[TIMES - 1][0]), "%s: sample %d failed", what, i);
    }
    cr_assert(failed > 3 && failed < WHOLE - 3, "%s: %d of %d failed", what, failed, WHOLE);
    nde_solver_free(solver);
    rows_are_exact(s, what);
}

static setup explosion(ad_type type)
{
    setup s = { .ode = { .field = explodes, .dim = 1, .type = type } };
    some_samples(&s, 2, 1, 0);
    return s;
}

Test(lanes, some_fail_and_the_others_do_not)
{
    setup s = explosion(AD_F64);
    failing(&s, "float64");
    s = explosion(AD_F32);
    failing(&s, "float32");
    s.o.max_steps = 12;
    failing(&s, "step limit");
    s              = explosion(AD_F64);
    s.o.method     = &nde_rk4;
    s.o.fixed_step = 0.1;
    rows_are_exact(&s, "fixed steps");
}

Test(lanes, the_sentence_names_the_first_sample_that_failed)
{
    setup       s = explosion(AD_F64);
    nde_solver *solver;
    result      r[2];
    nde_options o = { .batching = NDE_PER_SAMPLE };
    s.y0[0][0] = -1, s.y0[1][0] = 1;
    cr_assert_eq(nde_solver_new(&solver, &s.ode, &o, 2), AD_OK);
    ad_status e = solve_group(&s, solver, 2, (long[]){ 0, 1 }, r);
    cr_assert_neq(e, AD_OK);
    cr_assert_eq(r[0].status, AD_OK);
    cr_assert_eq(r[1].status, e);
    cr_assert(strstr(ad_message(), "sample 1"), "%s", ad_message());
    nde_solver_free(solver);
}

Test(lanes, an_empty_interval_is_told)
{
    setup       s = explosion(AD_F64);
    nde_solver *solver;
    result      r[3];
    nde_options o = { .batching = NDE_PER_SAMPLE };
    s.t_each      = 1;
    for (int k = 0; k < TIMES; k++) s.t[1][k] = 1;
    cr_assert_eq(nde_solver_new(&solver, &s.ode, &o, 3), AD_OK);
    cr_assert_eq(solve_group(&s, solver, 3, (long[]){ 0, 1, 2 }, r), AD_INVALID);
    cr_assert(strstr(ad_message(), "sample 1"), "%s", ad_message());
    for (int i = 0; i < 3; i++) {
        cr_expect_eq(r[i].status, AD_INVALID);
        cr_expect(isnan(r[i].y[TIMES - 1][0]), "sample %d", i);
    }
    nde_solver_free(solver);
}

/* Given step points must be those of the times, or they would be read beyond their end. */
Test(lanes, given_step_points)
{
    setup       s      = explosion(AD_F64);
    double      grid[] = { 0, 0.4, 0.8, 1.2, 1.6, 2 };
    nde_options o      = { .batching = NDE_PER_SAMPLE, .nsteps_given = 6, .steps_given = grid };
    nde_solver *solver;
    result      r[2];
    s.y0[0][0] = -1, s.y0[1][0] = -0.5;
    cr_assert_eq(nde_solver_new(&solver, &s.ode, &o, 2), AD_OK);
    cr_assert_eq(solve_group(&s, solver, 2, (long[]){ 0, 1 }, r), AD_OK, "%s", ad_message());
    cr_assert_eq(nde_solver_stats(solver)->accepted, 10);
    cr_assert_float_eq(r[0].y[TIMES - 1][0], -1. / 3, 1e-3);
    s.t[0][TIMES - 1] = 2.5;
    cr_assert_eq(solve_group(&s, solver, 2, (long[]){ 0, 1 }, r), AD_INVALID);
    nde_solver_free(solver);
}

/* At t = 1e17 doubles are 16 apart: the first step is lost in t. Joint steps say the same. */
Test(lanes, a_step_that_does_not_move_t)
{
    for (int fixed = 0; fixed < 2; fixed++)
        for (int sample = 0; sample < 2; sample++) {
            setup       s   = explosion(AD_F64);
            double      t[] = { 1e17, 1e17 + 1600 }, y0[] = { -1, -2 }, y[4];
            ad_status   each[2] = { AD_OK };
            nde_options o       = { .batching   = sample ? NDE_PER_SAMPLE : NDE_JOINT,
                                    .method     = fixed ? &nde_rk4 : NULL,
                                    .fixed_step = fixed ? 0.1 : 0 };
            nde_solver *solver;
            cr_assert_eq(nde_solver_new(&solver, &s.ode, &o, 2), AD_OK, "%s", ad_message());
            cr_expect_eq(
                nde_solve(solver,
                          &(nde_solve_args){
                              .n = 2, .times = 2, .t = t, .y0 = y0, .y = y, .status = each }),
                AD_STEP_UNDERFLOW, "%s", ad_message());
            for (int i = 0; i < 2; i++) {
                cr_expect_eq(each[i], AD_STEP_UNDERFLOW);
                cr_expect(isnan(y[2 + i]));
            }
            cr_expect_eq(nde_solver_stats(solver)->accepted, 0);
            nde_solver_free(solver);
        }
}
