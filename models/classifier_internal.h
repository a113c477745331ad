/* classifier_internal.h - the network of (1) and (2) in classifier.h, compiled in one precision (internal). */
#ifndef COSTATE_MODELS_CLASSIFIER_INTERNAL_H
#define COSTATE_MODELS_CLASSIFIER_INTERNAL_H

#include <costate/autodiff/layers.h>
#include <costate/autodiff/plan.h>
#include <costate/models/classifier.h>

/* A linear map outside the solve: its plans, and those of its gradient. */
typedef struct mdl_map {
    ad_plan *forward, *backward;
    ad_work *fw, *bw;
    void    *residual;
} mdl_map;

typedef struct mdl_classnet {
    long           inputs, classes, dim, hidden;
    ad_type        type;
    ad_activation *activation, *first, *last, *head;
    ad_params     *params;
    nde_ode        ode; /* its ctx is this: a network does not move */
    nde_options    solve;
    double         t[2];
    int            has_input;
    mdl_map        input, output; /* x -> z(0), z(t1) -> logits */
} mdl_classnet;

/* gradient: with the maps' pullbacks. The options are those of the caller with the defaults filled in. */
ad_status mdl_classnet_new(mdl_classnet **net, const mdl_classifier_options *o, int gradient,
                           long capacity);
void      mdl_classnet_free(mdl_classnet *net);

ad_status mdl_map_forward(mdl_map *m, long n, const void *theta, const void *x, void *y);
/* x_bar (NULL: not wanted, and then it must not have been compiled) is set, theta_bar added to. */
ad_status mdl_map_backward(mdl_map *m, long n, const void *theta, const void *x, const void *y_bar,
                           void *x_bar, void *theta_bar);

ad_status mdl_classifier_defaults(mdl_classifier_options *o, nde_options *solve);

#endif
