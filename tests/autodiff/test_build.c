/* test_build.c - the builders of elementwise operations: constants fold, identities hold, and derivatives at the places
   where a rule could go wrong (0 to a power, ties, an infinite branch that was not taken). */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include <costate/autodiff/op.h>
#include <costate/autodiff/plan.h>

static ad_graph *g;
static ad_var    x, z; /* two vectors of three */

static void set_up(void)
{
    cr_assert_eq(ad_graph_new(&g), AD_OK);
    x = ad_input(g, "x", AD_F64, ad_vector(3));
    z = ad_input(g, "z", AD_F64, ad_vector(3));
}

static void tear_down(void)
{
    ad_graph_free(g);
}

TestSuite(build, .init = set_up, .fini = tear_down);

static ad_opcode op_of(ad_var v)
{
    return ad_node_of(v.g, v.id)->op;
}

static ad_var number(double c)
{
    return ad_const(g, AD_F64, c);
}

#define SAME(a, b) cr_expect_eq((a).id, (b).id, "%s is not %s", #a, #b)
#define CONSTANT(v, c) \
    cr_expect(op_of(v) == AD_OP_full && ad_node_of(g, (v).id)->k[0] == (c), "%s is not %g", #v, c)
#define OPERATION(v, op) cr_expect_eq(op_of(v), AD_OP_##op, "%s is no %s", #v, #op)

Test(build, identities)
{
    SAME(ad_add(x, number(0)), x);
    SAME(ad_sub(x, number(0)), x);
    SAME(ad_mul(number(1), x), x);
    SAME(ad_div(x, number(1)), x);
    SAME(ad_scale(x, 1), x);
    SAME(ad_shift(x, 0), x);
    SAME(ad_neg(ad_neg(x)), x);
    SAME(ad_powi(x, 1), x);
    SAME(ad_cast(x, AD_F64), x);
    SAME(ad_mul(x, x), ad_square(x));
    SAME(ad_pow(x, number(2)), ad_square(x));
    SAME(ad_pow(x, number(0.5)), ad_sqrt(x));
    SAME(ad_div(number(1), x), ad_reciprocal(x));
    SAME(ad_reciprocal(ad_sqrt(x)), ad_rsqrt(x));
    SAME(ad_sub(x, ad_neg(z)), ad_add(x, z));
    SAME(ad_neg(ad_scale(x, 3)), ad_scale(x, -3));
    SAME(ad_scale(ad_scale(x, 3), 0.5), ad_scale(x, 1.5));
    SAME(ad_mul(x, number(3)), ad_scale(x, 3));
    SAME(ad_where(number(1), x, z), x);
    SAME(ad_fma(x, number(1), z), ad_add(x, z));
}

Test(build, operands_of_commutative_operations_are_ordered)
{
    SAME(ad_add(x, z), ad_add(z, x));
    SAME(ad_mul(x, z), ad_mul(z, x));
    SAME(ad_eq(x, z), ad_eq(z, x));
    SAME(ad_fma(x, z, x), ad_fma(z, x, x));
    cr_expect_neq(ad_sub(x, z).id, ad_sub(z, x).id);
}

/* What is not the same for every x stays: 0 x is NaN for an infinite x. */
Test(build, what_stays)
{
    OPERATION(ad_mul(x, number(0)), scale);
    OPERATION(ad_sub(x, x), sub);
    OPERATION(ad_div(x, x), div);
    OPERATION(ad_div(x, number(3)), div);
    OPERATION(ad_scale(ad_scale(x, 3), 1. / 3), scale);
    cr_expect_eq(op_of(ad_in(ad_scale(ad_scale(x, 3), 1. / 3), 0)), AD_OP_scale);
}

Test(build, constants)
{
    ad_var f = ad_const(g, AD_F32, 0.1);
    CONSTANT(ad_exp(number(1)), exp(1));
    CONSTANT(ad_add(number(2), number(3)), 5.0);
    CONSTANT(ad_powi(number(-2), 3), -8.0);
    CONSTANT(ad_add(f, f), (double)(0.1f + 0.1f));
    CONSTANT(ad_cast(f, AD_F64), (double)0.1f);
    CONSTANT(ad_powi(x, 0), 1.0);
    cr_expect(ad_shape_equal(ad_shape_of(ad_add(number(2), ad_full(g, AD_F64, ad_vector(3), 1))),
                             ad_vector(3)));
}

Test(build, a_constant_that_widens_is_kept)
{
    ad_var one = ad_input(g, "one", AD_F64, ad_scalar());
    ad_var sum = ad_add(one, ad_full(g, AD_F64, ad_vector(3), 0));
    cr_expect(ad_shape_equal(ad_shape_of(sum), ad_vector(3)));
}

Test(build, lincomb)
{
    ad_var v[3] = { x, z, ad_exp(x) };
    SAME(ad_lincomb(3, (double[]){ 0, 2, 0 }, v), ad_scale(z, 2));
    SAME(ad_lincomb(2, (double[]){ 1, 1 }, v), ad_add(x, z));
    SAME(ad_lincomb(2, (double[]){ -1, 1 }, v), ad_sub(z, x));
    cr_expect(ad_is_zero(ad_lincomb(2, (double[]){ 0, 0 }, v)));
    OPERATION(ad_lincomb(3, (double[]){ 1, 2, 3 }, v), lincomb);
    v[1] = number(1);
    cr_expect_lt(ad_lincomb(3, (double[]){ 1, 2, 3 }, v).id, 0);
    cr_expect_eq(ad_graph_status(g), AD_BAD_SHAPE);
    cr_expect_not_null(strstr(ad_message(), "term 1 has shape [1], term 0 [3]"), "%s",
                       ad_message());
}

/* A long sum is several nodes, one chain. */
Test(build, many_terms)
{
    enum { TERMS = 200 };
    ad_var v[TERMS];
    double c[TERMS], at[2][3] = { { 1, 2, 3 }, { 0.1, 0.2, 0.3 } }, out[3];
    for (int j = 0; j < TERMS; j++) v[j] = j % 2 ? x : z, c[j] = 1. / (j + 1);
    ad_var        y = ad_lincomb(TERMS, c, v), in[2] = { x, z };
    const ad_args a = { .n = 1, .in = (const void *[]){ at[0], at[1] }, .out = (void *[]){ out } };
    cr_assert_eq(ad_eager(2, in, 1, &y, &a), AD_OK, "%s", ad_message());
    for (int i = 0; i < 3; i++) {
        double want = c[0] * at[1][i];
        for (int j = 1; j < TERMS; j++) want = fma(c[j], at[!(j % 2)][i], want);
        cr_expect_eq(out[i], want);
    }
}

/* Derivatives of the sum of y, by values of x and z. */
static void gradient(ad_var y, const double at[2][3], double x_bar[2][3])
{
    ad_var var[2] = { x, z }, bar[2];
    cr_assert_eq(ad_gradient(ad_sum(y, -1, 0), 2, var, bar), AD_OK, "%s", ad_message());
    const ad_args a = { .n   = 1,
                        .in  = (const void *[]){ at[0], at[1] },
                        .out = (void *[]){ x_bar[0], x_bar[1] } };
    cr_assert_eq(ad_eager(2, var, 2, bar, &a), AD_OK, "%s", ad_message());
}

Test(build, powers_of_zero)
{
    double at[2][3] = { { 0, 0, 2 }, { 0, 2, 0 } }, bar[2][3];
    gradient(ad_pow(x, z), at, bar);
    for (int i = 0; i < 3; i++) cr_expect_eq(bar[0][i], 0, "d/da, element %d: %g", i, bar[0][i]);
    cr_expect_eq(bar[1][0], 0);
    cr_expect_eq(bar[1][1], 0);
    cr_expect_float_eq(bar[1][2], log(2), 1e-15); /* two roundings of a number below 1 */
}

Test(build, ties_go_to_the_first)
{
    double at[2][3] = { { 1, 1, 2 }, { 1, 2, 1 } }, bar[2][3];
    gradient(ad_min(x, z), at, bar);
    cr_expect(bar[0][0] == 1 && bar[0][1] == 1 && bar[0][2] == 0);
    cr_expect(bar[1][0] == 0 && bar[1][1] == 0 && bar[1][2] == 1);
    gradient(ad_max(x, z), at, bar);
    cr_expect(bar[0][0] == 1 && bar[0][1] == 0 && bar[0][2] == 1);
}

/* x log x is 0 at 0 by where(); exp of a large branch that is not taken multiplies nothing. */
Test(build, where_shields)
{
    double at[2][3] = { { 1, 800, 2 }, { 0, 0, 0 } }, bar[2][3];
    ad_var small    = ad_lt(x, number(10));
    gradient(ad_where(small, ad_exp(ad_where(small, x, number(0))), z), at, bar);
    cr_expect_eq(bar[0][1], 0, "%g", bar[0][1]);
    cr_expect_eq(bar[1][1], 1);
    cr_expect_float_eq(bar[0][0], exp(1), 1e-15);
}

Test(build, mod)
{
    double at[2][3] = { { 7.5, -7.5, 7.5 }, { 2, 2, -2 } }, bar[2][3];
    gradient(ad_mod(x, z), at, bar);
    cr_expect(bar[0][0] == 1 && bar[0][1] == 1);
    cr_expect(bar[1][0] == -3 && bar[1][1] == 3 && bar[1][2] == 3, "%g %g %g", bar[1][0], bar[1][1],
              bar[1][2]);
}

Test(build, errors)
{
    cr_expect_lt(ad_add(x, ad_input(g, "f", AD_F32, ad_vector(3))).id, 0);
    cr_expect_eq(ad_graph_status(g), AD_BAD_SHAPE);
    /* dead operands pass quietly */
    cr_expect_lt(ad_exp(ad_mul(AD_NONE, x)).id, 0);
    cr_expect_lt(ad_fma(x, AD_NONE, x).id, 0);
    cr_expect_lt(ad_where(AD_NONE, x, x).id, 0);
    cr_expect_lt(ad_neg(ad_scale(ad_shift(ad_powi(AD_NONE, 3), 1), 2)).id, 0);
    cr_expect_lt(ad_lincomb(1, (double[]){ 1 }, (ad_var[]){ AD_NONE }).id, 0);
    cr_expect_lt(ad_cast(AD_NONE, AD_F32).id, 0);
    cr_expect_lt(ad_div(AD_NONE, AD_NONE).id, 0);
}
