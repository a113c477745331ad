/* plan_build.h - the planner's notes while it works (internal to plan_build.c and plan_place.c). */
#ifndef COSTATE_AUTODIFF_PLAN_BUILD_H
#define COSTATE_AUTODIFF_PLAN_BUILD_H

#include "plan_internal.h"

typedef struct info {
    int     once;    /* depends on parameters and constants alone         */
    int     strip;   /* computed by a strip program                       */
    int     floating; /* waits for its first user                          */
    int     wanted;  /* an output                                         */
    int     step;    /* index in its section; -1: a leaf or a view         */
    int     last;    /* last main step that reads it (its root)            */
    int     outside; /* read outside the program that computes it          */
    int     placed;  /* at is valid                                        */
    int     padded;  /* vector kernels may read and write behind it        */
    int     copied;  /* parameters: copy holds a padded copy               */
    size_t  bytes;   /* room in the block that is given back after `last`  */
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
    size_t    keep;  /* end of the persistent part of the block */
    int       first; /* instruction of the program being placed  */
} builder;

int       build_root(const builder *b, int id);
instr    *build_instr(builder *b);
int       build_step(builder *b, int once, int kind, int node);
ad_status build_join(builder *b, int once, int at, int node);
int       build_pack(builder *b, int id, int transposed, long k, long n, ad_type type, int once);
size_t    build_keep(builder *b, size_t bytes);
long      build_spread(const builder *b, const ad_node *n);
int       build_segments_fit(const builder *b, const ad_node *n);
ad_status build_place(builder *b, int nin, const binding in[], int nout, const binding out[]);

#endif
