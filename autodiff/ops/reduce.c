/* reduce.c - sums, means and maxima over axes.

   `sum` and `amax` reduce axes other than the batched leading one. Over that one, `rowsum` and `rowmax` take batched [c n, d]
   to shared [d]; a builder given both kinds of axes emits both. A mean over the batch is

       mean = rowsum(x) (1 / divisor) / c,                                                             (1)

   1 / divisor being the node `invdivisor`, a number of the run: all of it linear in x, to any order of derivative. */
#include <math.h>

#include "structure.h"

enum { STRIP = 256 };

typedef struct axes {
    int  rank;
    long dim[AD_RANK + 1], stride[AD_RANK + 1];
} axes;

/* A reduction of a dense array. Neighbouring axes of one kind are joined. */
typedef struct fold {
    axes kept, reduced;
    int  max;
    int  run;   /* the last axis is a reduced one: kept holds all kept axes */
    long inner; /* else: the extent of the last axis, which is not in kept  */
} fold;

/* NaN if either is. */
static inline double larger(double m, double x)
{
    return x > m || x != x ? x : m;
}

#define REAL    float
#define R(name) name##32
#include "reduce_kernel.inc"
#undef REAL
#undef R
#define REAL    double
#define R(name) name##64
#include "reduce_kernel.inc"

static void append(axes *a, int join, long dim, long stride)
{
    if (join) {
        a->dim[a->rank - 1] *= dim;
        a->stride[a->rank - 1] = stride;
        return;
    }
    a->dim[a->rank]      = dim;
    a->stride[a->rank++] = stride;
}

static fold fold_of(ad_shape s, long n, int mask, int max)
{
    ad_view v    = ad_view_of(s, n);
    fold    f    = { .max = max };
    int     last = -1;
    for (int i = 0; i < v.rank; i++) {
        int kind = mask >> (i > 0 ? i - s.batched : 0) & 1;
        if (v.dim[i] == 1) continue;
        append(kind ? &f.reduced : &f.kept, kind == last, v.dim[i], v.stride[i]);
        last = kind;
    }
    if (f.reduced.rank == 0) append(&f.reduced, 0, 1, 0);
    f.run   = last == 1;
    f.inner = last == 0 ? f.kept.dim[--f.kept.rank] : 1;
    return f;
}

static ad_status fold_run(const ad_call_args *c, int max)
{
    const ad_node *n = c->node;
    if (ad_run_elements(n->shape, c->n) == 0) return AD_OK;
    fold f = fold_of(ad_node_of(c->g, n->in[0])->shape, c->n, (int)n->attr[0], max);
    if (n->type == AD_F32)
        fold32(&f, c->in[0], c->out);
    else
        fold64(&f, c->in[0], c->out);
    return AD_OK;
}

/* The shape that x has after reducing the axes of the mask. */
static ad_shape reduced_shape(ad_shape s, int mask, int keep)
{
    ad_shape y = { .batched = s.batched && !(mask & 1) };
    for (int i = 0; i < s.rank; i++) {
        int reduced = mask >> i & 1;
        if (reduced && !keep) continue;
        y.dim[y.rank++] = reduced ? 1 : s.dim[i];
    }
    return y.rank ? y : ad_scalar();
}

static ad_var as_shape(ad_var x, ad_shape s)
{
    return ad_reshape(x, s.rank, s.dim);
}

/* All axes as a mask; -1 with a sentence if some are not there. */
static int whole_mask(const char *what, ad_var x, int mask)
{
    ad_shape s = ad_shape_of(x);
    if (mask == -1) return (1 << s.rank) - 1;
    if (mask >= 0 && mask < 1 << s.rank) return mask;
    ad_graph_fail(x.g, AD_BAD_SHAPE, "%s: the axes 0x%x are not all axes of %s", what,
                  (unsigned)mask, SHAPE_TEXT(s));
    return -1;
}

/* y brought to x's shape: the reduced axes back, then stretched. */
static ad_var stretch_back(ad_var y, ad_var x, int mask)
{
    ad_shape s = ad_shape_of(x);
    return ad_broadcast(as_shape(y, reduced_shape(s, mask, 1)), s);
}

/* --- sum: y = sum over the axes attr[0] of x -------------------------------------------------------------------------------- */

static void sum_vjp(ad_tape *tape, ad_var y, ad_var y_bar)
{
    const long *attr = ad_node_of(y.g, y.id)->attr;
    ad_tape_add(tape, 0, 1, stretch_back(y_bar, ad_in(y, 0), (int)attr[0]));
}

static ad_var sum_jvp(ad_var y, const ad_var x_dot[])
{
    const long *attr = ad_node_of(y.g, y.id)->attr;
    return ad_sum(x_dot[0], (int)attr[0], (int)attr[1]);
}

static ad_status sum_run(const ad_call_args *c)
{
    return fold_run(c, 0);
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

static ad_status rowsum_run(const ad_call_args *c)
{
    if (c->node->type == AD_F32)
        rowsum32(c, c->out);
    else
        rowsum64(c, c->out);
    return AD_OK;
}

const ad_op ad_op_rowsum = { .name  = "rowsum",
                             .arity = -1,
                             .flags = AD_ROW_MIXING,
                             .vjp   = rowsum_vjp,
                             .jvp   = rowsum_jvp,
                             .run   = rowsum_run };

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

/* Batched x as [c n, d], d all the rest. */
static ad_var as_rows(ad_var x)
{
    ad_shape s = ad_shape_of(x);
    return ad_reshape(x, 2, (long[]){ s.dim[0], ad_elements(s) / s.dim[0] });
}

ad_var ad_sum(ad_var x, int mask, int keep)
{
    ad_graph *g = ad_operands("sum", 1, &x);
    if (!g || (mask = whole_mask("sum", x, mask)) < 0) return AD_NONE;
    ad_shape s = ad_shape_of(x), y = reduced_shape(s, mask, keep);
    if (mask == 0) return x;
    if (ad_is_zero(x)) return ad_full(g, ad_type_of(x), y, 0);
    if (s.batched && mask & 1) {
        if (mask > 1) x = ad_sum(x, mask & ~1, 1);
        if (x.id < 0) return AD_NONE;
        x = as_rows(x);
        return as_shape(ad_rowsum(1, &x), y);
    }
    if (ad_elements(s) == ad_elements(y)) return as_shape(x, y);
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
    if (!g || (mask = whole_mask("mean", x, mask)) < 0) return AD_NONE;
    ad_shape s     = ad_shape_of(x);
    double   count = 1;
    for (int i = 0; i < s.rank; i++)
        if (mask >> i & 1) count *= (double)s.dim[i];
    ad_var sum = ad_scale(ad_sum(x, mask, keep), 1 / count);
    if (!s.batched || !(mask & 1)) return sum;
    ad_node inverse = { .op = AD_OP_invdivisor, .type = ad_type_of(x), .shape = ad_scalar() };
    return ad_mul(sum, ad_node_add(g, &inverse));
}

/* --- maxima: the cotangent goes in equal parts to all that are equal to the maximum ------------------------------------------------ */

/* [x = y] / (how many there are), in x's shape: the derivative of y by x. Its own derivative is zero. */
static ad_var shares(ad_var y, ad_var x, int mask)
{
    ad_var equal = ad_eq(x, stretch_back(y, x, mask));
    return ad_div(equal, ad_broadcast(ad_sum(equal, mask, 1), ad_shape_of(x)));
}

static void max_vjp(ad_tape *tape, ad_var y, ad_var y_bar, int mask)
{
    ad_var x = ad_in(y, 0);
    ad_tape_add(tape, 0, 1, ad_mul(shares(y, x, mask), stretch_back(y_bar, x, mask)));
}

static ad_var max_jvp(ad_var y, ad_var x_dot, int mask)
{
    ad_shape s = ad_shape_of(y);
    return as_shape(ad_sum(ad_mul(shares(y, ad_in(y, 0), mask), x_dot), mask, 0), s);
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
    return fold_run(c, 1);
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
    fold f = fold_of(ad_matrix(rows, n->shape.dim[0]), 1, 1, 1);
    if (n->type == AD_F32)
        fold32(&f, c->in[0], c->out);
    else
        fold64(&f, c->in[0], c->out);
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
    if (!g || (mask = whole_mask("amax", x, mask)) < 0) return AD_NONE;
    ad_shape s = ad_shape_of(x), y = reduced_shape(s, mask, keep);
    if (mask == 0) return x;
    if (s.batched && mask & 1) {
        if (mask > 1) x = ad_amax(x, mask & ~1, 1);
        if (x.id < 0) return AD_NONE;
        x = as_rows(x);
        return as_shape(
            ad_build(AD_OP_rowmax, ad_type_of(x), ad_vector(ad_shape_of(x).dim[1]), 1, &x, 0, NULL),
            y);
    }
    if (ad_elements(s) == ad_elements(y)) return as_shape(x, y);
    return ad_build(AD_OP_amax, ad_type_of(x), y, 1, &x, 2, (long[]){ mask, keep != 0 });
}
