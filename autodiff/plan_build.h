/* plan_build.h - the planner's notes while it works (internal to plan_*.c). */
#ifndef COSTATE_AUTODIFF_PLAN_BUILD_H
#define COSTATE_AUTODIFF_PLAN_BUILD_H

#include "plan_internal.h"

typedef struct info {
    int     once;     /* depends on parameters and constants alone         */
    int     phase;    /* of a plan in chunks: PHASE_BEFORE ..               */
    int     strip;    /* computed by a strip program                       */
    int     floating; /* waits for its first user                          */
    int     wanted;   /* an output                                         */
    int     step;     /* index in its section; -1: a leaf or a view         */
    int     last;     /* last main step that reads it (its root)            */
    int     outside;  /* read outside the program that computes it          */
    int     placed;   /* at is valid                                        */
    int     padded;   /* vector kernels may read and write behind it        */
    int     copied;   /* parameters: copy holds a padded copy               */
    size_t  bytes;    /* room in the block that is given back after `last`  */
    operand at, copy;
} info;

typedef struct work_nodes {
    int *node;
    int  count, capacity;
} work_nodes;

typedef struct worklist {
    work_nodes *item;
    int         count, capacity;
} worklist;

typedef struct pack {
    int          node, transposed;
    ad_pack_kind kind;
    operand      at;
} pack;

typedef struct builder {
    ad_plan  *p;
    ad_graph *g;
    int       size;
    info     *info;
    worklist  once, main; /* the nodes of each step */
    pack     *packs;
    int       npacks, pack_capacity;
    int      *in_id, *out_id;
    size_t    keep; /* end of the persistent part of the block */
    binding  *in, *out;
    int       nin, nout;
    int       first; /* instruction of the program being placed  */
} builder;

int       ad_build_root(const builder *b, int id);
instr    *ad_build_instr(builder *b);
int       ad_build_step(builder *b, int once, int kind, int node);
ad_status ad_build_join(builder *b, int once, int at, int node);
int       ad_build_pack(builder *b, int id, int transposed, long k, long n, ad_type type, int once);
size_t    ad_build_keep(builder *b, size_t bytes);
long      ad_build_spread(const builder *b, const ad_node *n);
int       ad_build_segments_fit(const builder *b, const ad_node *n);
/* plan_build.c: p with room for one more behind count. */
void *ad_build_room(void *p, int count, int *capacity, size_t size);
/* plan_strips.c */
int       ad_build_in_strips(const builder *b, const ad_node *n);
int       ad_build_floats(const builder *b,
                          int            id); /* may it wait for its first user?                   */
ad_status ad_build_settle(builder *b, int id,
                          int at); /* floating inputs of a node about to be scheduled */
ad_status ad_build_strip(builder *b, int id);
/* plan_products.c */
int       ad_build_is_product(const builder *b, const ad_node *n);
ad_status ad_build_product(builder *b, int id);
ad_status ad_build_rows(builder *b, int id);
ad_status ad_build_plain(builder *b, int id);

/* plan_chunk.c */
ad_status ad_build_chunks(builder *b);
int       ad_build_same_phase(const builder *b, int id, int at);
ad_status ad_build_by_phase(builder *b);
int       ad_build_exact(const builder *b, const ad_node *n);
int       ad_build_read_ahead(const builder *b, int root);
/* Rows that buffers of batched values have. */
static inline long ad_build_rows_of(const builder *b)
{
    return b->p->chunk ? b->p->chunk : b->p->capacity;
}

ad_status ad_build_place(builder *b, int nin, const binding in[], int nout, const binding out[]);

#endif
