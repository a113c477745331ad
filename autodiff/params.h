/* params.h - all parameters of a model: one contiguous buffer with named, shaped views.

   Tracing registers views ("hidden.weight", [50, 2]); once all graphs are traced the layout is frozen and values,
   gradients, moments and averages are plain arrays of ad_params_count() numbers that anyone may own. Plans hold
   offsets; the bases are arguments of a run. */
#ifndef COSTATE_AUTODIFF_PARAMS_H
#define COSTATE_AUTODIFF_PARAMS_H

#include <costate/autodiff/status.h>
#include <costate/autodiff/types.h>

COSTATE_BEGIN_DECLS

typedef struct ad_params ad_params;
struct ad_graph;
struct ad_var;

typedef enum ad_init {
    AD_INIT_ZERO,
    AD_INIT_GLOROT,  /* U(+-sqrt(6 / (in + out))), Glorot and Bengio 2010       */
    AD_INIT_KAIMING, /* U(+-1 / sqrt(fan_in)), PyTorch's                        */
    AD_INIT_NORMAL,  /* value N(0, 1)                                           */
    AD_INIT_VALUE,   /* value                                                   */
} ad_init;

typedef struct ad_param_view {
    const char *name;
    ad_shape    shape;  /* shared                                               */
    long        offset; /* in elements                                          */
    ad_init     init;
    double      value; /* see ad_init; fan_in of KAIMING (0: the last extent)   */
} ad_param_view;

ad_status ad_params_new(ad_params **p, ad_type type);
void      ad_params_free(ad_params *p);
ad_type   ad_params_type(const ad_params *p);

/* Registers a view, or finds the one of that name (its shape must agree; a new one after freezing is an error).
   Returns its index, or -1 with a sentence. */
int ad_params_add(ad_params *p, const char *name, ad_shape shape, ad_init init, double value);

int                  ad_params_views(const ad_params *p);
const ad_param_view *ad_params_view(const ad_params *p, int i); /* until the next view is added */
int                  ad_params_find(const ad_params *p, const char *name); /* -1: none */
long                 ad_params_count(const ad_params *p); /* numbers, all views together */
void                 ad_params_freeze(ad_params *p);

/* Fills values (ad_params_count() numbers of the type) from each view's rule: Philox keyed by (seed, view, element). */
void ad_params_init(const ad_params *p, uint64_t seed, void *values);

/* The node of a view in a graph: registers it if it is new. */
struct ad_var ad_param(struct ad_graph *g, ad_params *p, const char *name, ad_shape shape,
                       ad_init init, double value);
/* All views registered so far as one node, [count]. */
struct ad_var ad_params_node(struct ad_graph *g, const ad_params *p);

COSTATE_END_DECLS
#endif
