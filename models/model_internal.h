/* model_internal.h - the two kinds of model. */
#ifndef COSTATE_MODELS_MODEL_INTERNAL_H
#define COSTATE_MODELS_MODEL_INTERNAL_H

#include <costate/models/model.h>

/* Fill ode, params, dim, hidden, shown, parts, absolute; then mdl_model_new() adds what both have. */
ad_status mdl_network_fill(mdl_model *m, const mdl_shape *shape);
ad_status mdl_system_fill(mdl_model *m, const mdl_shape *shape);
/* Sizes, guesses, and once theta is there its values, bounds. */
ad_status mdl_system_values(mdl_model *m, const mdl_shape *shape);

#endif
