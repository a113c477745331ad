/* task.h - from a configuration to everything that training needs. */
#ifndef COSTATE_MODELS_TASK_H
#define COSTATE_MODELS_TASK_H

#include <costate/models/fit.h>

COSTATE_BEGIN_DECLS

typedef struct mdl_task {
    mdl_config *config; /* taken over */
    ds_series_set
              *set; /* the columns that the model sees                                         */
    mdl_data  *data;
    mdl_model *model;
} mdl_task;

/* Reads data and system, and builds the model. config is taken over, on failure too. */
ad_status mdl_task_new(mdl_task **t, mdl_config *config);
void      mdl_task_free(mdl_task *t);

/* Whether windows start at fitted states: where it was asked for, where a component is hidden, and for a system on series of up
   to 200 rows. */
int mdl_starts_fitted(const mdl_config *c, const nde_system *system, const ds_series_set *set,
                      int hidden);

COSTATE_END_DECLS
#endif
