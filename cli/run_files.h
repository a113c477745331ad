/* run_files.h - the directory of a run: config.json, metrics.jsonl, checkpoint.safetensors, report.html, pictures. */
#ifndef COSTATE_CLI_RUN_FILES_H
#define COSTATE_CLI_RUN_FILES_H

#include <costate/regularizers/regularizer.h>

#include "args.h"

struct json_t;

enum { RUN_PATH = 4096 };

/* --threads, before solvers are built. AD_INVALID: a mistake of whoever typed. */
ad_status run_threads(const cli_args *a);
/* The same, and what does not go together: --dry-run is told as text. */
ad_status run_options(const cli_args *a);

/* directory/name into path[RUN_PATH]. */
ad_status run_path(const char *directory, const char *name, char *path);

/* Of --output and --overwrite, or a new run-NAME made of the data's name; the folder is made. To be freed. */
ad_status run_choose_directory(const cli_args *a, const char *data, char **directory);

/* metrics.jsonl, to write behind the lines up to iteration `keep` of a file that is there; 0: a new one. */
ad_status run_metrics_open(const char *directory, long keep, FILE **f);

/* "error+sum": { "coefficient", "value", "norm" } into the object: lambda, R and the norm of the gradient of lambda R; what is NaN is left
   out. */
void run_metrics_term(struct json_t *all, const reg_result *r);

#endif
