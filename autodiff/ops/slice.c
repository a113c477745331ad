/* slice.c - slice, concat, pad: pieces of an axis. On the leading axis of a batched [c n, ...] the units are its c blocks. */
#include <string.h>

#include "structure.h"

/* Copies all of an array of shape s between two dense arrays that hold it as a piece of the axis, at dst_at and src_at. */
static void copy_piece(ad_shape s, ad_shape dst_shape, ad_shape src_shape, int axis, long dst_at,
                       long src_at, const ad_call_args *c, const void *src)
{
    ad_view v = ad_view_of(s, c->n), d = ad_view_of(dst_shape, c->n),
            f    = ad_view_of(src_shape, c->n);
    int     a    = ad_view_axis(s, axis);
    ad_copy copy = { .rank = v.rank };
    memcpy(copy.dim, v.dim, sizeof copy.dim);
    memcpy(copy.dst, d.stride, sizeof copy.dst);
    memcpy(copy.src, f.stride, sizeof copy.src);
    ad_type type = c->node->type;
    ad_copy_run(&copy, type, ad_at(c->out, type, dst_at * d.stride[a]),
                ad_at(src, type, src_at * f.stride[a]));
}

/* --- slice ------------------------------------------------------------------------------------------------------------ */

static void slice_vjp(ad_tape *tape, ad_var y, ad_var y_bar)
{
    const long *attr   = ad_node_of(y.g, y.id)->attr;
    long        extent = ad_shape_of(ad_in(y, 0)).dim[attr[0]];
    ad_tape_add(tape, 0, 1, ad_pad(y_bar, (int)attr[0], attr[1], extent - attr[2]));
}

static ad_var slice_jvp(ad_var y, const ad_var x_dot[])
{
    const long *attr = ad_node_of(y.g, y.id)->attr;
    return ad_slice(x_dot[0], (int)attr[0], attr[1], attr[2]);
}

static ad_status slice_run(const ad_call_args *c)
{
    const ad_node *n = c->node;
    copy_piece(n->shape, n->shape, ad_node_of(c->g, n->in[0])->shape, (int)n->attr[0], 0,
               n->attr[1], c, c->in[0]);
    return AD_OK;
}

const ad_op ad_op_slice = {
    .name = "slice", .arity = 1, .vjp = slice_vjp, .jvp = slice_jvp, .run = slice_run
};

/* A slice within one of the pieces that x was joined from is a slice of that piece. */
static ad_var slice_of_concat(ad_var x, int axis, long from, long to)
{
    const ad_node *n  = ad_node_of(x.g, x.id);
    long           at = 0;
    for (int i = 0; i < n->nin; i++) {
        ad_var piece  = ad_in(x, i);
        long   extent = ad_shape_of(piece).dim[axis];
        if (from >= at && to <= at + extent) return ad_slice(piece, axis, from - at, to - at);
        at += extent;
    }
    return AD_NONE;
}

ad_var ad_slice(ad_var x, int axis, long from, long to)
{
    ad_graph *g = ad_operands("slice", 1, &x);
    if (!g) return AD_NONE;
    ad_shape s = ad_shape_of(x), y = s;
    int      a = ad_axis(s, axis);
    if (a < 0)
        return ad_graph_fail(g, AD_BAD_SHAPE, "slice: %s has no axis %d", SHAPE_TEXT(s), axis);
    if (from < 0 || to > s.dim[a] || from >= to)
        return ad_graph_fail(
            g, AD_BAD_SHAPE, "slice: of %s along axis %d: from %ld to %ld, of an extent of %ld%s",
            SHAPE_TEXT(s), a, from, to, s.dim[a],
            a == 0 && s.batched ? "; a batched axis is cut in whole blocks of n rows" : "");
    if (from == 0 && to == s.dim[a]) return x;
    y.dim[a]         = to - from;
    const ad_node *n = ad_node_of(g, x.id);
    if (n->op == AD_OP_full) return ad_full(g, n->type, y, n->k[0]);
    if (n->op == AD_OP_slice && n->attr[0] == a)
        return ad_slice(ad_in(x, 0), a, n->attr[1] + from, n->attr[1] + to);
    if (n->op == AD_OP_concat && n->attr[0] == a) {
        ad_var piece = slice_of_concat(x, a, from, to);
        if (piece.id >= 0) return piece;
    }
    return ad_build(AD_OP_slice, n->type, y, 1, &x, 3, (long[]){ a, from, to });
}

/* --- concat ----------------------------------------------------------------------------------------------------------- */

static void concat_vjp(ad_tape *tape, ad_var y, ad_var y_bar)
{
    const ad_node *n    = ad_node_of(y.g, y.id);
    int            axis = (int)n->attr[0];
    long           at   = 0;
    for (int i = 0; i < n->nin; i++) {
        long extent = ad_shape_of(ad_in(y, i)).dim[axis];
        if (ad_tape_wants(tape, i)) ad_tape_add(tape, i, 1, ad_slice(y_bar, axis, at, at + extent));
        at += extent;
    }
}

static ad_var concat_jvp(ad_var y, const ad_var x_dot[])
{
    const ad_node *n = ad_node_of(y.g, y.id);
    ad_var        *x = ad_arena_alloc(ad_graph_arena(y.g), sizeof *x * (size_t)n->nin);
    if (!x) return ad_graph_fail(y.g, AD_NO_MEMORY, "out of memory while differentiating");
    for (int i = 0; i < n->nin; i++)
        x[i] = x_dot[i].id >= 0 ? x_dot[i] : ad_full(y.g, n->type, ad_shape_of(ad_in(y, i)), 0);
    return ad_concat(n->nin, x, (int)n->attr[0]);
}

static ad_status concat_run(const ad_call_args *c)
{
    const ad_node *n  = c->node;
    long           at = 0;
    for (int i = 0; i < n->nin; i++) {
        ad_shape s = ad_node_of(c->g, n->in[i])->shape;
        copy_piece(s, n->shape, s, (int)n->attr[0], at, 0, c, c->in[i]);
        at += s.dim[n->attr[0]];
    }
    return AD_OK;
}

const ad_op ad_op_concat = {
    .name = "concat", .arity = -1, .vjp = concat_vjp, .jvp = concat_jvp, .run = concat_run
};

static int joins(ad_shape a, ad_shape b, int axis)
{
    if (a.rank != b.rank || a.batched != b.batched) return 0;
    for (int i = 0; i < a.rank; i++)
        if (i != axis && a.dim[i] != b.dim[i]) return 0;
    return 1;
}

ad_var ad_concat(int n, const ad_var x[], int axis)
{
    if (n < 1) return AD_NONE;
    ad_graph *g = ad_operands("concat", n, x);
    if (!g) return AD_NONE;
    ad_shape s = ad_shape_of(x[0]);
    int      a = ad_axis(s, axis);
    if (a < 0)
        return ad_graph_fail(g, AD_BAD_SHAPE, "concat: %s has no axis %d", SHAPE_TEXT(s), axis);
    for (int i = 1; i < n; i++) {
        ad_shape b = ad_shape_of(x[i]);
        if (!joins(s, b, a))
            return ad_graph_fail(
                g, AD_BAD_SHAPE,
                "concat: %s and %s do not join along axis %d: the other axes must agree",
                SHAPE_TEXT(ad_shape_of(x[0])), SHAPE_TEXT(b), a);
        s.dim[a] += b.dim[a];
    }
    return n == 1 ? x[0] : ad_build(AD_OP_concat, ad_type_of(x[0]), s, n, x, 1, (long[]){ a });
}

/* --- pad -------------------------------------------------------------------------------------------------------------- */

static void pad_vjp(ad_tape *tape, ad_var y, ad_var y_bar)
{
    const long *attr   = ad_node_of(y.g, y.id)->attr;
    long        extent = ad_shape_of(ad_in(y, 0)).dim[attr[0]];
    ad_tape_add(tape, 0, 1, ad_slice(y_bar, (int)attr[0], attr[1], attr[1] + extent));
}

static ad_var pad_jvp(ad_var y, const ad_var x_dot[])
{
    const long *attr = ad_node_of(y.g, y.id)->attr;
    return ad_pad(x_dot[0], (int)attr[0], attr[1], attr[2]);
}

static ad_status pad_run(const ad_call_args *c)
{
    const ad_node *n = c->node;
    ad_shape       s = ad_node_of(c->g, n->in[0])->shape;
    memset(c->out, 0, (size_t)ad_run_elements(n->shape, c->n) * ad_type_size(n->type));
    copy_piece(s, n->shape, s, (int)n->attr[0], n->attr[1], 0, c, c->in[0]);
    return AD_OK;
}

const ad_op ad_op_pad = {
    .name = "pad", .arity = 1, .vjp = pad_vjp, .jvp = pad_jvp, .run = pad_run
};

ad_var ad_pad(ad_var x, int axis, long before, long after)
{
    ad_graph *g = ad_operands("pad", 1, &x);
    if (!g) return AD_NONE;
    ad_shape s = ad_shape_of(x), y = s;
    int      a = ad_axis(s, axis);
    if (a < 0) return ad_graph_fail(g, AD_BAD_SHAPE, "pad: %s has no axis %d", SHAPE_TEXT(s), axis);
    if (before < 0 || after < 0)
        return ad_graph_fail(g, AD_BAD_SHAPE,
                             "pad: %ld before and %ld behind axis %d; slice cuts off", before,
                             after, a);
    if (before == 0 && after == 0) return x;
    y.dim[a] += before + after;
    if (ad_is_zero(x)) return ad_full(g, ad_type_of(x), y, 0);
    return ad_build(AD_OP_pad, ad_type_of(x), y, 1, &x, 3, (long[]){ a, before, after });
}
