/* tune.h - gradient descent through a sampler: the start, the condition or the weights are moved until samples are as wanted
   (AdjointDPM: Pan et al. 2024, section 4).

       x_T (noise), c (condition), theta (weights)  ->  x_0 by any sampler  ->  L(x_0)                        (1)
   The gradient of (1) is exact for the sampler that is used, or AdjointDPM's own with the adjoint `continuous` (diffusion/sample.h).
   Losses are functions of samples in units of the data: those below, or the user's. */
#ifndef COSTATE_MODELS_TUNE_H
#define COSTATE_MODELS_TUNE_H

#include <costate/diffusion/sample.h>
#include <costate/models/denoiser.h>
#include <costate/models/judge.h>
#include <costate/models/learner.h>

COSTATE_BEGIN_DECLS

typedef enum mdl_tune_of { MDL_TUNE_NOISE, MDL_TUNE_WEIGHTS, MDL_TUNE_CONDITION } mdl_tune_of;

/* L of n samples x [n, dim] in units of the data, and its gradient. */
typedef ad_status mdl_tune_loss(long n, const double *x, double *loss, double *x_bar, void *ctx);

/* Zero means the default, which stands beside the field. */
typedef struct mdl_tune_options {
    mdl_tune_of of;
    dpm_options sampler; /* whole, its schedule too                                               */
    long        n;       /* samples of a step: 16                                                 */
    mdl_learning learn;  /* adam; rate 0.05 of noise and condition, 1e-3 of weights               */
    double
             radius; /* noise: largest distance of any number from the start, in units of its deviation; 0: free */
    int      label;    /* of a conditional model, 1 + class; 0: none, the null embedding        */
    double   guidance; /* 0: 1, none                                                            */
    uint64_t seed;     /* of the noise                                                          */
    int      same;     /* weights: 1: the same noise in every step; else new noise              */
} mdl_tune_options;

typedef struct mdl_tune_step {
    long   iteration;        /* from 1 */
    double loss;             /* before the step */
    double gradient;         /* its norm */
    long   nfe, nvjp, again; /* of this step: evaluations, vjps, evaluations run again */
    double seconds;
} mdl_tune_step;

typedef struct mdl_tune mdl_tune;

/* d, what o points to and ctx must outlive it; d->theta is not changed. */
ad_status mdl_tune_new(mdl_tune **t, const mdl_denoiser *d, const mdl_tune_options *o,
                       mdl_tune_loss *loss, void *ctx);
void      mdl_tune_free(mdl_tune *t);
ad_status mdl_tune_run(mdl_tune *t, mdl_tune_step *s); /* one step; */
/* The gradient alone, into mdl_tune_learner()->theta_bar. */
ad_status mdl_tune_gradient(mdl_tune *t, mdl_tune_step *s);
/* x [n, dim] in units of the data by what is tuned as it is now, from the noise of the first step; and its loss (NULL: not wanted). */
ad_status mdl_tune_samples(mdl_tune *t, double *x, double *loss);
/* What is tuned: [n, dim] of noise, [E] of a condition, all weights; of the model's type. */
mdl_learner *mdl_tune_learner(const mdl_tune *t);
long         mdl_tune_size(const mdl_tune *t); /* n */
/* noise: the largest distance from the start now, in units of its deviation; else 0. */
double mdl_tune_moved(const mdl_tune *t);

const char *mdl_tune_name(int i); /* "noise", "weights", "condition"; NULL behind the last */

/* --- losses ------------------------------------------------------------------------------------------------------ */

/* Targets are m samples [m, dim]. */
typedef struct mdl_target {
    long          dim, m;
    const double *x;
    double       *mean, *moment; /* of mdl_target_new(): [dim], [dim, dim] */
    mdl_judge    *judge;
    long          label;
} mdl_target;

/* Moments of the samples; x is not copied. */
ad_status mdl_target_new(mdl_target *t, long m, long dim, const double *x);
void      mdl_target_free(mdl_target *t);
/* mean of (x_i - target_i)^2 over samples and components; one target is that of all samples, else m = n. */
mdl_tune_loss mdl_loss_match;
/* mean over components of (mean x - mean target)^2 */
mdl_tune_loss mdl_loss_mean;
/* |M - M*|^2 / |M*|^2 of second moments M = x'x / n: the Gram matrix of a style (Gatys et al. 2016), components as features */
mdl_tune_loss mdl_loss_style;
/* mean of -log softmax(logits)[label] of t->judge: towards a class */
mdl_tune_loss mdl_loss_towards;
/* mean of log(1 + exp(logit[label] - largest other)): away from a class */
mdl_tune_loss mdl_loss_away;

COSTATE_END_DECLS
#endif
