/* plan_place.c - where every value lives, and the instructions that follow from it.

   The block has a persistent front (constants, packed weights, accumulators, everything of the section once) and behind it
   the buffers of main, reused by lifetime: a buffer is taken when its step runs and given back after the last step that
   reads it. Values that never leave their strip program get a slot of one tile. In place: an instruction takes over the
   buffer of an operand that dies with it, if it has the same size and is nobody else's (no input, parameter, output or
   residual). */
#include <string.h>

#include "plan_build.h"

/* --- free list of the block ------------------------------------------------------------------------------------------ */

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

static ad_status give_back(placer *p, size_t off, size_t bytes)
{
    int i = 0;
    while (i < p->count && p->holes[i].off < off) i++;
    int left  = i > 0 && p->holes[i - 1].off + p->holes[i - 1].bytes == off;
    int right = i < p->count && off + bytes == p->holes[i].off;
    if (left && right) {
        p->holes[i - 1].bytes += bytes + p->holes[i].bytes;
        memmove(p->holes + i, p->holes + i + 1, sizeof *p->holes * (size_t)(--p->count - i));
    } else if (left) {
        p->holes[i - 1].bytes += bytes;
    } else if (right) {
        p->holes[i].off = off;
        p->holes[i].bytes += bytes;
    } else {
        if (p->count == p->capacity) {
            hole *more = ad_realloc(p->holes, sizeof *more * (size_t)p->count,
                                    sizeof *more * (size_t)(2 * p->count + 16));
            if (!more) return AD_NO_MEMORY;
            p->holes    = more;
            p->capacity = 2 * p->count + 16;
        }
        memmove(p->holes + i + 1, p->holes + i, sizeof *p->holes * (size_t)(p->count++ - i));
        p->holes[i] = (hole){ off, bytes };
    }
    return AD_OK;
}

static size_t take(placer *p, size_t bytes)
{
    for (int i = 0; i < p->count; i++) {
        if (p->holes[i].bytes < bytes) continue;
        size_t off = p->holes[i].off;
        p->holes[i].off += bytes;
        p->holes[i].bytes -= bytes;
        if (p->holes[i].bytes == 0)
            memmove(p->holes + i, p->holes + i + 1, sizeof *p->holes * (size_t)(--p->count - i));
        return off;
    }
    size_t off = p->end;
    p->end += bytes;
    return off;
}

/* One number that only the one-element interpreter writes needs no pad. */
static int exact(const builder *b, const ad_node *n)
{
    return ad_run_elements(n->shape, b->p->capacity) == 1 &&
           (ad_op_row(n->op)->flags & AD_ELEMENTWISE);
}

static size_t node_bytes(const builder *b, const ad_node *n)
{
    return exact(b, n) ? AD_ALIGN : plan_bytes(n->type, n->shape, b->p->capacity);
}

static int esize(const ad_node *n)
{
    return (int)ad_type_size(n->type);
}

/* --- leaves ------------------------------------------------------------------------------------------------------------ */

static step *add_step(section *s, step proto)
{
    if (s->count == s->capacity) {
        step *more = ad_realloc(s->step, sizeof *more * (size_t)s->count,
                                sizeof *more * (size_t)(2 * s->count + 8));
        if (!more) return NULL;
        s->step     = more;
        s->capacity = 2 * s->count + 8;
    }
    s->step[s->count] = proto;
    return &s->step[s->count++];
}

static extent extent_of(const ad_node *n)
{
    return (extent){ ad_elements(n->shape), n->shape.batched };
}

static ad_status copy_step(section *s, const ad_node *n, operand from, operand to)
{
    step c = { .kind = S_COPY, .type = n->type, .size = extent_of(n), .x = from, .y = to };
    return add_step(s, c) ? AD_OK : AD_NO_MEMORY;
}

static ad_status place_inputs(builder *b, int nin, const binding in[])
{
    for (int i = 0; i < nin; i++) {
        if (b->in_id[i] < 0) continue;
        info          *f = &b->info[b->in_id[i]];
        const ad_node *n = ad_node_of(b->g, b->in_id[i]);
        f->placed        = 1;
        f->at            = in[i].at;
        f->at.step       = esize(n);
        if (!in[i].at.step) continue;
        f->at = (operand){ BASE_BLOCK, esize(n),
                           build_keep(b, plan_bytes(n->type, n->shape, b->p->capacity)) };
        AD_TRY(
            copy_step(&b->p->load, n, (operand){ in[i].at.base, esize(n), in[i].at.off }, f->at));
    }
    return AD_OK;
}

static ad_status place_constants(builder *b)
{
    int count = 0;
    for (int id = 0; id < b->size; id++) {
        ad_opcode op = ad_node_of(b->g, id)->op;
        count += op == AD_OP_full || op == AD_OP_array;
    }
    b->p->constants = ad_alloc(sizeof *b->p->constants * (size_t)(count + 1));
    if (!b->p->constants) return AD_NO_MEMORY;
    for (int id = 0; id < b->size; id++) {
        const ad_node *n = ad_node_of(b->g, id);
        info          *f = &b->info[id];
        if (n->op == AD_OP_param) {
            f->at = (operand){ BASE_THETA, esize(n), (size_t)n->attr[0] * ad_type_size(n->type) };
            f->placed = 1;
        }
        if (n->op != AD_OP_full && n->op != AD_OP_array) continue;
        long elements                       = ad_run_elements(n->shape, b->p->capacity);
        f->at                               = (operand){ BASE_BLOCK, esize(n),
                           elements == 1
                                                             ? build_keep(b, 8)
                                                             : build_keep(b, plan_bytes(n->type, n->shape, b->p->capacity)) };
        f->placed                           = 1;
        b->p->constants[b->p->nconstants++] = (constant){ f->at.off, n, elements };
    }
    return AD_OK;
}

/* Vector kernels read whole vectors: a parameter that one of them reads gets a padded copy, once a solve. */
static ad_status copy_params(builder *b)
{
    for (int id = 0; id < b->size; id++) {
        const ad_node *n = ad_node_of(b->g, id);
        for (int i = 0; i < n->nin; i++) {
            int            in = build_root(b, n->in[i]);
            const ad_node *x  = ad_node_of(b->g, in);
            info          *f  = &b->info[in];
            if (x->op != AD_OP_param || f->copied || (n->op == AD_OP_matmul && i == 1)) continue;
            f->copied = 1;
            f->copy   = (operand){ BASE_BLOCK, esize(x),
                                   build_keep(b, plan_bytes(x->type, x->shape, 1)) };
            AD_TRY(copy_step(&b->p->load_once, x, f->at, f->copy));
        }
    }
    return AD_OK;
}

static operand at_of(const builder *b, int id)
{
    const info *f = &b->info[build_root(b, id)];
    return f->copied ? f->copy : f->at;
}

/* --- lifetimes ---------------------------------------------------------------------------------------------------------- */

static void find_lifetimes(builder *b, int nout)
{
    for (int id = 0; id < b->size; id++) b->info[id].last = -1;
    for (int once = 0; once < 2; once++) {
        const worklist *w = once ? &b->once : &b->main;
        const section  *s = once ? &b->p->once : &b->p->main;
        for (int at = 0; at < w->count; at++) {
            for (int j = 0; j < w->item[at].count; j++) {
                const ad_node *n = ad_node_of(b->g, w->item[at].node[j]);
                for (int i = 0; i < n->nin; i++) {
                    info *f = &b->info[build_root(b, n->in[i])];
                    if (!once) f->last = at;
                    if (f->step != at || f->once != once) f->outside = 1;
                }
            }
            if (s->step[at].kind == S_PACK) { /* m: the matrix */
                info *f = &b->info[build_root(b, (int)s->step[at].m)];
                if (!once) f->last = at;
                f->outside = 1;
            }
        }
    }
    for (int i = 0; i < nout; i++) {
        info *f    = &b->info[build_root(b, b->out_id[i])];
        f->last    = b->main.count; /* stored at the end */
        f->outside = 1;
    }
}

/* --- strip programs ----------------------------------------------------------------------------------------------------- */

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
    int            root = build_root(b, id);
    const ad_node *x    = ad_node_of(b->g, root);
    operand        o    = at_of(b, root);
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
    if (f->once) return f->at = (operand){ BASE_BLOCK, esize(n), build_keep(b, node_bytes(b, n)) };
    if (!f->outside) {
        operand o    = slot_take(p, &p->slot_of[id]);
        return f->at = o;
    }
    f->bytes = node_bytes(b, n);
    for (int i = 0; i < n->nin; i++) { /* in place */
        int            in = build_root(b, n->in[i]);
        info          *x  = &b->info[in];
        const ad_node *xn = ad_node_of(b->g, in);
        if (x->bytes == 0 || x->last != at || p->seq_last[in] != seq || x->at.base != BASE_BLOCK ||
            xn->type != n->type || ad_elements(xn->shape) != domain.each ||
            xn->shape.batched != domain.batched || x->bytes != f->bytes)
            continue;
        x->bytes     = 0; /* taken over: not given back with x */
        return f->at = x->at;
    }
    return f->at = (operand){ BASE_BLOCK, esize(n), take(p, f->bytes) };
}

/* x (1 - a^2), the second factor computed just now for this alone: one pass. */
static void join_pair(builder *b, instr *now, int j, unsigned mask)
{
    const instr *last = &b->p->instr[b->p->instrs - 1];
    if (now->op != AD_OP_mul || now->kind != I_STRIP || mask || b->p->instrs <= b->first) return;
    if (last->op != AD_OP_omsq || last->kind != I_STRIP || last->d.base != BASE_TEMP || last->d.off != now->x[j].off ||
        now->x[0].off == now->x[1].off) return;
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
        *spread       = build_spread(b, n);
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
            instr *fill = build_instr(b);
            if (!fill) return AD_NO_MEMORY;
            *fill    = (instr){ .kind = I_FILL, .type = n->type, .m = 1, .x = { now.x[j] } };
            fill->d  = slot_take(p, &fills[nfills++]);
            now.x[j] = fill->d;
        }
    }
    int widens = now.kind == I_CAST && n->type == AD_F64;
    if (widens) now.d = node_place(p, id, at, seq, domain);
    for (int j = 0; j < n->nin; j++) {
        int in = build_root(b, n->in[j]);
        if (p->slot_of[in] >= 0 && p->seq_last[in] == seq) {
            AD_TRY(slot_give(p, p->slot_of[in]));
            p->slot_of[in] = -1;
            join_pair(b, &now, j, mask);
        }
    }
    if (!widens) now.d = node_place(p, id, at, seq, domain);
    for (int j = 0; j < nfills; j++) AD_TRY(slot_give(p, fills[j]));
    instr *i = build_instr(b);
    if (!i) return AD_NO_MEMORY;
    now.one = (short)plan_one_code(&now);
    now.few = (short)plan_few_code(&now, scalars);
    *i      = now;
    return AD_OK;
}

static ad_status place_strips(placer *p, int once, int at)
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
        for (int i = 0; i < n->nin; i++) p->seq_last[build_root(b, n->in[i])] = j;
    }
    for (int j = 0; j < nodes->count; j++) AD_TRY(emit_node(p, nodes->node[j], at, j, s->size));
    s->count = b->p->instrs - s->first;
    return AD_OK;
}

/* --- the other steps ------------------------------------------------------------------------------------------------------ */

static ad_status place_other(placer *p, int once, int at)
{
    builder    *b = p->b;
    step       *s = &(once ? &b->p->once : &b->p->main)->step[at];
    work_nodes *w = &(once ? &b->once : &b->main)->item[at];
    if (s->kind == S_PACK) {
        s->x = b->info[build_root(b, (int)s->m)].at;
        return AD_OK;
    }
    int            id = w->node[0];
    const ad_node *n  = ad_node_of(b->g, id);
    info          *f  = &b->info[id];
    if (!s->keep && !f->placed) {
        f->placed    = 1;
        size_t bytes = plan_bytes(n->type, n->shape, b->p->capacity);
        if (!f->once) f->bytes = bytes;
        f->at = (operand){ BASE_BLOCK, esize(n), f->once ? build_keep(b, bytes) : take(p, bytes) };
    }
    if (s->kind == S_PRODUCT || s->kind == S_GEMM) {
        s->x = at_of(b, n->in[0]);
        if (s->kind == S_GEMM) s->b = b->info[build_root(b, n->in[1])].at;
        if (s->has_bias) s->bias = at_of(b, n->in[2]);
        s->y = f->at;
        return AD_OK;
    }
    operand *in = ad_arena_alloc(b->p->arena, sizeof *in * (size_t)(n->nin + 1));
    if (!in) return AD_NO_MEMORY;
    for (int i = 0; i < n->nin; i++) in[i] = at_of(b, n->in[i]);
    s->in   = in;
    s->node = n;
    s->type = n->type;
    if (s->kind == S_RUN || s->kind == S_SUM)
        s->y = f->at;
    else
        s->b = f->at;
    return AD_OK;
}

static ad_status place_section(placer *p, int once)
{
    builder        *b = p->b;
    const worklist *w = once ? &b->once : &b->main;
    for (int at = 0; at < w->count; at++) {
        const section *s = once ? &b->p->once : &b->p->main;
        AD_TRY(s->step[at].kind == S_STRIPS ? place_strips(p, once, at) : place_other(p, once, at));
        for (int j = 0; !once && j < w->item[at].count; j++) {
            const ad_node *n = ad_node_of(b->g, w->item[at].node[j]);
            for (int i = -1; i < n->nin; i++) {
                info *f = &b->info[i < 0 ? w->item[at].node[j] : build_root(b, n->in[i])];
                if (f->bytes == 0 || f->last > at || f->once) continue;
                AD_TRY(give_back(p, f->at.off, f->bytes));
                f->bytes = 0;
            }
        }
        if (!once && s->step[at].kind == S_PACK) {
            info *f = &b->info[build_root(b, (int)s->step[at].m)];
            if (f->bytes && f->last <= at) {
                AD_TRY(give_back(p, f->at.off, f->bytes));
                f->bytes = 0;
            }
        }
    }
    return AD_OK;
}

/* --- products and the strips behind them ---------------------------------------------------------------------------------- */

/* The one step that reads node `id`, or -1. */
static int only_user(const builder *b, int nout, int id, int *user)
{
    int uses = 0;
    for (int i = 0; i < nout; i++) uses += build_root(b, b->out_id[i]) == id;
    for (int u = 0; u < b->size; u++) {
        const ad_node *n = ad_node_of(b->g, u);
        for (int i = 0; i < n->nin; i++) {
            if (build_root(b, n->in[i]) != id || n->op == AD_OP_reshape || n->op == AD_OP_stop_gradient) continue;
            uses++;
            *user = u;
        }
    }
    return uses == 1 && *user >= 0 ? b->info[*user].step : -1;
}

static int same_place(operand a, operand b)
{
    return a.base == b.base && a.off == b.off;
}

/* x (1 - t^2) in the registers of the product that made x. The result goes where x would have gone, or outside the block,
   where nothing of this step can lie; t is there before the product. */
static int try_tail(builder *b, int nout, int at)
{
    step          *s = &b->p->main.step[at];
    const ad_node *n = ad_node_of(b->g, b->main.item[at].node[0]);
    int            user = -1, to = s->has_bias ? -1 : only_user(b, nout, b->main.item[at].node[0], &user);
    ad_product_fn *fused = ad_product_tanh_back(s->type, s->pack, s->k, s->n);
    if (to < 0 || !fused || b->p->main.step[to].kind != S_STRIPS) return 0;
    step *strips = &b->p->main.step[to];
    for (int i = strips->first; i < strips->first + strips->count; i++) {
        instr *pair = &b->p->instr[i];
        if (pair->kind != I_PAIR || !same_place(pair->x[0], s->y)) continue;
        const ad_node *mul = ad_node_of(b->g, user);
        int            omsq = build_root(b, mul->in[build_root(b, mul->in[0]) == b->main.item[at].node[0]]);
        int            t = build_root(b, ad_node_of(b->g, omsq)->in[0]);
        if (b->info[t].step >= at && !b->info[t].once) return 0;
        if (same_place(pair->d, pair->x[1]) || pair->x[1].step == 0 || n->type != pair->type) return 0;
        if (!same_place(pair->d, s->y) && (pair->d.base == BASE_BLOCK || pair->d.base == BASE_TEMP)) return 0;
        s->y        = pair->d;
        s->bias     = pair->x[1];
        s->has_bias = s->back = 1;
        s->product  = fused;
        memmove(pair, pair + 1, sizeof *pair * (size_t)(strips->first + strips->count - i - 1));
        strips->count--;
        return 1;
    }
    return 0;
}

/* Drops the steps that have nothing left to do; what is flushed is listed first. (Running a product and the strips behind it
   by blocks of rows, of 32 to 512 KiB, gained nothing at 4096 x 512 and lost 10 % to reading the matrix again.) */
static ad_status join_steps(builder *b, int nout)
{
    section *s = &b->p->main;
    int      count = 0;
    for (int at = 0; at < s->count; at++)
        if (s->step[at].kind == S_PRODUCT) try_tail(b, nout, at);
    for (int at = 0; at < s->count; at++) {
        if (s->step[at].keep && !add_step(&b->p->flush, s->step[at])) return AD_NO_MEMORY;
        if (s->step[at].joined || (s->step[at].kind == S_STRIPS && s->step[at].count == 0)) continue;
        s->step[count++] = s->step[at];
    }
    s->count = count;
    return AD_OK;
}

/* --- outputs --------------------------------------------------------------------------------------------------------------- */

static int uses_of_output(const builder *b, int nout, int root)
{
    int uses = 0;
    for (int i = 0; i < nout; i++) uses += build_root(b, b->out_id[i]) == root;
    for (int id = 0; id < b->size; id++)
        for (int i = 0; i < ad_node_of(b->g, id)->nin; i++)
            uses += build_root(b, ad_node_of(b->g, id)->in[i]) == root &&
                    ad_node_of(b->g, id)->op != AD_OP_reshape;
    return uses;
}

/* Outputs that their step may write where they are wanted; gradients of parameters that stay in their accumulator. */
static void assign_outputs(builder *b, int nout, const binding out[], char done[])
{
    for (int i = 0; i < nout; i++) {
        int   root = build_root(b, b->out_id[i]);
        info *f    = &b->info[root];
        if (f->once || f->step < 0 || f->placed) continue;
        step *s = &b->p->main.step[f->step];
        if (out[i].param) {
            if ((s->kind != S_ROWDOT && s->kind != S_ROWSUM) || uses_of_output(b, nout, root) > 1)
                continue;
            s->keep   = 1;
            s->offset = (long)out[i].at.off;
            f->placed = 1;
            done[i]   = 1;
        } else if (!out[i].at.step) {
            f->at     = (operand){ out[i].at.base, esize(ad_node_of(b->g, root)), out[i].at.off };
            f->placed = 1;
            done[i]   = 1;
        }
    }
}

/* Is row sum number r one of a factor of row product number d? */
static int sums_factor(const builder *b, int d, int r)
{
    const step    *dot = &b->p->main.step[d], *sum = &b->p->main.step[r];
    const ad_node *x = ad_node_of(b->g, b->main.item[d].node[0]), *y = ad_node_of(b->g, b->main.item[r].node[0]);
    int            side = ad_dotrows_sums(dot->type, dot->k, dot->n);
    if (side < 0 || sum->n != (side ? dot->n : dot->k) || sum->type != dot->type || sum->count != dot->count) return 0;
    for (int i = 0; i < sum->count; i++)
        if (build_root(b, x->in[2 * i + side]) != build_root(b, y->in[i])) return 0;
    return 1;
}

/* The gradients of a weight and of its bias in one pass. Kept ones only: nobody reads them before the flush. */
static void join_row_sums(builder *b)
{
    for (int r = 0; r < b->p->main.count; r++) {
        step *sum = &b->p->main.step[r];
        if (sum->kind != S_ROWSUM || !sum->keep) continue;
        for (int d = 0; d < b->p->main.count && !sum->joined; d++) {
            step *dot = &b->p->main.step[d];
            if (dot->kind != S_ROWDOT || dot->has_bias || !sums_factor(b, d, r)) continue;
            dot->has_bias = 1;
            dot->bias     = sum->y;
            sum->joined   = 1;
        }
    }
}

static ad_status store_outputs(builder *b, int nout, const binding out[], const char done[])
{
    for (int i = 0; i < nout; i++) {
        if (done[i]) continue;
        const ad_node *n    = ad_node_of(b->g, b->out_id[i]);
        operand        from = b->info[build_root(b, b->out_id[i])].at;
        if (out[i].param) {
            step a = { .kind   = S_ADD,
                       .type   = n->type,
                       .size   = extent_of(n),
                       .x      = from,
                       .offset = (long)out[i].at.off };
            if (!add_step(&b->p->store, a)) return AD_NO_MEMORY;
        } else {
            AD_TRY(copy_step(&b->p->store, n, from,
                             (operand){ out[i].at.base, esize(n), out[i].at.off }));
        }
    }
    return AD_OK;
}

ad_status build_place(builder *b, int nin, const binding in[], int nout, const binding out[])
{
    placer p    = { .b = b };
    char  *done = ad_alloc((size_t)nout + 1);
    p.slot_of   = ad_alloc(sizeof *p.slot_of * (size_t)(b->size + 1));
    p.seq_last  = ad_alloc(sizeof *p.seq_last * (size_t)(b->size + 1));
    ad_status e = done && p.slot_of && p.seq_last ? AD_OK : AD_NO_MEMORY;
    if (!e) {
        for (int id = 0; id < b->size; id++) p.slot_of[id] = -1;
        e = place_inputs(b, nin, in);
    }
    if (!e) e = place_constants(b);
    if (!e) e = copy_params(b);
    if (!e) {
        find_lifetimes(b, nout);
        assign_outputs(b, nout, out, done);
        join_row_sums(b);
        e = place_section(&p, 1);
    }
    p.end = (b->keep + AD_ALIGN - 1) / AD_ALIGN * AD_ALIGN;
    if (!e) e = place_section(&p, 0);
    if (!e) e = join_steps(b, nout);
    if (!e) e = store_outputs(b, nout, out, done);
    b->p->block = p.end + 2 * AD_PAD;
    ad_free(done);
    ad_free(p.slot_of);
    ad_free(p.seq_last);
    ad_free(p.slot_free);
    ad_free(p.holes);
    return e;
}
