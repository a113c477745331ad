/* fit.h - training: a model's parameters from windows of series.

   With y(t; y0, theta) the solution that starts at row r of a series and w the deviations of the columns,

       min over theta   mean over windows r, rows i < h, columns j of  l((y_j(t_(r+i)) - data_(r+i, j)) / w_j),     (1)

   where the horizon h grows from 3 rows to the longest window over the first half of training, so that a poor model is never
   asked for a long solution. The gradient is that of the solver's own steps (adjoint/adjoint.h). y0 is the smoothed state
   at r, or, for short series and for hidden states, itself unknown ("start" in theta; windows then start at row 0).

   The plan counts in p from 0 to 1: an iteration adds 1 / iterations, or more where the time budget asks for it; horizon and
   learning rate are functions of p. Within the budget a run is thus a function of data, configuration and seed alone, bit for
   bit, interrupted and resumed or not. */
#ifndef COSTATE_MODELS_FIT_H
#define COSTATE_MODELS_FIT_H

#include <costate/models/model.h>
#include <costate/regularizers/regularizer.h>

COSTATE_BEGIN_DECLS

typedef struct mdl_progress {
    long       iteration, iterations, horizon;
    double     fraction; /* p                                                           */
    double     loss, validation, best; /* validation: NaN but where it was measured     */
    double     gradient_norm, rate, seconds;
    long       nfe, accepted, rejected;
    long       failures; /* solves that failed so far                                   */
    int        terms;    /* of the regularizer, and what each was                      */
    reg_result term[REG_MOST];
    ad_status  status; /* of this iteration; ad_message() has its sentence           */
} mdl_progress;

/* After each iteration; non-zero stops (mdl_fit_run() returns AD_OK with end = MDL_INTERRUPTED). */
typedef int mdl_watcher(const mdl_progress *p, void *ctx);

typedef enum mdl_end { MDL_RUNNING, MDL_COMPLETE, MDL_INTERRUPTED, MDL_STUCK } mdl_end;

typedef struct mdl_fit mdl_fit;

/* All must outlive the fit. */
ad_status mdl_fit_new(mdl_fit **f, mdl_model *m, mdl_data *d, const mdl_config *c);
void      mdl_fit_free(mdl_fit *f);

/* Trains on from where it stands. */
ad_status           mdl_fit_run(mdl_fit *f, mdl_watcher *watch, void *ctx);
mdl_end             mdl_fit_end(const mdl_fit *f);
const mdl_progress *mdl_fit_progress(const mdl_fit *f);
long                mdl_fit_window(const mdl_fit *f); /* rows of the longest window */
int                 mdl_fit_joint(
                    const mdl_fit *f); /* 1: all windows of a batch share one time grid and one step size */

/* The parameters that training would end with now (the average, or the best on the validation part) become the model's. */
ad_status mdl_fit_finish(mdl_fit *f);

/* The i-th parameter that no gradient has reached since this fit was made: what was fitted does not depend on it. NULL: no more. */
const char *mdl_fit_unmoved(const mdl_fit *f, int i);

/* Everything that going on needs; plain parameters under their own names are the ones mdl_fit_finish() gives. config: JSON. */
ad_status mdl_fit_save(mdl_fit *f, const char *path, const char *config);
ad_status mdl_fit_load(mdl_fit *f, const char *path);

COSTATE_END_DECLS
#endif
