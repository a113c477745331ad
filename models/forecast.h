/* forecast.h - from the last known rows of a series into its future.

   The last state is noisy, and hidden components are not in the data at all. So the start is estimated: with the last K known
   rows s .. r, the state x at row s minimises

       sum_(i = s..r) |(y(t_i; x) - data_i) / w|^2 + eps |(x - x_0) / w|^2,                                  (1)

   x_0 the smoothed data (of hidden components: the path from their fitted start), by Gauss and Newton with Levenberg's damping; the columns of the Jacobian are differences of
   solutions from neighbouring starts, solved beside it in one batch. The solution from x then goes on beyond r. K = 1: x_0
   itself. Which K is best is measured on the validation part. */
#ifndef COSTATE_MODELS_FORECAST_H
#define COSTATE_MODELS_FORECAST_H

#include <costate/models/model.h>

COSTATE_BEGIN_DECLS

typedef struct mdl_forecaster mdl_forecaster;

/* All must outlive it; theta is read when it forecasts. */
ad_status mdl_forecaster_new(mdl_forecaster **f, const mdl_model *m, const mdl_data *d,
                             const mdl_config *c);
void      mdl_forecaster_free(mdl_forecaster *f);
int       mdl_forecaster_dim(const mdl_forecaster *f); /* numbers of a state */

/* Fills each track's path where the model has fitted starts: what a hidden component is guessed from. A solution that fails
   leaves the series without. */
ad_status mdl_forecast_paths(mdl_forecaster *f, mdl_data *d);

/* The state [dim] at row r of a series from its last `rows` rows up to r. A start that cannot be estimated is the smoothed
   data's. */
ad_status mdl_forecast_start(mdl_forecaster *f, const mdl_track *k, long r, long rows, double *y0);

/* y [n][cols] in model units at times t[0..n), increasing and beyond t0, from the state y0 at t0. all may be NULL, or the
   [n][dim] states. Where the solution ends early the rest is NaN, and the status says why. */
ad_status mdl_forecast(mdl_forecaster *f, double t0, const double *y0, long n, const double *t,
                       double *y, double *all);

/* Accepted steps of the last mdl_forecast(): how many, their times and sizes. */
long mdl_forecast_steps(const mdl_forecaster *f, const double **t, const double **h);

COSTATE_END_DECLS
#endif
