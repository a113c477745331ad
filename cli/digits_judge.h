/* digits_judge.h - what a trained classifier makes of images. */
#ifndef COSTATE_CLI_DIGITS_JUDGE_H
#define COSTATE_CLI_DIGITS_JUDGE_H

#include <costate/models/classifier_task.h>

typedef struct digits_judge {
    mdl_classifier_task *task;
    long                 dim, classes;
} digits_judge;

typedef struct digits_verdict {
    double confident; /* part whose largest probability is at least 0.9                */
    double agreed;    /* part whose likeliest class is the one asked for; NaN: none was */
    double median;    /* of the largest probabilities                                  */
} digits_verdict;

ad_status digits_judge_new(digits_judge *j, const char *run);
void      digits_judge_clear(digits_judge *j);

/* Features of n images x [n, dim], in [0, 1] as the set is: the logits, [n, classes]. */
ad_status digits_features(digits_judge *j, long n, const double *x, double *features);
/* Of logits; label NULL: nothing was asked for. */
ad_status digits_verdict_of(const digits_judge *j, long n, const double *logits, const int *label,
                            digits_verdict *v);

#endif
