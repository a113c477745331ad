/* text_problem.c - a system as an nde_ode: its field, parameters, start values and loss. */
#include <stdio.h>
#include <string.h>

#include "text_internal.h"

static ad_status add_view(ad_params *p, const char *name, ad_shape shape, ad_init init,
                          double value)
{
    return ad_params_add(p, name, shape, init, value) < 0 ? AD_NO_MEMORY : AD_OK;
}

/* As ad_mlp() names and shapes them. */
static ad_status add_network(ad_params *p, const nde_system_network *f)
{
    long in = f->inputs;
    for (int l = 0; l <= f->hidden; l++) {
        char name[128];
        long out = l < f->hidden ? f->widths[l] : f->outputs;
        snprintf(name, sizeof name, "%s.%d.weight", f->name, l);
        AD_TRY(add_view(p, name, ad_matrix(out, in), AD_INIT_KAIMING, (double)in));
        snprintf(name, sizeof name, "%s.%d.bias", f->name, l);
        AD_TRY(add_view(p, name, ad_vector(out), AD_INIT_KAIMING, (double)in));
        in = out;
    }
    return AD_OK;
}

static ad_status add_views(const nde_system *s, ad_params *p)
{
    for (int i = 0; i < s->about.parameters; i++) {
        const nde_system_parameter *a = s->about.parameter + i;
        AD_TRY(add_view(p, a->name, ad_vector(1), AD_INIT_VALUE, a->value));
    }
    for (int i = 0; i < s->about.networks; i++) AD_TRY(add_network(p, s->about.network + i));
    return AD_OK;
}

ad_params *nde_system_params(nde_system *s, ad_type type)
{
    ad_params **slot = &s->params[type == AD_F64];
    if (*slot) return *slot;
    ad_params *p = NULL;
    if (ad_params_new(&p, type)) return NULL;
    if (add_views(s, p)) {
        ad_params_free(p);
        return NULL;
    }
    return *slot = p;
}

ad_status nde_system_theta(nde_system *s, ad_type type, uint64_t seed, void *values)
{
    ad_params *p = nde_system_params(s, type);
    if (!p) return AD_NO_MEMORY;
    ad_params_init(p, seed, values);
    for (int i = 0; i < s->about.parameters; i++) {
        long   at    = ad_params_view(p, i)->offset;
        double value = s->about.parameter[i].value;
        if (type == AD_F64)
            ((double *)values)[at] = value;
        else
            ((float *)values)[at] = (float)value;
    }
    return AD_OK;
}

static void field(const nde_point *at, ad_var *dy, void *ctx)
{
    nde_system *s = ctx;
    nde_text_trace(s, at, 0, s->states.count, TEXT_EQUATIONS(s), dy);
}

ad_status nde_system_problem(nde_system *s, nde_ode *ode)
{
    ad_type    type  = ode->type ? ode->type : AD_F64;
    ad_params *theta = NULL;
    if (s->about.parameters || s->about.networks) {
        theta = nde_system_params(s, type);
        if (!theta) return AD_NO_MEMORY;
    }
    *ode = (nde_ode){ .field_parts = field,
                      .ctx         = s,
                      .type        = type,
                      .parts       = s->about.states,
                      .part        = s->part,
                      .theta       = theta };
    return AD_OK;
}

ad_var nde_system_loss(nde_system *s, const nde_point *at)
{
    ad_var loss;
    if (!s->about.has_loss)
        return ad_graph_fail(at->g, AD_INVALID, "%s has no loss = ... line", s->file);
    nde_text_trace(s, at, 0, 1, &s->loss, &loss);
    return loss;
}

ad_status nde_system_start(nde_system *s, ad_graph *g, ad_params *theta, ad_var y0[])
{
    nde_point at = { .g = g, .theta = theta, .type = theta ? ad_params_type(theta) : AD_F64 };
    for (int i = 0; i < s->about.states; i++) {
        const nde_system_state *x = s->about.state + i;
        y0[i]                     = AD_NONE;
        if (x->start == NDE_START_NUMBER) y0[i] = ad_const(g, at.type, x->y0);
        if (x->start == NDE_START_EXPRESSION)
            AD_TRY(nde_text_trace(s, &at, 1, 1, &TEXT_STARTS(s)[i], &y0[i]));
    }
    return ad_graph_status(g);
}
