/* classifier.h - what the files of `train ode-classifier` and of its evaluation share. */
#ifndef COSTATE_CLI_CLASSIFIER_H
#define COSTATE_CLI_CLASSIFIER_H

#include <costate/models/classifier_task.h>

#include "learn.h"

typedef struct classify {
    learn                l;
    mdl_classifier_task *task;
    mdl_evaluation       train, test; /* n = 0: there is none */
} classify;

struct json_t *classify_json(const mdl_evaluation *e);
ad_status      classify_report(classify *c);                     /* classifier_report.c   */
int classify_evaluate(const cli_args *a, const char *directory); /* classifier_evaluate.c */

#endif
