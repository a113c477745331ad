/* gather.c - rows chosen by number. With B the leading axes that table and index share (none for a table that all samples
   share), M the axes of the index behind them and D those of a row,

       gather     y[b, m, d] = x[b, i[b, m], d]                                                          (1)
       scatter    x[b, k, d] = sum over the m with i[b, m] = k of y[b, m, d]                             (2)

   and each is the other's vjp: both are linear in the numbers and have no derivative by the index. An index is a whole
   number 0 .. K-1 held in the type of the table; anything else, NaN too, stops the run with a sentence. (2) adds in the
   order of m, in float64. */
#include <string.h>

#include "structure.h"

enum {
    ROOM  = 4096,   /* sums of (2) kept at a time */
    WIDTH = 256,    /* of a row, at most          */
    EXACT = 1 << 24 /* float32 holds whole numbers up to here */
};

typedef struct extents {
    long b, m, k, d;
} extents;

/* The row that an index names, or -1. */
static inline long row_of(double index, long k)
{
    if (!(index >= 0 && index < (double)k)) return -1;
    long row = (long)index;
    return (double)row == index ? row : -1;
}

static ad_status no_such_row(const ad_call_args *c, double index, long element, long k)
{
    ad_shape s = ad_node_of(c->g, c->node->in[1])->shape;
    if (s.batched) element += c->row * (ad_elements(s) / s.dim[0]); /* in the whole batch */
    return ad_fail(AD_INVALID,
                   "%s: element %ld of the index is %g; the rows are the whole numbers 0 to %ld",
                   ad_op_row(c->node->op)->name, element, index, k - 1);
}

#define REAL    float
#define R(name) name##32
#include "gather_kernel.inc"
#undef REAL
#undef R
#define REAL    double
#define R(name) name##64
#include "gather_kernel.inc"

/* attr: the number of shared leading axes */
static extents extents_of(const ad_call_args *c, ad_shape table, ad_shape index)
{
    long    lead = c->node->attr[0];
    extents e    = { 1, 1, table.dim[lead], 1 };
    for (int i = 0; i < lead; i++) e.b *= table.dim[i];
    if (lead && table.batched) e.b *= c->n;
    e.m = e.b ? ad_run_elements(index, c->n) / e.b : 0;
    for (int i = (int)lead + 1; i < table.rank; i++) e.d *= table.dim[i];
    return e;
}

/* --- the operations ---------------------------------------------------------------------------------------------------------- */

static ad_var scatter(ad_var y, ad_var index, ad_shape table, long lead);
static ad_var gather(ad_var x, ad_var index, long lead);

static void gather_vjp(ad_tape *tape, ad_var y, ad_var y_bar)
{
    if (!ad_tape_wants(tape, 0)) return;
    ad_shape table = ad_shape_of(ad_in(y, 0));
    ad_tape_add(tape, 0, 1, scatter(y_bar, ad_in(y, 1), table, ad_node_of(y.g, y.id)->attr[0]));
}

static ad_var gather_jvp(ad_var y, const ad_var x_dot[])
{
    if (x_dot[0].id < 0) return AD_NONE;
    return gather(x_dot[0], ad_in(y, 1), ad_node_of(y.g, y.id)->attr[0]);
}

static ad_status gather_run(const ad_call_args *c)
{
    ad_shape table = ad_node_of(c->g, c->node->in[0])->shape;
    extents  e     = extents_of(c, table, ad_node_of(c->g, c->node->in[1])->shape);
    return c->node->type == AD_F32 ? gather32(c, e, c->in[0], c->in[1], c->out)
                                   : gather64(c, e, c->in[0], c->in[1], c->out);
}

const ad_op ad_op_gather = {
    .name = "gather", .arity = 2, .vjp = gather_vjp, .jvp = gather_jvp, .run = gather_run
};

static void scatter_vjp(ad_tape *tape, ad_var y, ad_var y_bar)
{
    if (!ad_tape_wants(tape, 0)) return;
    ad_tape_add(tape, 0, 1, gather(y_bar, ad_in(y, 1), ad_node_of(y.g, y.id)->attr[0]));
}

static ad_var scatter_jvp(ad_var y, const ad_var x_dot[])
{
    if (x_dot[0].id < 0) return AD_NONE;
    return scatter(x_dot[0], ad_in(y, 1), ad_shape_of(y), ad_node_of(y.g, y.id)->attr[0]);
}

static ad_status scatter_run(const ad_call_args *c)
{
    extents e = extents_of(c, c->node->shape, ad_node_of(c->g, c->node->in[1])->shape);
    return c->node->type == AD_F32 ? scatter32(c, e, c->in[0], c->in[1], c->out)
                                   : scatter64(c, e, c->in[0], c->in[1], c->out);
}

/* Into one table for all, which mixes the batch's rows, and into a table of each sample's own, which does not: two rows of
   the table of operations, alike but for that mark. */
const ad_op ad_op_scatter = { .name  = "scatter",
                              .arity = 2,
                              .flags = AD_ROW_MIXING,
                              .vjp   = scatter_vjp,
                              .jvp   = scatter_jvp,
                              .run   = scatter_run };

const ad_op ad_op_scatter_each = {
    .name = "scatter_each", .arity = 2, .vjp = scatter_vjp, .jvp = scatter_jvp, .run = scatter_run
};

/* --- builders ---------------------------------------------------------------------------------------------------------------- */

static ad_var scatter(ad_var y, ad_var index, ad_shape table, long lead)
{
    if (y.id < 0) return y;
    if (ad_is_zero(y)) return ad_full(y.g, ad_type_of(y), table, 0);
    ad_opcode op = lead ? AD_OP_scatter_each : AD_OP_scatter;
    return ad_build(op, ad_type_of(y), table, 2, (ad_var[]){ y, index }, 1, &lead);
}

/* Table and index have been found to fit. */
static ad_var gather(ad_var x, ad_var index, long lead)
{
    if (x.id < 0) return x;
    ad_shape table = ad_shape_of(x), y = ad_shape_of(index);
    for (int i = (int)lead + 1; i < table.rank; i++) y.dim[y.rank++] = table.dim[i];
    const ad_node *n = ad_node_of(x.g, x.id);
    if (n->op == AD_OP_full) return ad_full(x.g, n->type, y, n->k[0]);
    return ad_build(AD_OP_gather, n->type, y, 2, (ad_var[]){ x, index }, 1, &lead);
}

static ad_var checked(const char *what, ad_var x, ad_var index, int lead)
{
    ad_shape table = ad_shape_of(x), s = ad_shape_of(index);
    int      fits = s.rank >= lead && (!lead || s.batched == table.batched);
    for (int i = 0; i < lead && fits; i++) fits = s.dim[i] == table.dim[i];
    if (!fits)
        return ad_graph_fail(x.g, AD_BAD_SHAPE,
                             "%s: from %s by an index %s: the first %d axes must agree", what,
                             SHAPE_TEXT(table), SHAPE_TEXT(s), lead);
    if (s.rank + table.rank - lead - 1 > AD_RANK)
        return ad_graph_fail(x.g, AD_BAD_SHAPE, "%s: from %s by an index %s: more than %d axes",
                             what, SHAPE_TEXT(table), SHAPE_TEXT(s), AD_RANK);
    if (ad_type_of(x) == AD_F32 && table.dim[lead] > EXACT)
        return ad_graph_fail(x.g, AD_BAD_SHAPE,
                             "%s: %ld rows are more than a float32 index can tell apart (%d); use "
                             "float64",
                             what, table.dim[lead], EXACT);
    return gather(x, index, lead);
}

ad_var ad_gather_rows(ad_var x, ad_var index)
{
    ad_graph *g = ad_operands("gather_rows", 2, (ad_var[]){ x, index });
    if (!g) return AD_NONE;
    ad_shape table = ad_shape_of(x), s = ad_shape_of(index), to = { 1, 1, { table.dim[0] } };
    if (table.batched && table.rank < 2)
        return ad_graph_fail(g, AD_BAD_SHAPE, "gather_rows: %s: a sample has no rows",
                             SHAPE_TEXT(table));
    if (table.batched && !s.batched && s.rank < AD_RANK) { /* the same rows of every sample */
        for (int i = 0; i < s.rank; i++) to.dim[to.rank++] = s.dim[i];
        index = ad_broadcast(index, to);
    }
    return checked("gather_rows", x, index, table.batched);
}

ad_var ad_pick(ad_var x, ad_var index)
{
    ad_graph *g = ad_operands("pick", 2, (ad_var[]){ x, index });
    if (!g) return AD_NONE;
    ad_shape table = ad_shape_of(x), s = ad_shape_of(index);
    if (table.rank < 2 || s.rank != table.rank - 1)
        return ad_graph_fail(g, AD_BAD_SHAPE,
                             "pick: from %s by an index %s: the index has the axes but the last",
                             SHAPE_TEXT(table), SHAPE_TEXT(s));
    return checked("pick", x, index, table.rank - 1);
}
