/* test_ops_mistakes.c - each mistake its sentence; each failing allocation a status and nothing left. */
#include <criterion/criterion.h>

#include "op_cases.h"

typedef struct leaves { /* of one graph */
    ad_graph *g, *other;
    ad_var    rows3, rows4, two4, cube, m34, m43, v3, v4, one32, stray;
} leaves;

typedef ad_var mistake_fn(const leaves *l);

typedef struct mistake {
    mistake_fn *make;
    ad_status   code;
    const char *sentence; /* a part of it */
} mistake;

#define MISTAKE(name, expression)       \
    static ad_var name(const leaves *l) \
    {                                   \
        return expression;              \
    }

MISTAKE(reshape_count, ad_reshape(l->rows4, 2, (long[]){ 1, 5 }))
MISTAKE(reshape_batch, ad_reshape(l->two4, 2, (long[]){ 1, 8 }))
MISTAKE(reshape_rank, ad_reshape(l->rows4, 7, (long[]){ 1, 1, 1, 1, 1, 1, 4 }))
MISTAKE(permute_batch, ad_permute(l->cube, (int[]){ 1, 0, 2 }))
MISTAKE(permute_twice, ad_permute(l->cube, (int[]){ 0, 1, 1 }))
MISTAKE(permute_range, ad_permute(l->cube, (int[]){ 0, 1, 3 }))
MISTAKE(transpose_batch, ad_transpose(l->rows4))
MISTAKE(broadcast_extent, ad_broadcast(l->v3, (ad_shape)B2(1, 4)))
MISTAKE(broadcast_shared, ad_broadcast(l->rows4, (ad_shape)S2(5, 4)))
MISTAKE(broadcast_leading, ad_broadcast(l->m34, (ad_shape)B2(3, 4)))
MISTAKE(slice_range, ad_slice(l->rows4, 1, 2, 5))
MISTAKE(slice_empty, ad_slice(l->rows4, 1, 2, 2))
MISTAKE(slice_blocks, ad_slice(l->two4, 0, 0, 3))
MISTAKE(slice_axis, ad_slice(l->rows4, 2, 0, 1))
MISTAKE(concat_extent, ad_concat(2, (ad_var[]){ l->rows3, l->rows4 }, 0))
MISTAKE(concat_mark, ad_concat(2, (ad_var[]){ l->m34, l->rows4 }, 0))
MISTAKE(concat_type, ad_concat(2, (ad_var[]){ l->v3, l->one32 }, 0))
MISTAKE(pad_negative, ad_pad(l->rows4, 1, -1, 0))
MISTAKE(sum_axes, ad_sum(l->rows4, 4, 0))
MISTAKE(amax_axes, ad_amax(l->rows4, 8, 0))
MISTAKE(softmax_axis, ad_softmax(l->rows4, 2))
MISTAKE(logsumexp_axis, ad_logsumexp(l->rows4, -3, 0))
MISTAKE(cumsum_axis, ad_cumsum(l->rows4, 2, 0))
MISTAKE(cumsum_samples, ad_cumsum(l->rows4, 0, 0))
MISTAKE(gather_leading, ad_gather_rows(l->rows4, l->two4))
MISTAKE(gather_type, ad_gather_rows(l->m34, l->one32))
MISTAKE(gather_rank, ad_gather_rows(ad_reshape(l->m34, 6, (long[]){ 3, 1, 1, 1, 2, 2 }), l->m34))
MISTAKE(gather_many,
        ad_gather_rows(ad_full(l->one32.g, AD_F32, ad_matrix(1L << 25, 1), 0), l->one32))
MISTAKE(pick_axes, ad_pick(l->rows4, l->rows4))
MISTAKE(pick_leading, ad_pick(l->m34, l->v4))
MISTAKE(matmul_inner, ad_matmul(l->rows3, l->m43, 0, 0))
MISTAKE(matmul_inner_t, ad_matmul(l->rows4, l->m43, 0, 1))
MISTAKE(matmul_vector, ad_matmul(l->rows4, l->v4, 0, 0))
MISTAKE(matmul_batch, ad_matmul(l->rows4, l->rows4, 0, 1))
MISTAKE(matmul_contract, ad_matmul(l->rows4, l->m43, 1, 0))
MISTAKE(matmul_blocks, ad_matmul(l->rows4, l->two4, 1, 0))
MISTAKE(matmul_leading,
        ad_matmul(l->cube,
                  ad_const_array(l->g, AD_F64, (ad_shape)S3(1, 3, 1), (double[]){ 1, 2, 3 }), 0, 0))
MISTAKE(matmul_type, ad_matmul(l->one32, l->m43, 0, 0))
MISTAKE(matmul_graphs, ad_matmul(l->rows4, l->stray, 0, 0))
MISTAKE(affine_bias, ad_affine(l->rows4, l->m43, 0, l->v4))
MISTAKE(affine_weight, ad_affine(l->rows4, l->cube, 0, l->v4))
MISTAKE(rowdot_shared, ad_rowdot(1, &l->m34, &l->m34))
MISTAKE(rowdot_blocks, ad_rowdot(1, &l->rows4, &l->two4))
MISTAKE(rowsum_shared, ad_rowsum(1, &l->m34))
MISTAKE(add_shapes, ad_add(l->rows3, l->rows4))

static ad_status nothing(long n, const void *const in[], void *out, void *ctx)
{
    (void)n, (void)in, (void)out, (void)ctx;
    return AD_OK;
}

static const ad_callback bare = { .name = "bare", .value = nothing };

static ad_var derivative(ad_var y, ad_var x, int reverse)
{
    ad_var seed = ad_full(x.g, AD_F64, ad_shape_of(reverse ? y : x), 1), r = AD_NONE;
    if (reverse)
        (void)!ad_vjp(1, &y, &seed, 1, &x, &r);
    else
        (void)!ad_jvp(1, &x, &seed, 1, &y, &r);
    return r;
}

static ad_var square_by_callback(ad_var x)
{
    static ad_type type = AD_F64;
    return ad_call(&(ad_callback){ "times", times_value, times_vjp, times_jvp, &type }, 2,
                   (ad_var[]){ x, x }, AD_F64, ad_shape_of(x));
}

MISTAKE(call_vjp, derivative(ad_call(&bare, 1, &l->rows3, AD_F64, (ad_shape)B2(1, 3)), l->rows3, 1))
MISTAKE(call_jvp, derivative(ad_call(&bare, 1, &l->rows3, AD_F64, (ad_shape)B2(1, 3)), l->rows3, 0))
MISTAKE(call_second, derivative(derivative(square_by_callback(l->rows3), l->rows3, 1), l->rows3, 1))
MISTAKE(call_second_f,
        derivative(derivative(square_by_callback(l->rows3), l->rows3, 0), l->rows3, 0))
MISTAKE(call_shared, ad_call(&bare, 1, &l->rows3, AD_F64, (ad_shape)S1(3)))
MISTAKE(call_empty,
        ad_call(&(ad_callback){ .name = "hollow" }, 1, &l->rows3, AD_F64, (ad_shape)B2(1, 3)))

static const mistake mistakes[] = {
    { reshape_count, AD_BAD_SHAPE, "reshape: [n,4] has 4 elements, [n,5] has 5" },
    { reshape_batch, AD_BAD_SHAPE, "reshape: [2n,4] to [n,8]: the batched leading axis" },
    { reshape_rank, AD_BAD_SHAPE, "reshape: rank 7; ranks are 1 to 6" },
    { permute_batch, AD_BAD_SHAPE,
      "permute: of [n,2,3]: the batched leading axis must stay in front" },
    { permute_twice, AD_BAD_SHAPE, "axis 1 is named twice" },
    { permute_range, AD_BAD_SHAPE, "axis 3 is not there" },
    { transpose_batch, AD_BAD_SHAPE, "transpose: [n,4] has no two last axes" },
    { broadcast_extent, AD_BAD_SHAPE, "broadcast: [3] does not stretch to [n,4]" },
    { broadcast_shared, AD_BAD_SHAPE, "broadcast: [n,4] does not stretch to [5,4]" },
    { broadcast_leading, AD_BAD_SHAPE, "broadcast: [3,4] does not stretch to [3n,4]" },
    { slice_range, AD_BAD_SHAPE, "slice: of [n,4] along axis 1: from 2 to 5, of an extent of 4" },
    { slice_empty, AD_BAD_SHAPE, "from 2 to 2" },
    { slice_blocks, AD_BAD_SHAPE, "whole blocks of n rows" },
    { slice_axis, AD_BAD_SHAPE, "slice: [n,4] has no axis 2" },
    { concat_extent, AD_BAD_SHAPE, "concat: [n,3] and [n,4] do not join along axis 0" },
    { concat_mark, AD_BAD_SHAPE, "concat: [3,4] and [n,4]" },
    { concat_type, AD_BAD_SHAPE, "concat: float64 meets float32" },
    { pad_negative, AD_BAD_SHAPE, "pad: -1 before" },
    { sum_axes, AD_BAD_SHAPE, "sum: the axes 0x4 are not all axes of [n,4]" },
    { amax_axes, AD_BAD_SHAPE, "amax: the axes 0x8" },
    { softmax_axis, AD_BAD_SHAPE, "softmax: [n,4] has no axis 2" },
    { logsumexp_axis, AD_BAD_SHAPE, "logsumexp: [n,4] has no axis -3" },
    { cumsum_axis, AD_BAD_SHAPE, "cumsum: [n,4] has no axis 2" },
    { cumsum_samples, AD_BAD_SHAPE,
      "cumsum: of [n,4] along axis 0: the rows of a batch are samples" },
    { gather_leading, AD_BAD_SHAPE,
      "gather_rows: from [n,4] by an index [2n,4]: the first 1 axes" },
    { gather_type, AD_BAD_SHAPE, "gather_rows: float64 meets float32" },
    { gather_rank, AD_BAD_SHAPE, "by an index [3,4]: more than 6 axes" },
    { gather_many, AD_BAD_SHAPE, "33554432 rows are more than a float32 index can tell apart" },
    { pick_axes, AD_BAD_SHAPE,
      "pick: from [n,4] by an index [n,4]: the index has the axes but the last" },
    { pick_leading, AD_BAD_SHAPE, "pick: from [3,4] by an index [4]: the first 1 axes must agree" },
    { matmul_inner, AD_BAD_SHAPE, "matmul: [n,3] x [4,3]: inner extents 3 and 4 differ" },
    { matmul_inner_t, AD_BAD_SHAPE, "matmul: [n,4] x [4,3]': inner extents 4 and 3 differ" },
    { matmul_vector, AD_BAD_SHAPE, "matmul: [n,4] x [4]: operands have at least two axes" },
    { matmul_batch, AD_BAD_SHAPE,
      "matmul: [n,4] x [n,4]': the batch may only lead the left operand" },
    { matmul_contract, AD_BAD_SHAPE, "matmul: [n,4]' x [4,3]: the batch may only lead" },
    { matmul_blocks, AD_BAD_SHAPE, "matmul: [n,4]' x [2n,4]" },
    { matmul_leading, AD_BAD_SHAPE, "matmul: [n,2,3] x [1,3,1]: leading axes differ" },
    { matmul_type, AD_BAD_SHAPE, "matmul: float32 meets float64" },
    { matmul_graphs, AD_INVALID, "matmul: operands belong to different graphs" },
    { affine_bias, AD_BAD_SHAPE,
      "affine: [n,4] x [4,3]: the bias is [4], it must be a shared [3]" },
    { affine_weight, AD_BAD_SHAPE, "affine: the weight [n,2,3] is not a shared matrix" },
    { rowdot_shared, AD_BAD_SHAPE, "rowdot: term 0: [3,4] and [3,4]: both are batched" },
    { rowdot_blocks, AD_BAD_SHAPE, "rowdot: term 0: [n,4] and [2n,4]" },
    { rowsum_shared, AD_BAD_SHAPE, "rowsum: of [3,4]" },
    { add_shapes, AD_BAD_SHAPE, "add: shapes [n,3] and [n,4] do not broadcast" },
    { call_vjp, AD_UNSUPPORTED, "callback 'bare': its vjp was asked for, but none was given" },
    { call_jvp, AD_UNSUPPORTED, "callback 'bare': its jvp was asked for, but none was given" },
    { call_second, AD_UNSUPPORTED, "callback 'times': a second derivative was asked for" },
    { call_second_f, AD_UNSUPPORTED, "callback 'times': a second derivative was asked for" },
    { call_shared, AD_BAD_SHAPE, "callback 'bare': operand 0 is [n,3], the result [3]" },
    { call_empty, AD_INVALID, "callback 'hollow' has no value function" },
};

static leaves leaves_new(void)
{
    leaves l = { 0 };
    cr_assert(!ad_graph_new(&l.g) && !ad_graph_new(&l.other));
    l.rows3 = ad_input(l.g, "rows3", AD_F64, ad_rows(3));
    l.rows4 = ad_input(l.g, "rows4", AD_F64, ad_rows(4));
    l.two4  = ad_input(l.g, "two4", AD_F64, (ad_shape)B2(2, 4));
    l.cube  = ad_input(l.g, "cube", AD_F64, (ad_shape)B3(1, 2, 3));
    l.m34   = ad_input(l.g, "m34", AD_F64, ad_matrix(3, 4));
    l.m43   = ad_input(l.g, "m43", AD_F64, ad_matrix(4, 3));
    l.v3    = ad_input(l.g, "v3", AD_F64, ad_vector(3));
    l.v4    = ad_input(l.g, "v4", AD_F64, ad_vector(4));
    l.one32 = ad_input(l.g, "one32", AD_F32, ad_vector(1));
    l.stray = ad_input(l.other, "stray", AD_F64, ad_matrix(4, 3));
    return l;
}

Test(mistakes, each_has_its_sentence)
{
    for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
        leaves l = leaves_new();
        ad_var v = mistakes[i].make(&l);
        cr_expect_lt(v.id, 0, "mistake %zu was taken: %s", i, mistakes[i].sentence);
        ad_status s = ad_graph_status(l.g);
        cr_expect_eq(s, mistakes[i].code, "%s: %s", mistakes[i].sentence, ad_status_name(s));
        cr_expect(strstr(ad_message(), mistakes[i].sentence), "\"%s\" should say \"%s\"",
                  ad_message(), mistakes[i].sentence);
        ad_var later = ad_sum(ad_mul(l.rows3, v), -1,
                              0); /* sticky: everything after it is dead, the first stays */
        cr_expect_lt(later.id, 0);
        ad_graph_free(l.g);
        ad_graph_free(l.other);
    }
}

/* --- every allocation fails once --------------------------------------------------------------------------------------------- */

static ad_status build_and_differentiate(void *arg)
{
    const op_case *c = arg;
    traced         t;
    ad_var         y_dot, x_bar[CASE_INPUTS];
    ad_status      s = case_trace(c, AD_F64, &t);
    if (!s) s = ad_jvp(t.nx, t.x, t.v, 1, &t.y, &y_dot);
    if (!s) s = ad_vjp(1, &t.y, &(ad_var){ t.g, case_seed(&t).id }, t.nx, t.x, x_bar);
    case_free(&t);
    return s;
}

Test(memory, every_failing_allocation_of_building_is_told)
{
    for (int i = 0; i < OP_CASES; i++) {
        char name[96];
        long runs;
        cr_expect(
            every_allocation_fails_cleanly(build_and_differentiate, (void *)&op_cases[i], &runs),
            "%s", case_name(&op_cases[i], name));
        cr_expect_gt(runs, 5);
    }
}

/* A chain long enough for every table of a graph to grow, differentiated and evaluated. */
static ad_status grow_and_evaluate(void *arg)
{
    (void)arg;
    enum { LONG = 70 };
    ad_graph *g = NULL;
    AD_TRY(ad_graph_new(&g));
    ad_var x = ad_input(g, "x", AD_F64, ad_rows(2)), y = x, x_bar, part[40];
    for (int i = 0; i < LONG; i++) y = ad_sin(ad_mul(y, x));
    for (int i = 0; i < 40; i++) part[i] = ad_shift(y, i);
    ad_var    loss  = ad_mean(ad_concat(40, part, 1), -1, 0);
    double    in[4] = { 0.5, 1, 1.5, 2 }, out[4];
    ad_status s     = ad_graph_status(g);
    if (!s) s = ad_gradient(loss, 1, &x, &x_bar);
    if (!s)
        s = ad_eager(1, &x, 1, &x_bar,
                     &(ad_args){ .n = 2, .in = (const void *[]){ in }, .out = (void *[]){ out } });
    ad_graph_free(g);
    return s;
}

Test(memory, a_long_graph)
{
    long runs;
    cr_expect(every_allocation_fails_cleanly(grow_and_evaluate, NULL, &runs));
    cr_expect_gt(runs, 100);
}
