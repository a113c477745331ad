/* plan.h - a graph compiled: every buffer placed, kernels in a row, nothing allocated when it runs.

   A plan is immutable and may be run by many threads; each thread brings an ad_work, which holds the scratch block. */
#ifndef COSTATE_AUTODIFF_PLAN_H
#define COSTATE_AUTODIFF_PLAN_H

#include <costate/autodiff/transform.h>

COSTATE_BEGIN_DECLS

typedef struct ad_plan ad_plan;
typedef struct ad_work ad_work;

enum {
    AD_PADDED =
        1, /* every in[] and out[] of a run is 64-byte aligned with AD_PAD bytes of slack behind it that
                         kernels may read and overwrite (ad_alloc() gives that); without it they are copied        */
    AD_ROW_EXACT =
        2, /* products whose rounding does not depend on the number of rows; refuses a graph whose
                         batched outputs are not row-independent                                                    */
    AD_ROW_PRODUCTS =
        4, /* the products alone                                                                      */
};

typedef struct ad_plan_options {
    const char *name;     /* for debug output                                    */
    long        capacity; /* the largest batch n of a run; 0: 1                  */
    unsigned    flags;    /* AD_PADDED | AD_ROW_EXACT ...                         */
} ad_plan_options;

/* Compiles out[] as functions of in[] (input nodes) and of parameters. */
ad_status ad_plan_new(ad_plan **p, int nin, const ad_var in[], int nout, const ad_var out[],
                      const ad_plan_options *o);

/* The same graph split in a forward plan and one or more pullbacks that read its residuals.
   forward:  in -> out, keeps residuals in args.residual (ad_plan_residual_bytes(), AD_PAD slack behind it).
   backward: (in[0..nin), out_bar[0..nout)) -> in_bar[0..nin), and parameter gradients *added* to args.theta_bar.
   A pullback computes in_bar[i] where want_in[i] (pass NULL elsewhere) of the cotangents out_bar[i] where want_out[i] (the
   others are zero and not read). Cotangents of shared inputs are set, not added. */
typedef struct ad_pullback {
    const char *want_in, *want_out; /* flags; NULL: all    */
    int         want_params;
} ad_pullback;

typedef struct ad_pair_spec {
    int                nin, nout;
    const ad_var      *in, *out;
    int                pullbacks; /* how many, and what each one computes */
    const ad_pullback *pullback;
} ad_pair_spec;
ad_status ad_plan_pair(ad_plan **forward, ad_plan *backward[], const ad_pair_spec *spec,
                       const ad_plan_options *o);

void   ad_plan_free(ad_plan *p);
size_t ad_plan_residual_bytes(const ad_plan *p);
/* The arrays inside a residual frame: `blocks` (the c of [c n, ...]; 0: shared) blocks of n rows of `row` bytes. */
typedef struct ad_residual {
    size_t offset, row;
    long   blocks;
} ad_residual;
int                ad_plan_residuals(const ad_plan *p);
const ad_residual *ad_plan_residual(const ad_plan *p, int i);
size_t             ad_plan_block_bytes(const ad_plan *p);
char              *ad_plan_text(const ad_plan *p); /* schedule with buffers; ad_free() it */
/* 1 if no batched output's row depends on another row. */
int ad_plan_row_independent(const ad_plan *p);

typedef struct ad_args {
    long               n;         /* batch, <= capacity (ignored when nothing is batched) */
    long               divisor;   /* of a batch mean; 0: n                                 */
    const void *const *in;        /* nin pointers                                          */
    void *const       *out;       /* nout pointers; NULL: not wanted (not with AD_PADDED)  */
    const void        *theta;     /* parameter values; NULL where the plan uses none       */
    void              *theta_bar; /* parameter gradients, added to                         */
    void              *residual;  /* written by forward, read by backward                  */
    uint64_t           seed;      /* of random draws                                       */
} ad_args;

ad_status ad_work_new(ad_work **w, const ad_plan *p);
void      ad_work_free(ad_work *w);
/* Runs the section of nodes that depend on parameters alone (packed weights). Call it when theta has changed. */
ad_status ad_prepare(const ad_plan *p, ad_work *w, const ad_args *a);
/* Runs the rest. Parameter gradients may be held back in w until ad_flush() adds them to a->theta_bar. */
ad_status ad_run(const ad_plan *p, ad_work *w, const ad_args *a);
ad_status ad_flush(const ad_plan *p, ad_work *w, const ad_args *a);
/* prepare, run and flush: for plans that run once. */
ad_status ad_execute(const ad_plan *p, ad_work *w, const ad_args *a);

/* Evaluates out[] node by node with the plain kernels of the table: the oracle of the plans, and for stepping through.
   Same arguments as a run; allocates. */
ad_status ad_eager(int nin, const ad_var in[], int nout, const ad_var out[], const ad_args *a);

COSTATE_END_DECLS
#endif
