/* plan_place.c - where every value lives, and the instructions that follow from it.

   The block has a persistent front (constants, packed weights, accumulators, everything of the section once) and behind it
   the buffers of main, reused by lifetime: a buffer is taken when its step runs and given back after the last step that
   reads it. Values that never leave their strip program get a slot of one tile. In place: an instruction takes over the
   buffer of an operand that dies with it, if it has the same size and is nobody else's (no input, parameter, output or
   residual). */
#include <string.h>

#include "plan_place.h"

/* --- leaves ------------------------------------------------------------------------------------------------------------ */

step *ad_place_add_step(section *s, step proto)
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

static ad_status copy_step(section *s, const ad_node *n, operand from, operand to)
{
    step c = { .kind = S_COPY, .type = n->type, .size = extent_of(n), .x = from, .y = to };
    return ad_place_add_step(s, c) ? AD_OK : AD_NO_MEMORY;
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
                           ad_build_keep(b, ad_plan_bytes(n->type, n->shape, b->p->capacity)) };
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
                           elements == 1 ? ad_build_keep(b, 8)
                                                                       : ad_build_keep(b, ad_plan_bytes(n->type, n->shape,
                                                                                                        b->p->capacity)) };
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
            int            in = ad_build_root(b, n->in[i]);
            const ad_node *x  = ad_node_of(b->g, in);
            info          *f  = &b->info[in];
            if (x->op != AD_OP_param || f->copied || (n->op == AD_OP_matmul && i == 1)) continue;
            f->copied = 1;
            f->copy   = (operand){ BASE_BLOCK, esize(x),
                                   ad_build_keep(b, ad_plan_bytes(x->type, x->shape, 1)) };
            AD_TRY(copy_step(&b->p->load_once, x, f->at, f->copy));
        }
    }
    return AD_OK;
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
                    info *f = &b->info[ad_build_root(b, n->in[i])];
                    if (!once) f->last = at;
                    if (f->step != at || f->once != once) f->outside = 1;
                }
            }
            if (s->step[at].kind == S_PACK) { /* m: the matrix */
                info *f = &b->info[ad_build_root(b, (int)s->step[at].m)];
                if (!once) f->last = at;
                f->outside = 1;
            }
        }
    }
    for (int i = 0; i < nout; i++) {
        info *f    = &b->info[ad_build_root(b, b->out_id[i])];
        f->last    = b->main.count; /* stored at the end */
        f->outside = 1;
    }
}

/* --- the other steps ------------------------------------------------------------------------------------------------------ */

static ad_status place_other(placer *p, int once, int at)
{
    builder    *b = p->b;
    step       *s = &(once ? &b->p->once : &b->p->main)->step[at];
    work_nodes *w = &(once ? &b->once : &b->main)->item[at];
    if (s->kind == S_PACK) {
        s->x = b->info[ad_build_root(b, (int)s->m)].at;
        return AD_OK;
    }
    int            id = w->node[0];
    const ad_node *n  = ad_node_of(b->g, id);
    info          *f  = &b->info[id];
    if (!s->keep && !f->placed) {
        f->placed    = 1;
        size_t bytes = ad_plan_bytes(n->type, n->shape, ad_build_rows_of(b));
        if (f->once)
            f->at = (operand){ BASE_BLOCK, esize(n), ad_build_keep(b, bytes) };
        else
            f->at = ad_place_room(p, n, &bytes), f->bytes = bytes;
    }
    if (s->kind == S_PRODUCT || s->kind == S_GEMM) {
        s->x = place_at(b, n->in[0]);
        if (s->kind == S_GEMM) s->b = b->info[ad_build_root(b, n->in[1])].at;
        if (s->has_bias) s->bias = place_at(b, n->in[2]);
        s->y = f->at;
        return AD_OK;
    }
    operand *in = ad_arena_alloc(b->p->arena, sizeof *in * (size_t)(n->nin + 1));
    if (!in) return AD_NO_MEMORY;
    for (int i = 0; i < n->nin; i++) in[i] = place_at(b, n->in[i]);
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
        AD_TRY(s->step[at].kind == S_STRIPS ? ad_place_strips(p, once, at)
                                            : place_other(p, once, at));
        for (int j = 0; !once && j < w->item[at].count; j++) {
            const ad_node *n = ad_node_of(b->g, w->item[at].node[j]);
            for (int i = -1; i < n->nin; i++) {
                info *f = &b->info[i < 0 ? w->item[at].node[j] : ad_build_root(b, n->in[i])];
                if (f->bytes == 0 || f->last > at || f->once) continue;
                AD_TRY(ad_place_give(p, f->at.off, f->bytes));
                f->bytes = 0;
            }
        }
        if (!once && s->step[at].kind == S_PACK) {
            info *f = &b->info[ad_build_root(b, (int)s->step[at].m)];
            if (f->bytes && f->last <= at) {
                AD_TRY(ad_place_give(p, f->at.off, f->bytes));
                f->bytes = 0;
            }
        }
    }
    return AD_OK;
}

/* --- outputs --------------------------------------------------------------------------------------------------------------- */

static int uses_of_output(const builder *b, int nout, int root)
{
    int uses = 0;
    for (int i = 0; i < nout; i++) uses += ad_build_root(b, b->out_id[i]) == root;
    for (int id = 0; id < b->size; id++)
        for (int i = 0; i < ad_node_of(b->g, id)->nin; i++)
            uses += ad_build_root(b, ad_node_of(b->g, id)->in[i]) == root &&
                    ad_node_of(b->g, id)->op != AD_OP_reshape;
    return uses;
}

/* In chunks a product writes behind its rows, and some kernels read there: not in an array that chunks share. */
static int late(const builder *b, int root, const step *s)
{
    const ad_node *n = ad_node_of(b->g, root);
    if (!b->p->chunk || !n->shape.batched) return 0;
    return (s->kind == S_PRODUCT && !ad_build_exact(b, n)) || ad_build_read_ahead(b, root);
}

/* Outputs that their step may write where they are wanted; gradients of parameters that stay in their accumulator. */
static void assign_outputs(builder *b, int nout, const binding out[], char done[])
{
    for (int i = 0; i < nout; i++) {
        int   root = ad_build_root(b, b->out_id[i]);
        info *f    = &b->info[root];
        if (f->once || f->step < 0 || f->placed) continue;
        step *s = &b->p->main.step[f->step];
        if (out[i].param) {
            if ((s->kind != S_ROWDOT && s->kind != S_ROWSUM) || uses_of_output(b, nout, root) > 1)
                continue;
            if (out[i].width && (s->kind != S_ROWDOT || ad_shape_of(out[i].v).dim[1] != s->n))
                continue;
            s->keep   = 1;
            s->width  = out[i].width;
            s->offset = (long)out[i].at.off;
            f->placed = 1;
            done[i]   = 1;
        } else if (!out[i].at.step && !late(b, root, s)) {
            f->at     = (operand){ out[i].at.base, esize(ad_node_of(b->g, root)), out[i].at.off };
            f->placed = 1;
            done[i]   = 1;
        }
    }
}

static ad_status store_outputs(builder *b, int nout, const binding out[], const char done[])
{
    for (int i = 0; i < nout; i++) {
        if (done[i]) continue;
        const ad_node *n    = ad_node_of(b->g, b->out_id[i]);
        operand        from = b->info[ad_build_root(b, b->out_id[i])].at;
        if (out[i].param) {
            step a = { .kind   = S_ADD,
                       .type   = n->type,
                       .size   = extent_of(n),
                       .x      = from,
                       .n      = out[i].width ? n->shape.dim[1] : 0,
                       .width  = out[i].width,
                       .offset = (long)out[i].at.off };
            if (!ad_place_add_step(&b->p->store, a)) return AD_NO_MEMORY;
        } else {
            AD_TRY(copy_step(&b->p->store, n, from,
                             (operand){ out[i].at.base, esize(n), out[i].at.off }));
        }
    }
    return AD_OK;
}

static void find_phases(ad_plan *p)
{
    p->first_in_chunk = p->first_after = 0;
    for (int i = 0; i < p->main.count; i++) {
        p->first_in_chunk += p->main.step[i].phase < PHASE_CHUNK;
        p->first_after += p->main.step[i].phase < PHASE_AFTER;
    }
}

ad_status ad_build_place(builder *b, int nin, const binding in[], int nout, const binding out[])
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
        ad_place_join_sums(b);
        e = place_section(&p, 1);
    }
    p.end = b->p->chunk ? 0 : (b->keep + AD_ALIGN - 1) / AD_ALIGN * AD_ALIGN;
    if (!e) e = place_section(&p, 0);
    if (!e) e = ad_place_join_tails(b, nout);
    if (!e) e = store_outputs(b, nout, out, done);
    b->p->block = (b->p->chunk ? b->keep : p.end) + 2 * AD_PAD;
    b->p->local = b->p->chunk ? p.end + 2 * AD_PAD : 0;
    find_phases(b->p);
    ad_free(done);
    ad_free(p.slot_of);
    ad_free(p.seq_last);
    ad_free(p.slot_free);
    ad_free(p.holes);
    return e;
}
