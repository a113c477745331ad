/* fit_internal.h - what the files of fit.h share. */
#ifndef COSTATE_MODELS_FIT_INTERNAL_H
#define COSTATE_MODELS_FIT_INTERNAL_H

#include <costate/autodiff/ema.h>
#include <costate/autodiff/optim.h>
#include <costate/autodiff/schedule.h>
#include <costate/models/fit.h>

#include "batch.h"

enum { MDL_NUMBERS = 8 };

struct mdl_fit {
    mdl_model        *m;
    mdl_data         *d;
    const mdl_config *c;
    ad_loss           loss;
    reg_solver       *solver;
    int               terms; /* of the regularizer */
    mdl_batch        *batch;
    ad_optim         *optim;
    ad_ema           *ema; /* NULL: none */
    ad_schedule       schedule;
    void             *theta_bar;        /* [count] each                                  */
    void             *average;          /* the candidate: the moving average, or theta   */
    void             *kept;             /* the best candidate, or the last               */
    char             *moved;            /* [views] has a gradient arrived here?          */
    long              window, first;    /* rows of the longest and the first windows     */
    long             *last;             /* [series] rows that are fitted to               */
    long             *all;              /* [series] with the validation part             */
    int               fitted, finished; /* finished: the model has kept                  */
    mdl_window       *trial;            /* [trials] windows of validation                */
    long              trials, trial_rows;
    mdl_progress      p;
    mdl_end           end;
    double           *atol;  /* [dim], the solver reads it */
    double            began; /* monotonic seconds when it would have begun without pauses */
    int64_t           from;  /* the iteration that a checkpoint stood at */
    /* kept in a checkpoint beside the above */
    int64_t  iteration, failures, in_a_row, since_best;
    uint64_t seed;
    double   number[MDL_NUMBERS]; /* see the enum */
};

enum { FIT_FRACTION, FIT_BEST, FIT_CUT, FIT_SECONDS, FIT_WARM, FIT_WHOLE, FIT_LATEST, FIT_PLANNED };

/* fit_step.c: one iteration. *loss NaN: nothing could be solved. */
ad_status mdl_fit_step(mdl_fit *f, double *loss);
long      mdl_fit_horizon(const mdl_fit *f);
/* fit_check.c */
void      mdl_fit_use_all(mdl_fit *f); /* the validation part becomes training data */
void      mdl_fit_choose_trials(mdl_fit *f);
ad_status mdl_fit_validate(mdl_fit *f, double *loss);

double mdl_seconds(void); /* monotonic */

#endif
