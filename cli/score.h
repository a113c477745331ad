/* score.h - what the files of `train score` share. */
#ifndef COSTATE_CLI_SCORE_H
#define COSTATE_CLI_SCORE_H

#include <costate/models/denoiser.h>
#include <costate/models/score_task.h>

#include "learn.h"

typedef struct score_run {
    learn           l;
    mdl_score_task *task;
    double          train_loss, train_penalty, test_loss,
        test_penalty; /* test: NaN where nothing is held out */
} score_run;

/* score_picture.c: samples of what has been trained. */
ad_status score_pictures(const score_run *f, cli_report *r);

#endif
