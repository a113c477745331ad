/* model.h - a right-hand side with parameters, as training and forecasting see it.

   Two kinds, one interface: a network over the normalised columns and hidden components z,

       dz/ds = A z + b + W_l act(.. act(W_0 z + b_0) ..) + b_l,                                             (1)

   or a system as text (nde/text.h), in the data's own units. A sample's state has dim components, of which some are shown by
   columns of the data. */
#ifndef COSTATE_MODELS_MODEL_H
#define COSTATE_MODELS_MODEL_H

#include <costate/models/data.h>
#include <costate/nde/text.h>

COSTATE_BEGIN_DECLS

/* What a model must know of the data; kept with a run. */
typedef struct mdl_shape {
    int                cols;
    const char *const *column;
    const double *scale, *middle; /* [cols] in model units                                        */
    int           series;         /* fitted start states: one a series; 0: none                   */
} mdl_shape;

typedef struct mdl_model {
    nde_ode    ode; /* its theta is params                                                      */
    ad_params *params;
    void      *theta; /* [count] of ode.type                                                    */
    long       count;
    int     cols, dim, hidden; /* hidden: components that no column shows                       */
    int    *shown;    /* [cols] the component that a column shows                               */
    int     parts;    /* 1: each component is a part of its own ([dim][n]), 0: rows ([n][dim])  */
    int     absolute; /* 1: the field depends on time                                          */
    double *size;     /* [dim] of each component, for tolerances and small changes              */
    double *guess;    /* [dim] where a hidden component starts                                  */
    double *step, *lo,
        *hi;            /* [count] unit of a parameter (a power of two; 0: known) and its bounds */
    char       *decays; /* [count] 1: a weight of a network, which decay may pull to zero         */
    long        start;  /* of the view "start" [series, dim] in theta; -1: none                   */
    nde_system *system; /* NULL: a network                                                        */
    const mdl_config *config; /* must outlive this                                                */
} mdl_model;

/* system: of config->system, taken over (on failure too); NULL for a network. */
ad_status mdl_model_new(mdl_model **m, const mdl_config *c, const mdl_shape *shape,
                        nde_system *system);
void      mdl_model_free(mdl_model *m);

/* Which components the columns show: shown[cols], -1 for none. A mistake when no column shows any. */
ad_status mdl_system_columns(const nde_system *s, int cols, const char *const *column, int *shown);

/* Start state [dim] of an observed state and its slopes ([cols] each, model units). */
void mdl_model_start(const mdl_model *m, const double *state, const double *slope, double *y0);

/* Between [n][dim] doubles and an array as solvers take it. */
void mdl_pack(const mdl_model *m, long n, const double *rows, void *y);
void mdl_unpack(const mdl_model *m, long n, const void *y, double *rows);

/* Numbers of either type. */
static inline double mdl_get(ad_type type, const void *p, long i)
{
    return type == AD_F32 ? (double)((const float *)p)[i] : ((const double *)p)[i];
}

static inline void mdl_put(ad_type type, void *p, long i, double x)
{
    if (type == AD_F32)
        ((float *)p)[i] = (float)x;
    else
        ((double *)p)[i] = x;
}

/* The unit of each free constant becomes its present size (its bounds', where it is 0). */
void mdl_model_rescale(mdl_model *m);

COSTATE_END_DECLS
#endif
