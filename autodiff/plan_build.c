/* plan_build.c - from a graph to steps: what runs, in which order, grouped how.

   1. The needed nodes are copied into a graph of the plan's own, so that dead code never gets there.
   2. Nodes that depend on parameters and constants alone go to the section *once*.
   3. An elementwise node joins the earliest strip program of its domain that stands after everything it needs; every other
      node is a step at the end.
   4. Buffers and instructions: plan_place.c. */
#include <string.h>

#include "plan_build.h"

size_t plan_bytes(ad_type t, ad_shape s, long capacity)
{
    size_t bytes = (size_t)ad_run_elements(s, capacity) * ad_type_size(t);
    return (bytes + AD_ALIGN - 1) / AD_ALIGN * AD_ALIGN + AD_PAD;
}

int build_root(const builder *b, int id)
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

static void *room(void *p, int count, int *capacity, size_t size)
{
    if (count < *capacity) return p;
    void *q = ad_realloc(p, (size_t)*capacity * size, 2 * (size_t)(*capacity + 8) * size);
    if (q) *capacity = 2 * (*capacity + 8);
    return q;
}

instr *build_instr(builder *b)
{
    ad_plan *p = b->p;
    instr   *i = room(p->instr, p->instrs, &p->instr_capacity, sizeof *i);
    if (!i) return NULL;
    p->instr = i;
    i        = &p->instr[p->instrs++];
    memset(i, 0, sizeof *i);
    return i;
}

/* A new step of a section, with the list of nodes it computes; its index or -1. */
int build_step(builder *b, int once, int kind, int node)
{
    section  *s    = once ? &b->p->once : &b->p->main;
    worklist *w    = once ? &b->once : &b->main;
    step     *more = room(s->step, s->count, &s->capacity, sizeof *more);
    if (!more) return -1;
    s->step           = more;
    work_nodes *nodes = room(w->item, w->count, &w->capacity, sizeof *nodes);
    if (!nodes) return -1;
    w->item           = nodes;
    w->item[w->count] = (work_nodes){ 0 };
    s->step[s->count] = (step){ .kind = kind };
    w->count++;
    s->count++;
    if (node >= 0 && build_join(b, once, s->count - 1, node)) return -1;
    return s->count - 1;
}

ad_status build_join(builder *b, int once, int at, int node)
{
    work_nodes *w    = &(once ? &b->once : &b->main)->item[at];
    int        *more = room(w->node, w->count, &w->capacity, sizeof *more);
    if (!more) return AD_NO_MEMORY;
    w->node             = more;
    w->node[w->count++] = node;
    b->info[node].step  = at;
    return AD_OK;
}

/* --- sections ---------------------------------------------------------------------------------------------------- */

/* Does node id depend on parameters and constants alone? once[] has the answers for smaller ids. */
int plan_is_once(const ad_graph *g, int id, const char once[])
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
    for (int id = 0; id < b->size; id++) b->info[id].once = once[id] = (char)plan_is_once(b->g, id, once);
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
        mixed[id]        = (ad_op_row(n->op)->flags & AD_ROW_MIXING) && n->nin &&
                    ad_node_of(b->g, n->in[0])->shape.batched;
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

/* --- elementwise nodes into strip programs --------------------------------------------------------------------------- */

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
long build_spread(const builder *b, const ad_node *n)
{
    if (n->op != AD_OP_broadcast) return 0;
    ad_shape x = ad_node_of(b->g, n->in[0])->shape, y = n->shape;
    if (ad_elements(x) == ad_elements(y) && x.batched == y.batched) return 0;
    if (x.batched == y.batched && x.rank == y.rank && ad_elements(x) == x.dim[0] && x.dim[0] == y.dim[0])
        return x.dim[0] > 0 ? -(ad_elements(y) / y.dim[0]) : 0;
    int i = x.rank - 1, shift = y.rank - x.rank;
    if (x.batched || shift < 0 || ad_elements(x) < 2) return 0;
    while (i >= 0 && i + shift > 0 && x.dim[i] == y.dim[i + shift]) i--;
    for (; i >= 0; i--)
        if (x.dim[i] != 1) return 0;
    return ad_elements(x);
}

static int in_strips(const builder *b, const ad_node *n)
{
    return (ad_op_row(n->op)->flags & AD_ELEMENTWISE) || build_spread(b, n);
}

/* The first step index at which a strip instruction of node id may stand. Inputs of its own domain may be computed by the same
   program; floating ones will be. */
static int earliest(const builder *b, int id)
{
    const ad_node *n  = ad_node_of(b->g, id);
    int            at = 0;
    for (int i = 0; i < n->nin; i++) {
        int         in = build_root(b, n->in[i]);
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
static int floats(const builder *b, int id)
{
    enum { FLOATING = 8 };
    const ad_node *n     = ad_node_of(b->g, id);
    int            bush = 1;
    if (b->info[id].once || b->info[id].wanted) return 0;
    for (int i = 0; i < n->nin; i++) {
        int            in = build_root(b, n->in[i]);
        const ad_node *x  = ad_node_of(b->g, in);
        if (x->op != AD_OP_input && !b->info[in].once && !b->info[in].floating) return 0;
        bush += b->info[in].floating;
    }
    return bush <= FLOATING ? bush : 0;
}

static ad_status schedule_strip(builder *b, int id);

/* Floating inputs of a node about to be scheduled: into program `at` where they fit, else wherever they can go. */
static ad_status settle(builder *b, int id, int at)
{
    const ad_node *n = ad_node_of(b->g, id);
    for (int i = 0; i < n->nin; i++) {
        int in = build_root(b, n->in[i]);
        if (!b->info[in].floating) continue;
        int here = at >= 0 && same_domain(ad_node_of(b->g, in), n);
        if (!here) {
            AD_TRY(schedule_strip(b, in));
            continue;
        }
        AD_TRY(settle(b, in, at));
        b->info[in].floating = 0;
        b->info[in].strip    = 1;
        AD_TRY(build_join(b, 0, at, in));
    }
    return AD_OK;
}

/* Floating inputs of another domain come first: their programs must stand before this node's. */
static ad_status settle_others(builder *b, int id)
{
    const ad_node *n = ad_node_of(b->g, id);
    for (int i = 0; i < n->nin; i++) {
        int in = build_root(b, n->in[i]);
        if (!b->info[in].floating) continue;
        if (same_domain(ad_node_of(b->g, in), n)) AD_TRY(settle_others(b, in));
        else AD_TRY(schedule_strip(b, in));
    }
    return AD_OK;
}

static ad_status schedule_strip(builder *b, int id)
{
    b->info[id].floating = 0;
    AD_TRY(settle_others(b, id));
    int      once = b->info[id].once, from = earliest(b, id), found = -1;
    section *s    = once ? &b->p->once : &b->p->main;
    extent   e    = node_extent(ad_node_of(b->g, id));
    for (int at = s->count - 1; at >= from; at--) {
        const step *t = &s->step[at];
        if (t->kind == S_STRIPS && t->size.each == e.each && t->size.batched == e.batched) found = at;
        if (s->count - at > 64 && found >= 0) break;
    }
    if (found < 0) {
        found = build_step(b, once, S_STRIPS, -1);
        if (found < 0) return AD_NO_MEMORY;
        s                   = once ? &b->p->once : &b->p->main;
        s->step[found].size = e;
    }
    AD_TRY(settle(b, id, once ? -1 : found));
    b->info[id].strip = 1;
    return build_join(b, once, found, id);
}

/* --- products and sums over rows ------------------------------------------------------------------------------------- */

static int rank2(const builder *b, int id, int batched)
{
    const ad_node *n = ad_node_of(b->g, id);
    return n->shape.rank == 2 && n->shape.batched == batched;
}

/* Rows of x times a shared matrix: an own kernel or BLAS. Others keep their plain kernel. */
static int is_row_product(const builder *b, const ad_node *n)
{
    return n->op == AD_OP_matmul && !n->attr[0] && ad_node_of(b->g, n->in[0])->shape.rank == 2 &&
           rank2(b, n->in[1], 0);
}

static ad_status schedule_product(builder *b, int id)
{
    const ad_node *n    = ad_node_of(b->g, id);
    const ad_node *x    = ad_node_of(b->g, n->in[0]);
    int            once = b->info[id].once;
    long           k = x->shape.dim[1], cols = n->shape.dim[1];
    long           rows = ad_run_elements(x->shape, b->p->capacity) / (k > 0 ? k : 1);
    int            blas = !(b->p->flags & (AD_ROW_EXACT | AD_ROW_PRODUCTS)) &&
               ad_product_prefers_blas(n->type, rows, k, cols);
    int pack = -1;
    if (!blas) {
        pack = build_pack(b, n->in[1], (int)n->attr[1], k, cols, n->type, once);
        if (pack < 0) return AD_NO_MEMORY;
    }
    int at = build_step(b, once, blas ? S_GEMM : S_PRODUCT, id);
    if (at < 0) return AD_NO_MEMORY;
    step *s     = &(once ? &b->p->once : &b->p->main)->step[at];
    s->type     = n->type;
    s->size     = (extent){ x->shape.dim[0], x->shape.batched };
    s->k        = k;
    s->n        = cols;
    s->tb       = (int)n->attr[1];
    s->has_bias = n->nin > 2;
    if (blas) return AD_OK;
    s->b       = b->packs[pack].at;
    s->pack    = b->packs[pack].kind;
    s->product = ad_product(n->type, s->pack, k, cols);
    return AD_OK;
}

/* A matrix in a kernel's layout: made once a solve when it depends on parameters alone. Shared by its users. */
int build_pack(builder *b, int id, int transposed, long k, long n, ad_type type, int once)
{
    ad_pack_kind kind  = ad_pack_choose(type, k, n);
    int          early = b->info[id].once;
    for (int i = 0; i < b->npacks; i++)
        if (b->packs[i].node == id && b->packs[i].transposed == transposed &&
            b->packs[i].kind == kind)
            return i;
    pack *more = room(b->packs, b->npacks, &b->pack_capacity, sizeof *more);
    if (!more) return -1;
    b->packs = more;
    int at   = build_step(b, early || once, S_PACK, -1);
    if (at < 0) return -1;
    step *s             = &(early || once ? &b->p->once : &b->p->main)->step[at];
    b->packs[b->npacks] = (pack){
        id, transposed, kind, { BASE_BLOCK, 0, build_keep(b, ad_pack_bytes(type, kind, k, n)) }
    };
    s->type = type;
    s->k    = k;
    s->n    = n;
    s->tb   = transposed;
    s->pack = kind;
    s->y    = b->packs[b->npacks].at;
    s->m    = id; /* the source node, until its place is known */
    return b->npacks++;
}

/* Persistent room in the block. */
size_t build_keep(builder *b, size_t bytes)
{
    if (bytes <= 8) { /* one number: written exactly, no pad */
        b->keep += 8;
        return b->keep - 8;
    }
    size_t off = (b->keep + AD_ALIGN - 1) / AD_ALIGN * AD_ALIGN;
    b->keep    = off + (bytes + AD_ALIGN - 1) / AD_ALIGN * AD_ALIGN + AD_PAD;
    return off;
}

static ad_status schedule_rows(builder *b, int id)
{
    const ad_node *n   = ad_node_of(b->g, id);
    int            dot = n->op == AD_OP_rowdot;
    int            at  = build_step(b, b->info[id].once, dot ? S_ROWDOT : S_ROWSUM, id);
    if (at < 0) return AD_NO_MEMORY;
    step          *s = &(b->info[id].once ? &b->p->once : &b->p->main)->step[at];
    const ad_node *x = ad_node_of(b->g, n->in[0]);
    s->type          = n->type;
    s->size          = (extent){ x->shape.dim[0], x->shape.batched };
    s->count         = dot ? n->nin / 2 : n->nin;
    s->k             = dot ? n->shape.dim[0] : 0;
    s->n             = ad_elements(n->shape) / (dot && s->k > 0 ? s->k : 1);
    size_t bytes = dot ? ad_dotrows_bytes(n->type, s->k, s->n) : ad_sumrows_bytes(n->type, s->n);
    s->y         = (operand){ BASE_BLOCK, 0, build_keep(b, bytes) };
    s->m         = (long)bytes;
    return AD_OK;
}

/* Sums over the trailing axes of rows, the error's, have a loop of their own. */
static int is_row_sum(const builder *b, const ad_node *n)
{
    const ad_node *x = ad_node_of(b->g, n->nin ? n->in[0] : 0);
    if (n->op != AD_OP_sum || !n->shape.batched || !x->shape.batched) return 0;
    return ad_elements(n->shape) == n->shape.dim[0] && x->shape.dim[0] == n->shape.dim[0];
}

static ad_status schedule_plain(builder *b, int id)
{
    const ad_node *n    = ad_node_of(b->g, id);
    int            once = b->info[id].once, sum = is_row_sum(b, n);
    int            at = build_step(b, once, sum ? S_SUM : S_RUN, id);
    if (at < 0) return AD_NO_MEMORY;
    if (!sum) return AD_OK;
    step          *s = &(once ? &b->p->once : &b->p->main)->step[at];
    const ad_node *x = ad_node_of(b->g, n->in[0]);
    s->size          = (extent){ x->shape.dim[0], 1 };
    s->n             = ad_elements(x->shape) / x->shape.dim[0];
    return AD_OK;
}

static ad_status schedule(builder *b, int nout)
{
    for (int id = 0; id < b->size; id++) b->info[id].step = -1;
    for (int i = 0; i < nout; i++) b->info[build_root(b, b->out_id[i])].wanted = 1;
    for (int id = 0; id < b->size; id++) {
        const ad_node *n = ad_node_of(b->g, id);
        if (n->op == AD_OP_input || n->op == AD_OP_param || n->op == AD_OP_full ||
            n->op == AD_OP_array)
            continue;
        if (is_alias(n)) continue;
        ad_status e      = AD_OK;
        int       strips = in_strips(b, n);
        if (strips && (b->info[id].floating = floats(b, id))) continue;
        if (!strips) AD_TRY(settle(b, id, -1));
        if (strips)
            e = schedule_strip(b, id);
        else if (is_row_product(b, n))
            e = schedule_product(b, id);
        else if ((n->op == AD_OP_rowdot || n->op == AD_OP_rowsum) && build_segments_fit(b, n))
            e = schedule_rows(b, id);
        else
            e = schedule_plain(b, id);
        if (e) return e;
    }
    return AD_OK;
}

/* The kernels want dense rows [c n, d] with the same c in every segment. */
int build_segments_fit(const builder *b, const ad_node *n)
{
    const ad_node *x = ad_node_of(b->g, n->in[0]);
    for (int i = 0; i < n->nin; i++) {
        const ad_node *y = ad_node_of(b->g, n->in[i]);
        if (y->shape.batched != x->shape.batched || y->shape.dim[0] != x->shape.dim[0]) return 0;
        if (n->op == AD_OP_rowdot && y->shape.rank != 2) return 0;
    }
    return 1;
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
    AD_TRY(schedule(b, nout));
    return build_place(b, nin, in, nout, out);
}

ad_status plan_build(ad_plan **out_plan, const char *name, int nin, const binding in[], int nout,
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
    plan_debug(p);
    return AD_OK;
}

/* Notes where the residuals lie, for those who move rows of them. */
ad_status plan_keep_residuals(ad_plan *p, int n, const binding residual[], size_t bytes)
{
    p->kept  = ad_arena_alloc(p->arena, sizeof *p->kept * (size_t)(n + 1));
    if (!p->kept) return AD_NO_MEMORY;
    for (int i = 0; i < n; i++) {
        ad_shape s = ad_shape_of(residual[i].v);
        p->kept[i] = (ad_residual){ residual[i].at.off, (size_t)ad_elements(s) / (size_t)(s.batched ? s.dim[0] : 1) *
                                                            ad_type_size(ad_type_of(residual[i].v)),
                                    s.batched ? s.dim[0] : 0 };
    }
    p->nkept    = n;
    p->residual = bytes;
    return AD_OK;
}

int                ad_plan_residuals(const ad_plan *p) { return p->nkept; }
const ad_residual *ad_plan_residual(const ad_plan *p, int i) { return &p->kept[i]; }

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
