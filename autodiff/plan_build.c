/* plan_build.c - from a graph to steps: what runs, in which order, grouped how.

   1. The needed nodes are copied into a graph of the plan's own, so that dead code never gets there.
   2. Nodes that depend on parameters and constants alone go to the section *once*.
   3. An elementwise node joins the earliest strip program of its domain that stands after everything it needs; every other
      node is a step at the end.
   4. Buffers and instructions: plan_place.c. */
#include <string.h>

#include "plan_build.h"

size_t ad_plan_bytes(ad_type t, ad_shape s, long capacity)
{
    size_t bytes = (size_t)ad_run_elements(s, capacity) * ad_type_size(t);
    return (bytes + AD_ALIGN - 1) / AD_ALIGN * AD_ALIGN + AD_PAD;
}

int ad_build_root(const builder *b, int id)
{
    for (;;) {
        const ad_node *n = ad_node_of(b->g, id);
        if (n->op != AD_OP_reshape && n->op != AD_OP_stop_gradient) return id;
        id = n->in[0];
    }
}

static int is_alias(const ad_node *n)
{
    return n->op == AD_OP_reshape || n->op == AD_OP_stop_gradient;
}

void *ad_build_room(void *p, int count, int *capacity, size_t size)
{
    if (count < *capacity) return p;
    void *q = ad_realloc(p, (size_t)*capacity * size, 2 * (size_t)(*capacity + 8) * size);
    if (q) *capacity = 2 * (*capacity + 8);
    return q;
}

instr *ad_build_instr(builder *b)
{
    ad_plan *p = b->p;
    instr   *i = ad_build_room(p->instr, p->instrs, &p->instr_capacity, sizeof *i);
    if (!i) return NULL;
    p->instr = i;
    i        = &p->instr[p->instrs++];
    memset(i, 0, sizeof *i);
    return i;
}

/* A new step of a section, with the list of nodes it computes; its index or -1. */
int ad_build_step(builder *b, int once, int kind, int node)
{
    section  *s    = once ? &b->p->once : &b->p->main;
    worklist *w    = once ? &b->once : &b->main;
    step     *more = ad_build_room(s->step, s->count, &s->capacity, sizeof *more);
    if (!more) return -1;
    s->step           = more;
    work_nodes *nodes = ad_build_room(w->item, w->count, &w->capacity, sizeof *nodes);
    if (!nodes) return -1;
    w->item           = nodes;
    w->item[w->count] = (work_nodes){ 0 };
    s->step[s->count] = (step){ .kind = kind };
    w->count++;
    s->count++;
    if (node >= 0 && ad_build_join(b, once, s->count - 1, node)) return -1;
    return s->count - 1;
}

ad_status ad_build_join(builder *b, int once, int at, int node)
{
    work_nodes *w    = &(once ? &b->once : &b->main)->item[at];
    int        *more = ad_build_room(w->node, w->count, &w->capacity, sizeof *more);
    if (!more) return AD_NO_MEMORY;
    w->node             = more;
    w->node[w->count++] = node;
    b->info[node].step  = at;
    return AD_OK;
}

/* --- sections ---------------------------------------------------------------------------------------------------- */

/* Does node id depend on parameters and constants alone? once[] has the answers for smaller ids. */
int ad_plan_is_once(const ad_graph *g, int id, const char once[])
{
    const ad_node *n = ad_node_of(g, id);
    if (n->op == AD_OP_param || n->op == AD_OP_full || n->op == AD_OP_array) return 1;
    if (n->nin == 0 || n->op == AD_OP_call || n->shape.batched) return 0;
    for (int i = 0; i < n->nin; i++)
        if (!once[n->in[i]]) return 0;
    return 1;
}

static ad_status mark_once(builder *b)
{
    char *once = ad_alloc((size_t)b->size);
    if (!once) return AD_NO_MEMORY;
    for (int id = 0; id < b->size; id++)
        b->info[id].once = once[id] = (char)ad_plan_is_once(b->g, id, once);
    ad_free(once);
    return AD_OK;
}

static ad_status check_rows(builder *b, int nout, const int out[])
{
    char *mixed = ad_alloc((size_t)b->size);
    if (!mixed) return AD_NO_MEMORY;
    int ok = 1;
    for (int id = 0; id < b->size; id++) {
        const ad_node *n = ad_node_of(b->g, id);
        int mixes = (ad_op_row(n->op)->flags & AD_ROW_MIXING) || (n->call && n->call->mixes_rows);
        mixed[id] = mixes && n->nin && ad_node_of(b->g, n->in[0])->shape.batched;
        for (int i = 0; i < n->nin && !mixed[id]; i++) mixed[id] = mixed[n->in[i]];
    }
    for (int i = 0; i < nout; i++)
        if (ad_node_of(b->g, out[i])->shape.batched && mixed[out[i]]) ok = 0;
    ad_free(mixed);
    b->p->row_independent = ok;
    if (!ok && (b->p->flags & AD_ROW_EXACT))
        return ad_fail(AD_UNSUPPORTED,
                       "%s: a sample's result depends on the other samples of the batch (a sum "
                       "over rows inside "
                       "the field?), so samples cannot be stepped one by one; use joint batching",
                       b->p->name);
    return AD_OK;
}

/* --- the order --------------------------------------------------------------------------------------------------------- */

static ad_status schedule(builder *b, int nout)
{
    for (int id = 0; id < b->size; id++) b->info[id].step = -1;
    for (int i = 0; i < nout; i++) b->info[ad_build_root(b, b->out_id[i])].wanted = 1;
    for (int id = 0; id < b->size; id++) {
        const ad_node *n = ad_node_of(b->g, id);
        if (n->op == AD_OP_input || n->op == AD_OP_param || n->op == AD_OP_full ||
            n->op == AD_OP_array)
            continue;
        if (is_alias(n)) continue;
        ad_status e      = AD_OK;
        int       strips = ad_build_in_strips(b, n);
        if (strips && (b->info[id].floating = ad_build_floats(b, id))) continue;
        if (!strips) AD_TRY(ad_build_settle(b, id, -1));
        if (strips)
            e = ad_build_strip(b, id);
        else if (ad_build_is_product(b, n))
            e = ad_build_product(b, id);
        else if ((n->op == AD_OP_rowdot || n->op == AD_OP_rowsum) && ad_build_segments_fit(b, n))
            e = ad_build_rows(b, id);
        else
            e = ad_build_plain(b, id);
        if (e) return e;
    }
    return AD_OK;
}

/* --- the whole ------------------------------------------------------------------------------------------------------ */

static ad_status copy_graph(builder *b, int nin, const binding in[], int nout, const binding out[])
{
    ad_var   *v = ad_alloc(sizeof *v * (size_t)(2 * nin + 2 * nout + 1));
    ad_status e = v ? ad_graph_new(&b->g) : AD_NO_MEMORY;
    if (!e) {
        b->p->g    = b->g;
        ad_var *to = v + nin, *outs = to + nin, *results = outs + nout;
        for (int i = 0; i < nin; i++) {
            v[i] = in[i].v;
            if (v[i].id < 0) continue;
            to[i]       = ad_input(b->g, "in", ad_type_of(v[i]), ad_shape_of(v[i]));
            b->in_id[i] = to[i].id;
        }
        ad_graph *src = NULL;
        for (int i = 0; i < nout; i++) {
            outs[i] = out[i].v;
            if (!src) src = outs[i].g;
        }
        if (!src) e = ad_fail(AD_INVALID, "%s: nothing to compute", b->p->name);
        if (!e) e = ad_inline(b->g, src, nin, v, to, nout, outs, results);
        for (int i = 0; !e && i < nout; i++) b->out_id[i] = results[i].id;
    }
    ad_free(v);
    return e;
}

static ad_status build(builder *b, int nin, const binding in[], int nout, const binding out[])
{
    b->in  = ad_arena_alloc(b->p->arena, sizeof *b->in * (size_t)(nin + 1));
    b->out = ad_arena_alloc(b->p->arena, sizeof *b->out * (size_t)(nout + 1));
    if (!b->in || !b->out) return AD_NO_MEMORY;
    memcpy(b->in, in, sizeof *in * (size_t)nin);
    memcpy(b->out, out, sizeof *out * (size_t)nout);
    b->nin = nin, b->nout = nout;
    b->in_id  = ad_alloc(sizeof *b->in_id * (size_t)(nin + 1));
    b->out_id = ad_alloc(sizeof *b->out_id * (size_t)(nout + 1));
    if (!b->in_id || !b->out_id) return AD_NO_MEMORY;
    for (int i = 0; i < nin; i++) b->in_id[i] = -1;
    AD_TRY(copy_graph(b, nin, in, nout, out));
    b->size = ad_graph_size(b->g);
    b->info = ad_alloc(sizeof *b->info * (size_t)(b->size + 1));
    if (!b->info) return AD_NO_MEMORY;
    AD_TRY(mark_once(b));
    AD_TRY(check_rows(b, nout, b->out_id));
    AD_TRY(ad_build_chunks(b));
    AD_TRY(schedule(b, nout));
    if (b->p->chunk) AD_TRY(ad_build_by_phase(b));
    return ad_build_place(b, nin, b->in, nout, b->out);
}

ad_status ad_plan_build(ad_plan **out_plan, const char *name, int nin, const binding in[], int nout,
                        const binding out[], const ad_plan_options *o, int args_in, int args_out)
{
    *out_plan  = NULL;
    builder  b = { 0 };
    ad_plan *p = ad_alloc(sizeof *p);
    if (!p) return AD_NO_MEMORY;
    b.p         = p;
    p->capacity = o && o->capacity > 0 ? o->capacity : 1;
    p->flags    = o ? o->flags : 0;
    p->nin      = args_in;
    p->nout     = args_out;
    p->name     = ad_strdup(name ? name : "plan");
    p->arena    = ad_arena_new();
    ad_status e = p->name && p->arena ? build(&b, nin, in, nout, out) : AD_NO_MEMORY;
    for (int i = 0; i < b.once.count; i++) ad_free(b.once.item[i].node);
    for (int i = 0; i < b.main.count; i++) ad_free(b.main.item[i].node);
    ad_free(b.once.item);
    ad_free(b.main.item);
    ad_free(b.packs);
    ad_free(b.info);
    ad_free(b.in_id);
    ad_free(b.out_id);
    if (e) {
        ad_plan_free(p);
        return e;
    }
    *out_plan = p;
    ad_plan_debug(p);
    return AD_OK;
}

/* Notes where the residuals lie, for those who move rows of them. */
ad_status ad_plan_keep_residuals(ad_plan *p, int n, const binding residual[], size_t bytes)
{
    p->kept = ad_arena_alloc(p->arena, sizeof *p->kept * (size_t)(n + 1));
    if (!p->kept) return AD_NO_MEMORY;
    for (int i = 0; i < n; i++) {
        ad_shape s = ad_shape_of(residual[i].v);
        p->kept[i] = (ad_residual){ residual[i].at.off,
                                    (size_t)ad_elements(s) / (size_t)(s.batched ? s.dim[0] : 1) *
                                        ad_type_size(ad_type_of(residual[i].v)),
                                    s.batched ? s.dim[0] : 0 };
    }
    p->nkept    = n;
    p->residual = bytes;
    return AD_OK;
}

int ad_plan_residuals(const ad_plan *p)
{
    return p->nkept;
}
const ad_residual *ad_plan_residual(const ad_plan *p, int i)
{
    return &p->kept[i];
}

void ad_plan_free(ad_plan *p)
{
    if (!p) return;
    ad_graph_free(p->g);
    ad_arena_free(p->arena);
    ad_free(p->load_once.step);
    ad_free(p->once.step);
    ad_free(p->load.step);
    ad_free(p->main.step);
    ad_free(p->store.step);
    ad_free(p->flush.step);
    ad_free(p->instr);
    ad_free(p->constants);
    ad_free(p->name);
    ad_free(p);
}
