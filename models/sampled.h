/* sampled.h - what the settings of samples.def mean (internal). */
#ifndef COSTATE_MODELS_SAMPLED_H
#define COSTATE_MODELS_SAMPLED_H

#include <costate/datasets/samples.h>
#include <costate/models/learner.h>
#include <costate/models/settings.h>
#include <costate/models/training.h>
#include <costate/regularizers/regularizer.h>

enum { MDL_TERMS = 8 };

typedef struct mdl_sampled {
    ad_type      type;
    nde_options  solve;
    adj_options  adjoint;
    int          terms;
    reg_term     term[MDL_TERMS];
    mdl_learning learn;
} mdl_sampled;

/* For a training of so many iterations; 0: for a look at what was trained, without regularizers and schedule. */
ad_status mdl_sampled_choices(const mdl_samples_config *c, long iterations, mdl_sampled *out);
/* The course of a training on so many samples; model, step, test and learner are the caller's to fill in. */
mdl_training_spec mdl_sampled_training(const mdl_samples_config *c, long samples);

/* At least so many classes (0: no labels needed). *test is NULL where nothing is held out, else its samples have as many
   numbers. */
ad_status mdl_sampled_data(const mdl_samples_config *c, long classes, ds_samples **train,
                           ds_samples **test);

#endif
