/* plan_emit.c - strip programs: each elementwise node one instruction, its value in a slot of a tile, in the buffer of an
   operand that dies with it, or in a buffer of its own. */
#include <string.h>

#include "plan_place.h"

static operand slot_take(placer *p, int *slot)
{
    *slot      = p->nfree > 0 ? p->slot_free[--p->nfree] : p->nslots++;
    size_t all = (size_t)p->nslots * p->slot_bytes;
    if (all > p->b->p->temps) p->b->p->temps = all;
    return (operand){ BASE_TEMP, 0, (size_t)*slot * p->slot_bytes };
}

static ad_status slot_give(placer *p, int slot)
{
    if (p->nfree == p->slot_capacity) {
        int *more = ad_realloc(p->slot_free, sizeof *more * (size_t)p->nfree,
                               sizeof *more * (size_t)(2 * p->nfree + 16));
        if (!more) return AD_NO_MEMORY;
        p->slot_free     = more;
        p->slot_capacity = 2 * p->nfree + 16;
    }
    p->slot_free[p->nfree++] = slot;
    return AD_OK;
}

/* An operand as an instruction of this domain sees it; *scalar: one element against many. */
static operand strip_operand(const builder *b, int id, extent domain, int *scalar)
{
    int            root = ad_build_root(b, id);
    const ad_node *x    = ad_node_of(b->g, root);
    operand        o    = place_at(b, root);
    int            one  = domain.each == 1 && !domain.batched;
    *scalar             = !x->shape.batched && ad_elements(x->shape) == 1 && !one;
    if (*scalar) o.step = 0;
    return o;
}

/* The kernel of the largest part of `mask` that there is one for. */
static unsigned kernel_mask(const ad_op *row, ad_type type, unsigned mask)
{
    unsigned best = 0;
    int      bits = -1;
    for (unsigned m = 0; m < 8; m++) {
        int n = __builtin_popcount(m);
        if ((m & ~mask) || !row->strip[type - 1][m] || n <= bits) continue;
        best = m;
        bits = n;
    }
    return best;
}

static ad_status emit_operands(placer *p, instr *i, const ad_node *n, extent domain, unsigned *mask)
{
    builder *b = p->b;
    if (n->nin > 3) {
        operand *xs = ad_arena_alloc(b->p->arena, sizeof *xs * (size_t)n->nin);
        if (!xs) return AD_NO_MEMORY;
        for (int j = 0, scalar; j < n->nin; j++)
            xs[j] = strip_operand(b, n->in[j], domain, &scalar);
        i->xs = xs;
        return AD_OK;
    }
    for (int j = 0, scalar; j < n->nin; j++) {
        i->x[j] = strip_operand(b, n->in[j], domain, &scalar);
        if (scalar) *mask |= 1u << j;
    }
    return AD_OK;
}

static operand node_place(placer *p, int id, int at, int seq, extent domain)
{
    builder       *b = p->b;
    const ad_node *n = ad_node_of(b->g, id);
    info          *f = &b->info[id];
    if (f->placed) return f->at;
    f->placed = 1;
    if (f->once)
        return f->at = (operand){ BASE_BLOCK, esize(n), ad_build_keep(b, ad_place_bytes(b, n)) };
    if (!f->outside) {
        operand o    = slot_take(p, &p->slot_of[id]);
        return f->at = o;
    }
    f->bytes = ad_place_bytes(b, n);
    for (int i = 0; i < n->nin; i++) { /* in place */
        int            in = ad_build_root(b, n->in[i]);
        info          *x  = &b->info[in];
        const ad_node *xn = ad_node_of(b->g, in);
        if (x->bytes == 0 || x->last != at || p->seq_last[in] != seq ||
            (x->at.base != BASE_BLOCK && x->at.base != BASE_LOCAL) || xn->type != n->type ||
            ad_elements(xn->shape) != domain.each || xn->shape.batched != domain.batched ||
            x->bytes != f->bytes)
            continue;
        x->bytes     = 0; /* taken over: not given back with x */
        return f->at = x->at;
    }
    return f->at = ad_place_room(p, n, &f->bytes);
}

/* x (1 - a^2), the second factor computed just now for this alone: one pass. */
static void join_pair(builder *b, instr *now, int j, unsigned mask)
{
    const instr *last = &b->p->instr[b->p->instrs - 1];
    if (now->op != AD_OP_mul || now->kind != I_STRIP || mask || b->p->instrs <= b->first) return;
    if (last->op != AD_OP_omsq || last->kind != I_STRIP || last->d.base != BASE_TEMP ||
        last->d.off != now->x[j].off || now->x[0].off == now->x[1].off)
        return;
    now->x[0] = now->x[1 - j];
    now->x[1] = last->x[0];
    now->kind = I_PAIR;
    now->fn   = ad_tanh_back_kernel(now->type);
    b->p->instrs--;
}

static ad_status emit_node(placer *p, int id, int at, int seq, extent domain)
{
    builder       *b   = p->b;
    const ad_node *n   = ad_node_of(b->g, id);
    const ad_op   *row = ad_op_row(n->op);
    instr          now = { .op = n->op, .type = n->type, .m = n->nin, .k = n->k, .attr = n->attr };
    int            fills[3], nfills = 0;
    unsigned       mask = 0, scalars = 0;
    AD_TRY(emit_operands(p, &now, n, domain, &mask));
    if (n->op == AD_OP_lincomb) {
        now.kind    = I_LINCOMB;
        now.lincomb = ad_lincomb_kernel(n->type);
        if (!now.xs) {
            operand *xs = ad_arena_alloc(b->p->arena, sizeof now.x);
            if (!xs) return AD_NO_MEMORY;
            memcpy(xs, now.x, sizeof now.x);
            now.xs = xs;
        }
    } else if (n->op == AD_OP_broadcast) {
        long *spread = ad_arena_alloc(b->p->arena, sizeof *spread);
        if (!spread) return AD_NO_MEMORY;
        *spread       = ad_build_spread(b, n);
        now.kind      = I_SPREAD;
        now.attr      = spread;
        now.x[0].step = 0;
    } else if (n->op == AD_OP_cast) {
        now.kind = I_CAST;
        now.cast = ad_cast_kernel(ad_node_of(b->g, n->in[0])->type, n->type);
    } else {
        unsigned have = kernel_mask(row, n->type, mask);
        scalars       = have;
        now.fn        = row->strip[n->type - 1][have];
        if (!now.fn)
            return ad_fail(AD_UNSUPPORTED, "the operation %s has no kernel for its operands",
                           row->name);
        for (int j = 0; j < n->nin; j++) {
            if (!((mask & ~have) >> j & 1)) continue;
            instr *fill = ad_build_instr(b);
            if (!fill) return AD_NO_MEMORY;
            *fill    = (instr){ .kind = I_FILL, .type = n->type, .m = 1, .x = { now.x[j] } };
            fill->d  = slot_take(p, &fills[nfills++]);
            now.x[j] = fill->d;
        }
    }
    int widens = now.kind == I_CAST && n->type == AD_F64;
    if (widens) now.d = node_place(p, id, at, seq, domain);
    for (int j = 0; j < n->nin; j++) {
        int in = ad_build_root(b, n->in[j]);
        if (p->slot_of[in] >= 0 && p->seq_last[in] == seq) {
            AD_TRY(slot_give(p, p->slot_of[in]));
            p->slot_of[in] = -1;
            join_pair(b, &now, j, mask);
        }
    }
    if (!widens) now.d = node_place(p, id, at, seq, domain);
    for (int j = 0; j < nfills; j++) AD_TRY(slot_give(p, fills[j]));
    instr *i = ad_build_instr(b);
    if (!i) return AD_NO_MEMORY;
    now.one = (short)ad_plan_one_code(&now);
    now.few = (short)ad_plan_few_code(&now, scalars);
    *i      = now;
    return AD_OK;
}

ad_status ad_place_strips(placer *p, int once, int at)
{
    builder          *b     = p->b;
    const work_nodes *nodes = &(once ? &b->once : &b->main)->item[at];
    step             *s     = &(once ? &b->p->once : &b->p->main)->step[at];
    long              total = s->size.each * (s->size.batched ? b->p->capacity : 1);
    s->first = b->first = b->p->instrs;
    p->nfree = p->nslots = 0;
    p->slot_bytes        = total == 1
                               ? 8
                               : (size_t)(total < TILE ? (total + 15) / 16 * 16 : TILE) * 8 + AD_PAD;
    for (int j = 0; j < nodes->count; j++) {
        const ad_node *n = ad_node_of(b->g, nodes->node[j]);
        for (int i = 0; i < n->nin; i++) p->seq_last[ad_build_root(b, n->in[i])] = j;
    }
    for (int j = 0; j < nodes->count; j++) AD_TRY(emit_node(p, nodes->node[j], at, j, s->size));
    s->count = b->p->instrs - s->first;
    return AD_OK;
}
