/* op_cases.h - every operation of the table in a few settings: what the tests of operations iterate over. */
#ifndef COSTATE_TESTS_OP_CASES_H
#define COSTATE_TESTS_OP_CASES_H

#include <costate/autodiff/op.h>
#include <costate/autodiff/params.h>
#include <costate/autodiff/plan.h>
#include <costate/autodiff/transform.h>

#include "support.h"

enum { CASE_INPUTS = 3, THETA = 4 };

enum {
    NO_DIFFERENCES =
        1, /* not differentiable as often as asked, or not on purpose: no finite differences */
    NO_HIGHER =
        2,      /* a second derivative is a stated error                                          */
    ROUNDS = 4, /* goes through float32: identities hold to its precision                         */
};

typedef struct op_case {
    const char *label; /* NULL: the operation's name */
    ad_opcode   op;
    int         nin;
    ad_shape    shape[CASE_INPUTS];
    ad_var (*build)(const ad_var x[], ad_params *p);
    double   lo, hi; /* 0, 0: the row's, else -2 .. 2 */
    unsigned flags;
} op_case;

// clang-format off

/* Shapes: batched rows and shared arrays. */
#define B1(a)          { 1, 1, { a } }
#define B2(a, b)       { 2, 1, { a, b } }
#define B3(a, b, c)    { 3, 1, { a, b, c } }
#define B4(a, b, c, d) { 4, 1, { a, b, c, d } }
#define S1(a)          { 1, 0, { a } }
#define S2(a, b)       { 2, 0, { a, b } }
#define S3(a, b, c)    { 3, 0, { a, b, c } }

#define BUILD(name, expression)                                                                    \
    static ad_var name(const ad_var x[], ad_params *p)                                             \
    {                                                                                              \
        (void)p;                                                                                   \
        return expression;                                                                         \
    }

#define UNARY(X)                                                                                   \
    X(neg) X(abs) X(sign) X(floor) X(exp) X(expm1) X(log) X(log1p) X(sqrt) X(rsqrt) X(square)      \
    X(omsq) X(reciprocal) X(sin) X(cos) X(tan) X(asin) X(acos) X(atan) X(sinh) X(cosh) X(tanh)     \
    X(sigmoid) X(relu) X(elu) X(silu) X(gelu) X(erf) X(softplus)
#define BINARY(X)                                                                                  \
    X(add) X(sub) X(mul) X(div) X(min) X(max) X(pow) X(atan2) X(mod) X(lt) X(le) X(gt) X(ge) X(eq)

#define X(name) BUILD(build_##name, ad_##name(x[0]))
UNARY(X)
#undef X
#define X(name) BUILD(build_##name, ad_##name(x[0], x[1]))
BINARY(X)
#undef X

static inline ad_var like(ad_var x, double value)
{
    return ad_full(x.g, ad_type_of(x), ad_shape_of(x), value);
}

/* leaves, times the operand where they have none */
BUILD(build_input, x[0])
BUILD(build_full, ad_mul(x[0], like(x[0], 1.5)))
BUILD(build_full2, ad_concat(2, (ad_var[]){ like(x[0], 0.25), ad_sin(x[0]) }, 1))
BUILD(build_array, ad_mul(x[0], ad_const_array(x[0].g, ad_type_of(x[0]), ad_vector(4), (double[]){ 1, -2, 0.5, 3 })))
BUILD(build_param, ad_mul(x[0], ad_param(x[0].g, p, "w", ad_vector(THETA), AD_INIT_ZERO, 0)))
BUILD(build_uniform, ad_mul(x[0], ad_uniform(x[0].g, ad_type_of(x[0]), ad_shape_of(x[0]), 5)))
BUILD(build_normal, ad_mul(x[0], ad_normal(x[0].g, ad_type_of(x[0]), ad_shape_of(x[0]), 6)))
BUILD(build_rademacher, ad_mul(x[0], ad_rademacher(x[0].g, ad_type_of(x[0]), ad_shape_of(x[0]), 7)))

/* elementwise with attributes, more operands, broadcasting */
BUILD(build_cast, ad_cast(ad_square(ad_cast(x[0], ad_type_of(x[0]) == AD_F32 ? AD_F64 : AD_F32)), ad_type_of(x[0])))
BUILD(build_powi3, ad_powi(x[0], 3))
BUILD(build_powi5, ad_powi(x[0], 5))
BUILD(build_powi_3, ad_powi(x[0], -3))
BUILD(build_scale, ad_scale(x[0], -1.75))
BUILD(build_shift, ad_shift(x[0], 0.375))
BUILD(build_stop, ad_mul(ad_stop_gradient(x[0]), x[0]))
BUILD(build_where, ad_where(ad_lt(x[0], x[1]), ad_sin(x[0]), ad_mul(x[1], x[2])))
BUILD(build_fma, ad_fma(x[0], x[1], x[2]))
BUILD(build_lincomb, ad_lincomb(3, (double[]){ 0.5, -2, 1.0 / 3 }, x))
BUILD(build_lincomb1, ad_lincomb(1, (double[]){ 0.7 }, x))

/* products */
BUILD(build_matmul_nn, ad_matmul(x[0], x[1], 0, 0))
BUILD(build_matmul_tn, ad_matmul(x[0], x[1], 1, 0))
BUILD(build_matmul_nt, ad_matmul(x[0], x[1], 0, 1))
BUILD(build_matmul_tt, ad_matmul(x[0], x[1], 1, 1))
BUILD(build_affine, ad_affine(x[0], x[1], 0, x[2]))
BUILD(build_affine_t, ad_affine(x[0], x[1], 1, x[2]))
BUILD(build_rowdot2, ad_rowdot(2, (ad_var[]){ x[0], ad_sin(x[0]) }, (ad_var[]){ x[1], x[2] }))
BUILD(build_rowsum2, ad_rowsum(2, (ad_var[]){ ad_square(x[0]), x[1] }))

/* shapes */
BUILD(build_reshape, ad_reshape(ad_sin(x[0]), 3, (long[]){ 2, 3, ad_elements(ad_shape_of(x[0])) / 6 }))
BUILD(build_permute, ad_permute(ad_sin(x[0]), (int[]){ 0, 3, 1, 2 }))
BUILD(build_permute_s, ad_permute(ad_sin(x[0]), (int[]){ 2, 0, 1 }))
BUILD(build_transpose, ad_transpose(ad_square(x[0])))
BUILD(build_to_rows, ad_broadcast(ad_sin(x[0]), (ad_shape)B2(2, 4)))
BUILD(build_to_rows3, ad_broadcast(ad_sin(x[0]), (ad_shape)B3(1, 3, 4)))
BUILD(build_to_matrix, ad_broadcast(ad_sin(x[0]), (ad_shape)S2(3, 4)))
BUILD(build_slice0, ad_slice(ad_sin(x[0]), 0, 1, 3))
BUILD(build_slice1, ad_slice(ad_sin(x[0]), 1, 1, 3))
BUILD(build_slice_last, ad_slice(ad_sin(x[0]), -1, 0, 2))
BUILD(build_concat0, ad_concat(3, (ad_var[]){ x[0], ad_sin(x[1]), x[0] }, 0))
BUILD(build_concat1, ad_concat(3, (ad_var[]){ x[0], ad_sin(x[1]), x[0] }, 1))
BUILD(build_pad0, ad_pad(ad_sin(x[0]), 0, 1, 2))
BUILD(build_pad1, ad_pad(ad_sin(x[0]), 1, 2, 0))

/* reductions */
BUILD(build_sum0, ad_sum(ad_sin(x[0]), 1, 0))
BUILD(build_sum1, ad_sum(ad_sin(x[0]), 2, 1))
BUILD(build_sum02, ad_sum(ad_sin(x[0]), 5, 0))
BUILD(build_sum12, ad_sum(ad_sin(x[0]), 6, 0))
BUILD(build_sum_all, ad_sum(ad_sin(x[0]), -1, 0))
BUILD(build_mean0, ad_mean(ad_sin(x[0]), 1, 1))
BUILD(build_mean1, ad_mean(ad_sin(x[0]), 2, 0))
BUILD(build_mean_all, ad_mean(ad_sin(x[0]), -1, 0))
BUILD(build_amax0, ad_amax(ad_sin(x[0]), 1, 0))
BUILD(build_amax1, ad_amax(ad_sin(x[0]), 2, 1))
BUILD(build_amax_all, ad_amax(ad_sin(x[0]), -1, 0))
BUILD(build_logsumexp0, ad_logsumexp(x[0], 0, 0))
BUILD(build_logsumexp1, ad_logsumexp(x[0], 1, 1))
BUILD(build_softmax0, ad_softmax(x[0], 0))
BUILD(build_softmax1, ad_softmax(x[0], 1))
BUILD(build_log_softmax1, ad_log_softmax(x[0], 1))
BUILD(build_log_softmax_last, ad_log_softmax(x[0], -1))
BUILD(build_cumsum0, ad_cumsum(ad_sin(x[0]), 0, 0))
BUILD(build_cumsum1, ad_cumsum(ad_sin(x[0]), 1, 0))
BUILD(build_cumsum1_r, ad_cumsum(ad_sin(x[0]), 1, 1))

/* rows by number: the index is 0, 1 or 2, of an operand of its own */
#define INDEX(x) ad_floor(ad_scale(ad_abs(x), 1.5))
BUILD(build_gather, ad_gather_rows(ad_sin(x[0]), INDEX(x[1])))
BUILD(build_pick, ad_pick(ad_sin(x[0]), INDEX(x[1])))

// clang-format on

/* y = x0 x1 of two batched [n, 3] as a callback */
static double case_get(const void *p, ad_type t, long i)
{
    return t == AD_F32 ? (double)((const float *)p)[i] : ((const double *)p)[i];
}

static void case_set(void *p, ad_type t, long i, double v)
{
    if (t == AD_F32)
        ((float *)p)[i] = (float)v;
    else
        ((double *)p)[i] = v;
}

static ad_status times_value(long n, const void *const in[], void *out, void *ctx)
{
    ad_type t = *(ad_type *)ctx;
    for (long i = 0; i < 3 * n; i++)
        case_set(out, t, i, case_get(in[0], t, i) * case_get(in[1], t, i));
    return AD_OK;
}

static ad_status times_vjp(long n, const void *const in[], const void *out, const void *out_bar,
                           void *const x_bar[], void *ctx)
{
    (void)out;
    ad_type t = *(ad_type *)ctx;
    for (int j = 0; j < 2; j++)
        for (long i = 0; i < 3 * n && x_bar[j]; i++)
            case_set(x_bar[j], t, i, case_get(in[1 - j], t, i) * case_get(out_bar, t, i));
    return AD_OK;
}

static ad_status times_jvp(long n, const void *const in[], const void *out,
                           const void *const x_dot[], void *out_dot, void *ctx)
{
    (void)out;
    ad_type t = *(ad_type *)ctx;
    for (long i = 0; i < 3 * n; i++) {
        double s = 0;
        for (int j = 0; j < 2; j++)
            if (x_dot[j]) s += case_get(in[1 - j], t, i) * case_get(x_dot[j], t, i);
        case_set(out_dot, t, i, s);
    }
    return AD_OK;
}

static ad_type case_types[] = { 0, AD_F32, AD_F64 };

BUILD(build_call, ad_call(&(ad_callback){ "times", times_value, times_vjp, times_jvp,
                                          &case_types[ad_type_of(x[0])] },
                          2, x, ad_type_of(x[0]), ad_shape_of(x[0])))

// clang-format off
/* cos(x[index]) scattered: what the vjp of gather emits */
static ad_var build_scatter(const ad_var x[], ad_params *p)
{
    (void)p;
    ad_var y = ad_gather_rows(x[0], INDEX(x[1])), u = ad_cos(y), x_bar = AD_NONE;
    ad_status s = ad_vjp(1, &y, &u, 1, x, &x_bar);
    return s ? ad_graph_fail(x[0].g, s, "%s", ad_message()) : x_bar;
}

static const op_case op_cases[] = {
#define X(name) { NULL, AD_OP_##name, 1, { B2(1, 5) }, build_##name },
    UNARY(X)
#undef X
#define X(name) { NULL, AD_OP_##name, 2, { B2(1, 3), B2(1, 3) }, build_##name },
    BINARY(X)
#undef X
    { NULL, AD_OP_input, 1, { B2(1, 3) }, build_input },
    { NULL, AD_OP_param, 1, { B2(1, THETA) }, build_param },
    { NULL, AD_OP_full, 1, { B2(2, 3) }, build_full },
    { "full joined", AD_OP_full, 1, { B2(1, 3) }, build_full2 },
    { NULL, AD_OP_array, 1, { B2(1, 4) }, build_array },
    { NULL, AD_OP_uniform, 1, { B2(2, 3) }, build_uniform },
    { NULL, AD_OP_normal, 1, { B2(2, 3) }, build_normal },
    { NULL, AD_OP_rademacher, 1, { S2(2, 3) }, build_rademacher },
    { NULL, AD_OP_cast, 1, { B2(1, 3) }, build_cast, 0, 0, NO_DIFFERENCES | ROUNDS },
    { "powi 3", AD_OP_powi, 1, { B2(1, 5) }, build_powi3 },
    { "powi 5", AD_OP_powi, 1, { B2(1, 5) }, build_powi5 },
    { "powi -3", AD_OP_powi, 1, { B2(1, 5) }, build_powi_3, 0.5, 2 },
    { NULL, AD_OP_scale, 1, { B2(1, 5) }, build_scale },
    { NULL, AD_OP_shift, 1, { B2(1, 5) }, build_shift },
    { NULL, AD_OP_stop_gradient, 1, { B2(1, 5) }, build_stop, 0, 0, NO_DIFFERENCES },
    { NULL, AD_OP_where, 3, { B2(1, 3), B2(1, 3), B2(1, 3) }, build_where },
    { "where, shared", AD_OP_where, 3, { B2(1, 3), S1(1), S1(3) }, build_where },
    { NULL, AD_OP_fma, 3, { B2(1, 3), B2(1, 3), B2(1, 3) }, build_fma },
    { "fma [n,3] [3] [1]", AD_OP_fma, 3, { B2(1, 3), S1(3), S1(1) }, build_fma },
    { "mul [n,3] [1]", AD_OP_mul, 2, { B2(1, 3), S1(1) }, build_mul },
    { "mul [n,3] [3]", AD_OP_mul, 2, { B2(1, 3), S1(3) }, build_mul },
    { "mul [n,1] [n,3]", AD_OP_mul, 2, { B2(1, 1), B2(1, 3) }, build_mul },
    { "div [1] [2n,3]", AD_OP_div, 2, { S1(1), B2(2, 3) }, build_div, 0.5, 2 },
    { "sub [3,1] [1,4]", AD_OP_sub, 2, { S2(3, 1), S2(1, 4) }, build_sub },
    { "pow [1] [n,3]", AD_OP_pow, 2, { S1(1), B2(1, 3) }, build_pow, 0.5, 2 },
    { "max [n,2,3] [3]", AD_OP_max, 2, { B3(1, 2, 3), S1(3) }, build_max },
    { NULL, AD_OP_lincomb, 3, { B2(1, 3), B2(1, 3), B2(1, 3) }, build_lincomb },
    { "lincomb of one", AD_OP_lincomb, 1, { B2(1, 3) }, build_lincomb1 },
    { "rows [n,4] [4,3]", AD_OP_matmul, 2, { B2(1, 4), S2(4, 3) }, build_matmul_nn },
    { "rows [n,4] [3,4]'", AD_OP_matmul, 2, { B2(1, 4), S2(3, 4) }, build_matmul_nt },
    { "rows [2n,17] [17,20]", AD_OP_matmul, 2, { B2(2, 17), S2(17, 20) }, build_matmul_nn },
    { "affine", AD_OP_matmul, 3, { B2(1, 4), S2(4, 3), S1(3) }, build_affine },
    { "affine [3,4]'", AD_OP_matmul, 3, { B2(2, 4), S2(3, 4), S1(3) }, build_affine_t },
    { "affine [n,2,4]", AD_OP_matmul, 3, { B3(1, 2, 4), S2(4, 3), S1(3) }, build_affine },
    { "affine shared", AD_OP_matmul, 3, { S2(5, 4), S2(4, 3), S1(3) }, build_affine },
    { "shared nn", AD_OP_matmul, 2, { S2(2, 4), S2(4, 3) }, build_matmul_nn },
    { "shared tn", AD_OP_matmul, 2, { S2(4, 2), S2(4, 3) }, build_matmul_tn },
    { "shared nt", AD_OP_matmul, 2, { S2(2, 4), S2(3, 4) }, build_matmul_nt },
    { "shared tt", AD_OP_matmul, 2, { S2(4, 2), S2(3, 4) }, build_matmul_tt },
    { "[n,2,4] [n,4,3]", AD_OP_matmul, 2, { B3(1, 2, 4), B3(1, 4, 3) }, build_matmul_nn },
    { "[2n,4,2]' [2n,4,3]", AD_OP_matmul, 2, { B3(2, 4, 2), B3(2, 4, 3) }, build_matmul_tn },
    { "[n,2,4] [n,3,4]'", AD_OP_matmul, 2, { B3(1, 2, 4), B3(1, 3, 4) }, build_matmul_nt },
    { "[n,4,2]' [n,3,4]'", AD_OP_matmul, 2, { B3(1, 4, 2), B3(1, 3, 4) }, build_matmul_tt },
    { "[5,2,4] [5,4,3]", AD_OP_matmul, 2, { S3(5, 2, 4), S3(5, 4, 3) }, build_matmul_nn },
    { "[5,2,4] [4,3]", AD_OP_matmul, 2, { S3(5, 2, 4), S2(4, 3) }, build_matmul_nn },
    { "[n,4,2]' [3,4]'", AD_OP_matmul, 2, { B3(1, 4, 2), S2(3, 4) }, build_matmul_tt },
    { "[2,4] [n,4,3]", AD_OP_matmul, 2, { S2(2, 4), B3(1, 4, 3) }, build_matmul_nn },
    { "[4,2]' [n,3,4]'", AD_OP_matmul, 2, { S2(4, 2), B3(1, 3, 4) }, build_matmul_tt },
    { "[n,3]' [n,4]", AD_OP_rowdot, 2, { B2(1, 3), B2(1, 4) }, build_matmul_tn },
    { "two terms", AD_OP_rowdot, 3, { B2(2, 3), B2(2, 4), B2(2, 4) }, build_rowdot2 },
    { "two terms", AD_OP_rowsum, 2, { B2(2, 3), B2(1, 3) }, build_rowsum2 },
    { "[2n,12]", AD_OP_reshape, 1, { B2(2, 12) }, build_reshape },
    { "[4,6]", AD_OP_reshape, 1, { S2(4, 6) }, build_reshape },
    { "[2n,2,3,4]", AD_OP_permute, 1, { B4(2, 2, 3, 4) }, build_permute },
    { "[2,3,4]", AD_OP_permute, 1, { S3(2, 3, 4) }, build_permute_s },
    { "transpose [n,2,3]", AD_OP_permute, 1, { B3(1, 2, 3) }, build_transpose },
    { "transpose [20,18]", AD_OP_permute, 1, { S2(20, 18) }, build_transpose },
    { "[1] to [2n,4]", AD_OP_broadcast, 1, { S1(1) }, build_to_rows },
    { "[4] to [2n,4]", AD_OP_broadcast, 1, { S1(4) }, build_to_rows },
    { "[1,4] to [2n,4]", AD_OP_broadcast, 1, { S2(1, 4) }, build_to_rows },
    { "[2n,1] to [2n,4]", AD_OP_broadcast, 1, { B2(2, 1) }, build_to_rows },
    { "[3,1] to [n,3,4]", AD_OP_broadcast, 1, { S2(3, 1) }, build_to_rows3 },
    { "[n,1,4] to [n,3,4]", AD_OP_broadcast, 1, { B3(1, 1, 4) }, build_to_rows3 },
    { "[3,1] to [3,4]", AD_OP_broadcast, 1, { S2(3, 1) }, build_to_matrix },
    { "blocks of [4n,2]", AD_OP_slice, 1, { B2(4, 2) }, build_slice0 },
    { "rows of [4,2]", AD_OP_slice, 1, { S2(4, 2) }, build_slice0 },
    { "[2n,4]", AD_OP_slice, 1, { B2(2, 4) }, build_slice1 },
    { "[n,2,3] last", AD_OP_slice, 1, { B3(1, 2, 3) }, build_slice_last },
    { "[n,2] [3n,2] [n,2]", AD_OP_concat, 2, { B2(1, 2), B2(3, 2) }, build_concat0 },
    { "[2n,2] [2n,1] [2n,2]", AD_OP_concat, 2, { B2(2, 2), B2(2, 1) }, build_concat1 },
    { "[n,1,3] [n,2,3] ..", AD_OP_concat, 2, { B3(1, 1, 3), B3(1, 2, 3) }, build_concat1 },
    { "[2] [3] [2]", AD_OP_concat, 2, { S1(2), S1(3) }, build_concat0 },
    { "blocks of [2n,3]", AD_OP_pad, 1, { B2(2, 3) }, build_pad0 },
    { "[n,2,3]", AD_OP_pad, 1, { B3(1, 2, 3) }, build_pad1 },
    { "rows of [2n,3]", AD_OP_rowsum, 1, { B2(2, 3) }, build_sum0 },
    { "axis 0 of [4,300]", AD_OP_sum, 1, { S2(4, 300) }, build_sum0 },
    { "axis 1 of [2n,3]", AD_OP_sum, 1, { B2(2, 3) }, build_sum1 },
    { "axis 1 of [n,3,2]", AD_OP_sum, 1, { B3(1, 3, 2) }, build_sum1 },
    { "axes 0, 2 of [n,2,9]", AD_OP_rowsum, 1, { B3(1, 2, 9) }, build_sum02 },
    { "axes 0, 2 of [3,2,4]", AD_OP_sum, 1, { S3(3, 2, 4) }, build_sum02 },
    { "axes 1, 2 of [n,3,5]", AD_OP_sum, 1, { B3(1, 3, 5) }, build_sum12 },
    { "all of [2n,3]", AD_OP_rowsum, 1, { B2(2, 3) }, build_sum_all },
    { "all of [n]", AD_OP_rowsum, 1, { B1(1) }, build_sum_all },
    { "mean, rows of [2n,3]", AD_OP_invdivisor, 1, { B2(2, 3) }, build_mean0 },
    { "mean, all of [n,2,3]", AD_OP_invdivisor, 1, { B3(1, 2, 3) }, build_mean_all },
    { "mean, axis 1 of [2n,3]", AD_OP_sum, 1, { B2(2, 3) }, build_mean1 },
    { "mean, all of [2,3]", AD_OP_sum, 1, { S2(2, 3) }, build_mean_all },
    { "axis 0 of [4,30]", AD_OP_amax, 1, { S2(4, 30) }, build_amax0 },
    { "axis 1 of [2n,5]", AD_OP_amax, 1, { B2(2, 5) }, build_amax1 },
    { "all of [2,3]", AD_OP_amax, 1, { S2(2, 3) }, build_amax_all },
    { "rows of [2n,3]", AD_OP_rowmax, 1, { B2(2, 3) }, build_amax0 },
    { "all of [n,2,2]", AD_OP_rowmax, 1, { B3(1, 2, 2) }, build_amax_all },
    { "logsumexp, axis 0 of [4,3]", AD_OP_sum, 1, { S2(4, 3) }, build_logsumexp0 },
    { "logsumexp, axis 1 of [2n,5]", AD_OP_sum, 1, { B2(2, 5) }, build_logsumexp1 },
    { "logsumexp, rows of [n,3]", AD_OP_rowsum, 1, { B2(1, 3) }, build_logsumexp0 },
    { "softmax, axis 0 of [4,3]", AD_OP_sum, 1, { S2(4, 3) }, build_softmax0 },
    { "softmax, axis 1 of [2n,5]", AD_OP_sum, 1, { B2(2, 5) }, build_softmax1 },
    { "softmax, axis 1 of [n,3,2]", AD_OP_sum, 1, { B3(1, 3, 2) }, build_softmax1 },
    { "softmax, rows of [n,3]", AD_OP_rowsum, 1, { B2(1, 3) }, build_softmax0 },
    { "log_softmax, axis 1 of [n,5]", AD_OP_sum, 1, { B2(1, 5) }, build_log_softmax1 },
    { "log_softmax, last of [n,2,3]", AD_OP_sum, 1, { B3(1, 2, 3) }, build_log_softmax_last },
    { "[5]", AD_OP_cumsum, 1, { S1(5) }, build_cumsum0 },
    { "blocks of [3n,2]", AD_OP_cumsum, 1, { B2(3, 2) }, build_cumsum0 },
    { "axis 1 of [2n,5]", AD_OP_cumsum, 1, { B2(2, 5) }, build_cumsum1 },
    { "axis 1 of [n,3,2]", AD_OP_cumsum, 1, { B3(1, 3, 2) }, build_cumsum1 },
    { "axis 1 of [2,3,300]", AD_OP_cumsum, 1, { S3(2, 3, 300) }, build_cumsum1 },
    { "reversed, axis 1 of [n,4]", AD_OP_cumsum, 1, { B2(1, 4) }, build_cumsum1_r },
    { "[3,4] by [2n]", AD_OP_gather, 2, { S2(3, 4), B1(2) }, build_gather },
    { "[3,2,2] by [n,2]", AD_OP_gather, 2, { S3(3, 2, 2), B2(1, 2) }, build_gather },
    { "[3] by [5]", AD_OP_gather, 2, { S1(3), S1(5) }, build_gather },
    { "[n,3,2] by [n,4]", AD_OP_gather, 2, { B3(1, 3, 2), B2(1, 4) }, build_gather },
    { "[2n,3] by [2]", AD_OP_gather, 2, { B2(2, 3), S1(2) }, build_gather },
    { "pick [n,3] by [n]", AD_OP_gather, 2, { B2(1, 3), B1(1) }, build_pick },
    { "pick [4,2,3] by [4,2]", AD_OP_gather, 2, { S3(4, 2, 3), S2(4, 2) }, build_pick },
    { "to [3,4] by [2n]", AD_OP_scatter, 2, { S2(3, 4), B1(2) }, build_scatter },
    { "to [3,300] by [n]", AD_OP_scatter, 2, { S2(3, 300), B1(1) }, build_scatter },
    { "to [n,3,20] by [n,4]", AD_OP_scatter_each, 2, { B3(1, 3, 20), B2(1, 4) }, build_scatter },
    { NULL, AD_OP_call, 2, { B2(1, 3), B2(1, 3) }, build_call, 0, 0, NO_HIGHER },
};
// clang-format on

enum { OP_CASES = sizeof op_cases / sizeof op_cases[0] };

static const char *case_name(const op_case *c, char text[96])
{
    snprintf(text, 96, "%s%s%s", ad_op_row(c->op)->name, c->label ? ": " : "",
             c->label ? c->label : "");
    return text;
}

static void case_domain(const op_case *c, double *lo, double *hi)
{
    const ad_op *row = ad_op_row(c->op);
    *lo = c->lo, *hi = c->hi;
    if (*lo == *hi) *lo = row->lo, *hi = row->hi;
    if (*lo == *hi) *lo = -2, *hi = 2;
}

/* --- a case traced: y(x), a cotangent u, tangents v, and what a test derives from them -------------------------------------- */

typedef struct traced {
    ad_graph  *g;
    ad_params *p;
    int        nx, nin;
    ad_var     y, x[CASE_INPUTS], v[CASE_INPUTS], in[2 * CASE_INPUTS + 1]; /* in: x.., v.., u */
    int        exact; /* a run must not touch what lies behind its results */
} traced;

static ad_status case_trace(const op_case *c, ad_type type, traced *t)
{
    *t = (traced){ .nx = c->nin };
    AD_TRY(ad_graph_new(&t->g));
    AD_TRY(ad_params_new(&t->p, type));
    for (int i = 0; i < c->nin; i++) t->x[i] = ad_input(t->g, "x", type, c->shape[i]);
    t->y = c->build(t->x, t->p);
    for (int i = 0; i < c->nin; i++) t->v[i] = ad_input(t->g, "v", type, c->shape[i]);
    for (int i = 0; i < c->nin; i++) t->in[i] = t->x[i], t->in[c->nin + i] = t->v[i];
    AD_TRY(ad_graph_status(t->g));
    t->in[2 * c->nin] = ad_input(t->g, "u", type, ad_shape_of(t->y));
    t->nin            = 2 * c->nin + 1;
    return ad_graph_status(t->g);
}

static void case_free(traced *t)
{
    ad_params_free(t->p);
    ad_graph_free(t->g);
}

static ad_var case_seed(const traced *t)
{
    return t->in[t->nin - 1];
}

/* Random numbers for the inputs, in float32's precision, x in the domain: value[i] belongs to in[i]. */
static inline void case_draw(const op_case *c, const traced *t, long n, uint64_t seed,
                             double *value[])
{
    double lo, hi;
    case_domain(c, &lo, &hi);
    for (int i = 0; i < t->nin; i++) {
        long count = ad_run_elements(ad_shape_of(t->in[i]), n);
        value[i]   = calloc((size_t)count + 1, sizeof *value[i]);
        for (long j = 0; j < count; j++)
            value[i][j] = (float)(i < t->nx ? draw(&seed, lo + 0.02, hi - 0.02)
                                            : draw(&seed, -1, 1));
    }
}

static const double case_theta[THETA] = { 0.5, -1.25, 2, 0.75 };

/* An array of the type from doubles, and back. */
static void *case_pack(ad_type type, long n, const double *x)
{
    void *p = ad_alloc((size_t)n * ad_type_size(type));
    for (long i = 0; i < n; i++) case_set(p, type, i, x[i]);
    return p;
}

/* A block for a result with marked slack behind it; was it left alone? */
static void *case_room(size_t bytes)
{
    char *p = ad_alloc(bytes);
    memset(p + bytes, 0x5a, AD_PAD);
    return p;
}

static int case_clean(const void *p, size_t bytes)
{
    for (int i = 0; i < AD_PAD; i++)
        if (((const char *)p)[bytes + (size_t)i] != 0x5a) return 0;
    return 1;
}

/* A run of nout results: by a plan, or node by node where the plan is NULL. result[i] has room for the elements. */
static inline ad_status case_run(const traced *t, const ad_plan *plan, long n,
                                 double *const value[], int nout, const ad_var out[],
                                 double *const result[])
{
    enum { MOST = 16 };
    const void *in[MOST];
    void       *to[MOST];
    size_t      bytes[MOST];
    ad_type     type = ad_params_type(t->p);
    void *theta = case_pack(type, THETA, case_theta), *theta_bar = ad_alloc(THETA * sizeof(double));
    for (int i = 0; i < t->nin; i++)
        in[i] = case_pack(type, ad_run_elements(ad_shape_of(t->in[i]), n), value[i]);
    for (int i = 0; i < nout; i++) {
        bytes[i] = (size_t)ad_run_elements(ad_shape_of(out[i]), n) *
                   ad_type_size(ad_type_of(out[i]));
        to[i] = case_room(bytes[i]);
    }
    ad_args   a = { .n         = n,
                    .divisor   = n + 1,
                    .in        = in,
                    .out       = to,
                    .theta     = theta,
                    .theta_bar = theta_bar,
                    .seed      = 42 };
    ad_status s;
    if (plan) {
        ad_work *w = NULL;
        s          = ad_work_new(&w, plan);
        if (!s) s = ad_execute(plan, w, &a);
        ad_work_free(w);
    } else {
        s = ad_eager(t->nin, t->in, nout, out, &a);
    }
    for (int i = 0; i < nout && !s && t->exact; i++)
        if (!case_clean(to[i], bytes[i]))
            s = ad_fail(AD_INVALID, "result %d: something was written behind it", i);
    for (int i = 0; i < nout && !s; i++)
        for (long j = 0; j < ad_run_elements(ad_shape_of(out[i]), n); j++)
            result[i][j] = case_get(to[i], ad_type_of(out[i]), j);
    for (int i = 0; i < t->nin; i++) ad_free((void *)in[i]);
    for (int i = 0; i < nout; i++) ad_free(to[i]);
    ad_free(theta);
    ad_free(theta_bar);
    return s;
}

#endif
