/* Every n-th allocation failing, for a solver, a solve, its gradient and a solve in a graph: AD_NO_MEMORY, nothing live. */
#include <criterion/criterion.h>

#include <costate/adjoint/operation.h>
#include <costate/autodiff/layers.h>

#include "support.h"

enum { N = 3, DIM = 2, TIMES = 4 };

static const double times[TIMES] = { 0, 0.2, 0.7, 1 };

static ad_var field(const nde_point *at, void *ctx)
{
    (void)ctx;
    ad_var h = ad_tanh(ad_dense(at->y, at->theta, "hidden", 9));
    return ad_mul(ad_dense(h, at->theta, "out", DIM), at->args[0]);
}

static const nde_arg one_arg = { "a", { 2, 1, { 1, 1 } }, AD_F64 };

typedef struct way {
    nde_batching       batching;
    adj_mode           mode;
    const nde_tableau *method;
    double             breaks[1];
    int                through_h, states;
} way;

typedef struct arrays {
    double y0[N * DIM], a[N], theta[64], y[TIMES * N * DIM], y_bar[TIMES * N * DIM];
    double y0_bar[N * DIM], a_bar[N], theta_bar[64], t_bar[TIMES];
} arrays;

static void fill(arrays *w)
{
    uint64_t seed = 5;
    *w            = (arrays){ 0 };
    for (int i = 0; i < N * DIM; i++) w->y0[i] = draw(&seed, -1, 1);
    for (int i = 0; i < N; i++) w->a[i] = 1;
    for (int i = 0; i < 64; i++) w->theta[i] = draw(&seed, -1, 1);
    for (int i = 0; i < TIMES * N * DIM; i++) w->y_bar[i] = 1;
}

static nde_options options(const way *w)
{
    return (nde_options){ .batching = w->batching,
                          .method   = w->method,
                          .rtol     = 1e-5,
                          .h        = w->through_h ? 0.4 : 0,
                          .nbreaks  = 1,
                          .breaks   = w->breaks };
}

static nde_solve_args solve_args(arrays *w, const void **args)
{
    args[0] = w->a;
    return (nde_solve_args){
        .n = N, .times = TIMES, .t = times, .y0 = w->y0, .args = args, .theta = w->theta, .y = w->y
    };
}

static ad_status plain(void *arg)
{
    const way  *w = arg;
    arrays      x;
    const void *args[1];
    nde_ode     ode = { .field = field, .dim = DIM, .nargs = 1, .args = &one_arg };
    nde_options o   = options(w);
    nde_solver *s   = NULL;
    fill(&x);
    nde_solve_args a = solve_args(&x, args);
    ad_status      e = ad_params_new(&ode.theta, AD_F64);
    if (!e) e = nde_solver_new(&s, &ode, &o, N);
    if (!e) e = nde_solve(s, &a);
    nde_solver_free(s);
    ad_params_free(ode.theta);
    return e;
}

static ad_status gradient(void *arg)
{
    const way  *w = arg;
    arrays      x;
    const void *args[1];
    nde_ode     ode = { .field = field, .dim = DIM, .nargs = 1, .args = &one_arg };
    nde_options o   = options(w);
    adj_solver *s   = NULL;
    fill(&x);
    nde_solve_args a    = solve_args(&x, args);
    adj_cotangents c    = { .y_bar     = x.y_bar,
                            .y0_bar    = x.y0_bar,
                            .args_bar  = (void *[]){ x.a_bar },
                            .theta_bar = x.theta_bar,
                            .t_bar     = x.t_bar };
    ad_status      e    = ad_params_new(&ode.theta, AD_F64);
    adj_options    how  = { .mode = w->mode, .estimates_bar = 1, .through_h = w->through_h };
    long           step = 1;
    if (w->states) c.states = 1, c.state_step = &step, c.state_bar = x.y_bar;
    if (!e) e = adj_solver_new(&s, &ode, &o, &how, N);
    if (!e) e = adj_solve(s, &a);
    if (!e) e = adj_pullback(s, &c);
    if (!e && !adj_step_t(s)) e = AD_NO_MEMORY;
    if (!e && w->batching == NDE_PER_SAMPLE && !adj_step_sample(s)) e = AD_NO_MEMORY;
    adj_solver_free(s);
    ad_params_free(ode.theta);
    return e;
}

static ad_status run_graph(adj_solver *s, ad_graph *g, adj_operation **op)
{
    arrays             x;
    ad_plan           *forward, *back;
    ad_work           *work = NULL, *back_work = NULL;
    ad_pullback        pb    = { NULL, NULL, 1 };
    ad_var             in[2] = { ad_input(g, "y0", AD_F64, ad_rows(DIM)),
                                 ad_input(g, "a", AD_F64, ad_rows(1)) };
    adj_operation_spec spec  = {
         .solver = s, .y0 = in[0], .times = TIMES, .t = times, .nargs = 1, .args = &in[1]
    };
    ad_var       y    = ad_mean(ad_square(adj_operation_new(op, &spec)), -1, 0);
    ad_pair_spec pair = { 2, 1, in, &y, 1, &pb };
    AD_TRY(ad_graph_status(g));
    AD_TRY(ad_plan_pair(&forward, &back, &pair, &(ad_plan_options){ "graph", N, 0 }));
    fill(&x);
    double      loss, one = 1;
    const void *from[] = { x.y0, x.a, &one };
    void       *frame  = ad_alloc(ad_plan_residual_bytes(forward));
    ad_args     a      = { .n        = N,
                           .in       = from,
                           .out      = (void *[]){ &loss },
                           .theta    = x.theta,
                           .residual = frame },
            b          = a;
    b.out              = (void *[]){ x.y0_bar, x.a_bar };
    b.theta_bar        = x.theta_bar;
    ad_status e        = frame ? ad_work_new(&work, forward) : AD_NO_MEMORY;
    if (!e) e = ad_work_new(&back_work, back);
    if (!e) e = ad_execute(forward, work, &a);
    if (!e) e = ad_execute(back, back_work, &b);
    ad_work_free(work), ad_work_free(back_work);
    ad_plan_free(forward), ad_plan_free(back);
    ad_free(frame);
    return e;
}

static ad_status graph(void *arg)
{
    const way     *w   = arg;
    nde_ode        ode = { .field = field, .dim = DIM, .nargs = 1, .args = &one_arg };
    nde_options    o   = options(w);
    adj_solver    *s   = NULL;
    ad_graph      *g   = NULL;
    adj_operation *op  = NULL;
    ad_status      e   = ad_params_new(&ode.theta, AD_F64);
    if (!e) e = adj_solver_new(&s, &ode, &o, &(adj_options){ .mode = w->mode }, N);
    if (!e) e = ad_graph_new(&g);
    if (!e) e = run_graph(s, g, &op);
    ad_graph_free(g);
    adj_operation_free(op);
    adj_solver_free(s);
    ad_params_free(ode.theta);
    return e;
}

static void all_fail(const char *what, ad_status (*body)(void *), const way *w)
{
    long runs;
    cr_expect(every_allocation_fails_cleanly(body, (void *)w, &runs), "%s, %s, mode %d", what,
              w->batching == NDE_JOINT ? "joint" : "per sample", w->mode);
    cr_expect_gt(runs, 50, "%s: %ld allocations", what, runs);
}

Test(no_memory, solve)
{
    for (int b = NDE_JOINT; b <= NDE_PER_SAMPLE; b++)
        all_fail("solve", plain, &(way){ b, 0, &nde_tsit5, { 0.5 } });
    all_fail("solve", plain, &(way){ NDE_JOINT, 0, &nde_dop853, { 0.5 } });
}

Test(no_memory, gradient)
{
    for (int b = NDE_JOINT; b <= NDE_PER_SAMPLE; b++)
        for (int m = ADJ_STORE_ALL; m <= ADJ_RECOMPUTE; m++)
            all_fail("gradient", gradient, &(way){ b, m, &nde_bosh3, { 0.5 } });
}

Test(no_memory, states_at_steps)
{
    for (int b = NDE_JOINT; b <= NDE_PER_SAMPLE; b++)
        all_fail("states", gradient, &(way){ b, 0, &nde_bosh3, { 0.5 }, .states = 1 });
}

/* A first step so large that attempts are rejected and recorded. */
Test(no_memory, step_sizes)
{
    for (int m = ADJ_STORE_ALL; m <= ADJ_RECOMPUTE; m++)
        all_fail("sizes", gradient, &(way){ NDE_JOINT, m, &nde_bosh3, { 0.5 }, .through_h = 1 });
}

Test(no_memory, a_solve_in_a_graph)
{
    all_fail("graph", graph, &(way){ NDE_JOINT, 0, &nde_bosh3, { 0.5 } });
}
