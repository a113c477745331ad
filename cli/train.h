/* train.h - what the files of `costate train` share. */
#ifndef COSTATE_CLI_TRAIN_H
#define COSTATE_CLI_TRAIN_H

#include <stdio.h>

#include <costate/models/evaluate.h>
#include <costate/models/run.h>

#include "args.h"
#include "plot.h"
#include "progress.h"

/* metrics.jsonl read back, a column each; NaN where a line has none. */
typedef struct train_history {
    long    n, room;
    double *iteration, *loss, *validation, *nfe, *rejected, *horizon;
} train_history;

typedef struct train {
    const cli_args     *args;
    mdl_task           *task;
    mdl_fit            *fit;
    mdl_forecaster     *forecaster;
    mdl_autoregression *linear;
    mdl_score          *score,
        *whole;     /* many short forecasts of the held-out part; one over all of it. NULL: none  */
    long      rows; /* K of models/forecast.h                                                   */
    char     *directory;
    FILE     *metrics;
    ad_status failed; /* of writing while training */
    char      sentence[512];
    double    saved; /* seconds of the last checkpoint */
    cli_progress progress;
    int          figures_left_out;
} train;

ad_status train_config(const cli_args *a, mdl_config **c); /* train_config.c */
ad_status train_info(const char *directory);               /* train_info.c   */

/* train_files.c: the run's directory. */
ad_status train_choose_directory(train *t);
ad_status train_save(train *t); /* config.json and checkpoint */
ad_status train_save_checkpoint(train *t);
ad_status train_path(const train *t, const char *name, char *path, size_t size);
ad_status train_resume(train *t);

/* train_metrics.c */
ad_status train_metrics_open(
    train *t, long keep); /* keep: the iterations that stay in a file that is there */
void      train_metrics_write(train *t, const mdl_progress *p);
ad_status train_metrics_read(const train *t, train_history *h);
void      train_history_clear(train_history *h);

/* train_print.c */
void        train_print_data(const train *t, FILE *out);
void        train_print_result(const train *t, FILE *out);
ad_status   train_print_json(const train *t, FILE *out);
const char *train_method_name(const train *t, int method, char *text, size_t size);

/* train_report.c, train_figures.c */
ad_status                 train_report(train *t);
typedef struct cli_report cli_report;
ad_status                 train_figures(train *t, cli_report *r);

#endif
