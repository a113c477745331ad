/* judge.h - a small classifier that judges samples: is what was drawn a 3, how sure is it, what does it look at.

       features = relu(W_1 relu(W_0 x + b_0) + b_1),   logits = W_2 features + b_2,   L = mean -log softmax(logits)[label]     (1)
   Trained by Adam on samples with labels, in float64, for as many steps as it is told: seconds on 8x8 digits. It differentiates by its input,
   so that samples can be pushed towards a class or away from it. */
#ifndef COSTATE_MODELS_JUDGE_H
#define COSTATE_MODELS_JUDGE_H

#include <costate/datasets/samples.h>

COSTATE_BEGIN_DECLS

/* Zero means the default, which stands beside the field. */
typedef struct mdl_judge_options {
    long     hidden[2];  /* 128, 64                                                       */
    long     iterations; /* 2000                                                          */
    long     batch;      /* 128                                                           */
    double   rate;       /* 2e-3, falling to 0 as a cosine                                */
    double   noise;      /* 0: deviation of noise on inputs, in units of the data         */
    uint64_t seed;
} mdl_judge_options;

typedef struct mdl_judge mdl_judge;

/* AD_INVALID for samples without labels. */
ad_status mdl_judge_new(mdl_judge **j, const ds_samples *train, const mdl_judge_options *o);
void      mdl_judge_free(mdl_judge *j);
long      mdl_judge_classes(const mdl_judge *j);
long      mdl_judge_features(const mdl_judge *j); /* how many */

/* Of n rows x [n, dim]: logits [n, classes], features [n, mdl_judge_features()]; either may be NULL. */
ad_status mdl_judge_look(mdl_judge *j, long n, const double *x, double *logits, double *features);
/* x_bar = (dlogits/dx)' logits_bar. */
ad_status mdl_judge_pull(mdl_judge *j, long n, const double *x, const double *logits_bar,
                         double *x_bar);
/* The part of samples whose label it finds. */
ad_status mdl_judge_accuracy(mdl_judge *j, const ds_samples *s, double *accuracy);
/* The class with the largest logit, and softmax's probability of it. */
long mdl_judge_verdict(const mdl_judge *j, const double *logits, double *confidence);

COSTATE_END_DECLS
#endif
