/* pass.h - there and back (internal): what every step on samples does around its model's own solve and pullback. */
#ifndef COSTATE_MODELS_PASS_H
#define COSTATE_MODELS_PASS_H

#include <costate/models/learner.h>
#include <costate/models/step.h>
#include <costate/regularizers/regularizer.h>

typedef struct mdl_pass {
    const char  *what; /* "classifier"              */
    long         most; /* samples that it takes     */
    mdl_learner *learner;
    reg_solver  *solver;
    int          measure; /* each so many steps the regularizers' gradients; 0: never */
    ad_status (*forward)(void *ctx, mdl_step *step); /* sets loss, penalty, solve */
    ad_status (*backward)(void *ctx); /* adds to the learner's theta_bar, which is zero */
} mdl_pass;

/* step->n and step->right are set before. The gradient is theta_bar, its norm, the loss and the times are in step. */
ad_status mdl_pass_gradient(const mdl_pass *p, void *ctx, mdl_step *step);
/* The same, and the optimizer's step. */
ad_status mdl_pass_step(const mdl_pass *p, void *ctx, mdl_step *step);

double mdl_seconds(void); /* monotonic */

#endif
