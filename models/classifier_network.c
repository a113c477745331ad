/* classifier_network.c - equations (1) and (2) of classifier.h as plans. */
#include <costate/autodiff/memory.h>

#include "classifier_internal.h"
#include "timed.h"

static ad_var field(const nde_point *at, void *ctx)
{
    const mdl_classnet *net = ctx;
    ad_var              h   = net->activation(
                       mdl_timed_dense(at, "field.0", net->first(at->y), net->hidden, AD_INIT_GLOROT));
    return net->last(mdl_timed_dense(at, "field.1", h, net->dim, AD_INIT_GLOROT));
}

/* Registers the field's parameters between those of the maps: traced once, for nothing else. */
static ad_status register_field(mdl_classnet *net)
{
    ad_graph *g;
    AD_TRY(ad_graph_new(&g));
    ad_var y = ad_input(g, "y", net->type, ad_rows(net->dim));
    ad_var t = ad_input(g, "t", AD_F64, ad_scalar());
    field(&(nde_point){ .g     = g,
                        .t     = t,
                        .y     = y,
                        .parts = 1,
                        .part  = &y,
                        .theta = net->params,
                        .type  = net->type },
          net);
    ad_status s = ad_graph_status(g);
    ad_graph_free(g);
    return s;
}

static ad_status compile(mdl_map *m, ad_var x, ad_var y, int gradient, int want_x, long capacity)
{
    ad_plan_options o = { .name = "classifier", .capacity = capacity };
    if (!gradient) {
        AD_TRY(ad_plan_new(&m->forward, 1, &x, 1, &y, &o));
        return ad_work_new(&m->fw, m->forward);
    }
    char         want = (char)want_x;
    ad_pullback  pull = { .want_in = &want, .want_params = 1 };
    ad_pair_spec spec = { 1, 1, &x, &y, 1, &pull };
    AD_TRY(ad_plan_pair(&m->forward, &m->backward, &spec, &o));
    AD_TRY(ad_work_new(&m->fw, m->forward));
    AD_TRY(ad_work_new(&m->bw, m->backward));
    m->residual = ad_alloc(ad_plan_residual_bytes(m->forward) + AD_PAD);
    return m->residual ? AD_OK : AD_NO_MEMORY;
}

/* before(x) W' + b, compiled. */
static ad_status new_map(mdl_map *m, mdl_classnet *net, const char *name, ad_activation *before,
                         long in, long out, int gradient, int want_x, long capacity)
{
    ad_graph        *g;
    ad_dense_options glorot = { AD_INIT_GLOROT, 0, 0 };
    AD_TRY(ad_graph_new(&g));
    ad_var    x = ad_input(g, "x", net->type, ad_rows(in));
    ad_var    y = ad_dense_with(before(x), net->params, name, out, &glorot);
    ad_status s = ad_graph_status(g);
    if (!s) s = compile(m, x, y, gradient, want_x, capacity);
    ad_graph_free(g);
    return s;
}

static void clear_map(mdl_map *m)
{
    ad_work_free(m->fw);
    ad_work_free(m->bw);
    ad_plan_free(m->forward);
    ad_plan_free(m->backward);
    ad_free(m->residual);
}

ad_status mdl_map_forward(mdl_map *m, long n, const void *theta, const void *x, void *y)
{
    ad_args a = { .n = n, .in = &x, .out = &y, .theta = theta, .residual = m->residual };
    return ad_execute(m->forward, m->fw, &a);
}

ad_status mdl_map_backward(mdl_map *m, long n, const void *theta, const void *x, const void *y_bar,
                           void *x_bar, void *theta_bar)
{
    const void *in[] = { x, y_bar };
    ad_args     a    = { .n         = n,
                         .in        = in,
                         .out       = &x_bar,
                         .theta     = theta,
                         .theta_bar = theta_bar,
                         .residual  = m->residual };
    return ad_execute(m->backward, m->bw, &a);
}

static ad_status activations(mdl_classnet *net, const mdl_classifier_options *o)
{
    net->activation = ad_activation_find(o->activation);
    net->first      = ad_activation_find(o->first);
    net->last       = ad_activation_find(o->last);
    net->head       = ad_activation_find(o->head);
    return net->activation && net->first && net->last && net->head ? AD_OK : AD_INVALID;
}

static ad_status fill(mdl_classnet *net, const mdl_classifier_options *o, int gradient,
                      long capacity)
{
    AD_TRY(activations(net, o));
    AD_TRY(ad_params_new(&net->params, net->type));
    net->ode = (nde_ode){
        .field = field, .ctx = net, .type = net->type, .dim = net->dim, .theta = net->params
    };
    if (net->has_input)
        AD_TRY(new_map(&net->input, net, "input", ad_identity, net->inputs, net->dim, gradient, 0,
                       capacity));
    AD_TRY(register_field(net));
    return new_map(&net->output, net, "head", net->head, net->dim, net->classes, gradient, 1,
                   capacity);
}

ad_status mdl_classnet_new(mdl_classnet **out, const mdl_classifier_options *o, int gradient,
                           long capacity)
{
    *out              = NULL;
    mdl_classnet *net = ad_alloc(sizeof *net);
    if (!net) return AD_NO_MEMORY;
    net->inputs    = o->inputs;
    net->classes   = o->classes;
    net->has_input = o->state > 0;
    net->dim       = o->state > 0 ? o->state : o->inputs;
    net->hidden    = o->hidden;
    net->type      = o->type;
    net->solve     = *o->solve;
    net->t[1]      = o->t1;
    ad_status s    = fill(net, o, gradient, capacity);
    if (s)
        mdl_classnet_free(net);
    else
        *out = net;
    return s;
}

void mdl_classnet_free(mdl_classnet *net)
{
    if (!net) return;
    clear_map(&net->input);
    clear_map(&net->output);
    ad_params_free(net->params);
    ad_free(net);
}
