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
    ad_status e = plan_build(p, name, nin, b, nout, b + nin, o, nin, nout);
    ad_free(b);
    return e;
}

/* --- the pair ------------------------------------------------------------------------------------------------------- */

typedef struct pair {
    const ad_pair_spec *spec;
    ad_graph           *g;
    ad_var             *in, *out, *out_bar, *in_bar, *wrt, *wrt_bar, *params, *param_bar; /* in g */
    int                 nparams, nwrt, size;
    char               *primal, *read; /* needed by the outputs; read by the pullback */
    binding            *residual;
    int                 nresiduals;
    size_t              bytes;
} pair;

static ad_status copy_function(pair *w)
{
    const ad_pair_spec *s = w->spec;
    for (int i = 0; i < s->nin; i++)
        w->in[i] = s->in[i].id < 0
                       ? AD_NONE
                       : ad_input(w->g, "in", ad_type_of(s->in[i]), ad_shape_of(s->in[i]));
    return ad_inline(w->g, s->out[0].g, s->nin, s->in, w->in, s->nout, s->out, w->out);
}

static ad_status differentiate(pair *w)
{
    const ad_pair_spec *s = w->spec;
    w->size               = ad_graph_size(
                      w->g); /* nodes from here on belong to the pullback, unless they are shared */
    for (int i = 0; i < s->nout; i++)
        w->out_bar[i] = s->want_out && !s->want_out[i]
                            ? AD_NONE
                            : ad_input(w->g, "bar", ad_type_of(w->out[i]), ad_shape_of(w->out[i]));
    for (int i = 0; i < s->nin; i++)
        if (w->in[i].id >= 0 && (!s->want_in || s->want_in[i])) w->wrt[w->nwrt++] = w->in[i];
    for (int i = 0; i < w->nparams; i++) w->wrt[w->nwrt + i] = w->params[i];
    AD_TRY(ad_vjp(s->nout, w->out, w->out_bar, w->nwrt + w->nparams, w->wrt, w->wrt_bar));
    for (int i = 0, j = 0; i < s->nin; i++)
        w->in_bar[i] = w->in[i].id >= 0 && (!s->want_in || s->want_in[i]) ? w->wrt_bar[j++]
                                                                          : AD_NONE;
    for (int i = 0; i < w->nparams; i++) w->param_bar[i] = w->wrt_bar[w->nwrt + i];
    return AD_OK;
}

static int is_leaf(const ad_node *n)
{
    return ad_op_row(n->op)->flags & AD_LEAF;
}

/* Forward nodes that the pullback reads. Leaves, and what depends on parameters alone, it computes itself. */
static ad_status find_residuals(pair *w)
{
    int size  = ad_graph_size(w->g);
    w->primal = ad_alloc((size_t)size);
    w->read   = ad_alloc(2 * (size_t)size);
    if (!w->primal || !w->read) return AD_NO_MEMORY;
    char *once = w->read + size;
    for (int i = 0; i < w->spec->nout; i++) w->primal[w->out[i].id] = 1;
    for (int i = 0; i < w->nwrt + w->nparams; i++)
        if (w->wrt_bar[i].id >= 0) w->read[w->wrt_bar[i].id] = 1;
    for (int id = 0; id < size; id++) {
        const ad_node *n = ad_node_of(w->g, id);
        once[id]         = n->op == AD_OP_param || n->op == AD_OP_full || n->op == AD_OP_array;
        if (n->nin && n->op != AD_OP_call && !n->shape.batched) {
            once[id] = 1;
            for (int i = 0; i < n->nin; i++) once[id] &= once[n->in[i]];
        }
    }
    for (int id = size - 1; id >= 0; id--) {
        const ad_node *n = ad_node_of(w->g, id);
        for (int i = 0; w->primal[id] && i < n->nin; i++) w->primal[n->in[i]] = 1;
    }
    for (int id = size - 1; id >= 0; id--) {
        const ad_node *n    = ad_node_of(w->g, id);
        int            kept = w->primal[id] && !is_leaf(n) && !once[id];
        if (!w->read[id]) continue;
        int view = n->op == AD_OP_reshape ||
                   n->op == AD_OP_stop_gradient; /* of what is kept anyway */
        if (kept && !view)
            w->nresiduals++;
        else
            for (int i = 0; i < n->nin; i++) w->read[n->in[i]] = 1;
        if (!kept || view) w->read[id] = 0;
    }
    return AD_OK;
}

static ad_status place_residuals(pair *w, long capacity)
{
    w->residual = ad_alloc(sizeof *w->residual * (size_t)(w->nresiduals + 1));
    if (!w->residual) return AD_NO_MEMORY;
    int r = 0;
    for (int id = 0; id < ad_graph_size(w->g); id++) {
        if (!w->read[id]) continue;
        const ad_node *n = ad_node_of(w->g, id);
        if (is_leaf(n) || !w->primal[id]) continue;
        w->residual[r++] = (binding){ .v = { w->g, id }, .at = { BASE_RESIDUAL, 0, w->bytes } };
        w->bytes += plan_bytes(n->type, n->shape, capacity);
    }
    w->nresiduals = r;
    return AD_OK;
}

static ad_status build_forward(pair *w, ad_plan **p, const char *name, const ad_plan_options *o)
{
    const ad_pair_spec *s = w->spec;
    binding            *b = ad_alloc(sizeof *b * (size_t)(s->nin + s->nout + w->nresiduals + 1));
    if (!b) return AD_NO_MEMORY;
    for (int i = 0; i < s->nin; i++) b[i] = (binding){ .v = w->in[i], .at = arg(o, i) };
    binding *out = b + s->nin;
    memcpy(out, w->residual,
           sizeof *out * (size_t)w->nresiduals); /* first: kept in place, outputs copied if both */
    for (int i = 0; i < s->nout; i++)
        out[w->nresiduals + i] = (binding){ .v = w->out[i], .at = arg(o, s->nin + i) };
    ad_status e = plan_build(p, name, s->nin, b, s->nout + w->nresiduals, out, o, s->nin, s->nout);
    ad_free(b);
    return e;
}

static ad_status build_backward(pair *w, ad_plan **p, const char *name, const ad_plan_options *o)
{
    const ad_pair_spec *s   = w->spec;
    int                 nin = s->nin + s->nout + w->nresiduals, args = s->nin + s->nout;
    binding            *b = ad_alloc(sizeof *b * (size_t)(nin + s->nin + w->nparams + 1));
    if (!b) return AD_NO_MEMORY;
    for (int i = 0; i < s->nin; i++) b[i] = (binding){ .v = w->in[i], .at = arg(o, i) };
    for (int i = 0; i < s->nout; i++)
        b[s->nin + i] = (binding){ .v = w->out_bar[i], .at = arg(o, s->nin + i) };
    memcpy(b + args, w->residual, sizeof *b * (size_t)w->nresiduals);
    binding *out  = b + nin;
    int      nout = 0;
    for (int i = 0; i < s->nin; i++)
        if (w->in_bar[i].id >= 0)
            out[nout++] = (binding){ .v = w->in_bar[i], .at = arg(o, args + i) };
    for (int i = 0; i < w->nparams; i++) {
        if (ad_is_zero(w->param_bar[i])) continue;
        size_t offset = (size_t)ad_node_of(w->g, w->params[i].id)->attr[0];
        out[nout++]   = (binding){ .v = w->param_bar[i], .at = { 0, 0, offset }, .param = 1 };
    }
    ad_status e = nout ? plan_build(p, name, nin, b, nout, out, o, args, s->nin)
                       : ad_fail(AD_INVALID, "%s: no input's cotangent is wanted", name);
    ad_free(b);
    return e;
}

static ad_status pair_build(pair *w, ad_plan **forward, ad_plan **backward,
                            const ad_plan_options *o)
{
    const ad_pair_spec *s    = w->spec;
    const char         *name = o && o->name ? o->name : "plan";
    int                 all  = 2 * (s->nin + s->nout) + 4;
    AD_TRY(ad_graph_new(&w->g));
    ad_var *v = w->in = ad_alloc(sizeof *v * (size_t)(all * 2));
    if (!v) return AD_NO_MEMORY;
    w->out = v + s->nin, w->out_bar = w->out + s->nout, w->in_bar = w->out_bar + s->nout;
    AD_TRY(copy_function(w));
    w->nparams = s->want_params ? ad_params_used(s->nout, w->out, 0, NULL) : 0;
    int n      = s->nin + w->nparams;
    w->wrt     = ad_alloc(sizeof *v * (size_t)(2 * n + 2 * w->nparams + 1));
    if (!w->wrt) return AD_NO_MEMORY;
    w->wrt_bar = w->wrt + n, w->params = w->wrt_bar + n, w->param_bar = w->params + w->nparams;
    ad_params_used(s->nout, w->out, w->nparams, w->params);
    AD_TRY(differentiate(w));
    AD_TRY(find_residuals(w));
    AD_TRY(place_residuals(w, o && o->capacity > 0 ? o->capacity : 1));
    AD_TRY(build_forward(w, forward, name, o));
    ad_plan_options back = o ? *o : (ad_plan_options){ 0 };
    back.flags &=
        ~(unsigned)
            AD_ROW_EXACT; /* asked of the forward plan; sums over rows are the pullback's business */
    if (o && o->flags & AD_ROW_EXACT) back.flags |= AD_ROW_PRODUCTS;
    AD_TRY(build_backward(w, backward, name, &back));
    (*forward)->residual = (*backward)->residual = w->bytes;
    return AD_OK;
}

ad_status ad_plan_pair(ad_plan **forward, ad_plan **backward, const ad_pair_spec *spec,
                       const ad_plan_options *o)
{
    *forward = *backward = NULL;
    AD_TRY(graph_ok(spec->nin, spec->in));
    AD_TRY(graph_ok(spec->nout, spec->out));
    AD_TRY(check_vars(o && o->name ? o->name : "plan", spec->nout, spec->out));
    pair      w = { .spec = spec };
    ad_status e = pair_build(&w, forward, backward, o);
    ad_graph_free(w.g);
    ad_free(w.in);
    ad_free(w.wrt);
    ad_free(w.primal);
    ad_free(w.read);
    ad_free(w.residual);
    if (e) {
        ad_plan_free(*forward);
        ad_plan_free(*backward);
        *forward = *backward = NULL;
    }
    return e;
}
