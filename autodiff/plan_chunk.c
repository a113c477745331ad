/* plan_chunk.c - may a plan run in chunks of rows, and which of its steps run when.

   A large batch is cut into chunks of R rows, R fixed here from the capacity and the work of a row. Each chunk goes through
   all batched steps with a room of its own, which a thread uses again for its next chunk (it stays in the cache where the
   whole batch's would not), and adds its rows' sums into accumulators of its own; behind the last one they are added in
   the order of the chunks. So a plan has three phases:

       before   shared values of shared values: times, biases that move with them,
       chunk    everything batched, and the sums over rows,                                               (1)
       after    shared values of those sums.

   A plan in which something batched depends on a sum over rows (a batch norm), that calls back into C, or whose arrays have
   several blocks of rows runs as a whole. A chunk starts a multiple of 16 rows behind the first, so that whole vectors of
   strips end where it ends; products, which write behind their rows, do so in the chunk's own room alone. */
#include <string.h>

#include "plan_build.h"

enum {
    ROWS_LEAST  = 64,
    CHUNKS_MOST = 16,
    WORK_LEAST =
        1 << 19, /* of a chunk: some 20 us, what waking a thread costs                     */
};

/* Work of a row: a multiply-add of a product counts one, an element of anything else sixteen (a pass over it, half a tanh). */
static double row_work(const builder *b)
{
    double sum = 0;
    for (int id = 0; id < b->size; id++) {
        const ad_node *n = ad_node_of(b->g, id);
        const ad_node *x = n->nin ? ad_node_of(b->g, n->in[0]) : n;
        if (n->op == AD_OP_rowdot)
            sum += (double)ad_elements(n->shape) * n->nin / 2;
        else if (n->op == AD_OP_matmul && n->shape.batched)
            sum += (double)ad_elements(n->shape) * (double)x->shape.dim[x->shape.rank - 1];
        else if (n->shape.batched && !(ad_op_row(n->op)->flags & AD_LEAF))
            sum += 16 * (double)ad_elements(n->shape);
    }
    return sum;
}

static long chunk_rows(const builder *b)
{
    double work = row_work(b), rows = ROWS_LEAST;
    if (work <= 0) return 0;
    if (rows * work < WORK_LEAST) rows = WORK_LEAST / work;
    if (rows * CHUNKS_MOST < (double)b->p->capacity) rows = (double)b->p->capacity / CHUNKS_MOST;
    if (2 * rows > (double)b->p->capacity) return 0;
    return ((long)rows + 15) / 16 * 16;
}

/* The phase of a node, those of its inputs being known; -1: it forbids chunks. */
static int phase_of(const builder *b, int id)
{
    const ad_node *n    = ad_node_of(b->g, id);
    int            over = 0, after = 0;
    for (int i = 0; i < n->nin; i++) {
        over |= ad_node_of(b->g, n->in[i])->shape.batched;
        after |= b->info[n->in[i]].phase == PHASE_AFTER;
    }
    if (n->op == AD_OP_call || (n->op == AD_OP_array && n->shape.batched)) return -1;
    if (n->shape.batched) return after ? -1 : PHASE_CHUNK;
    if (!over) return after ? PHASE_AFTER : PHASE_BEFORE;
    if (n->op != AD_OP_rowdot && n->op != AD_OP_rowsum) return -1;
    return ad_build_segments_fit(b, n) ? PHASE_AFTER : -1;
}

/* Arrays that the chunks share: padded, and one block of rows. */
static int arrays_fit(const builder *b, int n, const binding at[], const int id[])
{
    for (int i = 0; i < n; i++) {
        if (id[i] < 0) continue;
        ad_shape s = ad_node_of(b->g, id[i])->shape;
        if (at[i].at.step || (s.batched && s.dim[0] != 1)) return 0;
    }
    return 1;
}

static void note_rows(builder *b, int n, binding at[], const int id[])
{
    ad_plan *p = b->p;
    for (int i = 0; i < n; i++) {
        if (at[i].at.base == BASE_RESIDUAL) {
            p->residual_at[p->nresidual] = at[i].at.off;
            at[i].at = (operand){ BASE_ARGS + p->nin + p->nout + p->nresidual++, 0, 0 };
        }
        if (id[i] < 0 || at[i].param) continue;
        const ad_node *node = ad_node_of(b->g, id[i]);
        if (node->shape.batched)
            p->row[at[i].at.base] = (size_t)ad_elements(node->shape) * ad_type_size(node->type);
    }
}

ad_status ad_build_chunks(builder *b)
{
    ad_plan *p    = b->p;
    long     rows = chunk_rows(b);
    if (!rows || !arrays_fit(b, b->nin, b->in, b->in_id) ||
        !arrays_fit(b, b->nout, b->out, b->out_id))
        return AD_OK;
    for (int id = 0; id < b->size; id++)
        if ((b->info[id].phase = phase_of(b, id)) < 0) return AD_OK;
    size_t most    = (size_t)(b->nin + b->nout);
    p->residual_at = ad_arena_alloc(p->arena, sizeof *p->residual_at * most);
    p->row         = ad_arena_alloc(p->arena,
                                    sizeof *p->row * (BASE_ARGS + (size_t)(p->nin + p->nout) + most));
    if (!p->residual_at || !p->row) return AD_NO_MEMORY;
    p->chunk = rows;
    note_rows(b, b->nin, b->in, b->in_id);
    note_rows(b, b->nout, b->out, b->out_id);
    return AD_OK;
}

/* --- the order of the steps ---------------------------------------------------------------------------------------------- */

/* A step's phase is that of the nodes that it computes; a sum's is the chunk's, though its result is there after them. */
static int step_phase(const builder *b, int at)
{
    const step *s = &b->p->main.step[at];
    if (!b->main.item[at].count && s->kind == S_STRIPS)
        return PHASE_CHUNK; /* begun for a node that what it hangs on goes before: batched */
    if (s->kind == S_PACK) return b->info[ad_build_root(b, (int)s->m)].phase;
    if (s->y.base == BASE_SUMS) return PHASE_CHUNK;
    return b->info[b->main.item[at].node[0]].phase;
}

int ad_build_same_phase(const builder *b, int id, int at)
{
    return !b->p->chunk || b->info[id].phase == step_phase(b, at);
}

/* A stable sort of main by phase: what a step reads stays in front of it. */
ad_status ad_build_by_phase(builder *b)
{
    int         count = b->main.count, to = 0;
    step       *steps = ad_alloc(sizeof *steps * (size_t)(count + 1));
    work_nodes *items = ad_alloc(sizeof *items * (size_t)(count + 1));
    for (int phase = PHASE_BEFORE; steps && items && phase <= PHASE_AFTER; phase++)
        for (int at = 0; at < count; at++) {
            if (step_phase(b, at) != phase) continue;
            steps[to]       = b->p->main.step[at];
            steps[to].phase = phase;
            items[to++]     = b->main.item[at];
        }
    if (steps && items && count) {
        memcpy(b->p->main.step, steps, sizeof *steps * (size_t)count);
        memcpy(b->main.item, items, sizeof *items * (size_t)count);
        for (int at = 0; at < count; at++)
            for (int j = 0; j < items[at].count; j++) b->info[items[at].node[j]].step = at;
    }
    ad_status e = steps && items ? AD_OK : AD_NO_MEMORY;
    ad_free(steps);
    ad_free(items);
    return e;
}

/* --- arrays that chunks share ------------------------------------------------------------------------------------------- */

/* Do the vectors of its rows end where the rows end? Only then a product may write it beside another chunk's rows. */
int ad_build_exact(const builder *b, const ad_node *n)
{
    long each = n->shape.rank ? n->shape.dim[n->shape.rank - 1] : 1;
    return !b->p->chunk || (size_t)each * ad_type_size(n->type) % AD_ALIGN == 0;
}

/* Is it read by a kernel that looks at what follows a row? */
int ad_build_read_ahead(const builder *b, int root)
{
    for (int u = root + 1; u < b->size; u++) {
        const ad_node *n = ad_node_of(b->g, u);
        if (n->op != AD_OP_matmul && n->op != AD_OP_rowdot && n->op != AD_OP_rowsum) continue;
        const step *s = b->info[u].step < 0 ? NULL : &b->p->main.step[b->info[u].step];
        if (!s || (s->kind == S_PRODUCT && s->pack != AD_PACK_THIN)) continue;
        for (int i = 0; i < n->nin; i++)
            if (ad_build_root(b, n->in[i]) == root) return 1;
    }
    return 0;
}
