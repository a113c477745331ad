/* score_network.h - (internal) a residual network that is told the noise level, and a model's prediction as an expression.

   The level is u = log (alpha + d) / (sigma + d), d = 1e-4: lambda where it is moderate, finite at both ends. With c the vector of a
   class, act an activation, and x' = x / sqrt(sigma_data^2 alpha^2 + sigma^2),
       e   = act(W_1 act(W_0 [sin(w_k u), cos(w_k u)]_k + V c)),                                                (1)
       h_0 = W x' + b,    h_(i+1) = h_i + B_i act(A_i act(h_i) + E_i e),                                        (2)
       out = W' act(h_depth) + (s . e + s_0) x',                                                                (3)
   where W', B_i and s start at zero. Of an EDM model x comes scaled, and x' = x; a score is out / sigma. */
#ifndef COSTATE_MODELS_SCORE_NETWORK_H
#define COSTATE_MODELS_SCORE_NETWORK_H

#include <costate/autodiff/layers.h>
#include <costate/diffusion/model.h>

COSTATE_BEGIN_DECLS

typedef struct mdl_score_network {
    long           dim, classes, hidden, depth, embedding; /* classes 0: no condition */
    ad_activation *activation;
    dpm_prediction prediction;
    double         sigma_data;
    ad_type        type;
    ad_params     *params;
    nde_arg        condition; /* [n, embedding] */
} mdl_score_network;

/* All but params and condition is filled in by the caller; registers the views, and does not freeze them. */
ad_status mdl_score_network_init(mdl_score_network *net);
void      mdl_score_network_clear(mdl_score_network *net);

/* It as what samplers take: points into net. */
dpm_model mdl_score_network_model(const mdl_score_network *net);

/* The vectors of all classes, and behind them that of none: [classes + 1, embedding]. */
ad_var mdl_score_classes(const mdl_score_network *net, ad_graph *g, ad_params *theta);

/* The noise that a model sees in at->x, which is the state, not times cin: prediction.h's table as expressions. */
ad_var mdl_epsilon(const dpm_model *m, const dpm_at *at);
/* a times a row's number b, which is float64 */
ad_var mdl_times(ad_var a, ad_var b);

COSTATE_END_DECLS
#endif
