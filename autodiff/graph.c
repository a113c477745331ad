/* graph.c - nodes in creation order, equal ones shared. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "op.h"

struct ad_graph {
    ad_arena *arena;
    ad_node **node; /* pointers stay valid while the table grows */
    int       size, capacity;
    int      *slot; /* open addressing: ids + 1 */
    int       slots;
    ad_status status;
    char      sentence[512];
};

ad_status ad_graph_new(ad_graph **out)
{
    *out        = NULL;
    ad_graph *g = ad_alloc(sizeof *g);
    if (!g) return AD_NO_MEMORY;
    g->arena    = ad_arena_new();
    g->capacity = 64;
    g->slots    = 256;
    g->node     = ad_alloc(sizeof *g->node * (size_t)g->capacity);
    g->slot     = ad_alloc(sizeof *g->slot * (size_t)g->slots);
    if (!g->arena || !g->node || !g->slot) {
        ad_graph_free(g);
        return AD_NO_MEMORY;
    }
    *out = g;
    return AD_OK;
}

void ad_graph_free(ad_graph *g)
{
    if (!g) return;
    ad_arena_free(g->arena);
    ad_free(g->node);
    ad_free(g->slot);
    ad_free(g);
}

ad_status ad_graph_status(const ad_graph *g)
{
    return g->status ? ad_fail(g->status, "%s", g->sentence) : AD_OK;
}

ad_var ad_graph_fail(ad_graph *g, ad_status code, const char *format, ...)
{
    if (g && g->status == AD_OK) {
        va_list args;
        va_start(args, format);
        vsnprintf(g->sentence, sizeof g->sentence, format, args);
        va_end(args);
        g->status = code;
    }
    return AD_NONE;
}

int ad_graph_size(const ad_graph *g)
{
    return g->size;
}
ad_arena *ad_graph_arena(ad_graph *g)
{
    return g->arena;
}
const ad_node *ad_node_of(const ad_graph *g, int id)
{
    return g->node[id];
}

ad_var ad_in(ad_var y, int i)
{
    return (ad_var){ y.g, y.g->node[y.id]->in[i] };
}

ad_shape ad_shape_of(ad_var v)
{
    return v.id < 0 ? (ad_shape){ 0 } : v.g->node[v.id]->shape;
}

ad_type ad_type_of(ad_var v)
{
    return v.id < 0 ? AD_F64 : v.g->node[v.id]->type;
}

int ad_is_zero(ad_var v)
{
    if (v.id < 0) return 0;
    const ad_node *n = v.g->node[v.id];
    return n->op == AD_OP_full && n->k[0] == 0;
}

long ad_run_elements(ad_shape s, long n)
{
    return ad_elements(s) * (s.batched ? n : 1);
}

/* --- hash-consing ------------------------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t h, const void *data, size_t bytes)
{
    const unsigned char *p = data;
    for (size_t i = 0; i < bytes; i++) h = (h ^ p[i]) * 1099511628211u; /* FNV-1a */
    return h;
}

static uint64_t node_hash(const ad_node *n)
{
    int      head[4] = { (int)n->op, (int)n->type, n->nin, n->nk };
    uint64_t h       = mix(14695981039346656037u, head, sizeof head);
    h                = mix(h, n->in, sizeof *n->in * (size_t)n->nin);
    h                = mix(h, n->k, sizeof *n->k * (size_t)n->nk);
    h                = mix(h, n->attr, sizeof *n->attr * (size_t)n->nattr);
    h                = mix(h, &n->shape, sizeof n->shape);
    return n->name ? mix(h, n->name, strlen(n->name)) : h;
}

static int same_bytes(const void *a, const void *b, size_t n)
{
    return n == 0 || memcmp(a, b, n) == 0;
}

static int node_equal(const ad_node *a, const ad_node *b)
{
    return a->op == b->op && a->type == b->type && a->nin == b->nin && a->nk == b->nk &&
           a->nattr == b->nattr && a->call == b->call && !a->name == !b->name &&
           (!a->name || strcmp(a->name, b->name) == 0) && ad_shape_equal(a->shape, b->shape) &&
           same_bytes(a->in, b->in, sizeof *a->in * (size_t)a->nin) &&
           same_bytes(a->k, b->k, sizeof *a->k * (size_t)a->nk) &&
           same_bytes(a->attr, b->attr, sizeof *a->attr * (size_t)a->nattr);
}

static int grow_slots(ad_graph *g)
{
    int  slots = g->slots * 2;
    int *slot  = ad_alloc(sizeof *slot * (size_t)slots);
    if (!slot) return 0;
    for (int id = 0; id < g->size; id++) {
        uint64_t h = node_hash(g->node[id]);
        while (slot[h & (uint64_t)(slots - 1)]) h++;
        slot[h & (uint64_t)(slots - 1)] = id + 1;
    }
    ad_free(g->slot);
    g->slot  = slot;
    g->slots = slots;
    return 1;
}

static void *copy(ad_graph *g, const void *data, size_t bytes)
{
    if (bytes == 0) return NULL;
    void *p = ad_arena_alloc(g->arena, bytes);
    if (p) memcpy(p, data, bytes);
    return p;
}

static ad_node *node_copy(ad_graph *g, const ad_node *proto)
{
    ad_node *n = copy(g, proto, sizeof *proto);
    if (!n) return NULL;
    n->in   = copy(g, proto->in, sizeof *proto->in * (size_t)proto->nin);
    n->k    = copy(g, proto->k, sizeof *proto->k * (size_t)proto->nk);
    n->attr = copy(g, proto->attr, sizeof *proto->attr * (size_t)proto->nattr);
    n->name = proto->name ? ad_arena_strdup(g->arena, proto->name) : NULL;
    if (proto->call) { /* what proto has may be another graph's, and gone before this one */
        ad_callback *call = copy(g, proto->call, sizeof *call);
        if (!call) return NULL;
        call->name = n->name;
        n->call    = call;
    }
    if ((proto->nin && !n->in) || (proto->nk && !n->k) || (proto->nattr && !n->attr) ||
        (proto->name && !n->name))
        return NULL;
    return n;
}

ad_var ad_node_add(ad_graph *g, const ad_node *proto)
{
    if (!g || g->status) return AD_NONE;
    for (int i = 0; i < proto->nin; i++)
        if (proto->in[i] < 0) return AD_NONE;
    unsigned flags = ad_op_row(proto->op)->flags;
    uint64_t h     = node_hash(proto);
    for (; g->slot[h & (uint64_t)(g->slots - 1)]; h++) {
        int id = g->slot[h & (uint64_t)(g->slots - 1)] - 1;
        if (!(flags & AD_NO_CSE) && node_equal(g->node[id], proto)) return (ad_var){ g, id };
    }
    ad_node *n = node_copy(g, proto);
    if (n && g->size == g->capacity) {
        ad_node **more = ad_realloc(g->node, sizeof *more * (size_t)g->size,
                                    2 * sizeof *more * (size_t)g->capacity);
        if (more)
            g->node = more, g->capacity *= 2;
        else
            n = NULL;
    }
    if (n && 2 * g->size >= g->slots) {
        if (!grow_slots(g)) n = NULL;
        h = node_hash(proto);
        while (g->slot[h & (uint64_t)(g->slots - 1)]) h++;
    }
    if (!n)
        return ad_graph_fail(g, AD_NO_MEMORY, "out of memory while building a graph of %d nodes",
                             g->size);
    g->node[g->size]                      = n;
    g->slot[h & (uint64_t)(g->slots - 1)] = g->size + 1;
    return (ad_var){ g, g->size++ };
}

/* --- leaves --------------------------------------------------------------------------------------------------------- */

ad_var ad_input(ad_graph *g, const char *name, ad_type type, ad_shape shape)
{
    long    number = g->size; /* two inputs are two nodes, whatever their names */
    ad_node n      = {
             .op = AD_OP_input, .type = type, .shape = shape, .name = name, .nattr = 1, .attr = &number
    };
    return ad_node_add(g, &n);
}

ad_var ad_full(ad_graph *g, ad_type type, ad_shape shape, double value)
{
    ad_node n = { .op = AD_OP_full, .type = type, .shape = shape, .nk = 1, .k = &value };
    return ad_node_add(g, &n);
}

ad_var ad_const(ad_graph *g, ad_type type, double value)
{
    return ad_full(g, type, ad_scalar(), value);
}

ad_var ad_const_array(ad_graph *g, ad_type type, ad_shape shape, const double *values)
{
    if (shape.batched)
        return ad_graph_fail(g, AD_BAD_SHAPE,
                             "a constant array is shared: its shape cannot be batched");
    ad_node n = {
        .op = AD_OP_array, .type = type, .shape = shape, .nk = (int)ad_elements(shape), .k = values
    };
    return ad_node_add(g, &n);
}

/* --- broadcasting --------------------------------------------------------------------------------------------------- */

static int one_element(ad_shape s)
{
    return !s.batched && ad_elements(s) == 1;
}

/* The shape that a and b stretch to; 0 when they do not fit. */
static int stretch(ad_shape a, ad_shape b, ad_shape *to)
{
    int      rank = a.rank > b.rank ? a.rank : b.rank;
    ad_shape s    = { .rank = rank, .batched = a.batched || b.batched };
    if (s.batched && ((a.batched && a.rank < rank) || (b.batched && b.rank < rank))) return 0;
    for (int i = 0; i < rank; i++) {
        int  ia = i - (rank - a.rank), ib = i - (rank - b.rank);
        long da = ia < 0 ? 1 : a.dim[ia], db = ib < 0 ? 1 : b.dim[ib];
        if (i == 0 && s.batched) {
            if (a.batched && b.batched && da != db) return 0;
            if ((!a.batched && da != 1) || (!b.batched && db != 1)) return 0;
            s.dim[0] = a.batched ? da : db;
        } else if (da == db || da == 1 || db == 1) {
            s.dim[i] = da == 1 ? db : da;
        } else {
            return 0;
        }
    }
    *to = s;
    return 1;
}

ad_var ad_elementwise(ad_opcode op, int n, const ad_var x[], int nk, const double k[], int nattr,
                      const long attr[])
{
    enum { MOST = 64 };
    int         in[MOST];
    const char *name = ad_op_row(op)->name;
    ad_graph   *g    = NULL;
    for (int i = 0; i < n && !g; i++) g = x[i].g;
    if (n > MOST) return ad_graph_fail(g, AD_INVALID, "%s: %d operands, at most %d", name, n, MOST);
    for (int i = 0; i < n; i++) {
        if (x[i].id < 0) return AD_NONE;
        if (x[i].g != g)
            return ad_graph_fail(g, AD_INVALID, "%s: operands belong to different graphs", name);
        if (ad_type_of(x[i]) != ad_type_of(x[0]))
            return ad_graph_fail(g, AD_BAD_SHAPE, "%s: float32 meets float64; cast one of them",
                                 name);
    }
    ad_shape s = ad_shape_of(x[0]);
    for (int i = 1; i < n; i++) {
        ad_shape b = ad_shape_of(x[i]), to;
        if (!stretch(s, b, &to)) {
            char ta[64], tb[64];
            return ad_graph_fail(g, AD_BAD_SHAPE, "%s: shapes %s and %s do not broadcast", name,
                                 ad_shape_text(s, ta, sizeof ta), ad_shape_text(b, tb, sizeof tb));
        }
        s = to;
    }
    for (int i = 0; i < n; i++) {
        ad_shape xs    = ad_shape_of(x[i]);
        int      whole = ad_shape_equal(xs, s) || (one_element(xs) && op != AD_OP_lincomb);
        ad_var   v     = whole ? x[i] : ad_broadcast(x[i], s);
        if (v.id < 0) return AD_NONE;
        in[i] = v.id;
    }
    ad_node node = { .op    = op,
                     .type  = ad_type_of(x[0]),
                     .shape = s,
                     .nin   = n,
                     .in    = in,
                     .nk    = nk,
                     .k     = k,
                     .nattr = nattr,
                     .attr  = attr };
    return ad_node_add(g, &node);
}

/* The transpose of a broadcast: sums over the axes that were stretched. */
ad_var ad_unbroadcast(ad_var x, ad_shape to)
{
    ad_shape s = ad_shape_of(x);
    if (x.id < 0 || ad_shape_equal(s, to)) return x;
    int mask = 0;
    for (int i = 0; i < s.rank; i++) {
        int j = i - (s.rank - to.rank);
        if (i == 0 && s.batched)
            mask |= (to.batched && j == 0) ? 0 : 1;
        else if (j < 0 || (to.dim[j] == 1 && s.dim[i] != 1))
            mask |= 1 << i;
    }
    if (mask) x = ad_sum(x, mask, 1);
    return ad_shape_equal(ad_shape_of(x), to) ? x : ad_reshape(x, to.rank, to.dim);
}

/* --- copying a traced function into another graph ---------------------------------------------------------------------- */

ad_status ad_inline(ad_graph *dst, const ad_graph *src, int n, const ad_var from[],
                    const ad_var to[], int nout, const ad_var outs[], ad_var results[])
{
    AD_TRY(ad_graph_status(src));
    int  size = src->size;
    int *map  = ad_alloc(2 * sizeof *map * (size_t)(size + 1));
    if (!map) return AD_NO_MEMORY;
    int *need = map + size + 1;
    for (int i = 0; i < size; i++) map[i] = -1;
    for (int i = 0; i < n; i++)
        if (from[i].id >= 0) map[from[i].id] = to[i].id;
    for (int i = 0; i < nout; i++)
        if (outs[i].id >= 0) need[outs[i].id] = 1;
    for (int id = size - 1; id >= 0; id--) {
        if (!need[id] || map[id] >= 0) continue;
        for (int i = 0; i < src->node[id]->nin; i++) need[src->node[id]->in[i]] = 1;
    }
    enum { MOST = 64 };
    for (int id = 0; id < size && !dst->status; id++) {
        if (!need[id] || map[id] >= 0) continue;
        ad_node node = *src->node[id];
        int     few[MOST], *in = node.nin <= MOST
                                     ? few
                                     : ad_arena_alloc(dst->arena, sizeof *in * (size_t)node.nin);
        if (!in) {
            ad_graph_fail(dst, AD_NO_MEMORY, "out of memory while inlining a field");
            break;
        }
        for (int i = 0; i < node.nin; i++) in[i] = map[node.in[i]];
        node.in = in;
        if (node.op == AD_OP_input)
            ad_graph_fail(dst, AD_INVALID, "inlining: the input '%s' was given no value",
                          node.name);
        map[id] = ad_node_add(dst, &node).id;
    }
    for (int i = 0; i < nout; i++)
        results[i] = outs[i].id < 0 ? AD_NONE : (ad_var){ dst, map[outs[i].id] };
    ad_free(map);
    return ad_graph_status(dst);
}
