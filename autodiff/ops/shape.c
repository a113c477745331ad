/* shape.c - reshape, permute, broadcast. A batched leading axis stays in front. */
#include <string.h>

#include "structure.h"

/* --- reshape --------------------------------------------------------------------------------------------------------- */

static void reshape_vjp(ad_tape *tape, ad_var y, ad_var y_bar)
{
    ad_shape s = ad_shape_of(ad_in(y, 0));
    ad_tape_add(tape, 0, 1, ad_reshape(y_bar, s.rank, s.dim));
}

static ad_var reshape_jvp(ad_var y, const ad_var x_dot[])
{
    ad_shape s = ad_shape_of(y);
    return ad_reshape(x_dot[0], s.rank, s.dim);
}

static ad_status reshape_run(const ad_call_args *c)
{
    memcpy(c->out, c->in[0],
           (size_t)ad_run_elements(c->node->shape, c->n) * ad_type_size(c->node->type));
    return AD_OK;
}

const ad_op ad_op_reshape = {
    .name = "reshape", .arity = 1, .vjp = reshape_vjp, .jvp = reshape_jvp, .run = reshape_run
};

ad_var ad_reshape(ad_var x, int rank, const long dim[])
{
    ad_graph *g = ad_operands("reshape", 1, &x);
    if (!g) return AD_NONE;
    if (rank < 1 || rank > AD_RANK)
        return ad_graph_fail(g, AD_BAD_SHAPE, "reshape: rank %d; ranks are 1 to %d", rank, AD_RANK);
    ad_shape s = ad_shape_of(x), to = ad_dims(rank, dim, s.batched);
    if (s.batched && to.dim[0] != s.dim[0])
        return ad_graph_fail(g, AD_BAD_SHAPE,
                             "reshape: %s to %s: the batched leading axis stays as it is",
                             SHAPE_TEXT(s), SHAPE_TEXT(to));
    for (int i = 0; i < rank; i++)
        if (dim[i] < 0) return ad_graph_fail(g, AD_BAD_SHAPE, "reshape: an extent of %ld", dim[i]);
    if (ad_elements(s) != ad_elements(to))
        return ad_graph_fail(g, AD_BAD_SHAPE, "reshape: %s has %ld elements, %s has %ld",
                             SHAPE_TEXT(s), ad_elements(s), SHAPE_TEXT(to), ad_elements(to));
    const ad_node *n = ad_node_of(g, x.id);
    if (n->op == AD_OP_reshape) x = ad_in(x, 0);
    if (n->op == AD_OP_full) return ad_full(g, n->type, to, n->k[0]);
    return ad_shape_equal(ad_shape_of(x), to)
               ? x
               : ad_build(AD_OP_reshape, ad_type_of(x), to, 1, &x, 0, NULL);
}

/* --- permute: y[i_0, i_1, ..] = x at the same index, axis j of y being axis axes[j] of x ------------------------------------- */

static void permute_vjp(ad_tape *tape, ad_var y, ad_var y_bar)
{
    const ad_node *n = ad_node_of(y.g, y.id);
    int            inverse[AD_RANK];
    for (int j = 0; j < n->shape.rank; j++) inverse[n->attr[j]] = j;
    ad_tape_add(tape, 0, 1, ad_permute(y_bar, inverse));
}

static ad_var permute_jvp(ad_var y, const ad_var x_dot[])
{
    const ad_node *n = ad_node_of(y.g, y.id);
    int            axes[AD_RANK];
    for (int j = 0; j < n->shape.rank; j++) axes[j] = (int)n->attr[j];
    return ad_permute(x_dot[0], axes);
}

static ad_status permute_run(const ad_call_args *c)
{
    const ad_node *n  = c->node;
    ad_shape       xs = ad_node_of(c->g, n->in[0])->shape;
    ad_view        x = ad_view_of(xs, c->n), y = ad_view_of(n->shape, c->n);
    ad_copy        copy  = { .rank = y.rank };
    int            split = xs.batched; /* view axis 1: n */
    for (int i = 0; i < y.rank; i++) {
        int from    = i <= split && split ? i : (int)n->attr[i - split] + split;
        copy.dim[i] = y.dim[i];
        copy.dst[i] = y.stride[i];
        copy.src[i] = x.stride[from];
    }
    ad_copy_run(&copy, n->type, c->out, c->in[0]);
    return AD_OK;
}

const ad_op ad_op_permute = {
    .name = "permute", .arity = 1, .vjp = permute_vjp, .jvp = permute_jvp, .run = permute_run
};

ad_var ad_permute(ad_var x, const int axes[])
{
    ad_graph *g = ad_operands("permute", 1, &x);
    if (!g) return AD_NONE;
    ad_shape s = ad_shape_of(x), to = s;
    long     attr[AD_RANK];
    int      seen = 0, same = 1;
    for (int j = 0; j < s.rank; j++) {
        int a = ad_axis(s, axes[j]);
        if (a < 0 || seen >> a & 1)
            return ad_graph_fail(g, AD_BAD_SHAPE, "permute: of %s: axis %d is %s", SHAPE_TEXT(s),
                                 axes[j], a < 0 ? "not there" : "named twice");
        seen |= 1 << a;
        same &= a == j;
        attr[j]   = a;
        to.dim[j] = s.dim[a];
    }
    if (s.batched && attr[0] != 0)
        return ad_graph_fail(g, AD_BAD_SHAPE,
                             "permute: of %s: the batched leading axis must stay in front",
                             SHAPE_TEXT(s));
    const ad_node *n = ad_node_of(g, x.id);
    if (same) return x;
    if (n->op == AD_OP_full) return ad_full(g, n->type, to, n->k[0]);
    if (n->op == AD_OP_permute) { /* of a permutation: one permutation, or none */
        int both[AD_RANK];
        for (int j = 0; j < s.rank; j++) both[j] = (int)n->attr[attr[j]];
        return ad_permute(ad_in(x, 0), both);
    }
    return ad_build(AD_OP_permute, n->type, to, 1, &x, s.rank, attr);
}

ad_var ad_transpose(ad_var x)
{
    ad_graph *g = ad_operands("transpose", 1, &x);
    if (!g) return AD_NONE;
    ad_shape s = ad_shape_of(x);
    if (s.rank < 2 + s.batched)
        return ad_graph_fail(g, AD_BAD_SHAPE, "transpose: %s has no two last axes to exchange%s",
                             SHAPE_TEXT(s),
                             s.batched ? ": the batched leading axis stays in front" : "");
    int axes[AD_RANK];
    for (int i = 0; i < s.rank; i++) axes[i] = i;
    axes[s.rank - 2] = s.rank - 1;
    axes[s.rank - 1] = s.rank - 2;
    return ad_permute(x, axes);
}

/* --- broadcast ---------------------------------------------------------------------------------------------------------- */

/* The tape sums over what was stretched. */
static void broadcast_vjp(ad_tape *tape, ad_var y, ad_var y_bar)
{
    (void)y;
    ad_tape_add(tape, 0, 1, y_bar);
}

static ad_var broadcast_jvp(ad_var y, const ad_var x_dot[])
{
    return ad_broadcast(x_dot[0], ad_shape_of(y));
}

static ad_status broadcast_run(const ad_call_args *c)
{
    const ad_node *n    = c->node;
    ad_shape       from = ad_node_of(c->g, n->in[0])->shape;
    ad_view        x = ad_view_of(from, c->n), y = ad_view_of(n->shape, c->n);
    ad_copy        copy = { .rank = y.rank };
    for (int i = 0; i < y.rank; i++) {
        int j =
            i -
            (y.rank -
             x.rank); /* trailing axes aligned; a shared leading 1 may meet n: it has extent 1 */
        long extent = j < 0 ? 1 : x.dim[j];
        int  split  = from.batched && i < 2;
        copy.dim[i] = y.dim[i];
        copy.dst[i] = y.stride[i];
        copy.src[i] = extent == 1 && !split ? 0 : x.stride[j];
    }
    ad_copy_run(&copy, n->type, c->out, c->in[0]);
    return AD_OK;
}

const ad_op ad_op_broadcast = { .name  = "broadcast",
                                .arity = 1,
                                .vjp   = broadcast_vjp,
                                .jvp   = broadcast_jvp,
                                .run   = broadcast_run };

static int stretches(ad_shape from, ad_shape to)
{
    if (from.rank > to.rank ||
        (from.batched && (!to.batched || from.rank != to.rank || from.dim[0] != to.dim[0])))
        return 0;
    if (!from.batched && to.batched && from.rank == to.rank && from.dim[0] != 1) return 0;
    for (int i = from.batched || (to.batched && from.rank == to.rank); i < from.rank; i++) {
        long have = from.dim[i], want = to.dim[to.rank - from.rank + i];
        if (have != want && have != 1) return 0;
    }
    return 1;
}

ad_var ad_broadcast(ad_var x, ad_shape to)
{
    ad_graph *g = ad_operands("broadcast", 1, &x);
    if (!g) return AD_NONE;
    ad_shape s = ad_shape_of(x);
    if (ad_shape_equal(s, to)) return x;
    if (to.rank > AD_RANK || !stretches(s, to))
        return ad_graph_fail(
            g, AD_BAD_SHAPE, "broadcast: %s does not stretch to %s%s", SHAPE_TEXT(s),
            SHAPE_TEXT(to),
            s.batched != to.batched
                ? "; a batched leading axis aligns only with a batched one, an extent of "
                  "1 or nothing"
                : "");
    const ad_node *n = ad_node_of(g, x.id);
    if (n->op == AD_OP_full) return ad_full(g, n->type, to, n->k[0]);
    if (n->op == AD_OP_broadcast) return ad_broadcast(ad_in(x, 0), to);
    return ad_build(AD_OP_broadcast, n->type, to, 1, &x, 0, NULL);
}
