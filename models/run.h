/* run.h - a trained model as a directory: config.json tells what it is, checkpoint.safetensors holds its numbers.

   config.json holds all that a forecast needs beside the parameters: the options, the text of the system, normalisation, how
   times are written, and the last rows of each series; the data file is not needed again. */
#ifndef COSTATE_MODELS_RUN_H
#define COSTATE_MODELS_RUN_H

#include <costate/models/forecast.h>
#include <costate/models/task.h>

COSTATE_BEGIN_DECLS

enum { MDL_TAIL = 128 }; /* rows of each series that are kept */

typedef struct mdl_run {
    mdl_config *config;
    mdl_model  *model;
    mdl_data   *data; /* the last rows of each series alone, all of them known */
    char      **column;
    char       *time, *source;
    ds_clock    clock;
    long        rows; /* K of forecast.h */
} mdl_run;

/* What config.json holds: a new reference; NULL with a sentence. */
struct json_t *mdl_run_to_json(const mdl_task *t, long rows);

/* Both files of a directory. A file that is not there, is cut off, or belongs to another model says so. */
ad_status mdl_run_load(mdl_run **r, const char *directory);
void      mdl_run_free(mdl_run *r);

/* The settings of a directory's config.json alone. */
ad_status mdl_run_config(mdl_config **c, const char *directory);

COSTATE_END_DECLS
#endif
