/* evaluate.h - how good forecasts are: from several rows of the held-out part, each over the same number of rows. */
#ifndef COSTATE_MODELS_EVALUATE_H
#define COSTATE_MODELS_EVALUATE_H

#include <costate/models/baseline.h>
#include <costate/models/forecast.h>

COSTATE_BEGIN_DECLS

typedef enum mdl_method { MDL_MODEL, MDL_PERSISTENCE, MDL_AUTOREGRESSION, MDL_METHODS } mdl_method;

typedef enum mdl_part { MDL_HELD_OUT, MDL_VALIDATION, MDL_TRAINING } mdl_part;

/* Root mean square errors over origins and columns, in deviations of the training part's columns. */
typedef struct mdl_score {
    long    origins, horizon;
    long    failed; /* forecasts of the model that ended early: their error is infinite  */
    double  error[MDL_METHODS];
    double *curve[MDL_METHODS]; /* [horizon], by rows ahead                                */
} mdl_score;

typedef struct mdl_judging {
    mdl_part part;
    long     horizon; /* 0: the part, at most 100 rows  */
    long     origins; /* at most                        */
    long     rows;    /* that the start is fitted to    */
} mdl_judging;

/* a NULL: the model alone. A part without a row gives origins = 0. */
ad_status mdl_judge_forecasts(mdl_score **s, mdl_forecaster *f, const mdl_autoregression *a,
                              const mdl_data *d, const mdl_judging *j);
void      mdl_score_free(mdl_score *s);

/* The K of forecast.h that forecasts the validation part (without one: the end of the training part) best. */
ad_status mdl_choose_rows(long *rows, mdl_forecaster *f, const mdl_data *d, const mdl_config *c,
                          long window);

COSTATE_END_DECLS
#endif
