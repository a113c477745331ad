/* baseline.h - forecasts that know no dynamics: the last value, and a linear autoregression,

       z_(n+1) = c + B_1 z_n + .. + B_p z_(n+1-p),                                                           (1)

   fitted by least squares to the training part, all columns together, on a grid of the median spacing (other times and missing
   values by linear interpolation). The order p is the one whose forecasts of the validation part are best. */
#ifndef COSTATE_MODELS_BASELINE_H
#define COSTATE_MODELS_BASELINE_H

#include <costate/models/data.h>

COSTATE_BEGIN_DECLS

typedef struct mdl_autoregression {
    int     order, cols;
    double  spacing;
    double *b; /* [1 + order * cols][cols]: c, B_1', .. */
} mdl_autoregression;

ad_status mdl_autoregression_fit(mdl_autoregression **a, const mdl_data *d);
void      mdl_autoregression_free(mdl_autoregression *a);

/* y [n][cols] at times t[0..n) > t of row r, from rows up to r. */
ad_status mdl_autoregression_forecast(const mdl_autoregression *a, const mdl_data *d,
                                      const mdl_track *k, long r, long n, const double *t,
                                      double *y);

/* The last value of each column up to row r. */
void mdl_persistence_forecast(const mdl_data *d, const mdl_track *k, long r, long n, double *y);

COSTATE_END_DECLS
#endif
