/* learner.h - parameters that an optimizer moves: what the models that learn from samples have in common.

   A step is taken from a gradient; should what follows turn out not to be finite, the step is taken back: the weights, moments
   and counts before it are kept, so that a run which blows up ends with the last weights that were good. */
#ifndef COSTATE_MODELS_LEARNER_H
#define COSTATE_MODELS_LEARNER_H

#include <costate/autodiff/optim.h>
#include <costate/autodiff/schedule.h>

COSTATE_BEGIN_DECLS

/* How it learns. Zero means the default, which stands beside the field. */
typedef struct mdl_learning {
    const char      *optimizer;  /* "adam" (costate list optimizers)                       */
    ad_optim_options o;          /* the optimizer's own                                    */
    const char      *schedule;   /* "constant"                                             */
    long             iterations; /* of the whole training, for schedules that end; 0: none */
    uint64_t         seed;       /* of the initial weights                                 */
} mdl_learning;

typedef struct mdl_learner {
    ad_params  *params; /* not owned */
    ad_type     type;
    long        count;
    void       *theta, *theta_bar; /* [count] */
    ad_optim   *optim;
    ad_schedule schedule;
    double      rate;                       /* of the last step                    */
    void       *good[1 + AD_OPTIM_MOMENTS]; /* theta and moments before it */
    ad_schedule good_schedule;
    int         can_undo;
} mdl_learner;

/* Freezes params and fills theta. */
ad_status mdl_learner_new(mdl_learner **l, ad_params *params, const mdl_learning *o);
void      mdl_learner_free(mdl_learner *l);

/* theta moves along theta_bar. A gradient that is not finite is a failure, and nothing has changed. */
ad_status mdl_learner_step(mdl_learner *l, double loss);
/* Takes the last step back, once. 0: there is none. */
int mdl_learner_undo(mdl_learner *l);

COSTATE_END_DECLS
#endif
