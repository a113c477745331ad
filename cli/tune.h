/* tune.h - what the files of `costate tune` share. */
#ifndef COSTATE_CLI_TUNE_H
#define COSTATE_CLI_TUNE_H

#include <costate/models/tune.h>

#include "sample.h"

typedef struct tune {
    const cli_args  *args;
    sample           s; /* model, schedule and sampler's options, as `costate sample` reads them */
    mdl_tune_options o;
    mdl_tune_loss   *loss;
    const char      *loss_name;
    mdl_target       target;
    double          *target_x;
    mdl_judge       *judge;
    double           judge_accuracy; /* on its own samples; NaN: there is no judge */
    mdl_tune        *tuner;
    char            *directory;
    FILE            *metrics;
    cli_progress     progress;
    /* results, in the arena of s */
    long    iterations, done, nfe, nvjp, again;
    double *before, *after; /* [n, dim] in units of the data */
    double *loss_at;        /* [iterations + 1] the last is that of `after` */
    double  seconds;
    int     cancelled;
} tune;

ad_status tune_options(
    tune *t);                 /* tune_options.c: what is tuned, towards what, and by what sampler */
ad_status tune_loop(tune *t); /* tune_run.c */
ad_status tune_files(tune *t);  /* tune_files.c: arrays, weights, tune.json */
ad_status tune_report(tune *t); /* tune_report.c */
ad_status tune_json(const tune *t);
void      tune_print(const tune *t);

#endif
