/* normalise.h - columns of mean 0 and deviation 1, and a unit of time of the data's own pace.

       z = (y - mean) / std,    s = (t - t_shift) / t_scale                                                     (1)

   The numbers are fitted on the training part and kept with the run. Missing values are left out of the sums; a column
   that never changes gets std 1. */
#ifndef COSTATE_DATASETS_NORMALISE_H
#define COSTATE_DATASETS_NORMALISE_H

#include <costate/datasets/series.h>

COSTATE_BEGIN_DECLS

/* What t_scale is. */
typedef enum ds_time_scale {
    DS_TIME_SPEED, /* the normalised data move at speed 1: RMS over rows of |dz/ds| / sqrt(cols) is 1 */
    DS_TIME_SPACING, /* the median step is 1                                                            */
    DS_TIME_SPAN, /* the longest series lasts 1                                                      */
    DS_TIME_AS_IS /* 1                                                                               */
} ds_time_scale;

typedef struct ds_normalise {
    int     cols;
    double  t_shift, t_scale;
    double *mean, *std; /* [cols] */
} ds_normalise;

/* The identity, for cols columns: to be filled from a run's configuration, or by ds_normalise_fit(). */
ad_status ds_normalise_new(ds_normalise **out, int cols);
void      ds_normalise_free(ds_normalise *n);

/* From a set: t_shift is the earliest start. */
ad_status ds_normalise_fit(ds_normalise **out, const ds_series_set *set, ds_time_scale scale);

/* A set in place, times and values. */
ad_status ds_normalise_apply(const ds_normalise *n, ds_series_set *set);
ad_status ds_normalise_undo(const ds_normalise *n, ds_series_set *set);

/* Rows [rows][cols]; out may be in. */
void ds_normalise_rows(const ds_normalise *n, long rows, const double *in, double *out);
void ds_normalise_undo_rows(const ds_normalise *n, long rows, const double *in, double *out);

double ds_normalise_time(const ds_normalise *n, double t);
double ds_normalise_undo_time(const ds_normalise *n, double s);

COSTATE_END_DECLS
#endif
