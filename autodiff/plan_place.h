/* plan_place.h - the planner's notes while it places values (internal to plan_place.c, _block.c, _emit.c and _fuse.c). */
#ifndef COSTATE_AUTODIFF_PLAN_PLACE_H
#define COSTATE_AUTODIFF_PLAN_PLACE_H

#include "plan_build.h"

typedef struct hole {
    size_t off, bytes;
} hole;

typedef struct placer {
    builder *b;
    hole    *holes;
    int      count, capacity;
    size_t   end;
    int     *slot_free; /* tile slots given back in this program */
    int      nfree, nslots, slot_capacity;
    size_t   slot_bytes;
    int     *slot_of;  /* of a node; -1 */
    int     *seq_last; /* last instruction of its own program that reads it */
} placer;

static inline int esize(const ad_node *n)
{
    return (int)ad_type_size(n->type);
}

static inline extent extent_of(const ad_node *n)
{
    return (extent){ ad_elements(n->shape), n->shape.batched };
}

/* Where the kernels find a value: the padded copy of a parameter, or its place. */
static inline operand place_at(const builder *b, int id)
{
    const info *f = &b->info[ad_build_root(b, id)];
    return f->copied ? f->copy : f->at;
}

step *ad_place_add_step(section *s, step proto); /* plan_place.c */
/* plan_block.c: room in the block. */
size_t    ad_place_bytes(const builder *b, const ad_node *n);
size_t    ad_place_take(placer *p, size_t bytes);
operand   ad_place_room(placer *p, const ad_node *n, size_t *bytes);
ad_status ad_place_give(placer *p, size_t off, size_t bytes);
/* plan_emit.c: the instructions of strip program `at`, and where what they compute lies. */
ad_status ad_place_strips(placer *p, int once, int at);
/* plan_fuse.c: what can be done in one pass is: weight and bias gradients, a product and the strips behind it. */
void      ad_place_join_sums(builder *b);
ad_status ad_place_join_tails(builder *b, int nout);

#endif
