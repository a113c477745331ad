/* matmul.c - products: Y = A B + bias, and contractions over rows.

   A matmul node is of one of three kinds, after the builder has brought everything else to them:

       shared [m, k] x shared [k, q], either transposed;
       rows: batched [c n, .., k] x shared [k, q], B possibly transposed: every row of A, its leading axes as they are;
       leading: [.., m, k] x [.., k, q] of the same leading axes, batched or shared, either transposed.

   What would sum over the batch is a rowdot node: C = sum_i A_i' B_i over all axes but the last, shared [p, q]; its inputs
   are A_0, B_0, A_1, B_1, ... With Y_bar the cotangent, A_bar = Y_bar B', B_bar = A' Y_bar, and of a rowdot
   A_bar = B C_bar', B_bar = A C_bar: products and rowdots again. */
#include <string.h>

#include "structure.h"

#define REAL    float
#define FMA     __builtin_fmaf
#define R(name) name##32
#include "product_kernel.inc"
#undef REAL
#undef FMA
#undef R
#define REAL    double
#define FMA     __builtin_fma
#define R(name) name##64
#include "product_kernel.inc"

static int is_matrix(ad_shape s)
{
    return s.rank == 2 && !s.batched;
}

/* --- matmul: run and derivatives ------------------------------------------------------------------------------------------ */

static ad_status matmul_run(const ad_call_args *c)
{
    const ad_node *n  = c->node;
    ad_shape       as = ad_node_of(c->g, n->in[0])->shape, bs = ad_node_of(c->g, n->in[1])->shape;
    int  ta = n->attr[0] != 0, tb = n->attr[1] != 0, rows = is_matrix(bs) && !is_matrix(as);
    long q = n->shape.dim[n->shape.rank - 1], k = as.dim[as.rank - 1 - ta];
    long all         = ad_run_elements(n->shape, c->n) / q,
         m           = rows ? all : n->shape.dim[n->shape.rank - 2];
    long        a[2] = { ta ? 1 : k, ta ? m : 1 }, b[2] = { tb ? 1 : q, tb ? k : 1 };
    const void *bias = n->nin > 2 ? c->in[2] : NULL;
    for (long l = 0; l < (all ? all / m : 0); l++) {
        const void *x = ad_at(c->in[0], n->type, l * m * k),
                   *w = ad_at(c->in[1], n->type, l * k * q);
        void *y       = ad_at(c->out, n->type, l * m * q);
        if (n->type == AD_F32)
            product32((long[]){ m, k, q }, x, a, w, b, bias, y);
        else
            product64((long[]){ m, k, q }, x, a, w, b, bias, y);
    }
    return AD_OK;
}

/* Contraction of all axes but the last: a' b, shared [p, q]. */
static ad_var contract(ad_var a, ad_var b)
{
    return ad_shape_of(a).batched ? ad_rowdot(1, &a, &b) : ad_matmul(a, b, 1, 0);
}

/* With A' = A or its transpose, B' likewise: A'_bar = Y_bar B'', B'_bar = A'' Y_bar, transposed where A and B are. */
static void matmul_vjp(ad_tape *tape, ad_var y, ad_var y_bar)
{
    const ad_node *n = ad_node_of(y.g, y.id);
    ad_var         a = ad_in(y, 0), b = ad_in(y, 1);
    int            ta = n->attr[0] != 0, tb = n->attr[1] != 0;
    int            rows = is_matrix(ad_shape_of(b)) && !is_matrix(ad_shape_of(a));
    if (ad_tape_wants(tape, 0))
        ad_tape_add(tape, 0, 1, ta ? ad_matmul(b, y_bar, tb, 1) : ad_matmul(y_bar, b, 0, !tb));
    if (ad_tape_wants(tape, 1)) {
        if (rows)
            ad_tape_add(tape, 1, 1, tb ? contract(y_bar, a) : contract(a, y_bar));
        else
            ad_tape_add(tape, 1, 1, tb ? ad_matmul(y_bar, a, 1, ta) : ad_matmul(a, y_bar, !ta, 0));
    }
    if (n->nin > 2 && ad_tape_wants(tape, 2))
        ad_tape_add(tape, 2, 1, ad_sum(y_bar, (1 << (n->shape.rank - 1)) - 1, 0));
}

static ad_var product_node(ad_var a, ad_var b, int ta, int tb, ad_var bias);
static ad_var product_of_rows(ad_var a, ad_var b, int ta, int tb, ad_var bias);

static ad_var matmul_jvp(ad_var y, const ad_var x_dot[])
{
    const ad_node *n  = ad_node_of(y.g, y.id);
    int            ta = n->attr[0] != 0, tb = n->attr[1] != 0;
    ad_var         bias = n->nin > 2 ? x_dot[2] : AD_NONE;
    ad_var da = x_dot[0].id >= 0 ? product_of_rows(x_dot[0], ad_in(y, 1), ta, tb, bias) : AD_NONE;
    if (x_dot[0].id >= 0) bias = AD_NONE;
    ad_var db = x_dot[1].id >= 0 ? product_node(ad_in(y, 0), x_dot[1], ta, tb, bias) : AD_NONE;
    if (x_dot[0].id >= 0 && x_dot[1].id >= 0) return ad_add(da, db);
    if (x_dot[0].id >= 0 || x_dot[1].id >= 0) return x_dot[0].id >= 0 ? da : db;
    return ad_broadcast(bias, n->shape);
}

const ad_op ad_op_matmul = {
    .name = "matmul", .arity = -1, .vjp = matmul_vjp, .jvp = matmul_jvp, .run = matmul_run
};

/* --- matmul: building ------------------------------------------------------------------------------------------------------- */

/* Operands of one of the three kinds. */
static ad_var product_node(ad_var a, ad_var b, int ta, int tb, ad_var bias)
{
    ad_shape as = ad_shape_of(a), bs = ad_shape_of(b), y = as;
    if (!a.g || !b.g || !as.rank || !bs.rank) return AD_NONE;
    y.dim[y.rank - 1] = tb ? bs.dim[bs.rank - 2] : bs.dim[bs.rank - 1];
    if (!is_matrix(bs) || is_matrix(as))
        y.dim[y.rank - 2] = ta ? as.dim[as.rank - 1] : as.dim[as.rank - 2];
    ad_var in[3] = { a, b, bias };
    return ad_build(AD_OP_matmul, ad_type_of(a), y, bias.g ? 3 : 2, in, 2,
                    (long[]){ ta != 0, tb != 0 });
}

static ad_var misfit(ad_var a, ad_var b, int ta, int tb, const char *why)
{
    return ad_graph_fail(a.g, AD_BAD_SHAPE, "matmul: %s%s x %s%s: %s", SHAPE_TEXT(ad_shape_of(a)),
                         ta ? "'" : "", SHAPE_TEXT(ad_shape_of(b)), tb ? "'" : "", why);
}

static ad_var inner_misfit(ad_var a, ad_var b, int ta, int tb, long ka, long kb)
{
    return ad_graph_fail(a.g, AD_BAD_SHAPE, "matmul: %s%s x %s%s: inner extents %ld and %ld differ",
                         SHAPE_TEXT(ad_shape_of(a)), ta ? "'" : "", SHAPE_TEXT(ad_shape_of(b)),
                         tb ? "'" : "", ka, kb);
}

static int same_leading(ad_shape a, ad_shape b)
{
    if (a.rank != b.rank || a.batched != b.batched) return 0;
    return memcmp(a.dim, b.dim, sizeof a.dim[0] * (size_t)(a.rank - 2)) == 0;
}

/* The row that all rows of a batched [c n, k] are: of a broadcast, or of one constant. None where they may differ. */
static ad_var repeated_row(ad_var a)
{
    const ad_node *n   = ad_node_of(a.g, a.id);
    long           row = n->shape.dim[n->shape.rank - 1];
    if (!n->shape.batched || n->shape.rank != 2) return AD_NONE;
    if (n->op == AD_OP_full) return ad_full(a.g, n->type, ad_matrix(1, row), n->k[0]);
    if (n->op != AD_OP_broadcast || ad_shape_of(ad_in(a, 0)).batched) return AD_NONE;
    return ad_broadcast(ad_in(a, 0), ad_matrix(1, row));
}

/* Equal rows have equal products: one is computed. So it is with a unit vector's tangent. */
static ad_var product_of_rows(ad_var a, ad_var b, int ta, int tb, ad_var bias)
{
    ad_var   row = repeated_row(a);
    ad_shape y   = ad_shape_of(a);
    if (!row.g) return product_node(a, b, ta, tb, bias);
    row      = product_node(row, b, 0, tb, bias);
    y.dim[1] = ad_shape_of(row).dim[1];
    return ad_broadcast(row, y);
}

/* One operand a shared matrix, the other of higher rank. */
static ad_var with_matrix(ad_var a, ad_var b, int ta, int tb, ad_var bias)
{
    ad_shape as = ad_shape_of(a), bs = ad_shape_of(b);
    if (!is_matrix(bs)) { /* A B[l] = (B[l]' A')' */
        ad_var bt = tb ? b : ad_transpose(b);
        return ad_transpose(ad_matmul(bt, a, 0, !ta));
    }
    if (ta && as.rank > 2) a = ad_transpose(a);
    as = ad_shape_of(a);
    if (as.batched || as.rank < 2) return product_of_rows(a, b, 0, tb, bias);
    long   k = as.dim[as.rank - 1];
    ad_var y = product_node(ad_reshape(a, 2, (long[]){ ad_elements(as) / k, k }), b, 0, tb, bias);
    as.dim[as.rank - 1] = ad_shape_of(y).dim[1];
    return ad_reshape(y, as.rank, as.dim);
}

static ad_var product(ad_var a, ad_var b, int ta, int tb, ad_var bias)
{
    ad_shape as = ad_shape_of(a), bs = ad_shape_of(b);
    int      rows_a = as.batched && as.rank == 2, rows_b = bs.batched && bs.rank == 2;
    if (as.rank < 2 || bs.rank < 2)
        return misfit(a, b, ta, tb, "operands have at least two axes; reshape a vector");
    if (rows_a && rows_b && ta && !tb && as.dim[0] == bs.dim[0]) return ad_rowdot(1, &a, &b);
    if (rows_b || (rows_a && ta))
        return misfit(
            a, b, ta, tb,
            "the batch may only lead the left operand, or be contracted as [n,p]' x [n,q]");
    long ka = ta ? as.dim[as.rank - 2] : as.dim[as.rank - 1],
         kb = tb ? bs.dim[bs.rank - 1] : bs.dim[bs.rank - 2];
    if (ka != kb) return inner_misfit(a, b, ta, tb, ka, kb);
    if (is_matrix(as) && is_matrix(bs)) return product_node(a, b, ta, tb, bias);
    if (is_matrix(as) || is_matrix(bs)) return with_matrix(a, b, ta, tb, bias);
    if (rows_a || !same_leading(as, bs))
        return misfit(a, b, ta, tb, "leading axes differ; broadcast one of them");
    return product_node(a, b, ta, tb, bias);
}

ad_var ad_matmul(ad_var a, ad_var b, int transpose_a, int transpose_b)
{
    if (!ad_operands("matmul", 2, (ad_var[]){ a, b })) return AD_NONE;
    return product(a, b, transpose_a != 0, transpose_b != 0, AD_NONE);
}

ad_var ad_affine(ad_var x, ad_var w, int transpose_w, ad_var bias)
{
    if (!bias.g) return ad_matmul(x, w, 0, transpose_w);
    ad_graph *g = ad_operands("affine", 3, (ad_var[]){ x, w, bias });
    if (!g) return AD_NONE;
    ad_shape ws = ad_shape_of(w), s = ad_shape_of(bias);
    long     q = ws.rank == 2 ? ws.dim[!transpose_w] : -1;
    if (!is_matrix(ws))
        return ad_graph_fail(g, AD_BAD_SHAPE, "affine: the weight %s is not a shared matrix",
                             SHAPE_TEXT(ws));
    if (s.rank != 1 || s.batched || s.dim[0] != q)
        return ad_graph_fail(
            g, AD_BAD_SHAPE, "affine: %s x %s%s: the bias is %s, it must be a shared [%ld]",
            SHAPE_TEXT(ad_shape_of(x)), SHAPE_TEXT(ws), transpose_w ? "'" : "", SHAPE_TEXT(s), q);
    return product(x, w, 0, transpose_w != 0, bias);
}

/* --- rowdot ------------------------------------------------------------------------------------------------------------------ */

static ad_status rowdot_run(const ad_call_args *c)
{
    const ad_node *n = c->node;
    long           p = n->shape.dim[0], q = n->shape.dim[1];
    memset(c->out, 0, (size_t)(p * q) * ad_type_size(n->type));
    for (int i = 0; i < n->nin; i += 2) {
        long rows = ad_run_elements(ad_node_of(c->g, n->in[i])->shape, c->n) / p;
        if (n->type == AD_F32)
            rowdot32(rows, p, q, c->in[i], c->in[i + 1], c->out);
        else
            rowdot64(rows, p, q, c->in[i], c->in[i + 1], c->out);
    }
    return AD_OK;
}

static void rowdot_vjp(ad_tape *tape, ad_var y, ad_var y_bar)
{
    const ad_node *n = ad_node_of(y.g, y.id);
    for (int i = 0; i < n->nin; i += 2) {
        if (ad_tape_wants(tape, i))
            ad_tape_add(tape, i, 1, ad_matmul(ad_in(y, i + 1), y_bar, 0, 1));
        if (ad_tape_wants(tape, i + 1))
            ad_tape_add(tape, i + 1, 1, ad_matmul(ad_in(y, i), y_bar, 0, 0));
    }
}

/* One rowdot of all pairs (a_dot, b), (a, b_dot) that are there. */
static ad_var rowdot_jvp(ad_var y, const ad_var x_dot[])
{
    const ad_node *n = ad_node_of(y.g, y.id);
    ad_var        *a = ad_arena_alloc(ad_graph_arena(y.g), 2 * sizeof *a * (size_t)n->nin),
           *b        = a + n->nin;
    int count        = 0;
    if (!a) return ad_graph_fail(y.g, AD_NO_MEMORY, "out of memory while differentiating");
    for (int i = 0; i < n->nin; i += 2) {
        if (x_dot[i].id >= 0) a[count] = x_dot[i], b[count++] = ad_in(y, i + 1);
        if (x_dot[i + 1].id >= 0) a[count] = ad_in(y, i), b[count++] = x_dot[i + 1];
    }
    return ad_rowdot(count, a, b);
}

const ad_op ad_op_rowdot = { .name  = "rowdot",
                             .arity = -1,
                             .flags = AD_ROW_MIXING,
                             .vjp   = rowdot_vjp,
                             .jvp   = rowdot_jvp,
                             .run   = rowdot_run };

static int contracts(ad_shape a, ad_shape b)
{
    return a.batched && b.batched && a.rank == b.rank && a.rank >= 2 &&
           memcmp(a.dim, b.dim, sizeof a.dim[0] * (size_t)(a.rank - 1)) == 0;
}

ad_var ad_rowdot(int n, const ad_var a[], const ad_var b[])
{
    if (n < 1) return AD_NONE;
    ad_graph *g = ad_operands("rowdot", n, a);
    if (!g || ad_operands("rowdot", n, b) != g) return AD_NONE;
    ad_shape as = ad_shape_of(a[0]), bs = ad_shape_of(b[0]);
    long     p = as.rank ? as.dim[as.rank - 1] : 0, q = bs.rank ? bs.dim[bs.rank - 1] : 0;
    ad_var  *in = ad_arena_alloc(ad_graph_arena(g), 2 * sizeof *in * (size_t)n);
    if (!in)
        return ad_graph_fail(g, AD_NO_MEMORY, "out of memory while building a rowdot of %d terms",
                             n);
    for (int i = 0; i < n; i++) {
        as = ad_shape_of(a[i]);
        bs = ad_shape_of(b[i]);
        if (!contracts(as, bs) || as.dim[as.rank - 1] != p || bs.dim[bs.rank - 1] != q ||
            ad_type_of(a[i]) != ad_type_of(b[0]))
            return ad_graph_fail(
                g, AD_BAD_SHAPE,
                "rowdot: term %d: %s and %s: both are batched, of the same rows and type, "
                "the last extents %ld and %ld as in the first",
                i, SHAPE_TEXT(as), SHAPE_TEXT(bs), p, q);
        in[2 * i]     = a[i];
        in[2 * i + 1] = b[i];
    }
    return ad_build(AD_OP_rowdot, ad_type_of(a[0]), ad_matrix(p, q), 2 * n, in, 0, NULL);
}
