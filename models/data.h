/* data.h - series as a model sees them: in its units, split, with smoothed states and slopes. */
#ifndef COSTATE_MODELS_DATA_H
#define COSTATE_MODELS_DATA_H

#include <costate/datasets/normalise.h>
#include <costate/datasets/series.h>
#include <costate/models/config.h>
#include <costate/models/smooth.h>

COSTATE_BEGIN_DECLS

/* A series. Rows 0 .. fit - 1 are fitted to, fit .. train - 1 validate, train .. len - 1 are held out. */
typedef struct mdl_track {
    const char *name;
    long        len, train, fit;
    double     *t; /* [len]                                                        */
    double     *y; /* [len][cols], NaN: missing                                    */
    double     *smooth, *slope,
        *curve;   /* [train][cols] value, d/dt, d2/dt2, from rows before train alone */
    double *path; /* [len][dim] the model's own solution from its fitted start; NULL: none        */
} mdl_track;

typedef struct mdl_data {
    int           cols, count;
    mdl_track    *track;
    ds_normalise *units; /* from the data's own to the model's units                        */
    double *scale;  /* [cols] deviation of the training part in model units: 1, or the data's own */
    double *middle; /* [cols] mean of the training part in model units                   */
    mdl_smoother *smoother; /* [cols]                                                          */
    double        spacing;  /* median step, model time                                         */
    double        pace;     /* model time in which the data move by a deviation, on the whole   */
    long          rows, train_rows, missing;
    int           validates; /* 0: too few rows to keep some for validation                     */
} mdl_data;

/* own_units: the model works in the data's units. Fails on a set with an infinite value, a column without values, or too
   few rows. */
ad_status mdl_data_new(mdl_data **d, const ds_series_set *set, const mdl_config *c, int own_units);
void      mdl_data_free(mdl_data *d);

/* The column of a track, its first n rows. */
mdl_column mdl_track_column(const mdl_data *d, const mdl_track *k, int column, long n);

/* Smoothed state and slopes at a row, [cols] each, from the first known rows alone; what no row tells is the mean. */
void mdl_state_at(const mdl_data *d, const mdl_track *k, long row, long known, double *state,
                  double *slope);

/* Whether all steps are equal, so that windows can share one grid of times. */
int mdl_data_is_regular(const mdl_data *d);

COSTATE_END_DECLS
#endif
