/* Solves that do not end well: what is told, what is still valid, what is left in memory. */
#include <costate/adjoint/adjoint.h>

#include "problems.h"

static void is_prefix(int valid, int times, const double *y, int dim)
{
    for (int i = 0; i < times * dim; i++)
        cr_expect_eq(!isnan(y[i]), i < valid * dim, "number %d is %g, %d states are valid", i, y[i],
                     valid);
}

static void says(const char *part)
{
    cr_expect(strstr(ad_message(), part), "'%s' expected in: %s", part, ad_message());
}

Test(failures, too_many_steps)
{
    nde_ode      ode = { .field = circle, .dim = 2 };
    const double t[] = { 0, 1, 2, 1e6 };
    double       y[8];
    ad_status    e;
    nde_stats s = solve_once(&ode, &(nde_options){ .max_steps = 100 }, 4, t, (double[]){ 1, 0 }, y,
                             &e);
    cr_assert_eq(e, AD_STEP_LIMIT);
    cr_expect_eq(s.accepted + s.rejected, 100);
    cr_expect(s.t_reached > 2 && s.t_reached < 1e6);
    is_prefix(3, 4, y, 2);
    says("100 steps");
    says("max_steps");
}

/* 1/(1 - t): near the pole each step covers a part of what is left, until the step is lost in t. */
Test(failures, blow_up_in_finite_time)
{
    const double t[] = { 0, 0.5, 0.9, 1.5, 2 };
    for (int m = 0; m < nde_method_count(); m++) {
        nde_ode            ode    = { .field = explosive, .dim = 1 };
        const nde_tableau *method = nde_method_at(m);
        double             tol    = method->order > 2 ? 1e-8 : 1e-5;
        nde_options        o      = { .method = method, .rtol = tol, .atol = tol };
        double             y[5];
        ad_status          e;
        if (!o.method->error_order) continue;
        nde_stats s = solve_once(&ode, &o, 5, t, (double[]){ 1 }, y, &e);
        cr_expect(e == AD_STEP_UNDERFLOW || e == AD_NONFINITE_STATE || e == AD_NONFINITE_FIELD,
                  "%s: %s", o.method->name, ad_status_name(e));
        cr_expect_float_eq(s.t_reached, 1, 1e-4, "%s reached %.17g", o.method->name, s.t_reached);
        is_prefix(3, 5, y, 1);
        /* dy/dy0 is (y / y0)^2: 100 at t = 0.9 */
        cr_expect_float_eq(y[1], 2, 4 * tol * (double)s.accepted);
        cr_expect_float_eq(y[2], 10, 100 * tol * (double)s.accepted);
        says("t = ");
        says("step");
    }
    nde_ode   ode = { .field = explosive, .dim = 1 };
    double    y[5];
    ad_status e;
    nde_stats s = solve_once(&ode, &(nde_options){ .method = &nde_rk4, .fixed_step = 0.01 }, 5, t,
                             (double[]){ 1 }, y, &e);
    cr_expect_eq(e, AD_NONFINITE_STATE);
    cr_expect(s.t_reached > 0.99 && s.t_reached < 1.5);
    is_prefix(3, 5, y, 1);
    says("'y' component 0 of sample 0");
}

/* A right-hand side that gives NaN (or fails) from its n-th call on. */
typedef struct trap {
    long calls, at;
    int  fails;
} trap;

static int trapped(double t, long n, const void *y_, void *dy_, void *ctx)
{
    trap         *w  = ctx;
    const double *y  = y_;
    double       *dy = dy_;
    (void)t;
    w->calls++;
    for (long i = 0; i < n; i++) dy[i] = w->calls >= w->at && !w->fails ? NAN : -y[i];
    return w->calls >= w->at && w->fails;
}

Test(failures, a_field_that_gives_nan_at_call_n)
{
    const double t[] = { 0, 0.5, 1, 2, 3 };
    for (int fixed = 0; fixed < 2; fixed++)
        for (long n = 1; n < 60; n++) {
            trap        w   = { .at = n };
            nde_ode     ode = { .field_plain = trapped, .ctx = &w, .dim = 1 };
            nde_options o   = { .rtol = 1e-6, .atol = 1e-6, .fixed_step = fixed ? 0.25 : 0 };
            double      y[5];
            ad_status   e;
            nde_stats   s = solve_once(&ode, &o, 5, t, (double[]){ 1 }, y, &e);
            cr_assert(e == AD_NONFINITE_FIELD || e == AD_NONFINITE_STATE, "call %ld: %s", n,
                      ad_status_name(e));
            int valid = 1;
            while (valid < 5 && t[valid] <= s.t_reached) valid++;
            is_prefix(valid, 5, y, 1);
            cr_assert_lt(valid, 5);
            for (int i = 0; i < valid; i++)
                cr_expect_float_eq(y[i], exp(-t[i]),
                                   fixed ? 1e-5 : 1e-6 * (double)(s.accepted + 1));
            cr_expect_lt(w.calls, n + 6000, "given up in good time: %ld calls", w.calls);
        }
}

Test(failures, a_field_that_says_so)
{
    for (long n = 1; n < 20; n++) {
        trap      w   = { .at = n, .fails = 1 };
        nde_ode   ode = { .field_plain = trapped, .ctx = &w, .dim = 1 };
        double    y[2];
        ad_status e;
        solve_once(&ode, NULL, 2, (double[]){ 0, 9 }, (double[]){ 1 }, y, &e);
        cr_expect_eq(e, AD_NONFINITE_FIELD);
        cr_expect_eq(w.calls, n);
        says("reported a failure at t = ");
    }
}

Test(failures, a_start_that_is_not_a_number)
{
    const double bad[] = { NAN, INFINITY, -INFINITY };
    for (int i = 0; i < 3; i++)
        for (int fixed = 0; fixed < 3; fixed++) {
            nde_ode     ode = { .field = circle, .dim = 2 };
            nde_options o   = { .fixed_step = fixed == 1 ? 0.5 : 0, .h = fixed == 2 ? 0.1 : 0 };
            double      y[4];
            ad_status   e;
            solve_once(&ode, &o, 2, (double[]){ 0, 1 }, (double[]){ 0, bad[i] }, y, &e);
            cr_expect_eq(e, AD_NONFINITE_STATE, "%s", ad_status_name(e));
            says("'y' component");
        }
}

/* --- observers -------------------------------------------------------------------------------------------------------- */

typedef struct watch {
    long   accepted, rejected, stop_at;
    double t, sum;
} watch;

static int watching(const nde_attempt *a, void *ctx)
{
    watch *w = ctx;
    cr_expect_eq(a->n, 1);
    cr_expect_eq(a->t, w->t, "an attempt starts where the last accepted one ended");
    cr_expect_eq(a->accepted, a->error <= 1);
    if (a->accepted)
        w->accepted++, w->t += a->h;
    else
        w->rejected++;
    return w->stop_at && w->accepted == w->stop_at;
}

Test(failures, an_observer_sees_every_attempt_and_may_stop)
{
    /* h = 2^-k: the sum of steps is exact; here the last one is checked by the statistics alone */
    nde_ode      ode = { .field = explosive, .dim = 1 };
    const double t[] = { 0, 0.3, 0.99 };
    double       y[3];
    watch        w = { 0 };
    nde_options  o = {
         .rtol = 1e-7, .atol = 1e-7, .h = 0.5, .observe = watching, .observe_ctx = &w
    };
    ad_status e;
    nde_stats s = solve_once(&ode, &o, 3, t, (double[]){ 1 }, y, NULL);
    cr_expect_eq(w.accepted, s.accepted);
    cr_expect_eq(w.rejected, s.rejected);
    cr_expect_gt(s.rejected, 0);
    w = (watch){ .stop_at = 5 };
    s = solve_once(&ode, &o, 3, t, (double[]){ 1 }, y, &e);
    cr_expect_eq(e, AD_CANCELLED);
    cr_expect_eq(w.accepted, 5);
    cr_expect_eq(s.accepted, 4, "the step at which it was stopped does not count");
    cr_expect(isnan(y[2]));
    says("on request");
}

/* --- mistakes --------------------------------------------------------------------------------------------------------- */

static void refuses(const nde_ode *ode, const nde_options *o, ad_status want, const char *part)
{
    nde_solver *s = (nde_solver *)1;
    ad_status   e = nde_solver_new(&s, ode, o, 1);
    cr_expect_eq(e, want, "%s expected, not %s (%s)", ad_status_name(want), ad_status_name(e),
                 ad_message());
    cr_expect_null(s);
    says(part);
}

static ad_var wide(const nde_point *at, void *ctx)
{
    (void)ctx;
    return ad_concat(2, (ad_var[]){ at->y, at->y }, 1);
}

static ad_var nothing(const nde_point *at, void *ctx)
{
    (void)at, (void)ctx;
    return AD_NONE;
}

static ad_var narrow(const nde_point *at, void *ctx)
{
    (void)ctx;
    return ad_cast(at->y, AD_F32);
}

Test(failures, problems_that_make_no_sense)
{
    const nde_part shared = { "x", ad_vector(2), 0 };
    const nde_ode  good   = { .field = decay, .dim = 1 };
    refuses(&(nde_ode){ .dim = 1 }, NULL, AD_INVALID, "exactly one field");
    refuses(&(nde_ode){ .field = decay, .field_plain = circle_plain, .dim = 1 }, NULL, AD_INVALID,
            "has 2");
    refuses(&(nde_ode){ .field = decay }, NULL, AD_INVALID, "without a state");
    refuses(&(nde_ode){ .field = decay, .parts = 1, .part = &shared }, NULL, AD_BAD_SHAPE, "'x'");
    refuses(&(nde_ode){ .field = wide, .dim = 2 }, NULL, AD_BAD_SHAPE, "'y'");
    refuses(&(nde_ode){ .field = nothing, .dim = 1 }, NULL, AD_INVALID, "returned nothing");
    refuses(&(nde_ode){ .field = narrow, .dim = 1 }, NULL, AD_BAD_SHAPE, "cast it");
    refuses(&good, &(nde_options){ .rtol = -1e-3 }, AD_INVALID, "rtol = -0.001");
    refuses(&good, &(nde_options){ .atol = NAN }, AD_INVALID, "atol = nan");
    refuses(&good, &(nde_options){ .fixed_step = -1 }, AD_INVALID, "fixed step is -1");
    refuses(&good, &(nde_options){ .method = &nde_euler }, AD_UNSUPPORTED,
            "euler has no error estimate");
    refuses(&good, &(nde_options){ .method = &nde_bosh3, .estimates = NDE_ESTIMATE_STIFFNESS },
            AD_UNSUPPORTED, "bosh3");
    const nde_ode plain = { .field_plain = circle_plain, .dim = 2 };
    refuses(&plain, &(nde_options){ .batching = NDE_PER_SAMPLE }, AD_UNSUPPORTED, "nde_field");
    adj_solver *a = (adj_solver *)1;
    cr_expect_eq(adj_solver_new(&a, &plain, NULL, NULL, 1), AD_UNSUPPORTED);
    cr_expect_null(a);
    says("ad_ operations");
}

Test(failures, solves_that_make_no_sense)
{
    const nde_arg arg = { "k", ad_scalar(), 0 };
    ad_params    *theta;
    ok(ad_params_new(&theta, AD_F64));
    cr_assert_geq(ad_params_add(theta, "w", ad_vector(3), AD_INIT_ZERO, 0), 0);
    const nde_ode ode = { .field = decay, .dim = 1, .nargs = 1, .args = &arg, .theta = theta };
    const double  k = 1, w[3] = { 0 }, y0[2] = { 1, 1 }, up[] = { 0, 1, 2 }, still[] = { 3, 3, 3 },
                 zigzag[] = { 0, 2, 1 }, hole[] = { 0, NAN, 2 };
    const void          *args[] = { &k };
    double               y[6];
    nde_solver          *s    = solver_of(&ode, NULL, 1);
    const nde_solve_args good = {
        .n = 1, .times = 3, .t = up, .y0 = y0, .args = args, .theta = w, .y = y
    };
    ok(nde_solve(s, &good));
    struct {
        const char    *part;
        nde_solve_args a;
    } bad[]    = { { "1 to 1", good },
                   { "0 samples", good },
                   { "1 times", good },
                   { "needs y0 and t", good },
                   { "1 args", good },
                   { "3 parameters", good },
                   { "t[2] = 1 comes after", good },
                   { "time 1 is nan", good },
                   { "interval is empty", good } };
    bad[0].a.n = 2, bad[1].a.n = 0, bad[2].a.times = 1, bad[3].a.y0 = NULL, bad[4].a.args = NULL,
    bad[5].a.theta = NULL;
    bad[6].a.t = zigzag, bad[7].a.t = hole, bad[8].a.t = still;
    for (int i = 0; i < 9; i++) {
        cr_expect_eq(nde_solve(s, &bad[i].a), AD_INVALID, "%s", bad[i].part);
        says(bad[i].part);
    }
    bad[0].a = good, bad[0].a.t_each = 1;
    cr_expect_eq(nde_solve(s, &bad[0].a), AD_UNSUPPORTED);
    ok(nde_solve(s, &good));
    nde_solver_free(s);
    ad_params_free(theta);
}

/* --- memory ----------------------------------------------------------------------------------------------------------- */

static const double times[] = { 0, 0.4, 0.9, 2 };

static ad_status build_and_solve(void *method)
{
    const nde_part     part[] = { { "x", ad_rows(2), 0 } };
    const double       at[] = { 0.7 }, y0[] = { 1, 0, 0, 1 };
    const nde_tableau *m   = method;
    nde_ode            ode = { .field = circle, .parts = 1, .part = part };
    nde_options        o   = {
                 .method = m, .nbreaks = 1, .breaks = at, .fixed_step = m->error_order ? 0 : 0.1
    };
    double      y[16];
    nde_solver *s;
    AD_TRY(nde_solver_new(&s, &ode, &o, 2));
    ad_status e = nde_solve(s,
                            &(nde_solve_args){ .n = 2, .times = 4, .t = times, .y0 = y0, .y = y });
    nde_solver_free(s);
    return e;
}

Test(failures, every_allocation_may_fail)
{
    const nde_tableau *some[] = { &nde_rk4, &nde_tsit5 };
    for (int m = 0; m < 2; m++) {
        long runs;
        cr_expect(every_allocation_fails_cleanly(build_and_solve, (void *)some[m], &runs));
        cr_expect_gt(runs, 50);
    }
}

Test(failures, a_solve_allocates_nothing)
{
    counting c = { 0 };
    counting_start(&c);
    for (int m = 0; m < nde_method_count(); m++) {
        const double y0[] = { 1, 0 };
        double       y[8];
        nde_ode      ode = { .field = circle, .dim = 2 };
        nde_options  o   = { .method = nde_method_at(m), .rtol = 1e-6 };
        if (!o.method->error_order) o.fixed_step = 0.05;
        nde_solver *s     = solver_of(&ode, &o, 1);
        long        count = c.count;
        ok(nde_solve(s, &(nde_solve_args){ .n = 1, .times = 4, .t = times, .y0 = y0, .y = y }));
        cr_expect_eq(c.count, count, "%s allocated %ld times", o.method->name, c.count - count);
        nde_solver_free(s);
    }
    cr_expect_eq(c.live, 0);
    counting_stop();
}
