/* cnf.h - what the files of `train cnf` share. */
#ifndef COSTATE_CLI_CNF_H
#define COSTATE_CLI_CNF_H

#include <costate/models/cnf_task.h>

#include "learn.h"

typedef struct flow {
    learn         l;
    mdl_cnf_task *task;
    double train_loss, train_nfe, test_loss, test_nfe; /* test: NaN where nothing is held out */
    double integral; /* of the density over the picture's rectangle; NaN: not two columns */
} flow;

ad_status flow_pictures(flow       *f,
                        cli_report *r); /* cnf_picture.c: density, samples, paths; f->integral */

#endif
