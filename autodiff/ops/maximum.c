/* maximum.c - maxima over axes: the cotangent goes in equal parts to all that are equal to the maximum. Over the batched leading
   axis a node of its own, `rowmax`, as with sums (reduce.c). */
#include "reduce.h"

/* [x = y] / (how many there are), in x's shape: the derivative of y by x. Its own derivative is zero. */
static ad_var shares(ad_var y, ad_var x, int mask)
{
    ad_var equal = ad_eq(x, ad_stretch_back(y, x, mask));
    return ad_div(equal, ad_broadcast(ad_sum(equal, mask, 1), ad_shape_of(x)));
}

static void max_vjp(ad_tape *tape, ad_var y, ad_var y_bar, int mask)
{
    ad_var x = ad_in(y, 0);
    ad_tape_add(tape, 0, 1, ad_mul(shares(y, x, mask), ad_stretch_back(y_bar, x, mask)));
}

static ad_var max_jvp(ad_var y, ad_var x_dot, int mask)
{
    ad_shape s = ad_shape_of(y);
    return ad_as_shape(ad_sum(ad_mul(shares(y, ad_in(y, 0), mask), x_dot), mask, 0), s);
}

static int mask_of(ad_var y)
{
    return (int)ad_node_of(y.g, y.id)->attr[0];
}

static void amax_vjp(ad_tape *tape, ad_var y, ad_var y_bar)
{
    max_vjp(tape, y, y_bar, mask_of(y));
}

static ad_var amax_jvp(ad_var y, const ad_var x_dot[])
{
    return max_jvp(y, x_dot[0], mask_of(y));
}

static ad_status amax_run(const ad_call_args *c)
{
    const ad_node *n = c->node;
    if (ad_run_elements(n->shape, c->n) > 0)
        ad_fold(c, ad_node_of(c->g, n->in[0])->shape, c->n, (int)n->attr[0], 1);
    return AD_OK;
}

const ad_op ad_op_amax = {
    .name = "amax", .arity = 1, .vjp = amax_vjp, .jvp = amax_jvp, .run = amax_run
};

static void rowmax_vjp(ad_tape *tape, ad_var y, ad_var y_bar)
{
    max_vjp(tape, y, y_bar, 1);
}

static ad_var rowmax_jvp(ad_var y, const ad_var x_dot[])
{
    return max_jvp(y, x_dot[0], 1);
}

static ad_status rowmax_run(const ad_call_args *c)
{
    const ad_node *n    = c->node;
    long           rows = ad_node_of(c->g, n->in[0])->shape.dim[0] * c->n;
    if (rows == 0) return ad_fail(AD_INVALID, "rowmax: the batch is empty: there is no maximum");
    ad_fold(c, ad_matrix(rows, n->shape.dim[0]), 1, 1, 1);
    return AD_OK;
}

/* Shared [d] of batched [c n, d]. */
const ad_op ad_op_rowmax = { .name  = "rowmax",
                             .arity = 1,
                             .flags = AD_ROW_MIXING,
                             .vjp   = rowmax_vjp,
                             .jvp   = rowmax_jvp,
                             .run   = rowmax_run };

/* Over the batch and other axes: the largest of each row first, so that ties are shared equally within a row and then
   between rows. */
ad_var ad_amax(ad_var x, int mask, int keep)
{
    ad_graph *g = ad_operands("amax", 1, &x);
    if (!g || (mask = ad_whole_mask("amax", x, mask)) < 0) return AD_NONE;
    ad_shape s = ad_shape_of(x), y = ad_reduced_shape(s, mask, keep);
    if (mask == 0) return x;
    if (s.batched && mask & 1) {
        if (mask > 1) x = ad_amax(x, mask & ~1, 1);
        if (x.id < 0) return AD_NONE;
        x = ad_as_rows(x);
        return ad_as_shape(
            ad_build(AD_OP_rowmax, ad_type_of(x), ad_vector(ad_shape_of(x).dim[1]), 1, &x, 0, NULL),
            y);
    }
    if (ad_elements(s) == ad_elements(y)) return ad_as_shape(x, y);
    return ad_build(AD_OP_amax, ad_type_of(x), y, 1, &x, 2, (long[]){ mask, keep != 0 });
}
