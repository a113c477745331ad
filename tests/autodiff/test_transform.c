/* Derivatives as graphs: gradients, Hessians, Jacobians by either mode, nested at will; what they are printed as. */
#include <criterion/criterion.h>

#include <costate/autodiff/layers.h>
#include <costate/autodiff/loss.h>
#include <costate/autodiff/plan.h>

#include "support.h"

enum { N = 4, NODES = 8, ROOM = 512 };

/* out[] at in[], by the plan; and once more by the eager mode, which must agree to rounding of sums in another order */
typedef struct values {
    double v[NODES][ROOM];
} values;

static void evaluate(int nin, const ad_var in[], const double *const x[], int nout,
                     const ad_var out[], const double *theta, values *r)
{
    static values eager;
    const void   *from[NODES];
    void         *to[NODES], *to_eager[NODES];
    ad_plan      *plan;
    ad_work      *work;
    memset(r, 0, sizeof *r);
    memset(&eager, 0, sizeof eager);
    for (int i = 0; i < nin; i++) from[i] = x[i];
    for (int i = 0; i < nout; i++) to[i] = r->v[i], to_eager[i] = eager.v[i];
    ad_args a = { .n = N, .in = from, .out = to, .theta = theta };
    cr_assert_eq(ad_plan_new(&plan, nin, in, nout, out, &(ad_plan_options){ "test", N, 0 }), AD_OK,
                 "%s", ad_message());
    cr_assert_eq(ad_work_new(&work, plan), AD_OK);
    cr_assert_eq(ad_execute(plan, work, &a), AD_OK, "%s", ad_message());
    a.out = to_eager;
    cr_assert_eq(ad_eager(nin, in, nout, out, &a), AD_OK, "%s", ad_message());
    for (int i = 0; i < nout; i++)
        cr_expect_lt(distance(ROOM, r->v[i], eager.v[i]), 1e-13, "plan and eager, output %d", i);
    ad_work_free(work);
    ad_plan_free(plan);
}

static ad_graph *graph(void)
{
    ad_graph *g;
    cr_assert_eq(ad_graph_new(&g), AD_OK);
    return g;
}

/* f = x0^2 x1 + sin(x1 x2) of a shared x [3] */
static ad_var some_function(ad_var x)
{
    ad_var a = ad_slice(x, 0, 0, 1), b = ad_slice(x, 0, 1, 2), c = ad_slice(x, 0, 2, 3);
    return ad_add(ad_mul(ad_square(a), b), ad_sin(ad_mul(b, c)));
}

static const double at3[3] = { 0.7, -1.2, 0.4 };

static void its_gradient(double f[1], double g[3], double h[9])
{
    double a = at3[0], b = at3[1], c = at3[2], s = sin(b * c), k = cos(b * c);
    f[0] = a * a * b + s;
    g[0] = 2 * a * b, g[1] = a * a + c * k, g[2] = b * k;
    h[0] = 2 * b, h[1] = h[3] = 2 * a, h[2] = h[6] = 0;
    h[4] = -c * c * s, h[5] = h[7] = k - b * c * s, h[8] = -b * b * s;
}

Test(transform, value_gradient_and_hessian)
{
    ad_graph *g = graph();
    double    f[1], grad[3], hess[9], v[3] = { 1, -2, 0.5 }, hv[3];
    ad_var x = ad_input(g, "x", AD_F64, ad_vector(3)), dir = ad_input(g, "v", AD_F64, ad_vector(3)),
           out[5];
    out[0] = some_function(x);
    cr_assert_eq(ad_gradient(out[0], 1, &x, &out[1]), AD_OK, "%s", ad_message());
    cr_assert_eq(ad_hvp(out[0], 1, &x, &dir, &out[2]), AD_OK, "%s", ad_message());
    out[3] = ad_jacobian(out[1], x, 1);
    out[4] = ad_jacobian(out[1], x, 0);
    values r;
    evaluate(2, (ad_var[]){ x, dir }, (const double *[]){ at3, v }, 5, out, NULL, &r);
    its_gradient(f, grad, hess);
    for (int i = 0; i < 3; i++)
        hv[i] = hess[3 * i] * v[0] + hess[3 * i + 1] * v[1] + hess[3 * i + 2] * v[2];
    cr_expect_lt(distance(1, r.v[0], f), 1e-15);
    cr_expect_lt(distance(3, r.v[1], grad), 1e-15);
    cr_expect_lt(distance(3, r.v[2], hv), 1e-14);
    cr_expect_lt(distance(9, r.v[3], hess), 1e-14, "Hessian, reverse over reverse");
    cr_expect_lt(distance(9, r.v[4], hess), 1e-14, "Hessian, forward over reverse");
    ad_graph_free(g);
}

/* y = [x0 x1, sin x0 + x2^2] of each row: [n, 2, 3] */
Test(transform, jacobian_of_each_sample_by_either_mode)
{
    ad_graph *g = graph();
    double    x[N * 3], want[N * 6];
    uint64_t  seed = 2;
    ad_var    in   = ad_input(g, "x", AD_F64, ad_rows(3));
    ad_var    a = ad_slice(in, 1, 0, 1), b = ad_slice(in, 1, 1, 2), c = ad_slice(in, 1, 2, 3);
    ad_var    y      = ad_concat(2, (ad_var[]){ ad_mul(a, b), ad_add(ad_sin(a), ad_square(c)) }, 1);
    ad_var    out[2] = { ad_jacobian(y, in, 1), ad_jacobian(y, in, 0) };
    for (int i = 0; i < N; i++) {
        for (int d = 0; d < 3; d++) x[3 * i + d] = draw(&seed, -2, 2);
        double *j = want + 6 * i, *p = x + 3 * i;
        j[0] = p[1], j[1] = p[0], j[2] = 0;
        j[3] = cos(p[0]), j[4] = 0, j[5] = 2 * p[2];
    }
    values r;
    evaluate(1, &in, (const double *[]){ x }, 2, out, NULL, &r);
    for (int i = 0; i < 2; i++) cr_expect_lt(distance(N * 6, r.v[i], want), 1e-15, "mode %d", i);
    for (int i = 0; i < 2; i++) {
        ad_shape s = ad_shape_of(out[i]);
        cr_expect(s.batched && s.rank == 3 && s.dim[1] == 2 && s.dim[2] == 3);
    }
    ad_graph_free(g);
}

static ad_var pulled(ad_var y, ad_var x)
{
    ad_var one = ad_full(y.g, AD_F64, ad_shape_of(y), 1), bar;
    cr_assert_eq(ad_vjp(1, &y, &one, 1, &x, &bar), AD_OK, "%s", ad_message());
    return bar;
}

static ad_var pushed(ad_var y, ad_var x)
{
    ad_var one = ad_full(y.g, AD_F64, ad_shape_of(x), 1), dot;
    cr_assert_eq(ad_jvp(1, &x, &one, 1, &y, &dot), AD_OK, "%s", ad_message());
    return dot;
}

/* f = e^(2x) tanh x elementwise, so a derivative is a vector: f', f'', f''' by every order of the two modes */
Test(transform, third_derivatives_by_all_eight_ways)
{
    ad_graph *g     = graph();
    ad_var    x     = ad_input(g, "x", AD_F64, ad_rows(1));
    ad_var    y     = ad_mul(ad_exp(ad_scale(x, 2)), ad_tanh(x)), out[8];
    double    at[N] = { -0.8, -0.1, 0.3, 1.1 }, want[N];
    for (int way = 0; way < 8; way++) {
        ad_var d = y;
        for (int k = 0; k < 3; k++) d = way >> k & 1 ? pulled(d, x) : pushed(d, x);
        out[way] = d;
    }
    for (int i = 0; i < N;
         i++) { /* with T = tanh x: T' = 1 - T^2 = s, T'' = -2 T s, T''' = -2 s (s - 2 T^2) */
        double t = tanh(at[i]), s = 1 - t * t, e = exp(2 * at[i]);
        want[i] = e * (8 * t + 12 * s + 6 * (-2 * t * s) + -2 * s * (s - 2 * t * t));
    }
    values r;
    evaluate(1, &x, (const double *[]){ at }, 8, out, NULL, &r);
    for (int way = 0; way < 8; way++)
        cr_expect_lt(distance(N, r.v[way], want), 1e-13, "way %d%d%d", way & 1, way >> 1 & 1,
                     way >> 2);
    ad_graph_free(g);
}

/* u' H v = v' H u over parameters and input of a network's loss */
Test(transform, second_derivatives_are_symmetric)
{
    ad_graph  *g = graph();
    ad_params *p;
    double     theta[ROOM], x[N * 3];
    uint64_t   seed = 9;
    cr_assert_eq(ad_params_new(&p, AD_F64), AD_OK);
    ad_var in   = ad_input(g, "x", AD_F64, ad_rows(3));
    ad_var loss = ad_mean(ad_square(ad_mlp(in, p, "f", 2, (long[]){ 5, 2 }, ad_gelu)), -1, 0);
    ad_var wrt[5], u[5], v[5], hu[5], hv[5];
    cr_assert_eq(ad_params_used(1, &loss, 4, wrt), 4);
    wrt[4] = in;
    for (int i = 0; i < 5; i++) {
        u[i] = ad_normal(g, AD_F64, ad_shape_of(wrt[i]), (uint64_t)(2 * i));
        v[i] = ad_normal(g, AD_F64, ad_shape_of(wrt[i]), (uint64_t)(2 * i + 1));
    }
    cr_assert_eq(ad_hvp(loss, 5, wrt, u, hu), AD_OK, "%s", ad_message());
    cr_assert_eq(ad_hvp(loss, 5, wrt, v, hv), AD_OK, "%s", ad_message());
    ad_var out[2] = { ad_const(g, AD_F64, 0), ad_const(g, AD_F64, 0) };
    for (int i = 0; i < 5; i++) {
        out[0] = ad_add(out[0], ad_sum(ad_mul(u[i], hv[i]), -1, 0));
        out[1] = ad_add(out[1], ad_sum(ad_mul(v[i], hu[i]), -1, 0));
    }
    ad_params_init(p, 1, theta);
    for (int i = 0; i < N * 3; i++) x[i] = draw(&seed, -1, 1);
    values r;
    evaluate(1, &in, (const double *[]){ x }, 2, out, theta, &r);
    cr_expect_gt(fabs(r.v[0][0]), 1e-3, "a zero would prove nothing");
    cr_expect_float_eq(r.v[0][0], r.v[1][0], 1e-13 * (1 + fabs(r.v[0][0])));
    ad_graph_free(g);
    ad_params_free(p);
}

Test(transform, what_does_not_depend_has_a_zero_derivative)
{
    ad_graph *g  = graph();
    ad_var    x  = ad_input(g, "x", AD_F64, ad_vector(2)),
           other = ad_input(g, "other", AD_F64, ad_vector(3)), bar[2], dot;
    ad_var loss  = ad_sum(ad_stop_gradient(ad_exp(x)), -1, 0),
           one   = ad_full(g, AD_F64, ad_vector(3), 1);
    cr_assert_eq(ad_gradient(loss, 2, (ad_var[]){ x, other }, bar), AD_OK);
    cr_expect(ad_is_zero(bar[0]) && ad_is_zero(bar[1]));
    cr_expect(ad_shape_equal(ad_shape_of(bar[1]), ad_vector(3)));
    cr_assert_eq(ad_jvp(1, &other, &one, 1, &loss, &dot), AD_OK);
    cr_expect(ad_is_zero(dot));
    ad_graph_free(g);
}

Test(transform, parameters_without_a_gradient_are_found)
{
    ad_graph  *g = graph();
    ad_params *p;
    int        view[8], count;
    cr_assert_eq(ad_params_new(&p, AD_F64), AD_OK);
    ad_var x = ad_input(g, "x", AD_F64, ad_rows(2));
    ad_dense(x, p, "forgotten", 3);
    ad_var used = ad_dense(x, p, "used", 2);
    ad_var gate = ad_gt(ad_dense(x, p, "compared", 2), ad_const(g, AD_F64, 0));
    ad_var held = ad_stop_gradient(ad_dense(x, p, "held", 2));
    ad_var y    = ad_add(ad_mul(used, gate), held);
    cr_assert_eq(ad_params_unused(p, 1, &y, 8, view, &count), AD_OK, "%s", ad_message());
    cr_assert_eq(count, 6);
    const char *want[6] = { "forgotten.weight", "forgotten.bias", "compared.weight",
                            "compared.bias",    "held.weight",    "held.bias" };
    for (int i = 0; i < 6; i++) cr_expect_str_eq(ad_params_view(p, view[i])->name, want[i]);
    ad_var all = ad_params_node(g, p), both[2] = { y, ad_sum(ad_square(all), -1, 0) };
    cr_assert_eq(ad_params_unused(p, 2, both, 0, NULL, &count), AD_OK);
    cr_expect_eq(count, 0, "a node of all parameters covers them all");
    ad_graph_free(g);
    ad_params_free(p);
}

/* --- inlining -------------------------------------------------------------------------------------------------------------- */

Test(transform, a_function_traced_once_is_inlined)
{
    ad_graph *f = graph(), *g = graph();
    ad_var    a = ad_input(f, "a", AD_F64, ad_rows(1)), b = ad_input(f, "b", AD_F64, ad_scalar());
    ad_var    fa = ad_mul(ad_sin(a), b), unrelated = ad_exp(a);
    ad_var    x = ad_input(g, "x", AD_F64, ad_rows(1)), two = ad_const(g, AD_F64, 2), y[3];
    cr_assert_eq(ad_inline(g, f, 2, (ad_var[]){ a, b }, (ad_var[]){ x, two }, 1, &fa, &y[0]),
                 AD_OK);
    cr_assert_eq(ad_inline(g, f, 2, (ad_var[]){ a, b }, (ad_var[]){ y[0], two }, 1, &fa, &y[1]),
                 AD_OK);
    int    size = ad_graph_size(g);
    ad_var again;
    cr_assert_eq(ad_inline(g, f, 2, (ad_var[]){ a, b }, (ad_var[]){ x, two }, 1, &fa, &again),
                 AD_OK);
    cr_expect(again.id == y[0].id && ad_graph_size(g) == size, "the same call is the same nodes");
    y[2]         = pulled(y[1], x);
    double at[N] = { -1, 0.2, 0.5, 2 };
    values r;
    evaluate(1, &x, (const double *[]){ at }, 3, y, NULL, &r);
    for (int i = 0; i < N; i++) {
        double once = 2 * sin(at[i]);
        cr_expect_float_eq(r.v[1][i], 2 * sin(once), 1e-15);
        cr_expect_float_eq(r.v[2][i], 2 * cos(once) * 2 * cos(at[i]), 1e-14);
    }
    cr_expect_eq(ad_inline(g, f, 1, &b, &two, 1, &unrelated, &again), AD_INVALID);
    cr_expect(strstr(ad_message(), "'a'"), "%s", ad_message());
    ad_graph_free(f);
    ad_graph_free(g);
}

/* --- as text ------------------------------------------------------------------------------------------------------------------ */

static void has(const char *text, const char *line)
{
    cr_expect(strstr(text, line), "'%s' is not in\n%s", line, text);
}

Test(transform, text_reads_like_mathematics)
{
    ad_graph  *g = graph();
    ad_params *p;
    cr_assert_eq(ad_params_new(&p, AD_F32), AD_OK);
    ad_var x = ad_input(g, "x", AD_F32, ad_rows(2));
    ad_var h = ad_tanh(ad_dense(x, p, "hidden", 5));
    ad_var y = ad_lincomb(2, (double[]){ 1, -0.25 },
                          (ad_var[]){ ad_square(x), ad_dense(h, p, "out", 2) });
    ad_var z = ad_scale(ad_shift(ad_exp(y), -3), 2), unseen = ad_cosh(x);
    char  *t = ad_graph_text(g, 1, &z);
    cr_assert(t && unseen.id >= 0);
    has(t, "x0 f32[n,2]: input\n");
    has(t, "hidden.weight f32[5,2]: param at 0\n");
    has(t, "f32[n,5] = x0 @ hidden.weight' + hidden.bias\n");
    has(t, "%4 f32[n,5] = tanh(%3)\n");
    has(t, "%9 f32[n,2] = %5 - 0.25 %8\n");
    has(t, "%10 f32[n,2] = exp(%9)\n");
    has(t, "%11 f32[n,2] = %10 - 3\n");
    has(t, "%12 f32[n,2] = 2 %11\n");
    cr_expect(!strstr(t, "cosh"), "only what z depends on:\n%s", t);
    ad_free(t);
    t = ad_graph_text(g, 0, NULL);
    has(t, "cosh(x0)");
    ad_free(t);
    ad_plan *plan;
    cr_assert_eq(ad_plan_new(&plan, 1, &x, 1, &z, &(ad_plan_options){ "demo", 8, AD_PADDED }),
                 AD_OK, "%s", ad_message());
    t = ad_plan_text(plan);
    has(t, "plan demo: capacity 8, block ");
    has(t, "k=2 n=5 +bias\n");
    has(t, " = tanh(");
    has(t, "arg1 = scale(");
    ad_free(t);
    ad_plan_free(plan);
    ad_graph_free(g);
    ad_params_free(p);
}

/* --- mistakes ------------------------------------------------------------------------------------------------------------------- */

Test(transform, mistakes)
{
    ad_graph *g = graph(), *other = graph();
    ad_var    x = ad_input(g, "x", AD_F64, ad_vector(2)), y = ad_exp(x), bar;
    ad_var    foreign = ad_input(other, "z", AD_F64, ad_vector(2)),
           seed       = ad_full(g, AD_F64, ad_vector(3), 1);
    cr_expect_eq(ad_gradient(y, 1, &x, &bar), AD_BAD_SHAPE);
    cr_expect(strstr(ad_message(), "[2]"), "%s", ad_message());
    cr_expect_eq(ad_vjp(1, &y, &seed, 1, &x, &bar), AD_BAD_SHAPE);
    cr_expect_eq(ad_jvp(1, &x, &seed, 1, &y, &bar), AD_BAD_SHAPE);
    cr_expect_eq(ad_vjp(1, &y, &x, 1, &foreign, &bar), AD_INVALID);
    cr_expect_eq(ad_jvp(1, &foreign, &foreign, 1, &y, &bar), AD_INVALID);
    cr_expect_eq(ad_vjp(1, &y, &x, 1, &AD_NONE, &bar), AD_INVALID);
    cr_expect_eq(ad_graph_status(g), AD_OK, "a wrong call is no mistake of the graph's");
    ad_var batched = ad_input(g, "b", AD_F64, ad_rows(2));
    cr_expect_lt(ad_jacobian(ad_exp(batched), x, 1).id, 0);
    cr_expect_eq(ad_graph_status(g), AD_BAD_SHAPE);
    cr_expect_eq(ad_gradient(ad_sum(y, -1, 0), 1, &x, &bar), AD_BAD_SHAPE, "sticky");
    ad_graph_free(g);
    ad_graph_free(other);
}
