/* field.h - a model's right-hand side at given points: for pictures of it. */
#ifndef COSTATE_MODELS_FIELD_H
#define COSTATE_MODELS_FIELD_H

#include <costate/models/model.h>

COSTATE_BEGIN_DECLS

/* dy [n][dim] at states y [n][dim] and one time, in model units. */
ad_status mdl_field_at(const mdl_model *m, double t, long n, const double *y, double *dy);

COSTATE_END_DECLS
#endif
