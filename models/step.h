/* step.h - what a step of training did. */
#ifndef COSTATE_MODELS_STEP_H
#define COSTATE_MODELS_STEP_H

#include <costate/nde/ode.h>

COSTATE_BEGIN_DECLS

typedef struct mdl_step {
    long      n;
    double    loss;    /* of the data, the mean: without regularizers                  */
    double    penalty; /* sum_i lambda_i R_i                                           */
    long      right;   /* samples whose largest logit is the label's; -1: no labels    */
    nde_stats solve;   /* evaluations of f, steps                                      */
    double    norm;    /* of the gradient, before clipping                             */
    double    rate;    /* of learning                                                  */
    double    seconds_forward, seconds_backward;
} mdl_step;

COSTATE_END_DECLS
#endif
