/* A solve inside a graph: encoder, solve, decoder, loss, differentiated as one expression. */
#include <criterion/criterion.h>

#include <costate/adjoint/operation.h>
#include <costate/autodiff/layers.h>
#include <costate/autodiff/loss.h>

#include "support.h"

enum { N = 3, IN = 4, DIM = 2, OUT = 3, TIMES = 4, THETA_MOST = 128 };

static const double times[TIMES] = { 0, 0.3, 0.7, 1 };

/* y' = a W2 tanh(W1 [y, sin t] + b1) + b2 with an arg a [n, 1] of each sample and a shared arg s [1] */
static ad_var field(const nde_point *at, void *ctx)
{
    (void)ctx;
    ad_var t = ad_broadcast(ad_reshape(ad_sin(at->t), 2, (long[]){ 1, 1 }), ad_rows(1));
    ad_var x = ad_concat(2, (ad_var[]){ at->y, t }, 1);
    ad_var h = ad_tanh(ad_dense(x, at->theta, "field.hidden", 5));
    return ad_mul(ad_add(ad_dense(h, at->theta, "field.out", DIM), at->args[1]), at->args[0]);
}

/* dz = w, dw = -theta sin z: a state of two parts */
static void pendulum(const nde_point *at, ad_var *dy, void *ctx)
{
    (void)ctx;
    ad_var k = ad_param(at->g, at->theta, "k", ad_scalar(), AD_INIT_VALUE, 2);
    dy[0]    = at->part[1];
    dy[1]    = ad_neg(ad_mul(k, ad_sin(at->part[0])));
}

static const nde_arg  two_args[2]  = { { "a", { 2, 1, { 1, 1 } }, AD_F64 },
                                       { "s", { 1, 0, { 1 } }, AD_F64 } };
static const nde_part two_parts[2] = { { "z", { 2, 1, { 1, 1 } }, 0 },
                                       { "w", { 2, 1, { 1, 1 } }, 0 } };

typedef struct model {
    ad_params     *theta;
    adj_solver    *solver;
    ad_graph      *g;
    adj_operation *op[2];
    ad_var         in[4], loss; /* x, a, s, t */
    ad_plan       *forward, *back;
    ad_work       *work, *back_work;
    double        *residual;
} model;

/* Steps of a fixed size: with adaptive ones a difference quotient would see their changes. */
static const nde_options fixed = { .fixed_step = 0.25 };

static void compile(model *m, int nin)
{
    ad_pullback  pb   = { NULL, NULL, 1 };
    ad_pair_spec spec = { nin, 1, m->in, &m->loss, 1, &pb };
    cr_assert_eq(ad_plan_pair(&m->forward, &m->back, &spec, &(ad_plan_options){ "model", N, 0 }),
                 AD_OK, "%s", ad_message());
    cr_assert_eq(ad_work_new(&m->work, m->forward), AD_OK);
    cr_assert_eq(ad_work_new(&m->back_work, m->back), AD_OK);
    m->residual = ad_alloc(ad_plan_residual_bytes(m->forward));
}

static void model_free(model *m)
{
    ad_work_free(m->work), ad_work_free(m->back_work);
    ad_plan_free(m->forward), ad_plan_free(m->back);
    ad_graph_free(m->g);
    adj_operation_free(m->op[0]), adj_operation_free(m->op[1]);
    adj_solver_free(m->solver);
    ad_params_free(m->theta);
    ad_free(m->residual);
}

static ad_var solved(model *m, int which, ad_var y0, ad_var t)
{
    adj_operation_spec spec = {
        .solver = m->solver, .y0 = y0, .times = TIMES, .nargs = 2, .args = &m->in[1]
    };
    if (t.g)
        spec.t_var = t;
    else
        spec.t = times;
    return adj_operation_new(&m->op[which], &spec);
}

/* solves: 1, or 2 one after the other with the same solver, the second from where the first ended */
static void model_new(model *m, int solves, adj_mode mode)
{
    *m          = (model){ 0 };
    nde_ode ode = { .field = field, .dim = DIM, .nargs = 2, .args = two_args };
    cr_assert_eq(ad_params_new(&m->theta, AD_F64), AD_OK);
    ode.theta = m->theta;
    cr_assert_eq(adj_solver_new(&m->solver, &ode, &fixed, &(adj_options){ .mode = mode }, N), AD_OK,
                 "%s", ad_message());
    cr_assert_eq(ad_graph_new(&m->g), AD_OK);
    m->in[0]  = ad_input(m->g, "x", AD_F64, ad_rows(IN));
    m->in[1]  = ad_input(m->g, "a", AD_F64, ad_rows(1));
    m->in[2]  = ad_input(m->g, "s", AD_F64, ad_scalar());
    m->in[3]  = ad_input(m->g, "t", AD_F64, ad_vector(TIMES));
    ad_var y0 = ad_tanh(ad_dense(m->in[0], m->theta, "encoder", DIM));
    ad_var y  = solved(m, 0, y0, m->in[3]);
    if (solves == 2) {
        ad_var last = ad_slice(y, 1, (TIMES - 1) * DIM, TIMES * DIM);
        y           = ad_add(y, solved(m, 1, last, AD_NONE));
    }
    ad_var z = ad_dense(ad_tanh(y), m->theta, "decoder", OUT);
    m->loss  = ad_add(ad_mean(ad_square(z), -1, 0), ad_mean(ad_square(y), -1, 0));
    cr_assert_eq(ad_graph_status(m->g), AD_OK, "%s", ad_message());
    compile(m, 4);
}

typedef struct point { /* where, and the gradient there */
    double theta[THETA_MOST], x[N * IN], a[N], s[1], t[TIMES];
} point;

static const size_t at_member[5] = { offsetof(point, theta), offsetof(point, x), offsetof(point, a),
                                     offsetof(point, s), offsetof(point, t) };

static double loss_at(model *m, const point *p)
{
    double      loss;
    const void *in[4] = { p->x, p->a, p->s, p->t };
    ad_args     a     = {
                .n = N, .in = in, .out = (void *[]){ &loss }, .theta = p->theta, .residual = m->residual
    };
    cr_assert_eq(ad_execute(m->forward, m->work, &a), AD_OK, "%s", ad_message());
    return loss;
}

static void gradient_at(model *m, const point *p, point *bar)
{
    double      one   = 1;
    const void *in[5] = { p->x, p->a, p->s, p->t, &one };
    void       *out[] = { bar->x, bar->a, bar->s, bar->t };
    memset(bar, 0, sizeof *bar);
    ad_args a = { .n         = N,
                  .in        = in,
                  .out       = out,
                  .theta     = p->theta,
                  .theta_bar = bar->theta,
                  .residual  = m->residual };
    cr_assert_eq(ad_execute(m->back, m->back_work, &a), AD_OK, "%s", ad_message());
}

static void some_point(model *m, point *p, uint64_t seed)
{
    ad_params_init(m->theta, seed, p->theta);
    for (int i = 0; i < N * IN; i++) p->x[i] = draw(&seed, -1, 1);
    for (int i = 0; i < N; i++) p->a[i] = draw(&seed, 0.5, 1.5);
    p->s[0] = 0.3;
    memcpy(p->t, times, sizeof times);
}

/* Central differences with h = 1e-5: truncation h^2 f'''/6 ~ 1e-10, rounding 1e-16 / h ~ 1e-11; 1e-7 asked. t[0] and t[end]
   are left out where they would add or remove a step: inner times are looked at. */
static void compare(model *m, point *p, const point *bar)
{
    long count[5] = { ad_params_count(m->theta), N * IN, N, 1, TIMES };
    cr_assert_leq(count[0], THETA_MOST);
    for (int what = 0; what < 5; what++)
        for (long i = 0; i < count[what]; i++) {
            if (what == 4 && (i == 0 || i == TIMES - 1)) continue;
            double *x = (double *)((char *)p + at_member[what]) + i, keep = *x, h = 1e-5;
            double  got = ((const double *)((const char *)bar + at_member[what]))[i];
            *x          = keep + h;
            double up   = loss_at(m, p);
            *x          = keep - h;
            double down = loss_at(m, p);
            *x          = keep;
            cr_expect_float_eq(got, (up - down) / (2 * h), 1e-7, "%d[%ld]: %.12g, difference %.12g",
                               what, i, got, (up - down) / (2 * h));
        }
}

Test(operation, gradient_of_everything_around_a_solve)
{
    for (int mode = ADJ_STORE_ALL; mode <= ADJ_RECOMPUTE; mode++) {
        model m;
        point p, bar;
        model_new(&m, 1, mode);
        some_point(&m, &p, 7);
        loss_at(&m, &p);
        gradient_at(&m, &p, &bar);
        const adj_operation_stats *s = adj_operation_stats_of(m.op[0]);
        cr_assert_eq(s->solves, 1);
        cr_assert_eq(s->repeated, 0, "the record of the value was at hand");
        cr_assert_eq(s->pullbacks, 1, "one pullback serves all five inputs");
        double largest = 0;
        for (int i = 0; i < THETA_MOST; i++) largest = fmax(largest, fabs(bar.theta[i]));
        cr_assert_gt(largest, 1e-3, "a gradient of zeros would prove nothing");
        compare(&m, &p, &bar);
        model_free(&m);
    }
}

Test(operation, two_solves_of_one_solver_in_a_graph)
{
    model m;
    point p, bar;
    model_new(&m, 2, ADJ_STORE_ALL);
    some_point(&m, &p, 8);
    loss_at(&m, &p);
    gradient_at(&m, &p, &bar);
    cr_assert_eq(adj_operation_stats_of(m.op[1])->repeated, 0, "the second was solved last");
    cr_assert_eq(adj_operation_stats_of(m.op[0])->repeated, 1, "the first one's record was gone");
    compare(&m, &p, &bar);
    model_free(&m);
}

Test(operation, pullback_of_an_older_run)
{
    model  m;
    point  p, q, want, got;
    double kept[4096];
    model_new(&m, 1, ADJ_STORE_ALL);
    some_point(&m, &p, 9);
    some_point(&m, &q, 10);
    size_t bytes = ad_plan_residual_bytes(m.forward);
    cr_assert_leq(bytes, sizeof kept);
    loss_at(&m, &p);
    memcpy(kept, m.residual, bytes);
    gradient_at(&m, &p, &want);
    loss_at(&m, &q);
    memcpy(m.residual, kept, bytes);
    gradient_at(&m, &p, &got);
    cr_assert_eq(adj_operation_stats_of(m.op[0])->repeated, 1);
    cr_assert_eq(memcmp(&want, &got, sizeof want), 0, "the same steps, the same numbers");
    gradient_at(&m, &p, &got);
    cr_assert_eq(adj_operation_stats_of(m.op[0])->repeated, 1, "remembered");
    cr_assert_eq(memcmp(&want, &got, sizeof want), 0);
    model_free(&m);
}

Test(operation, rows_hold_the_parts_of_a_state)
{
    ad_params     *theta;
    adj_solver    *solver;
    ad_graph      *g;
    adj_operation *op;
    nde_ode        ode = { .field_parts = pendulum, .parts = 2, .part = two_parts };
    cr_assert_eq(ad_params_new(&theta, AD_F64), AD_OK);
    ode.theta = theta;
    cr_assert_eq(adj_solver_new(&solver, &ode, &fixed, NULL, N), AD_OK, "%s", ad_message());
    cr_assert_eq(ad_graph_new(&g), AD_OK);
    ad_var y0  = ad_input(g, "y0", AD_F64, ad_rows(2)),
           bar = ad_input(g, "bar", AD_F64, ad_rows(TIMES * 2));
    ad_var y   = adj_operation_new(
          &op, &(adj_operation_spec){ .solver = solver, .y0 = y0, .times = TIMES, .t = times });
    ad_var x[2] = { y0, ad_params_node(g, theta) }, out[3] = { y };
    cr_assert_eq(ad_vjp(1, &y, &bar, 2, x, out + 1), AD_OK, "%s", ad_message());
    double from[N * 2] = { 0.1, 0.2, 0.3, 0.4, 0.5, 0.6 }, k = 2, got[N * TIMES * 2],
                    seed[N * TIMES * 2], y0_bar[N * 2], k_bar;
    for (int i = 0; i < N * TIMES * 2; i++) seed[i] = i;
    ad_args a = { .n     = N,
                  .in    = (const void *[]){ from, seed },
                  .out   = (void *[]){ got, y0_bar, &k_bar },
                  .theta = &k };
    cr_assert_eq(ad_eager(2, (ad_var[]){ y0, bar }, 3, out, &a), AD_OK, "%s", ad_message());
    /* by hand, in the solver's own layout */
    double parts[N * 2], y_parts[TIMES][N * 2], bar_parts[TIMES][N * 2], want_bar[N * 2],
        want_k = 0;
    for (int i = 0; i < N; i++)
        for (int p = 0; p < 2; p++) {
            parts[p * N + i] = from[2 * i + p];
            for (int t = 0; t < TIMES; t++) bar_parts[t][p * N + i] = seed[(i * TIMES + t) * 2 + p];
        }
    nde_solve_args s = {
        .n = N, .times = TIMES, .t = times, .y0 = parts, .theta = &k, .y = y_parts
    };
    cr_assert_eq(adj_solve(solver, &s), AD_OK);
    cr_assert_eq(adj_pullback(solver, &(adj_cotangents){ .y_bar     = bar_parts,
                                                         .y0_bar    = want_bar,
                                                         .theta_bar = &want_k }),
                 AD_OK);
    cr_assert_eq(k_bar, want_k);
    for (int i = 0; i < N; i++)
        for (int p = 0; p < 2; p++) {
            cr_assert_eq(y0_bar[2 * i + p], want_bar[p * N + i]);
            for (int t = 0; t < TIMES; t++)
                cr_assert_eq(got[(i * TIMES + t) * 2 + p], y_parts[t][p * N + i]);
        }
    ad_graph_free(g);
    adj_operation_free(op);
    adj_solver_free(solver);
    ad_params_free(theta);
}

static ad_var explodes(const nde_point *at, void *ctx)
{
    (void)ctx;
    return ad_square(at->y);
}

/* y' = y^2 from 1 ends at t = 1: the solve to 2 fails, and with it the run of the plan around it. */
Test(operation, a_failing_solve_stops_the_plan)
{
    adj_solver    *solver;
    ad_graph      *g;
    adj_operation *op;
    nde_ode        ode = { .field = explodes, .dim = 1 };
    cr_assert_eq(adj_solver_new(&solver, &ode, NULL, NULL, 1), AD_OK);
    cr_assert_eq(ad_graph_new(&g), AD_OK);
    ad_var             y0   = ad_input(g, "y0", AD_F64, ad_rows(1));
    adj_operation_spec spec = { .solver = solver, .y0 = y0, .times = 2, .t = (double[]){ 0, 2 } };
    ad_var             y    = ad_exp(adj_operation_new(&op, &spec));
    ad_plan           *plan;
    ad_work           *work;
    cr_assert_eq(ad_plan_new(&plan, 1, &y0, 1, &y, NULL), AD_OK, "%s", ad_message());
    cr_assert_eq(ad_work_new(&work, plan), AD_OK);
    double    from = 1, to[2];
    ad_args   a    = { .n = 1, .in = (const void *[]){ &from }, .out = (void *[]){ to } };
    ad_status e    = ad_execute(plan, work, &a);
    cr_assert(e == AD_STEP_UNDERFLOW || e == AD_NONFINITE_FIELD || e == AD_NONFINITE_STATE, "%s",
              ad_status_name(e));
    cr_assert(strstr(ad_message(), "t = "), "%s", ad_message());
    from = 0.25; /* ends at 4: this one is fine, y(2) = 1 / (4 - 2) */
    cr_assert_eq(ad_execute(plan, work, &a), AD_OK);
    cr_assert_float_eq(log(to[1]), 0.5, 1e-2);
    a.n = 2;
    cr_assert_eq(ad_eager(1, &y0, 1, &y, &a), AD_INVALID,
                 "more samples than the solver was made for");
    ad_work_free(work);
    ad_plan_free(plan);
    ad_graph_free(g);
    adj_operation_free(op);
    adj_solver_free(solver);
}

static ad_status mistake(adj_solver *solver, adj_operation_spec spec, int what)
{
    ad_graph      *g;
    adj_operation *op;
    cr_assert_eq(ad_graph_new(&g), AD_OK);
    spec.solver = solver;
    spec.y0     = ad_input(g, "y0", what == 1 ? AD_F32 : AD_F64, ad_rows(what == 2 ? 3 : 1));
    ad_var y    = adj_operation_new(&op, &spec);
    ad_var one  = ad_input(g, "dot", AD_F64, ad_rows(1)), dot;
    if (what == 3) ad_jvp(1, &spec.y0, &one, 1, &y, &dot);
    ad_status e = ad_graph_status(g);
    ad_graph_free(g);
    adj_operation_free(op);
    return e;
}

Test(operation, mistakes)
{
    adj_solver        *solver;
    nde_ode            ode  = { .field = explodes, .dim = 1 };
    adj_operation_spec good = { .times = 2, .t = (double[]){ 0, 1 } }, bad = good;
    cr_assert_eq(adj_solver_new(&solver, &ode, NULL, NULL, 1), AD_OK);
    cr_assert_eq(mistake(solver, good, 0), AD_OK);
    cr_assert_eq(mistake(solver, good, 1), AD_BAD_SHAPE);
    cr_assert_eq(mistake(solver, good, 2), AD_BAD_SHAPE);
    cr_assert(strstr(ad_message(), "[n,3]"), "%s", ad_message());
    cr_assert_eq(mistake(solver, good, 3), AD_UNSUPPORTED, "no jvp: %s", ad_message());
    bad.times = 1;
    cr_assert_eq(mistake(solver, bad, 0), AD_INVALID);
    bad       = good;
    bad.nargs = 1;
    cr_assert_eq(mistake(solver, bad, 0), AD_INVALID);
    adj_solver_free(solver);
}

/* All samples of a joint solve share their steps: a plan that wants independent rows refuses it. */
Test(operation, joint_solves_mix_rows)
{
    for (int each = 0; each < 2; each++) {
        nde_ode        ode  = { .field_parts = pendulum, .parts = 2, .part = two_parts };
        nde_options    o    = { .batching = each ? NDE_PER_SAMPLE : NDE_JOINT };
        adj_solver    *s    = NULL;
        adj_operation *op   = NULL;
        ad_graph      *g    = NULL;
        ad_plan       *plan = NULL;
        cr_assert_eq(ad_params_new(&ode.theta, AD_F64), AD_OK);
        cr_assert_eq(adj_solver_new(&s, &ode, &o, NULL, N), AD_OK, "%s", ad_message());
        cr_assert_eq(ad_graph_new(&g), AD_OK);
        ad_var             y0   = ad_input(g, "y0", AD_F64, ad_rows(2));
        adj_operation_spec spec = { .solver = s, .y0 = y0, .times = TIMES, .t = times };
        ad_var             y    = adj_operation_new(&op, &spec);
        cr_assert(y.id >= 0, "%s", ad_message());
        ad_plan_options exact = { "exact", N, AD_ROW_EXACT };
        cr_expect_eq(ad_plan_new(&plan, 1, &y0, 1, &y, &exact), each ? AD_OK : AD_UNSUPPORTED);
        ad_plan_free(plan);
        ad_graph_free(g);
        adj_operation_free(op);
        adj_solver_free(s);
        ad_params_free(ode.theta);
    }
}
