/* network.c - the model that knows nothing: equation (1) of model.h. */
#include <stdio.h>

#include <costate/autodiff/layers.h>

#include "model_internal.h"

/* t as a column [n, 1] of the state's type beside z */
static ad_var with_time(const nde_point *at, ad_var z)
{
    ad_var t      = ad_broadcast(ad_cast(at->t, at->type), ad_rows(1));
    ad_var both[] = { z, t };
    return ad_concat(2, both, 1);
}

static ad_var field(const nde_point *at, void *ctx)
{
    const mdl_model  *m = ctx;
    const mdl_config *c = m->config;
    ad_var            z = c->time_input ? with_time(at, at->y) : at->y, x = z;
    ad_activation    *f = ad_activation_find(c->activation);
    char              name[32];
    for (long i = 0; i < c->depth; i++) {
        snprintf(name, sizeof name, "net.%ld", i);
        x = f(ad_dense(x, at->theta, name, c->width));
    }
    /* The network starts small beside the linear map, which least squares can find. */
    snprintf(name, sizeof name, "net.%ld", c->depth);
    ad_dense_options small = { AD_INIT_NORMAL, 0.02, 0 }, none = { AD_INIT_VALUE, 0, 0 };
    x = ad_dense_with(x, at->theta, name, m->dim, &small);
    return c->linear ? ad_add(x, ad_dense_with(z, at->theta, "linear", m->dim, &none)) : x;
}

/* Registers the parameters: the field traced once, for nothing else. */
static ad_status register_params(mdl_model *m)
{
    ad_graph *g;
    AD_TRY(ad_graph_new(&g));
    ad_type type = m->ode.type;
    ad_var  y = ad_input(g, "y", type, ad_rows(m->dim)), t = ad_input(g, "t", AD_F64, ad_scalar());
    nde_point at = {
        .g = g, .t = t, .y = y, .parts = 1, .part = &y, .theta = m->params, .type = type
    };
    field(&at, m);
    ad_status s = ad_graph_status(g);
    ad_graph_free(g);
    return s;
}

ad_status mdl_network_fill(mdl_model *m, const mdl_shape *shape)
{
    const mdl_config *c       = m->config;
    long              augment = c->augment >= 0 ? c->augment : shape->cols == 1 ? 1 : 0;
    m->dim                    = shape->cols + (int)augment;
    m->hidden                 = (int)augment;
    m->absolute               = c->time_input;
    AD_TRY(ad_params_new(&m->params, m->ode.type));
    m->ode.field = field;
    m->ode.ctx   = m;
    m->ode.dim   = m->dim;
    m->ode.theta = m->params;
    for (int j = 0; j < m->cols; j++) m->shown[j] = j;
    return register_params(m);
}
