/* cumsum.c - running sums along one axis, forwards or backwards:

       y_i = x_0 + ... + x_i,        reversed  y_i = x_i + ... + x_last                                  (1)

   each the other's transpose. Summed in float64, in the order of (1). */
#include "structure.h"

#define REAL    float
#define R(name) name##32
#include "cumsum_kernel.inc"
#undef REAL
#undef R
#define REAL    double
#define R(name) name##64
#include "cumsum_kernel.inc"

static void cumsum_vjp(ad_tape *tape, ad_var y, ad_var y_bar)
{
    const long *attr = ad_node_of(y.g, y.id)->attr;
    ad_tape_add(tape, 0, 1, ad_cumsum(y_bar, (int)attr[0], !attr[1]));
}

static ad_var cumsum_jvp(ad_var y, const ad_var x_dot[])
{
    const long *attr = ad_node_of(y.g, y.id)->attr;
    return ad_cumsum(x_dot[0], (int)attr[0], (int)attr[1]);
}

static ad_status cumsum_run(const ad_call_args *c)
{
    const ad_node *n     = c->node;
    ad_view        v     = ad_view_of(n->shape, c->n);
    int            a     = ad_view_axis(n->shape, (int)n->attr[0]);
    long           outer = 1;
    for (int i = 0; i < a; i++) outer *= v.dim[i];
    if (n->type == AD_F32)
        cumsum32(outer, v.dim[a], v.stride[a], (int)n->attr[1], c->in[0], c->out);
    else
        cumsum64(outer, v.dim[a], v.stride[a], (int)n->attr[1], c->in[0], c->out);
    return AD_OK;
}

const ad_op ad_op_cumsum = {
    .name = "cumsum", .arity = 1, .vjp = cumsum_vjp, .jvp = cumsum_jvp, .run = cumsum_run
};

ad_var ad_cumsum(ad_var x, int axis, int reverse)
{
    ad_graph *g = ad_operands("cumsum", 1, &x);
    if (!g) return AD_NONE;
    ad_shape s = ad_shape_of(x);
    int      a = ad_axis(s, axis);
    if (a < 0)
        return ad_graph_fail(g, AD_BAD_SHAPE, "cumsum: %s has no axis %d", SHAPE_TEXT(s), axis);
    if (a == 0 && s.batched && s.dim[0] == 1)
        return ad_graph_fail(g, AD_BAD_SHAPE,
                             "cumsum: of %s along axis 0: the rows of a batch are samples, not a "
                             "sequence; a batched axis is summed over its blocks of n rows",
                             SHAPE_TEXT(s));
    if (s.dim[a] == 1 || ad_is_zero(x)) return x;
    return ad_build(AD_OP_cumsum, ad_type_of(x), s, 1, &x, 2, (long[]){ a, reverse != 0 });
}
