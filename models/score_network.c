#include <math.h>
#include <stdio.h>

#include "score_network.h"

enum { WAVES = 16, LEVEL = 64, NAME = 64 };

static const double slowest = 0.1, fastest = 8; /* w_k of (1), a geometric row */

static const ad_dense_options from_zero = { .init = AD_INIT_VALUE };
static const ad_dense_options no_bias   = { .no_bias = 1 };

ad_var mdl_times(ad_var a, ad_var b)
{
    return a.id < 0 ? a : ad_mul(a, ad_cast(b, ad_type_of(a)));
}

/* The sines and cosines of (1), [n or 1, 2 WAVES]. */
static ad_var waves(const dpm_at *at)
{
    double w[WAVES];
    for (int k = 0; k < WAVES; k++)
        w[k] = slowest * pow(fastest / slowest, (double)k / (WAVES - 1));
    ad_var d = ad_const(at->g, AD_F64, 1e-4);
    ad_var u = ad_sub(ad_log(ad_add(at->alpha, d)), ad_log(ad_add(at->sigma, d)));
    if (u.id < 0) return u;
    if (!ad_shape_of(u).batched) u = ad_reshape(u, 2, (long[]){ 1, 1 });
    ad_var angle   = ad_mul(u, ad_const_array(at->g, AD_F64, ad_vector(WAVES), w));
    ad_var both[2] = { ad_sin(angle), ad_cos(angle) };
    return ad_cast(ad_concat(2, both, 1), at->type);
}

static ad_var layer(const mdl_score_network *net, const dpm_at *at, ad_var x, const char *name,
                    long i, long width, const ad_dense_options *o)
{
    char text[NAME];
    (void)net;
    if (x.id < 0) return x;
    snprintf(text, sizeof text, name, i);
    return ad_dense_with(x, at->theta, text, width, o);
}

ad_var mdl_score_classes(const mdl_score_network *net, ad_graph *g, ad_params *theta)
{
    return ad_param(g, theta, "class.weight", ad_matrix(net->classes + 1, net->embedding),
                    AD_INIT_NORMAL, 1);
}

/* c of (1): the run's argument, or the vector of no class. */
static ad_var condition(const mdl_score_network *net, const dpm_at *at)
{
    if (!at->unconditional && at->nargs) return at->args[0];
    return ad_slice(mdl_score_classes(net, at->g, at->theta), 0, net->classes, net->classes + 1);
}

/* (1) */
static ad_var embedding(const mdl_score_network *net, const dpm_at *at)
{
    ad_var e = layer(net, at, waves(at), "level.0", 0, LEVEL, NULL);
    if (net->classes)
        e = ad_add(layer(net, at, condition(net, at), "condition", 0, LEVEL, &no_bias), e);
    return net->activation(layer(net, at, net->activation(e), "level.1", 0, LEVEL, NULL));
}

static ad_var scaled_input(const mdl_score_network *net, const dpm_at *at)
{
    if (net->prediction == DPM_EDM) return at->x;
    ad_var a = ad_square(ad_scale(at->alpha, net->sigma_data));
    return mdl_times(at->x, ad_rsqrt(ad_add(a, ad_square(at->sigma))));
}

/* (2) and (3) */
static ad_var network(const dpm_at *at, void *ctx)
{
    const mdl_score_network *net = ctx;
    ad_var                   e = embedding(net, at), x = scaled_input(net, at);
    ad_var                   h = layer(net, at, x, "input", 0, net->hidden, NULL);
    for (long i = 0; i < net->depth; i++) {
        ad_var r = layer(net, at, net->activation(h), "block.%ld.0", i, net->hidden, NULL);
        r        = ad_add(r, layer(net, at, e, "block.%ld.level", i, net->hidden, &no_bias));
        h        = ad_add(h,
                          layer(net, at, net->activation(r), "block.%ld.1", i, net->hidden, &from_zero));
    }
    ad_var out  = layer(net, at, net->activation(h), "output", 0, net->dim, &from_zero);
    ad_var skip = layer(net, at, e, "skip", 0, 1, &from_zero);
    out         = ad_add(out, ad_mul(x, skip));
    return net->prediction == DPM_SCORE ? mdl_times(out, ad_reciprocal(at->sigma)) : out;
}

dpm_model mdl_score_network_model(const mdl_score_network *net)
{
    return (dpm_model){ .network    = network,
                        .ctx        = (void *)(uintptr_t)net,
                        .prediction = net->prediction,
                        .sigma_data = net->sigma_data,
                        .type       = net->type,
                        .dim        = net->dim,
                        .nargs      = net->classes > 0,
                        .args       = &net->condition,
                        .theta      = net->params,
                        .name       = "score network" };
}

/* Registers all views, in an order that does not depend on who uses the network: traced once, for nothing else. */
static ad_status register_views(mdl_score_network *net)
{
    ad_graph *g;
    AD_TRY(ad_graph_new(&g));
    if (net->classes) mdl_score_classes(net, g, net->params);
    ad_var one = ad_const(g, AD_F64, 1);
    network(&(dpm_at){ .g     = g,
                       .x     = ad_input(g, "x", net->type, ad_rows(net->dim)),
                       .t     = one,
                       .alpha = one,
                       .sigma = one,
                       .theta = net->params,
                       .type  = net->type },
            net);
    ad_status s = ad_graph_status(g);
    ad_graph_free(g);
    return s;
}

ad_status mdl_score_network_init(mdl_score_network *net)
{
    net->condition = (nde_arg){ .name = "condition", .shape = ad_rows(net->embedding) };
    AD_TRY(ad_params_new(&net->params, net->type));
    return register_views(net);
}

void mdl_score_network_clear(mdl_score_network *net)
{
    ad_params_free(net->params);
    net->params = NULL;
}

/* --- predictions as expressions --------------------------------------------------------------------------------- */

/* Of x0 to the noise: (x - alpha x0) / sigma. */
static ad_var from_data(const dpm_at *at, ad_var x0)
{
    return mdl_times(ad_sub(at->x, mdl_times(x0, at->alpha)), ad_reciprocal(at->sigma));
}

/* Karras et al. 2022, table 1, of x / alpha and rho; the network is asked at cin x. */
static ad_var edm_epsilon(const dpm_model *m, const dpm_at *at)
{
    double s   = m->sigma_data;
    ad_var rho = ad_div(at->sigma, at->alpha), all = ad_shift(ad_square(rho), s * s);
    ad_var x   = mdl_times(at->x, ad_reciprocal(at->alpha));
    dpm_at in  = *at;
    in.x       = mdl_times(x, ad_rsqrt(all));
    ad_var out = mdl_times(m->network(&in, m->ctx), ad_scale(ad_mul(rho, ad_rsqrt(all)), s));
    return from_data(at, ad_add(mdl_times(x, ad_scale(ad_reciprocal(all), s * s)), out));
}

ad_var mdl_epsilon(const dpm_model *m, const dpm_at *at)
{
    if (m->prediction == DPM_EDM) return edm_epsilon(m, at);
    ad_var y = m->network(at, m->ctx), a = at->alpha, s = at->sigma, both;
    switch (m->prediction) {
    case DPM_X0: return from_data(at, y);
    case DPM_V:
        both = ad_reciprocal(ad_add(ad_square(a), ad_square(s)));
        return ad_add(mdl_times(y, ad_mul(a, both)), mdl_times(at->x, ad_mul(s, both)));
    case DPM_SCORE: return mdl_times(y, ad_neg(s));
    case DPM_FLOW:
        both = ad_reciprocal(ad_add(a, s));
        return ad_add(mdl_times(y, ad_mul(a, both)), mdl_times(at->x, both));
    default: return y;
    }
}
