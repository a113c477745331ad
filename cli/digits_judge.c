#include <math.h>
#include <stdlib.h>

#include <costate/autodiff/memory.h>
#include <costate/models/model.h>

#include "digits_judge.h"

ad_status digits_judge_new(digits_judge *j, const char *run)
{
    AD_TRY(mdl_classifier_task_load(&j->task, run));
    j->dim     = mdl_classifier_about(j->task->classifier)->inputs;
    j->classes = mdl_classifier_about(j->task->classifier)->classes;
    return AD_OK;
}

void digits_judge_clear(digits_judge *j)
{
    mdl_classifier_task_free(j->task);
    j->task = NULL;
}

/* Pixels outside of [0, 1] are cut, as a picture's are. */
ad_status digits_features(digits_judge *j, long n, const double *x, double *features)
{
    mdl_classifier_task *t     = j->task;
    const mdl_learner   *l     = mdl_classifier_learner(t->classifier);
    ad_type              type  = mdl_evaluator_type(t->evaluator);
    long                 batch = t->config->samples.batch;
    for (long at = 0; at < n; at += batch) {
        mdl_evaluation e;
        long           m = n - at < batch ? n - at : batch;
        for (long i = 0; i < m * j->dim; i++)
            mdl_put(type, t->x, i, fmin(1, fmax(0, x[at * j->dim + i])));
        for (long i = 0; i < m; i++) t->label[i] = 0;
        AD_TRY(mdl_evaluator_run(t->evaluator, l->theta, l->type,
                                 &(mdl_labelled){ m, t->x, t->label }, 1, &e));
        for (long i = 0; i < m * j->classes; i++)
            features[at * j->classes + i] = mdl_get(type, mdl_evaluator_logits(t->evaluator), i);
    }
    return AD_OK;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

ad_status digits_verdict_of(const digits_judge *j, long n, const double *logits, const int *label,
                            digits_verdict *v)
{
    double *most = ad_alloc((size_t)n * sizeof *most);
    if (!most) return AD_NO_MEMORY;
    long confident = 0, agreed = 0;
    for (long i = 0; i < n; i++) {
        const double *row  = logits + i * j->classes;
        long          best = 0;
        double        sum  = 0;
        for (long k = 1; k < j->classes; k++)
            if (row[k] > row[best]) best = k;
        for (long k = 0; k < j->classes; k++) sum += exp(row[k] - row[best]);
        most[i] = 1 / sum;
        confident += most[i] >= 0.9;
        agreed += label && best == label[i];
    }
    qsort(most, (size_t)n, sizeof *most, ascending);
    v->confident = (double)confident / (double)n;
    v->agreed    = label ? (double)agreed / (double)n : NAN;
    v->median    = most[n / 2];
    ad_free(most);
    return AD_OK;
}
