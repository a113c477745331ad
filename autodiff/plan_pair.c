/* plan_pair.c - plans of a function alone, and of a function with its pullback.

   The pair is built in a private graph: outputs, their cotangents as inputs, the vjp. What the outputs need is the forward
   plan. Everything else is the backward plan, which reads what it needs of the forward nodes as residuals: nothing is
   computed twice, and nothing is kept that the pullback does not read. */
#include <string.h>

#include "plan_internal.h"

static operand arg(const ad_plan_options *o, int i)
{
    return (operand){ BASE_ARGS + i, !(o && o->flags & AD_PADDED), 0 };
}

static ad_status check_vars(const char *name, int n, const ad_var v[])
{
    for (int i = 0; i < n; i++) {
        if (v[i].id >= 0) continue;
        return v[i].g ? ad_graph_status(v[i].g)
                      : ad_fail(AD_INVALID, "%s: output %d was never built", name, i);
    }
    return AD_OK;
}

static ad_status graph_ok(int n, const ad_var v[])
{
    for (int i = 0; i < n; i++)
        if (v[i].g) return ad_graph_status(v[i].g);
    return AD_OK;
}

ad_status ad_plan_new(ad_plan **p, int nin, const ad_var in[], int nout, const ad_var out[],
                      const ad_plan_options *o)
{
    const char *name = o && o->name ? o->name : "plan";
    *p               = NULL;
    AD_TRY(graph_ok(nin, in));
    AD_TRY(graph_ok(nout, out));
    AD_TRY(check_vars(name, nout, out));
    binding *b = ad_alloc(sizeof *b * (size_t)(nin + nout + 1));
    if (!b) return AD_NO_MEMORY;
    for (int i = 0; i < nin; i++) b[i] = (binding){ .v = in[i], .at = arg(o, i) };
    for (int i = 0; i < nout; i++) b[nin + i] = (binding){ .v = out[i], .at = arg(o, nin + i) };
    ad_status e = ad_plan_build(p, name, nin, b, nout, b + nin, o, nin, nout);
    ad_free(b);
    return e;
}

/* --- the pair ------------------------------------------------------------------------------------------------------- */

typedef struct one_pullback {
    ad_var *wrt, *bar; /* inputs wanted, then parameters; and their cotangents */
    int    *input;     /* which input wrt[j] is                                */
    int     inputs, all;
} one_pullback;

typedef struct pair {
    const ad_pair_spec *spec;
    ad_graph           *g;
    ad_arena           *arena;
    ad_var             *in, *out, *out_bar, *seed, *params; /* in g */
    int                 nparams;
    one_pullback       *back;
    char               *primal, *read; /* needed by the outputs; read by a pullback */
    binding            *residual;
    int                 nresiduals;
    size_t              bytes;
} pair;

static ad_var *vars(pair *w, int n)
{
    return ad_arena_alloc(w->arena, sizeof(ad_var) * (size_t)(n + 1));
}

static ad_status copy_function(pair *w)
{
    const ad_pair_spec *s = w->spec;
    w->in                 = vars(w, s->nin);
    w->out                = vars(w, s->nout);
    w->out_bar            = vars(w, s->nout);
    w->seed               = vars(w, s->nout);
    if (!w->in || !w->out || !w->out_bar || !w->seed) return AD_NO_MEMORY;
    for (int i = 0; i < s->nin; i++)
        w->in[i] = s->in[i].id < 0
                       ? AD_NONE
                       : ad_input(w->g, "in", ad_type_of(s->in[i]), ad_shape_of(s->in[i]));
    AD_TRY(ad_inline(w->g, s->out[0].g, s->nin, s->in, w->in, s->nout, s->out, w->out));
    w->nparams = ad_params_used(s->nout, w->out, 0, NULL);
    w->params  = vars(w, w->nparams);
    if (!w->params) return AD_NO_MEMORY;
    ad_params_used(s->nout, w->out, w->nparams, w->params);
    for (int i = 0; i < s->nout; i++)
        w->out_bar[i] = ad_input(w->g, "bar", ad_type_of(w->out[i]), ad_shape_of(w->out[i]));
    return ad_graph_status(w->g);
}

static ad_status differentiate(pair *w, const ad_pullback *p, one_pullback *b)
{
    const ad_pair_spec *s = w->spec;
    b->wrt                = vars(w, s->nin + w->nparams);
    b->bar                = vars(w, s->nin + w->nparams);
    b->input              = ad_arena_alloc(w->arena, sizeof *b->input * (size_t)(s->nin + 1));
    if (!b->wrt || !b->bar || !b->input) return AD_NO_MEMORY;
    for (int i = 0; i < s->nout; i++)
        w->seed[i] = p->want_out && !p->want_out[i] ? AD_NONE : w->out_bar[i];
    for (int i = 0; i < s->nin; i++) {
        if (w->in[i].id < 0 || (p->want_in && !p->want_in[i])) continue;
        b->input[b->inputs] = i;
        b->wrt[b->inputs++] = w->in[i];
    }
    b->all = b->inputs;
    for (int i = 0; p->want_params && i < w->nparams; i++) b->wrt[b->all++] = w->params[i];
    if (b->all == 0) return ad_fail(AD_INVALID, "a pullback that computes no cotangent");
    return ad_vjp(s->nout, w->out, w->seed, b->all, b->wrt, b->bar);
}

static int is_view(const ad_node *n) /* of what is kept anyway */
{
    return n->op == AD_OP_reshape || n->op == AD_OP_stop_gradient;
}

/* Marks in read[] what the pullbacks read of the forward nodes. keep[]: those that would come from the frame; all else they
   compute themselves, from what they read in turn. */
static void mark_read(pair *w, const char *keep)
{
    int size = ad_graph_size(w->g);
    memset(w->read, 0, (size_t)size);
    for (int v = 0; v < w->spec->pullbacks; v++)
        for (int i = 0; i < w->back[v].all; i++) w->read[w->back[v].bar[i].id] = 1;
    for (int id = size - 1; id >= 0; id--) {
        const ad_node *n = ad_node_of(w->g, id);
        for (int i = 0; w->read[id] && !keep[id] && i < n->nin; i++) w->read[n->in[i]] = 1;
    }
}

/* A frame that the second cache does not hold costs more to write and read again than arithmetic on what is there anyway:
   nodes that are AD_CHEAP are not kept where each of their inputs is kept, a leaf, or can be computed again itself. So a step
   keeps its activations and stages, not the sums of stages between them. again[]: room for a flag a node. */
static void drop_cheap(const pair *w, long capacity, char *keep, char *again)
{
    enum { LARGE = 1 << 20, CHEAP = AD_CHEAP | AD_ELEMENTWISE };
    size_t bytes = 0;
    int    size  = ad_graph_size(w->g);
    for (int id = 0; id < size; id++) {
        const ad_node *n = ad_node_of(w->g, id);
        if (w->read[id] && keep[id]) bytes += ad_plan_bytes(n->type, n->shape, capacity);
    }
    for (int id = 0; bytes > LARGE && id < size; id++) {
        const ad_node *n = ad_node_of(w->g, id);
        again[id]        = n->nin && ((ad_op_row(n->op)->flags & CHEAP) == CHEAP || is_view(n) ||
                               n->op == AD_OP_broadcast);
        for (int i = 0; again[id] && i < n->nin; i++) {
            int in    = n->in[i];
            again[id] = again[in] || !ad_node_of(w->g, in)->shape.batched ||
                        (keep[in] ? w->read[in] : !is_view(ad_node_of(w->g, in)));
        }
        if (again[id] && n->shape.batched) keep[id] = 0;
    }
}

/* Forward nodes that a pullback reads from the frame. Leaves, and what depends on parameters alone, it computes itself. */
static ad_status find_residuals(pair *w, long capacity)
{
    int size   = ad_graph_size(w->g);
    w->primal  = ad_arena_alloc(w->arena, (size_t)size);
    w->read    = ad_arena_alloc(w->arena, (size_t)size);
    char *once = ad_arena_alloc(w->arena, (size_t)size),
         *keep = ad_arena_alloc(w->arena, (size_t)size);
    if (!w->primal || !w->read || !once || !keep) return AD_NO_MEMORY;
    for (int i = 0; i < w->spec->nout; i++) w->primal[w->out[i].id] = 1;
    for (int id = 0; id < size; id++) once[id] = (char)ad_plan_is_once(w->g, id, once);
    for (int id = size - 1; id >= 0; id--) {
        const ad_node *n = ad_node_of(w->g, id);
        for (int i = 0; w->primal[id] && i < n->nin; i++) w->primal[n->in[i]] = 1;
    }
    for (int id = 0; id < size; id++) {
        const ad_node *n = ad_node_of(w->g, id);
        keep[id]         = w->primal[id] && !(ad_op_row(n->op)->flags & AD_LEAF) && !once[id] &&
                   !is_view(n);
    }
    mark_read(w, keep);
    drop_cheap(w, capacity, keep, once); /* whose flags have served */
    mark_read(w, keep);
    for (int id = 0; id < size; id++) {
        w->read[id] = w->read[id] && keep[id];
        w->nresiduals += w->read[id];
    }
    return AD_OK;
}

static ad_status place_residuals(pair *w, long capacity)
{
    w->residual = ad_arena_alloc(w->arena, sizeof *w->residual * (size_t)(w->nresiduals + 1));
    if (!w->residual) return AD_NO_MEMORY;
    int r = 0;
    for (int id = 0; id < ad_graph_size(w->g); id++) {
        if (!w->read[id]) continue;
        const ad_node *n = ad_node_of(w->g, id);
        w->residual[r++] = (binding){ .v = { w->g, id }, .at = { BASE_RESIDUAL, 0, w->bytes } };
        w->bytes += ad_plan_bytes(n->type, n->shape, capacity);
    }
    return AD_OK;
}

static ad_status build_forward(pair *w, ad_plan **p, const char *name, const ad_plan_options *o)
{
    const ad_pair_spec *s = w->spec;
    binding            *b = ad_arena_alloc(w->arena,
                                           sizeof *b * (size_t)(s->nin + s->nout + w->nresiduals + 1));
    if (!b) return AD_NO_MEMORY;
    for (int i = 0; i < s->nin; i++) b[i] = (binding){ .v = w->in[i], .at = arg(o, i) };
    binding *out = b + s->nin;
    for (int i = 0; i < s->nout; i++)
        out[i] = (binding){ .v = w->out[i], .at = arg(o, s->nin + i) };
    memcpy(out + s->nout, w->residual, sizeof *out * (size_t)w->nresiduals);
    AD_TRY(ad_plan_build(p, name, s->nin, b, s->nout + w->nresiduals, out, o, s->nin, s->nout));
    return ad_plan_keep_residuals(*p, w->nresiduals, w->residual, w->bytes);
}

static binding param_bar(const pair *w, const one_pullback *v, int j)
{
    size_t offset = (size_t)ad_node_of(w->g, v->wrt[j].id)->attr[0];
    return (binding){ .v = v->bar[j], .at = { 0, 0, offset }, .param = 1 };
}

static ad_status build_backward(pair *w, const one_pullback *v, ad_plan **p, const char *name,
                                const ad_plan_options *o)
{
    const ad_pair_spec *s   = w->spec;
    int                 nin = s->nin + s->nout + w->nresiduals, args = s->nin + s->nout;
    int                 terms = 0;
    for (int j = v->inputs; j < v->all; j++) terms += ad_plan_terms(param_bar(w, v, j), NULL);
    binding *b = ad_arena_alloc(w->arena, sizeof *b * (size_t)(nin + s->nin + terms + 1));
    if (!b) return AD_NO_MEMORY;
    for (int i = 0; i < s->nin; i++) b[i] = (binding){ .v = w->in[i], .at = arg(o, i) };
    for (int i = 0; i < s->nout; i++)
        b[s->nin + i] = (binding){ .v = w->out_bar[i], .at = arg(o, s->nin + i) };
    memcpy(b + args, w->residual, sizeof *b * (size_t)w->nresiduals);
    binding *out  = b + nin;
    int      nout = 0;
    for (int j = 0; j < v->inputs; j++)
        out[nout++] = (binding){ .v = v->bar[j], .at = arg(o, args + v->input[j]) };
    for (int j = v->inputs; j < v->all; j++) {
        binding bar = param_bar(w, v, j);
        if (ad_is_zero(bar.v)) continue;
        nout += ad_plan_terms(bar, out + nout);
    }
    AD_TRY(ad_plan_build(p, name, nin, b, nout, out, o, args, s->nin));
    (*p)->residual = w->bytes;
    return AD_OK;
}

static ad_status pair_build(pair *w, ad_plan **forward, ad_plan *backward[],
                            const ad_plan_options *o)
{
    const ad_pair_spec *s    = w->spec;
    const char         *name = o && o->name ? o->name : "plan";
    w->arena                 = ad_arena_new();
    if (!w->arena) return AD_NO_MEMORY;
    AD_TRY(ad_graph_new(&w->g));
    w->back = ad_arena_alloc(w->arena, sizeof *w->back * (size_t)s->pullbacks);
    if (!w->back) return AD_NO_MEMORY;
    AD_TRY(copy_function(w));
    for (int v = 0; v < s->pullbacks; v++) AD_TRY(differentiate(w, &s->pullback[v], &w->back[v]));
    long capacity = o && o->capacity > 0 ? o->capacity : 1;
    AD_TRY(find_residuals(w, capacity));
    AD_TRY(place_residuals(w, capacity));
    AD_TRY(build_forward(w, forward, name, o));
    ad_plan_options back = o ? *o : (ad_plan_options){ 0 };
    if (back.flags & AD_ROW_EXACT)
        back.flags ^= AD_ROW_EXACT | AD_ROW_PRODUCTS; /* sums over rows are a pullback's business */
    for (int v = 0; v < s->pullbacks; v++)
        AD_TRY(build_backward(w, &w->back[v], &backward[v], name, &back));
    return AD_OK;
}

ad_status ad_plan_pair(ad_plan **forward, ad_plan *backward[], const ad_pair_spec *spec,
                       const ad_plan_options *o)
{
    *forward = NULL;
    for (int v = 0; v < spec->pullbacks; v++) backward[v] = NULL;
    AD_TRY(graph_ok(spec->nin, spec->in));
    AD_TRY(graph_ok(spec->nout, spec->out));
    AD_TRY(check_vars(o && o->name ? o->name : "plan", spec->nout, spec->out));
    pair      w = { .spec = spec };
    ad_status e = pair_build(&w, forward, backward, o);
    ad_graph_free(w.g);
    ad_arena_free(w.arena);
    if (!e) return AD_OK;
    ad_plan_free(*forward);
    *forward = NULL;
    for (int v = 0; v < spec->pullbacks; v++) {
        ad_plan_free(backward[v]);
        backward[v] = NULL;
    }
    return e;
}
