#include <string.h>

#include <costate/autodiff/op.h>
#include <costate/autodiff/params.h>

/* Views lie one behind the other without gaps, in the order of registration, so that an offset is known as soon as
   a view is registered and a checkpoint, a norm or an optimizer step is one flat loop. */
struct ad_params {
    ad_type        type;
    int            frozen, views, room;
    ad_param_view *view;
    long           count;
    ad_arena      *names;
};

ad_status ad_params_new(ad_params **p, ad_type type)
{
    *p = NULL;
    if (type != AD_F32 && type != AD_F64)
        return ad_fail(AD_INVALID, "parameters of type %d: AD_F32 and AD_F64 exist", (int)type);
    ad_params *q = ad_alloc(sizeof *q);
    if (!q) return AD_NO_MEMORY;
    q->type  = type;
    q->names = ad_arena_new();
    if (!q->names) {
        ad_free(q);
        return AD_NO_MEMORY;
    }
    *p = q;
    return AD_OK;
}

void ad_params_free(ad_params *p)
{
    if (!p) return;
    ad_arena_free(p->names);
    ad_free(p->view);
    ad_free(p);
}

ad_type ad_params_type(const ad_params *p)
{
    return p->type;
}

int ad_params_views(const ad_params *p)
{
    return p->views;
}

const ad_param_view *ad_params_view(const ad_params *p, int i)
{
    return i >= 0 && i < p->views ? &p->view[i] : NULL;
}

long ad_params_count(const ad_params *p)
{
    return p->count;
}

void ad_params_freeze(ad_params *p)
{
    p->frozen = 1;
}

int ad_params_find(const ad_params *p, const char *name)
{
    for (int i = 0; i < p->views; i++)
        if (!strcmp(p->view[i].name, name)) return i;
    return -1;
}

static ad_status check_shape(const char *name, ad_shape s)
{
    long most = (long)(PTRDIFF_MAX / 16), n = 1;
    if (s.batched)
        return ad_fail(AD_BAD_SHAPE,
                       "parameter %s is batched: a parameter is one value for all samples; "
                       "give it a shared shape",
                       name);
    if (s.rank < 1 || s.rank > AD_RANK)
        return ad_fail(AD_BAD_SHAPE, "parameter %s has rank %d: 1 to %d can be had", name, s.rank,
                       AD_RANK);
    for (int i = 0; i < s.rank; i++) {
        if (s.dim[i] < 1)
            return ad_fail(AD_BAD_SHAPE, "parameter %s: extent %d is %ld, it must be at least 1",
                           name, i, s.dim[i]);
        if (s.dim[i] > most / n)
            return ad_fail(AD_BAD_SHAPE, "parameter %s: more than %ld numbers", name, most);
        n *= s.dim[i];
    }
    return AD_OK;
}

static ad_status check_same(const ad_param_view *v, ad_shape shape)
{
    char a[128], b[128];
    if (ad_shape_equal(v->shape, shape)) return AD_OK;
    return ad_fail(AD_BAD_SHAPE,
                   "parameter %s is %s but was %s when it was first used: give the two uses "
                   "different names, or the same shape",
                   v->name, ad_shape_text(shape, a, sizeof a),
                   ad_shape_text(v->shape, b, sizeof b));
}

static ad_status grow(ad_params *p)
{
    if (p->views < p->room) return AD_OK;
    size_t         one  = sizeof *p->view;
    int            room = p->room ? 2 * p->room : 16;
    ad_param_view *v    = ad_realloc(p->view, (size_t)p->views * one, (size_t)room * one);
    if (!v) return AD_NO_MEMORY;
    p->view = v;
    p->room = room;
    return AD_OK;
}

static ad_status add(ad_params *p, const ad_param_view *want, int *index)
{
    if (!want->name || !*want->name) return ad_fail(AD_INVALID, "a parameter without a name");
    *index = ad_params_find(p, want->name);
    if (*index >= 0) return check_same(&p->view[*index], want->shape);
    if (p->frozen)
        return ad_fail(AD_INVALID,
                       "parameter %s is new, but the layout is frozen (%ld numbers in %d views): "
                       "trace every graph before ad_params_freeze()",
                       want->name, p->count, p->views);
    AD_TRY(check_shape(want->name, want->shape));
    AD_TRY(grow(p));
    ad_param_view v = *want;
    v.name          = ad_arena_strdup(p->names, want->name);
    v.offset        = p->count;
    if (!v.name) return AD_NO_MEMORY;
    p->count += ad_elements(v.shape);
    p->view[ *index = p->views++] = v;
    return AD_OK;
}

int ad_params_add(ad_params *p, const char *name, ad_shape shape, ad_init init, double value)
{
    ad_param_view want = { .name = name, .shape = shape, .init = init, .value = value };
    int           index;
    return add(p, &want, &index) == AD_OK ? index : -1;
}

ad_var ad_param(ad_graph *g, ad_params *p, const char *name, ad_shape shape, ad_init init,
                double value)
{
    ad_param_view want = { .name = name, .shape = shape, .init = init, .value = value };
    int           index;
    ad_status     s = p ? add(p, &want, &index)
                        : ad_fail(AD_INVALID, "parameter %s: there is no ad_params to register it in",
                              name ? name : "");
    if (s) return ad_graph_fail(g, s, "%s", ad_message());
    const ad_param_view *v = &p->view[index];
    ad_node              n = { .op    = AD_OP_param,
                               .type  = p->type,
                               .shape = v->shape,
                               .nattr = 1,
                               .attr  = &v->offset,
                               .name  = v->name };
    return ad_node_add(g, &n);
}

ad_var ad_params_node(ad_graph *g, const ad_params *p)
{
    long    first = 0;
    ad_node n     = { .op    = AD_OP_param,
                      .type  = p->type,
                      .shape = ad_vector(p->count),
                      .nattr = 1,
                      .attr  = &first,
                      .name  = "theta" };
    return ad_node_add(g, &n);
}
