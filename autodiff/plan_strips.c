/* plan_strips.c - elementwise nodes into strip programs: which node runs where. */
#include "plan_build.h"

static extent node_extent(const ad_node *n)
{
    return (extent){ ad_elements(n->shape), n->shape.batched };
}

static int same_domain(const ad_node *a, const ad_node *b)
{
    return a->shape.batched == b->shape.batched && ad_elements(a->shape) == ad_elements(b->shape);
}

/* Broadcasts that a strip program does tile by tile. > 0: number e of [n, d] is number e mod this of [d]; < 0: number e / -this
   of [n, 1]; 0: neither. */
long ad_build_spread(const builder *b, const ad_node *n)
{
    if (n->op != AD_OP_broadcast) return 0;
    ad_shape x = ad_node_of(b->g, n->in[0])->shape, y = n->shape;
    if (ad_elements(x) == ad_elements(y) && x.batched == y.batched) return 0;
    if (x.batched == y.batched && x.rank == y.rank && ad_elements(x) == x.dim[0] &&
        x.dim[0] == y.dim[0])
        return x.dim[0] > 0 ? -(ad_elements(y) / y.dim[0]) : 0;
    int i = x.rank - 1, shift = y.rank - x.rank;
    if (x.batched || shift < 0 || ad_elements(x) < 2) return 0;
    while (i >= 0 && i + shift > 0 && x.dim[i] == y.dim[i + shift]) i--;
    for (; i >= 0; i--)
        if (x.dim[i] != 1) return 0;
    return ad_elements(x);
}

int ad_build_in_strips(const builder *b, const ad_node *n)
{
    return (ad_op_row(n->op)->flags & AD_ELEMENTWISE) || ad_build_spread(b, n);
}

/* The first step index at which a strip instruction of node id may stand. Inputs of its own domain may be computed by the same
   program; floating ones will be. */
static int earliest(const builder *b, int id)
{
    const ad_node *n  = ad_node_of(b->g, id);
    int            at = 0;
    for (int i = 0; i < n->nin; i++) {
        int         in = ad_build_root(b, n->in[i]);
        const info *f  = &b->info[in];
        if (f->floating) {
            int from = earliest(b, in);
            if (from > at) at = from;
        }
        if (f->step < 0 || (f->once && !b->info[id].once)) continue;
        int from = f->strip && same_domain(ad_node_of(b->g, in), n) ? f->step : f->step + 1;
        if (from > at) at = from;
    }
    return at;
}

/* A node waits for its first user, to be computed beside it, when everything it reads is there anyway: it would only
   occupy a buffer until then. (1 - a^2 of a kept activation.) Returns how many floating nodes hang on it, itself included, as
   often as a path leads to them; 0: it does not float. The walks over them (earliest(), settle_others()) follow every path,
   of which a graph has exponentially many in its depth, so that a bush of more than FLOATING is not let to grow. */
int ad_build_floats(const builder *b, int id)
{
    enum { FLOATING = 8 };
    const ad_node *n    = ad_node_of(b->g, id);
    int            bush = 1;
    if (b->info[id].once || b->info[id].wanted) return 0;
    if (b->p->chunk && !n->shape.batched) return 0; /* it may be read in two phases */
    for (int i = 0; i < n->nin; i++) {
        int            in = ad_build_root(b, n->in[i]);
        const ad_node *x  = ad_node_of(b->g, in);
        if (x->op != AD_OP_input && !b->info[in].once && !b->info[in].floating) return 0;
        bush += b->info[in].floating;
    }
    return bush <= FLOATING ? bush : 0;
}

/* Floating inputs of a node about to be scheduled: into program `at` where they fit, else wherever they can go. */
ad_status ad_build_settle(builder *b, int id, int at)
{
    const ad_node *n = ad_node_of(b->g, id);
    for (int i = 0; i < n->nin; i++) {
        int in = ad_build_root(b, n->in[i]);
        if (!b->info[in].floating) continue;
        int here = at >= 0 && same_domain(ad_node_of(b->g, in), n);
        if (!here) {
            AD_TRY(ad_build_strip(b, in));
            continue;
        }
        AD_TRY(ad_build_settle(b, in, at));
        b->info[in].floating = 0;
        b->info[in].strip    = 1;
        AD_TRY(ad_build_join(b, 0, at, in));
    }
    return AD_OK;
}

/* Floating inputs of another domain come first: their programs must stand before this node's. */
static ad_status settle_others(builder *b, int id)
{
    const ad_node *n = ad_node_of(b->g, id);
    for (int i = 0; i < n->nin; i++) {
        int in = ad_build_root(b, n->in[i]);
        if (!b->info[in].floating) continue;
        if (same_domain(ad_node_of(b->g, in), n))
            AD_TRY(settle_others(b, in));
        else
            AD_TRY(ad_build_strip(b, in));
    }
    return AD_OK;
}

ad_status ad_build_strip(builder *b, int id)
{
    b->info[id].floating = 0;
    AD_TRY(settle_others(b, id));
    int      once = b->info[id].once, from = earliest(b, id), found = -1;
    section *s = once ? &b->p->once : &b->p->main;
    extent   e = node_extent(ad_node_of(b->g, id));
    for (int at = s->count - 1; at >= from; at--) {
        const step *t = &s->step[at];
        if (t->kind == S_STRIPS && t->size.each == e.each && t->size.batched == e.batched &&
            (once || ad_build_same_phase(b, id, at)))
            found = at;
        if (s->count - at > 64 && found >= 0) break;
    }
    if (found < 0) {
        found = ad_build_step(b, once, S_STRIPS, -1);
        if (found < 0) return AD_NO_MEMORY;
        s                   = once ? &b->p->once : &b->p->main;
        s->step[found].size = e;
    }
    AD_TRY(ad_build_settle(b, id, once ? -1 : found));
    b->info[id].strip = 1;
    return ad_build_join(b, once, found, id);
}
