/* params_unused.c - which parameters would never learn.

   Dependence is not enough: behind a stop_gradient or a comparison a parameter is read and still receives nothing. So the
   outputs are differentiated, in a graph of their own, and what stays a constant zero is reported. */
#include <costate/autodiff/transform.h>

#include "op.h"

typedef struct unused {
    const ad_params *p;
    ad_graph        *g;
    ad_arena        *arena;
    ad_var          *in, *copy, *y, *bar, *node, *node_bar;
    int              nin, nodes;
} unused;

static ad_var *vars(unused *w, int n)
{
    return ad_arena_alloc(w->arena, sizeof(ad_var) * (size_t)(n + 1));
}

/* The outputs' graph once more, with inputs and all. */
static ad_status copy_graph(unused *w, int ny, const ad_var y[])
{
    const ad_graph *from = y[0].g;
    int             size = ad_graph_size(from);
    w->in                = vars(w, size);
    w->copy              = vars(w, size);
    w->y                 = vars(w, ny);
    w->bar               = vars(w, ny);
    if (!w->in || !w->copy || !w->y || !w->bar) return AD_NO_MEMORY;
    for (int id = 0; id < size; id++) {
        const ad_node *n = ad_node_of(from, id);
        if (n->op != AD_OP_input) continue;
        w->in[w->nin]     = (ad_var){ y[0].g, id };
        w->copy[w->nin++] = ad_input(w->g, n->name, n->type, n->shape);
    }
    return ad_inline(w->g, from, w->nin, w->in, w->copy, ny, y, w->y);
}

static ad_status differentiate(unused *w, int ny)
{
    w->nodes    = ad_params_used(ny, w->y, 0, NULL);
    w->node     = vars(w, w->nodes);
    w->node_bar = vars(w, w->nodes);
    if (!w->node || !w->node_bar) return AD_NO_MEMORY;
    ad_params_used(ny, w->y, w->nodes, w->node);
    for (int i = 0; i < ny; i++)
        w->bar[i] = w->y[i].id < 0
                        ? AD_NONE
                        : ad_input(w->g, "bar", ad_type_of(w->y[i]), ad_shape_of(w->y[i]));
    return ad_vjp(ny, w->y, w->bar, w->nodes, w->node, w->node_bar);
}

/* Does some node with a gradient cover a number of the view? */
static int receives(const unused *w, const ad_param_view *v)
{
    long end = v->offset + ad_elements(v->shape);
    for (int i = 0; i < w->nodes; i++) {
        const ad_node *n = ad_node_of(w->g, w->node[i].id);
        if (ad_is_zero(w->node_bar[i])) continue;
        if (n->attr[0] < end && v->offset < n->attr[0] + ad_elements(n->shape)) return 1;
    }
    return 0;
}

static ad_status find(unused *w, int ny, const ad_var y[], int max, int view[], int *count)
{
    w->arena = ad_arena_new();
    if (!w->arena) return AD_NO_MEMORY;
    AD_TRY(ad_graph_new(&w->g));
    AD_TRY(copy_graph(w, ny, y));
    AD_TRY(differentiate(w, ny));
    for (int i = 0; i < ad_params_views(w->p); i++) {
        if (receives(w, ad_params_view(w->p, i))) continue;
        if (*count < max) view[*count] = i;
        ++*count;
    }
    return AD_OK;
}

ad_status ad_params_unused(const ad_params *p, int ny, const ad_var y[], int max, int view[],
                           int *count)
{
    *count = 0;
    for (int i = 0; i < ny; i++)
        if (y[i].id < 0)
            return y[i].g ? ad_graph_status(y[i].g)
                          : ad_fail(AD_INVALID, "output %d was never built", i);
    if (ny < 1) return ad_fail(AD_INVALID, "no output to look for parameters in");
    AD_TRY(ad_graph_status(y[0].g));
    unused    w = { .p = p };
    ad_status e = find(&w, ny, y, max, view, count);
    ad_graph_free(w.g);
    ad_arena_free(w.arena);
    return e;
}
