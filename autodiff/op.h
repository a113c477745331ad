/* op.h - the table of operations (internal). One row each: shape rule, kernels, vjp, jvp. A row lives in a file of ops/ and
   is named once in ops/registry.def. */
#ifndef COSTATE_AUTODIFF_OP_H
#define COSTATE_AUTODIFF_OP_H

#include <costate/autodiff/memory.h>
#include <costate/autodiff/ops.h>

typedef enum ad_opcode {
#define OP(name) AD_OP_##name,
#include "ops/registry.def"
#undef OP
    AD_OPS
} ad_opcode;

typedef struct ad_node {
    ad_opcode     op;
    ad_type       type;
    ad_shape      shape;
    int           nin;
    const int    *in; /* node ids, all smaller than this node's own                        */
    int           nk;
    const double *k; /* coefficients: lincomb's c, scale's c, full's value, array's values */
    int           nattr;
    const long   *attr; /* axes, extents, transposes, powi's exponent, a parameter's offset   */
    const char   *name; /* inputs and parameters                                              */
    const ad_callback *call;
} ad_node;

/* What a kernel sees. Extents are those of the run: rows(node) = dim[0] * n for batched nodes. */
typedef struct ad_call_args {
    const ad_graph    *g;
    const ad_node     *node;
    long               n, divisor;
    void              *out;
    const void *const *in;
    uint64_t           seed;
    long               row; /* the first row's number in the whole batch: 0, but in a chunk of it */
} ad_call_args;

/* Where a vjp rule puts its results: adds coefficient * x_bar to the cotangent of input number i. Sums what was
   broadcast (a one-element input of a wider node). */
typedef struct ad_tape ad_tape;
void                   ad_tape_add(ad_tape *tape, int input, double coefficient, ad_var x_bar);
int ad_tape_wants(const ad_tape *tape, int input); /* does a cotangent of it matter? */

/* Vector kernel over n elements of a strip. Pointers are 64-byte aligned or not; up to AD_PAD bytes behind the strips may
   be read and overwritten. d may be equal to an operand. Scalar operands point to one element. */
typedef struct ad_strip_args {
    void         *d;
    const void   *x[3];
    long          n;
    const double *k; /* the node's coefficients    */
    const long   *attr;
} ad_strip_args;
typedef void ad_strip_fn(const ad_strip_args *s);

enum {
    AD_ELEMENTWISE = 1, /* inputs have the node's shape or one element                           */
    AD_CHEAP       = 2, /* recomputing costs less than keeping: arithmetic, comparisons          */
    AD_LEAF        = 4,
    AD_NO_CSE      = 8, /* random draws, callbacks                                                */
    AD_ROW_MIXING = 16, /* a row of the result depends on other rows                              */
    AD_COMMUTES   = 32,
};

typedef struct ad_op {
    const char *name;
    int         arity; /* -1: any */
    unsigned    flags;
    const char
        *text; /* "tanh(%0)", "%0 + %1"; NULL: name(inputs; attributes)                          */
    /* vjp: y and y_bar are this node and its cotangent. NULL: no derivative (a zero one, as of sign). */
    void (*vjp)(ad_tape *tape, ad_var y, ad_var y_bar);
    /* x_dot[i] may be dead (AD_NONE): zero. Returns AD_NONE for zero. */
    ad_var (*jvp)(ad_var y, const ad_var x_dot[]);
    /* plain kernel, any operation; elementwise ones leave it NULL and give scalar() */
    ad_status (*run)(const ad_call_args *c);
    double (*scalar)(const double x[], const ad_node *node);
    /* strip[type - 1][mask]: bit i of mask set: operand i is one element. NULL entries are expanded by the planner. */
    ad_strip_fn *strip[2][8];
    double       lo, hi; /* the domain that tests draw from; 0, 0: -2 .. 2 */
} ad_op;

const ad_op   *ad_op_row(ad_opcode op);
const ad_node *ad_node_of(const ad_graph *g, int id);
ad_var         ad_in(ad_var y, int i); /* input i of a node as a variable */
ad_arena      *ad_graph_arena(ad_graph *g);

/* Adds a node (or finds its equal): everything is copied. On a dead input returns a dead variable. The op's shape is
   the caller's business: the builder functions in ops/ check, complain through ad_graph_fail() and call this. */
ad_var ad_node_add(ad_graph *g, const ad_node *proto);

/* Builders' helpers: elementwise node of inputs brought to one shape (broadcast nodes inserted; one-element shared
   operands stay as they are). */
ad_var ad_elementwise(ad_opcode op, int n, const ad_var x[], int nk, const double k[], int nattr,
                      const long attr[]);
/* Sums x over what was broadcast from shape `to` (reshapes too), the transpose of ad_broadcast. */
ad_var ad_unbroadcast(ad_var x, ad_shape to);
long   ad_run_elements(ad_shape s, long n); /* dim[0] * n * ... for batched */

#endif
