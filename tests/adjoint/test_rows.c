/* Per sample, what a sample sends back is its own business too: the cotangents of its start, its arg and its times are the
   same bits alone, in two, in seven and in the whole batch. And a solve in a graph with times of each sample's own. */
#include <criterion/criterion.h>

#include <costate/adjoint/operation.h>
#include <costate/autodiff/layers.h>

#include "support.h"

enum { WHOLE = 15, DIM = 2, TIMES = 4, THETA = 512 };

static ad_var field(const nde_point *at, void *ctx)
{
    (void)ctx;
    ad_var f = ad_mlp(at->y, at->theta, "f", 3, (long[]){ 50, 5, DIM }, ad_tanh);
    return ad_mul(ad_mul(f, at->args[0]), ad_shift(ad_sin(at->t), 2));
}

static const nde_arg one_arg = { "a", { 2, 1, { 1, 1 } }, AD_F64 };

typedef struct sample {
    double y0[DIM], a, t[TIMES], y_bar[TIMES][DIM];
} sample;

typedef struct result {
    double y[TIMES][DIM], y0_bar[DIM], a_bar, t_bar[TIMES];
} result;

static void some_samples(sample s[])
{
    uint64_t seed = 6;
    for (int i = 0; i < WHOLE; i++) {
        double t = draw(&seed, -1, 1), way = i % 3 ? 1 : -1;
        for (int d = 0; d < DIM; d++) s[i].y0[d] = draw(&seed, -2, 2);
        s[i].a = draw(&seed, 0.2, 3);
        for (int k = 0; k < TIMES; k++) {
            s[i].t[k] = t;
            t += way * draw(&seed, 0.1, 1);
            for (int d = 0; d < DIM; d++) s[i].y_bar[k][d] = draw(&seed, -1, 1);
        }
    }
}

typedef struct arrays {
    double y0[WHOLE * DIM], a[WHOLE], t[WHOLE * TIMES], y[TIMES * WHOLE * DIM],
        y_bar[TIMES * WHOLE * DIM];
    double y0_bar[WHOLE * DIM], a_bar[WHOLE], t_bar[WHOLE * TIMES], theta_bar[THETA];
} arrays;

static void gather(const sample s[], long n, const long who[], arrays *w)
{
    memset(w, 0, sizeof *w);
    for (long i = 0; i < n; i++) {
        const sample *p = &s[who[i]];
        memcpy(w->y0 + i * DIM, p->y0, sizeof p->y0);
        memcpy(w->t + i * TIMES, p->t, sizeof p->t);
        w->a[i] = p->a;
        for (int k = 0; k < TIMES; k++)
            memcpy(w->y_bar + (k * n + i) * DIM, p->y_bar[k], sizeof p->y_bar[k]);
    }
}

static void run(adj_solver *solver, const double *theta, long n, arrays *w)
{
    nde_solve_args a = { .n      = n,
                         .times  = TIMES,
                         .t      = w->t,
                         .t_each = 1,
                         .y0     = w->y0,
                         .args   = (const void *[]){ w->a },
                         .theta  = theta,
                         .y      = w->y };
    adj_cotangents c = { .y_bar     = w->y_bar,
                         .y0_bar    = w->y0_bar,
                         .args_bar  = (void *[]){ w->a_bar },
                         .theta_bar = w->theta_bar,
                         .t_bar     = w->t_bar };
    cr_assert_eq(adj_solve(solver, &a), AD_OK, "%s", ad_message());
    cr_assert_eq(adj_pullback(solver, &c), AD_OK, "%s", ad_message());
}

static void solve_group(adj_solver *solver, const double *theta, const sample s[], long n,
                        const long who[], result r[])
{
    arrays w;
    gather(s, n, who, &w);
    run(solver, theta, n, &w);
    for (long i = 0; i < n; i++) {
        for (int k = 0; k < TIMES; k++)
            memcpy(r[i].y[k], w.y + (k * n + i) * DIM, sizeof r[i].y[k]);
        memcpy(r[i].y0_bar, w.y0_bar + i * DIM, sizeof r[i].y0_bar);
        memcpy(r[i].t_bar, w.t_bar + i * TIMES, sizeof r[i].t_bar);
        r[i].a_bar = w.a_bar[i];
    }
}

static void make(ad_params **theta, adj_solver **solver, adj_mode mode, double values[])
{
    nde_ode     ode = { .field = field, .dim = DIM, .nargs = 1, .args = &one_arg };
    nde_options o   = { .batching = NDE_PER_SAMPLE, .rtol = 1e-6, .atol = 1e-8 };
    cr_assert_eq(ad_params_new(theta, AD_F64), AD_OK);
    ode.theta = *theta;
    cr_assert_eq(adj_solver_new(solver, &ode, &o, &(adj_options){ .mode = mode }, WHOLE), AD_OK,
                 "%s", ad_message());
    cr_assert_leq(ad_params_count(*theta), THETA);
    ad_params_init(*theta, 2, values);
}

static void expect_same(const result *got, const result *want, int mode, long sample, long group)
{
    const double *a = (const double *)got, *b = (const double *)want;
    for (size_t i = 0; i < sizeof *got / sizeof *a; i++)
        cr_expect_eq(
            memcmp(&a[i], &b[i], sizeof *a), 0,
            "mode %d, sample %ld in a group of %ld: number %zu (y, y0_bar, a_bar, t_bar) is "
            "%.17g, in the whole batch %.17g",
            mode, sample, group, i, a[i], b[i]);
}

Test(rows, cotangents_of_a_sample_alone_and_in_company)
{
    for (int mode = ADJ_STORE_ALL; mode <= ADJ_RECOMPUTE; mode++) {
        ad_params  *theta;
        adj_solver *solver;
        sample      s[WHOLE];
        result      whole[WHOLE], r[WHOLE];
        double      values[THETA];
        long        who[WHOLE], sizes[3] = { 1, 2, 7 };
        make(&theta, &solver, mode, values);
        some_samples(s);
        for (long i = 0; i < WHOLE; i++) who[i] = i;
        solve_group(solver, values, s, WHOLE, who, whole);
        for (int z = 0; z < 3; z++)
            for (long first = 0; first < WHOLE; first++) {
                for (long i = 0; i < sizes[z]; i++) who[i] = (first + 4 * i) % WHOLE;
                solve_group(solver, values, s, sizes[z], who, r);
                for (long i = 0; i < sizes[z]; i++)
                    expect_same(&r[i], &whole[who[i]], mode, who[i], sizes[z]);
            }
        adj_solver_free(solver);
        ad_params_free(theta);
    }
}

Test(rows, a_solve_in_a_graph_with_times_of_each)
{
    ad_params     *theta;
    adj_solver    *solver;
    ad_graph      *g;
    adj_operation *op;
    sample         s[WHOLE];
    arrays         w;
    double         values[THETA];
    long           who[WHOLE];
    make(&theta, &solver, ADJ_STORE_ALL, values);
    some_samples(s);
    for (long i = 0; i < WHOLE; i++) who[i] = i;
    gather(s, WHOLE, who, &w);
    run(solver, values, WHOLE, &w);
    cr_assert_eq(ad_graph_new(&g), AD_OK);
    ad_var in[4] = { ad_input(g, "y0", AD_F64, ad_rows(DIM)), ad_input(g, "a", AD_F64, ad_rows(1)),
                     ad_input(g, "t", AD_F64, ad_rows(TIMES)),
                     ad_input(g, "bar", AD_F64, ad_rows(TIMES * DIM)) };
    adj_operation_spec spec = {
        .solver = solver, .y0 = in[0], .times = TIMES, .t_var = in[2], .nargs = 1, .args = &in[1]
    };
    ad_var y    = adj_operation_new(&op, &spec),
           x[4] = { in[0], in[1], in[2], ad_params_node(g, theta) }, out[5] = { y };
    cr_assert_eq(ad_vjp(1, &y, &in[3], 4, x, out + 1), AD_OK, "%s", ad_message());
    static double got[5][TIMES * WHOLE * DIM + THETA], bar[WHOLE][TIMES][DIM];
    for (long i = 0; i < WHOLE; i++) memcpy(bar[i], s[i].y_bar, sizeof bar[i]);
    ad_args a = { .n     = WHOLE,
                  .in    = (const void *[]){ w.y0, w.a, w.t, bar },
                  .out   = (void *[]){ got[0], got[1], got[2], got[3], got[4] },
                  .theta = values };
    cr_assert_eq(ad_eager(4, in, 5, out, &a), AD_OK, "%s", ad_message());
    for (long i = 0; i < WHOLE; i++)
        for (int k = 0; k < TIMES; k++)
            for (int d = 0; d < DIM; d++)
                cr_expect_eq(got[0][(i * TIMES + k) * DIM + d], w.y[(k * WHOLE + i) * DIM + d]);
    cr_expect_eq(memcmp(got[1], w.y0_bar, sizeof w.y0_bar), 0);
    cr_expect_eq(memcmp(got[2], w.a_bar, sizeof w.a_bar), 0);
    cr_expect_eq(memcmp(got[3], w.t_bar, sizeof w.t_bar), 0);
    cr_expect_eq(memcmp(got[4], w.theta_bar, sizeof(double) * (size_t)ad_params_count(theta)), 0);
    ad_graph_free(g);
    adj_operation_free(op);
    adj_solver_free(solver);
    ad_params_free(theta);
}
