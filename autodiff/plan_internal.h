/* plan_internal.h - what a compiled plan consists of (internal).

   A plan is two lists of steps, *once* (nodes of parameters and constants alone) and *main*. A step is a strip program
   (a run of elementwise instructions over one domain, tile by tile), a product, a sum over rows, the plain kernel of
   an operation, or a copy. An operand is an offset behind one of the run's bases. */
#ifndef COSTATE_AUTODIFF_PLAN_INTERNAL_H
#define COSTATE_AUTODIFF_PLAN_INTERNAL_H

#include <costate/autodiff/plan.h>

#include "kernels/product.h"
#include "kernels/strip.h"
#include "op.h"

enum {
    BASE_BLOCK,
    BASE_TEMP,
    BASE_THETA,
    BASE_RESIDUAL,
    BASE_LOCAL, /* of a chunk (plan_chunk.c): what a thread computes on its way */
    BASE_SUMS,  /* its accumulators                                             */
    BASE_ARGS
}; /* BASE_ARGS + i: in[i], then out[i], then the residuals of a plan in chunks */

/* When a step of a plan in chunks runs: once before the chunks, in each of them, once behind them. */
enum { PHASE_BEFORE, PHASE_CHUNK, PHASE_AFTER };

enum { TILE = 1024, FEW = 128, LINCOMB_MOST = 64 };

typedef struct operand {
    int base;
    int step; /* bytes from one element of the domain to the next; 0: one element, or a tile's temporary */
    size_t off;
} operand; /* step is also 1 in a binding whose memory is not padded */

/* One elementwise instruction. (120 bytes: at 128, one run in ten of a program on one number took 1.5 times as long.) */
typedef struct instr {
    enum { I_STRIP, I_LINCOMB, I_CAST, I_FILL, I_PAIR, I_SPREAD } kind;
    int       m;   /* operands                                             */
    short     one; /* what plan_one.c does on a domain of one element       */
    short     few; /* what plan_few.c does on a few vectors; 0: nothing     */
    ad_opcode op;
    union {
        ad_strip_fn   *fn;
        ad_lincomb_fn *lincomb;
        ad_cast_fn    *cast;
    };
    operand        d, x[3];
    const double  *k;
    const operand *xs;   /* lincomb's operands */
    const long    *attr; /* I_SPREAD: ad_build_spread()'s number */
    ad_type        type;
} instr;

typedef struct extent { /* elements of an array at run time: fixed, or each times n */
    long each;
    int  batched;
} extent;

typedef struct step {
    enum {
        S_STRIPS,
        S_PRODUCT,
        S_GEMM,
        S_ROWDOT,
        S_ROWSUM,
        S_PACK,
        S_RUN,
        S_COPY,
        S_ADD,
        S_SUM
    } kind;
    ad_type type;
    int     first,
        count;    /* S_STRIPS: instructions; S_ROWDOT, S_ROWSUM: segments                       */
    extent  size; /* S_STRIPS, S_COPY, S_ADD: elements; products and sums: rows                 */
    operand x, b, bias,
        y;        /* S_ROWDOT: y is the accumulator (persistent or not), b the dense result     */
    int has_bias, /* S_ROWDOT: bias is the accumulator of a row sum computed on the way          */
        keep,     /* keep: the accumulator is flushed later, b unused                           */
        joined,   /* S_ROWSUM: a row product computes it                                        */
        back;     /* S_PRODUCT: bias is the T of ad_product_tanh_back()                         */
    int  phase;   /* of a plan in chunks                                                        */
    long m, k, n; /* product extents; rowdot: k = p, n = q                                      */
    int  ta, tb;  /* S_GEMM, S_PACK transposes                                                  */
    ad_pack_kind   pack;
    ad_product_fn *product;
    const ad_node
        *node; /* S_RUN                                                                      */
    const operand
        *in;     /* S_RUN: node->nin operands; S_ROWDOT, S_ROWSUM: a, b of each segment        */
    long offset; /* S_ADD: element offset in theta_bar; keep: the flush's                      */
    long width;  /* of theta_bar's rows there, which the n columns are a piece of; 0: dense     */
} step;

typedef struct section {
    step *step;
    int   count, capacity;
} section;

typedef struct constant { /* written once into a fresh block */
    size_t         off;
    const ad_node *node;
    long           elements;
} constant;

struct ad_plan {
    char        *name;
    ad_graph    *g; /* the plan's own copy of what it needs */
    ad_arena    *arena;
    section      load_once, once, load, main, store; /* load, store: copies of what is not padded */
    section      flush;                              /* the sums of main that are kept            */
    instr       *instr;
    int          instrs, instr_capacity;
    constant    *constants;
    int          nconstants;
    long         capacity;
    unsigned     flags;
    int          nin, nout;
    size_t       block, temps, residual;
    int          row_independent;
    ad_residual *kept; /* of a forward plan with pullbacks */
    int          nkept;
    long         chunk;       /* rows of a chunk; 0: the plan runs as a whole                */
    int          nresidual;   /* residuals that have a base of their own, in chunks          */
    size_t      *residual_at; /* their offsets                                               */
    size_t      *row;         /* bytes from row to row behind each base; 0: shared           */
    size_t       local, sums; /* bytes behind BASE_LOCAL, BASE_SUMS                          */
    int          first_in_chunk, first_after; /* steps of main */
};

struct ad_work {
    const ad_plan *plan;
    char          *block;
    char         **base; /* BASE_ARGS + nin + nout + nresidual */
    /* of a plan in chunks */
    ad_work *lane; /* one a thread: a base list and a room of its own */
    int      lanes;
    char    *sums; /* accumulators, chunk by chunk                    */
    long     row;  /* of a lane: the chunk's first row                */
};

/* Where a node of the source graph comes from or goes to. */
typedef struct binding {
    ad_var  v;
    operand at;    /* step: 1 when the memory may not be padded: copy                 */
    int     param; /* outputs: add to theta_bar at element `at.off` instead             */
    long    width; /* of its rows there, as step.width                                  */
} binding;

/* Compiles outs as functions of the bound nodes. */
ad_status ad_plan_build(ad_plan **p, const char *name, int nin, const binding in[], int nout,
                        const binding out[], const ad_plan_options *o, int args_in, int args_out);

/* plan_terms.c: the terms of a parameter's cotangent, how many; out NULL: only counts. */
int ad_plan_terms(binding bar, binding *out);
/* plan_run.c, for plan_chunk_run.c; plan_work.c: how many bases */
ad_status ad_plan_run_steps(const ad_work *w, const step *s, const step *end, const ad_args *a,
                            long n);
int       ad_plan_bases(const ad_plan *p);
/* plan_chunk_run.c: main and store of a plan in chunks, base[] being bound; its flush; room for its lanes. */
ad_status ad_plan_run_chunks(const ad_plan *p, ad_work *w, const ad_args *a);
void      ad_plan_flush_chunks(const ad_plan *p, ad_work *w, const step *s, void *to);
ad_status ad_plan_lanes_new(ad_work *w, size_t bases);
void      ad_plan_lanes_free(ad_work *w);

int       ad_plan_is_once(const ad_graph *g, int id, const char once[]);
ad_status ad_plan_keep_residuals(ad_plan *p, int n, const binding residual[], size_t bytes);
int       ad_plan_one_code(const instr *i);
int       ad_plan_few_code(const instr *i, unsigned mask);
/* Runs instructions up to one that needs a call, which is returned. */
const instr *ad_plan_run_few(char *const *base, const instr *i, const instr *end, long n);
void         ad_plan_run_one(char *const *base, const instr *i, const instr *end);
void         ad_plan_debug(const ad_plan *p); /* what COSTATE_DEBUG asks for, on stderr */
size_t       ad_plan_bytes(ad_type t, ad_shape s, long capacity); /* rounded up, AD_PAD behind */

#endif
