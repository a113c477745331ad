/* classifier_task.h - (internal) from settings to everything that training a classifier needs, and from a run's directory back to it. */
#ifndef COSTATE_MODELS_CLASSIFIER_TASK_H
#define COSTATE_MODELS_CLASSIFIER_TASK_H

#include <costate/datasets/samples.h>
#include <costate/models/classifier.h>
#include <costate/models/run_settings.h>
#include <costate/models/training.h>

COSTATE_BEGIN_DECLS

typedef struct mdl_classifier_task {
    mdl_classifier_config *config;       /* taken over                                       */
    ds_samples            *train, *test; /* test NULL: nothing is held out              */
    mdl_classifier        *classifier;
    mdl_evaluator         *evaluator; /* of the training's precision, tolerance and batch */
    mdl_training          *training;
    void                  *x;           /* [batch, inputs] */
    struct json_t         *class_names; /* of a run that was loaded (class_names.h) */
    int                   *label;
} mdl_classifier_task;

/* config is taken over, on failure too. */
ad_status mdl_classifier_task_new(mdl_classifier_task **t, mdl_classifier_config *config);
void      mdl_classifier_task_free(mdl_classifier_task *t);

/* The first n samples (0: all), in batches of the evaluator's capacity; e NULL: the task's own. */
ad_status mdl_classifier_task_judge(mdl_classifier_task *t, const ds_samples *s, long n,
                                    mdl_evaluator *e, mdl_evaluation *out);

/* count[i * classes + j]: samples of class i that are taken for j. */
ad_status mdl_classifier_task_confusion(mdl_classifier_task *t, const ds_samples *s, long *count);

/* Samples to judge: the run's own (data NULL), its train or test part, or others that fit the classifier: a whole file, or that part of a
   set. */
ad_status mdl_classifier_task_data(const mdl_classifier_task *t, const char *data, const char *dir,
                                   const char *part, ds_samples **out);

/* config.json of the run, a new reference; NULL with a sentence. */
struct json_t *mdl_classifier_task_to_json(const mdl_classifier_task *t);

/* A trained classifier from its directory, without its data: train, test and training are NULL. */
ad_status mdl_classifier_task_load(mdl_classifier_task **t, const char *directory);

COSTATE_END_DECLS
#endif
