/* model.h - a network that tells noise from data, as samplers ask it.

   The network is a C function over ad_ operations, traced once, as a field of nde/ is. It sees x (already times cin), the place
   and the arguments of the run, and returns its prediction, shaped as x. */
#ifndef COSTATE_DIFFUSION_MODEL_H
#define COSTATE_DIFFUSION_MODEL_H

#include <costate/diffusion/prediction.h>
#include <costate/nde/ode.h>

COSTATE_BEGIN_DECLS

typedef struct dpm_at {
    ad_graph *g;
    ad_var    x; /* [n, dim]                                                        */
    ad_var    t, alpha, sigma, lambda,
        rho; /* float64, [1], or [n, 1] where every row has its own: cast them  */
    int           nargs;
    const ad_var *args;
    ad_params    *theta;
    ad_type       type;
    int           unconditional; /* 1: without its condition, for guidance */
} dpm_at;

typedef ad_var dpm_network(const dpm_at *at, void *ctx);

typedef struct dpm_model {
    dpm_network   *network;
    void          *ctx;
    dpm_prediction prediction; /* DPM_EPSILON                                   */
    double         sigma_data; /* edm: 0.5                                      */
    ad_type        type;       /* AD_F64                                        */
    long           dim;
    int            nargs;
    const nde_arg *args;  /* conditioning: per sample or shared            */
    ad_params     *theta; /* NULL: no parameters; of the model's type      */
    int guided; /* 1: net = net_u + w (net_c - net_u), Ho and Salimans 2022; w is an argument of the run,
                              and the network is asked twice                       */
    const char *name; /* for messages; "model"                         */
} dpm_model;

COSTATE_END_DECLS
#endif
