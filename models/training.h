/* training.h - epochs over samples: what training a classifier and a flow have in common.

   An epoch goes through all samples in an order of its own, in batches; the last may be smaller. Order, noise and the end times that
   a regularizer draws are functions of seed and iteration alone, so that a resumed run is the uninterrupted one, bit for bit. */
#ifndef COSTATE_MODELS_TRAINING_H
#define COSTATE_MODELS_TRAINING_H

#include <costate/autodiff/ema.h>
#include <costate/autodiff/safetensors.h>
#include <costate/models/fit.h>
#include <costate/models/learner.h>
#include <costate/models/step.h>
#include <costate/regularizers/regularizer.h>

COSTATE_BEGIN_DECLS

/* How good the model is on samples that it does not learn from. */
typedef struct mdl_test {
    double loss, accuracy, nfe; /* the means; NaN: not measured, or no labels */
} mdl_test;

typedef struct mdl_training_spec {
    void *model;
    /* One iteration on the samples index[0 .. n). */
    ad_status (*step)(void *model, long n, const long *index, reg_progress p, uint64_t draw,
                      mdl_step *s);
    ad_status (*test)(void *model, mdl_test *t); /* NULL: there is no test part */
    mdl_learner *learner;
    ad_ema      *average; /* of the weights, kept by step; NULL: none */
    long         samples, batch, iterations;
    long         every; /* iterations from one test to the next; 0: an epoch */
    uint64_t     seed;
    int nextra; /* further arrays that a checkpoint holds (a normalisation); copied, their data are not */
    ad_tensor extra[2];
} mdl_training_spec;

typedef struct mdl_training_progress {
    long     iteration, iterations; /* done, planned       */
    long     epoch;                 /* of this iteration, from 1 */
    mdl_step step;
    mdl_test test;    /* NaN but where it was measured     */
    double   seconds; /* of training so far, tests and pauses left out */
    double   test_seconds;
} mdl_training_progress;

/* After each iteration; non-zero stops. */
typedef int mdl_training_watcher(const mdl_training_progress *p, void *ctx);

typedef struct mdl_training mdl_training;

/* spec is copied; what it points to must outlive this. */
ad_status mdl_training_new(mdl_training **t, const mdl_training_spec *spec);
void      mdl_training_free(mdl_training *t);

/* Trains on from where it stands. A step that fails (a solve that cannot be done, a loss that is not finite) ends it with its
   sentence, MDL_STUCK, and the last weights that were good. */
ad_status                    mdl_training_run(mdl_training *t, mdl_training_watcher *w, void *ctx);
mdl_end                      mdl_training_end(const mdl_training *t);
const mdl_training_progress *mdl_training_at(const mdl_training *t);

ad_status mdl_training_save(mdl_training *t, const char *path, const char *config);
ad_status mdl_training_load(mdl_training *t, const char *path);

COSTATE_END_DECLS
#endif
