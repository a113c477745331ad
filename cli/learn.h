/* learn.h - what training a classifier and a flow share: settings, the run's directory, the loop, the curves. */
#ifndef COSTATE_CLI_LEARN_H
#define COSTATE_CLI_LEARN_H

#include <costate/models/run_settings.h>
#include <costate/models/training.h>

#include "models.h"
#include "progress.h"
#include "report.h"
#include "run_files.h"

struct json_t;

typedef struct learn {
    const cli_args           *args;
    const cli_model          *model;
    const mdl_settings       *settings;
    const mdl_samples_config *config; /* the settings' */
    mdl_training             *training;
    reg_solver               *solver; /* NULL: training solves nothing */
    struct json_t *(*to_json)(const void *task);
    const void *task;
    /* the run */
    char        *directory;
    FILE        *metrics;
    ad_status    failed; /* of writing while training */
    char         sentence[512];
    double       saved; /* seconds of the last checkpoint */
    cli_progress progress;
} learn;

/* Settings from the command line, over those of --output's run with --resume. AD_INVALID: a mistake of whoever typed. */
ad_status learn_config(const cli_args *a, const mdl_settings *s, void **config);

/* All but settings and data: directory, metrics, loop, checkpoint. AD_OK: the training is complete. */
ad_status learn_run(learn *l);
void      learn_clear(learn *l);

/* learn_metrics.c */
void learn_metrics_write(learn *l, const mdl_training_progress *p);

/* metrics.jsonl read back: column k has the n values of key[k] ("loss", "regularizers/error/value"), NaN where there is none. */
typedef struct learn_history {
    long     n, room;
    int      keys;
    double **column;
} learn_history;
ad_status learn_history_read(const char *directory, int keys, const char *const *key,
                             learn_history *h);
void      learn_history_clear(learn_history *h);

/* learn_report.c: figures of the course of training, and the settings as a table. */
ad_status learn_curves(learn *l, cli_report *r);
void      learn_settings(const learn *l, cli_report *r, const void *config);
/* A figure in the report and as NAME.png beside it. */
ad_status learn_figure(const learn *l, cli_report *r, const char *name, const char *caption,
                       const cli_figure *f);
/* Ends the report: report.html, and a word on figures that were left out. r is freed. */
ad_status learn_report_save(const learn *l, cli_report *r);

/* Settings and parameters, as `costate info` prints them. */
void learn_info(const mdl_settings *s, const void *config, const ad_params *params);

#endif
