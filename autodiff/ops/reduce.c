/* reduce.c - sums and means over axes.

   `sum` reduces axes other than the batched leading one. Over that one, `rowsum` takes batched [c n, d] to shared [d]; the
   builder, given both kinds of axes, emits both. A mean over the batch is

       mean = rowsum(x) (1 / divisor) / c,                                                             (1)

   1 / divisor being the node `invdivisor`, a number of the run: all of it linear in x, to any order of derivative. */
#include "reduce.h"

ad_shape ad_reduced_shape(ad_shape s, int mask, int keep)
{
    ad_shape y = { .batched = s.batched && !(mask & 1) };
    for (int i = 0; i < s.rank; i++) {
        int reduced = mask >> i & 1;
        if (reduced && !keep) continue;
        y.dim[y.rank++] = reduced ? 1 : s.dim[i];
    }
    return y.rank ? y : ad_scalar();
}

ad_var ad_as_shape(ad_var x, ad_shape s)
{
    return ad_reshape(x, s.rank, s.dim);
}

int ad_whole_mask(const char *what, ad_var x, int mask)
{
    ad_shape s = ad_shape_of(x);
    if (mask == -1) return (1 << s.rank) - 1;
    if (mask >= 0 && mask < 1 << s.rank) return mask;
    ad_graph_fail(x.g, AD_BAD_SHAPE, "%s: the axes 0x%x are not all axes of %s", what,
                  (unsigned)mask, SHAPE_TEXT(s));
    return -1;
}

ad_var ad_stretch_back(ad_var y, ad_var x, int mask)
{
    ad_shape s = ad_shape_of(x);
    return ad_broadcast(ad_as_shape(y, ad_reduced_shape(s, mask, 1)), s);
}

ad_var ad_as_rows(ad_var x)
{
    ad_shape s = ad_shape_of(x);
    return ad_reshape(x, 2, (long[]){ s.dim[0], ad_elements(s) / s.dim[0] });
}

/* --- sum: y = sum over the axes attr[0] of x -------------------------------------------------------------------------------- */

static void sum_vjp(ad_tape *tape, ad_var y, ad_var y_bar)
{
    const long *attr = ad_node_of(y.g, y.id)->attr;
    ad_tape_add(tape, 0, 1, ad_stretch_back(y_bar, ad_in(y, 0), (int)attr[0]));
}

static ad_var sum_jvp(ad_var y, const ad_var x_dot[])
{
    const long *attr = ad_node_of(y.g, y.id)->attr;
    return ad_sum(x_dot[0], (int)attr[0], (int)attr[1]);
}

static ad_status sum_run(const ad_call_args *c)
{
    const ad_node *n = c->node;
    if (ad_run_elements(n->shape, c->n) > 0)
        ad_fold(c, ad_node_of(c->g, n->in[0])->shape, c->n, (int)n->attr[0], 0);
    return AD_OK;
}

const ad_op ad_op_sum = {
    .name = "sum", .arity = 1, .vjp = sum_vjp, .jvp = sum_jvp, .run = sum_run
};

/* --- rowsum: y = sum_i sum over the rows of x_i --------------------------------------------------------------------------------- */

static void rowsum_vjp(ad_tape *tape, ad_var y, ad_var y_bar)
{
    const ad_node *n = ad_node_of(y.g, y.id);
    for (int i = 0; i < n->nin; i++)
        if (ad_tape_wants(tape, i))
            ad_tape_add(tape, i, 1, ad_broadcast(y_bar, ad_shape_of(ad_in(y, i))));
}

static ad_var rowsum_jvp(ad_var y, const ad_var x_dot[])
{
    const ad_node *n     = ad_node_of(y.g, y.id);
    ad_var        *x     = ad_arena_alloc(ad_graph_arena(y.g), sizeof *x * (size_t)n->nin);
    int            count = 0;
    if (!x) return ad_graph_fail(y.g, AD_NO_MEMORY, "out of memory while differentiating");
    for (int i = 0; i < n->nin; i++)
        if (x_dot[i].id >= 0) x[count++] = x_dot[i];
    return ad_rowsum(count, x);
}

const ad_op ad_op_rowsum = { .name  = "rowsum",
                             .arity = -1,
                             .flags = AD_ROW_MIXING,
                             .vjp   = rowsum_vjp,
                             .jvp   = rowsum_jvp,
                             .run   = ad_rowsum_run };

ad_var ad_rowsum(int n, const ad_var a[])
{
    if (n < 1) return AD_NONE;
    ad_graph *g = ad_operands("rowsum", n, a);
    if (!g) return AD_NONE;
    ad_shape s = ad_shape_of(a[0]);
    for (int i = 0; i < n; i++) {
        ad_shape b = ad_shape_of(a[i]);
        if (!b.batched || b.rank != 2 || b.dim[1] != s.dim[1])
            return ad_graph_fail(g, AD_BAD_SHAPE,
                                 "rowsum: of %s and %s: operands are batched [n,d] of one d",
                                 SHAPE_TEXT(s), SHAPE_TEXT(b));
    }
    return ad_build(AD_OP_rowsum, ad_type_of(a[0]), ad_vector(s.dim[1]), n, a, 0, NULL);
}

/* --- sums and means of both kinds --------------------------------------------------------------------------------------------- */

ad_var ad_sum(ad_var x, int mask, int keep)
{
    ad_graph *g = ad_operands("sum", 1, &x);
    if (!g || (mask = ad_whole_mask("sum", x, mask)) < 0) return AD_NONE;
    ad_shape s = ad_shape_of(x), y = ad_reduced_shape(s, mask, keep);
    if (mask == 0) return x;
    if (ad_is_zero(x)) return ad_full(g, ad_type_of(x), y, 0);
    if (s.batched && mask & 1) {
        if (mask > 1) x = ad_sum(x, mask & ~1, 1);
        if (x.id < 0) return AD_NONE;
        x = ad_as_rows(x);
        return ad_as_shape(ad_rowsum(1, &x), y);
    }
    if (ad_elements(s) == ad_elements(y)) return ad_as_shape(x, y);
    return ad_build(AD_OP_sum, ad_type_of(x), y, 1, &x, 2, (long[]){ mask, keep != 0 });
}

static ad_status invdivisor_run(const ad_call_args *c)
{
    double r = 1.0 / (double)c->divisor;
    if (c->node->type == AD_F32)
        *(float *)c->out = (float)r;
    else
        *(double *)c->out = r;
    return AD_OK;
}

/* 1 / (the run's divisor), shared [1]: a number of the run, not of the graph. */
const ad_op ad_op_invdivisor = { .name = "invdivisor", .text = "1/divisor", .run = invdivisor_run };

ad_var ad_mean(ad_var x, int mask, int keep)
{
    ad_graph *g = ad_operands("mean", 1, &x);
    if (!g || (mask = ad_whole_mask("mean", x, mask)) < 0) return AD_NONE;
    ad_shape s     = ad_shape_of(x);
    double   count = 1;
    for (int i = 0; i < s.rank; i++)
        if (mask >> i & 1) count *= (double)s.dim[i];
    ad_var sum = ad_scale(ad_sum(x, mask, keep), 1 / count);
    if (!s.batched || !(mask & 1)) return sum;
    ad_node inverse = { .op = AD_OP_invdivisor, .type = ad_type_of(x), .shape = ad_scalar() };
    return ad_mul(sum, ad_node_add(g, &inverse));
}
