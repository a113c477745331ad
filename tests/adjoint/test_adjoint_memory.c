/* What a gradient takes of memory, and what stands in its results when there is none to be had. */
#include <criterion/criterion.h>

#include <costate/adjoint/adjoint.h>
#include <costate/autodiff/layers.h>

#include "../support.h"

#define ok(call) cr_assert_eq((call), AD_OK, "%s", ad_message())

enum { N = 4, DIM = 2, STATE = N * DIM, TIMES = 4, MOST = 32 };

static const double times[TIMES] = { 0, 0.4, 0.9, 2 };

/* y' = W2 tanh(W1 y + b1) + b2 - k y */
static ad_var field(const nde_point *at, void *ctx)
{
    (void)ctx;
    ad_var h = ad_dense(ad_tanh(ad_dense(at->y, at->theta, "hidden", 4)), at->theta, "out", DIM);
    return ad_sub(h, ad_mul(at->args[0], at->y));
}

typedef struct setting {
    const nde_tableau *method;
    adj_mode           mode;
    nde_batching       batching;
    int                through_h, states; /* states: cotangents of some at steps */
} setting;

typedef struct work {
    int         states;
    nde_ode     ode;
    nde_arg     arg;
    adj_solver *s;
    double      y0[STATE], y[TIMES * STATE], w[TIMES * STATE], theta[MOST], k[N];
    double      y0_bar[STATE], theta_bar[MOST], k_bar[N], t_bar[TIMES];
} work;

static ad_status start(work *w, const setting *how)
{
    uint64_t    seed = 3;
    nde_options o    = { .method = how->method, .batching = how->batching, .rtol = 1e-5 };
    if (!how->method->error_order) o.fixed_step = 0.1;
    if (how->through_h) o.h = 1; /* too large: attempts are rejected */
    *w     = (work){ .states = how->states, .arg = { "k", ad_rows(1), 0 } };
    w->ode = (nde_ode){ .field = field, .dim = DIM, .nargs = 1, .args = &w->arg };
    for (int i = 0; i < STATE; i++) w->y0[i] = draw(&seed, -1, 1);
    for (int i = 0; i < MOST; i++) w->theta[i] = draw(&seed, -1, 1);
    for (int i = 0; i < TIMES * STATE; i++) w->w[i] = draw(&seed, -1, 1);
    for (int i = 0; i < N; i++) w->k[i] = draw(&seed, 0, 1);
    AD_TRY(ad_params_new(&w->ode.theta, AD_F64));
    return adj_solver_new(&w->s, &w->ode, &o,
                          &(adj_options){ .mode = how->mode, .through_h = how->through_h }, N);
}

static ad_status solve(work *w)
{
    const void *args[] = { w->k };
    return adj_solve(w->s, &(nde_solve_args){ .n     = N,
                                              .times = TIMES,
                                              .t     = times,
                                              .y0    = w->y0,
                                              .args  = args,
                                              .theta = w->theta,
                                              .y     = w->y });
}

static ad_status pull(work *w)
{
    void *args_bar[] = { w->k_bar };
    long  step[]     = { 2, 0 };
    return adj_pullback(w->s, &(adj_cotangents){ .y_bar      = w->w,
                                                 .y0_bar     = w->y0_bar,
                                                 .args_bar   = args_bar,
                                                 .theta_bar  = w->theta_bar,
                                                 .t_bar      = w->t_bar,
                                                 .states     = w->states,
                                                 .state_step = step,
                                                 .state_bar  = w->w });
}

static void stop(work *w)
{
    adj_solver_free(w->s);
    ad_params_free(w->ode.theta);
}

static ad_status whole(void *how)
{
    static work w;
    ad_status   e = start(&w, how);
    if (!e) e = solve(&w);
    if (!e) e = pull(&w);
    stop(&w);
    return e;
}

static const setting settings[] = {
    { &nde_tsit5, ADJ_STORE_ALL, NDE_JOINT },
    { &nde_tsit5, ADJ_RECOMPUTE, NDE_JOINT },
    { &nde_rk4, ADJ_STORE_ALL, NDE_JOINT },
    { &nde_bosh3, ADJ_STORE_ALL, NDE_PER_SAMPLE },
    { &nde_bosh3, ADJ_RECOMPUTE, NDE_PER_SAMPLE },
    { &nde_bosh3, ADJ_STORE_ALL, NDE_JOINT, 1, 2 },
    { &nde_tsit5, ADJ_RECOMPUTE, NDE_JOINT, 1, 0 },
    { &nde_tsit5, ADJ_RECOMPUTE, NDE_PER_SAMPLE, 0, 2 },
    { &nde_dop853, ADJ_RECOMPUTE, NDE_JOINT },
};
enum { SETTINGS = sizeof settings / sizeof *settings };

Test(memory, from_the_second_gradient_on_nothing_is_allocated)
{
    static work w;
    counting    c = { 0 };
    counting_start(&c);
    for (int i = 0; i < SETTINGS; i++) {
        ok(start(&w, &settings[i]));
        ok(solve(&w));
        ok(pull(&w));
        long count = c.count;
        for (int k = 0; k < 3; k++) {
            ok(solve(&w));
            ok(pull(&w));
        }
        cr_expect_eq(c.count, count, "setting %d: %ld allocations", i, c.count - count);
        stop(&w);
        cr_expect_eq(c.live, 0);
    }
    counting_stop();
}

Test(memory, recomputing_keeps_less)
{
    static work w;
    size_t      bytes[2];
    for (int i = 0; i < 2; i++) {
        ok(start(&w, &settings[i]));
        ok(solve(&w));
        bytes[i] = adj_solver_stats(w.s)->bytes;
        stop(&w);
    }
    cr_expect_leq(bytes[1], bytes[0]);
}

Test(memory, every_allocation_may_fail, .timeout = 120)
{
    for (int i = 0; i < SETTINGS - 1;
         i++) { /* dop853's graphs are large and bring no line of code more */
        long runs;
        cr_expect(every_allocation_fails_cleanly(whole, (void *)&settings[i], &runs), "setting %d",
                  i);
        cr_expect_gt(runs, 100);
    }
}

/* --- results after a failure ------------------------------------------------------------------------------------------ */

static void all_nan(const work *w, const char *when)
{
    int found = 0, wanted = STATE + N + TIMES + 22;
    for (int i = 0; i < STATE; i++) found += isnan(w->y0_bar[i]);
    for (int i = 0; i < N; i++) found += isnan(w->k_bar[i]);
    for (int i = 0; i < TIMES; i++) found += isnan(w->t_bar[i]);
    for (int i = 0; i < 22; i++) found += isnan(w->theta_bar[i]);
    cr_expect_eq(found, wanted, "%s: %d of %d are NaN", when, found, wanted);
    cr_expect_eq(w->theta_bar[22], 0, "behind the parameters");
}

Test(memory, a_gradient_without_a_solve_is_nan)
{
    static work w;
    ok(start(&w, &settings[0]));
    cr_expect_eq(pull(&w), AD_INVALID);
    cr_expect(isnan(w.theta_bar[0]) && isnan(w.theta_bar[21]));
    memset(w.theta_bar, 0, sizeof w.theta_bar);
    ok(solve(&w));
    ok(pull(&w));
    cr_expect(!isnan(w.y0_bar[0]) && !isnan(w.k_bar[0]) && !isnan(w.theta_bar[0]) &&
              !isnan(w.t_bar[1]));

    w.y0[5] = NAN;
    cr_expect_eq(solve(&w), AD_NONFINITE_STATE);
    cr_expect_eq(pull(&w), AD_INVALID);
    cr_expect(strstr(ad_message(), "no finished solve"), "%s", ad_message());
    all_nan(&w, "after a failed solve");
    stop(&w);
}

Test(memory, a_cotangent_that_is_not_a_number)
{
    for (int i = 0; i < SETTINGS; i++) {
        static work w;
        ok(start(&w, &settings[i]));
        ok(solve(&w));
        w.w[2 * STATE + 3] = NAN;
        cr_expect_eq(pull(&w), AD_NONFINITE_STATE, "setting %d", i);
        /* through step sizes it reaches every sample */
        const char *whose = settings[i].through_h ? "of sample 0" : "of sample 1";
        cr_expect(strstr(ad_message(), whose), "%s", ad_message());
        all_nan(&w, "a NaN cotangent");
        memset(w.theta_bar, 0, sizeof w.theta_bar);
        w.w[2 * STATE + 3] = 1; /* and the next one is as good as ever */
        ok(pull(&w));
        cr_expect(isfinite(w.theta_bar[0]));
        stop(&w);
    }
}
