/* collocate.h - a start for training without solving anything (internal): the field is fitted to the slopes of the smoothed
   data,

       min over theta  sum_i |(f(t_i, s_i; theta) - s'_i) / size|^2                                           (1)

   (Varah 1982; "gradient matching"). It is biased by the smoothing, but cheap, convex for the linear map, and near enough that
   the solves which follow neither blow up nor fall into a flat solution. */
#ifndef COSTATE_MODELS_COLLOCATE_H
#define COSTATE_MODELS_COLLOCATE_H

#include <costate/models/model.h>

/* Nothing is done for a model with hidden components that no slope tells. *loss: (1) at the end, on the validation part where there is one; NaN: nothing done. */
ad_status mdl_collocate(mdl_model *m, const mdl_data *d, long iterations, double *loss);

/* Row r of a track: the state [dim] and its slope [dim], NaN where it is not known. */
void mdl_collocation_point(const mdl_model *m, const mdl_data *d, const mdl_track *k, long r,
                           double *state, double *slope);

/* The linear map of a network by least squares on (1). */
ad_status mdl_fit_linear_map(mdl_model *m, const mdl_data *d);

/* The optimizer sees theta / step, so that constants of any size move alike. step is a power of two: exact both ways. */
void mdl_to_steps(const mdl_model *m, void *theta, void *theta_bar);
void mdl_from_steps(const mdl_model *m, void *theta);

#endif
