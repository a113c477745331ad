/* classifier.h - a neural ODE between an input and a linear head (Kelly et al. 2020; Pal et al. 2021, 2023).

       z(0) = x   (or W_in x + b_in),    z' = f(t, z),    logits = W_h head(z(t1)) + b_h,                              (1)
       f(t, z) = last(W_1 [act(W_0 [first(z); t] + b_0); t] + b_1),                                              (2)
       L = mean over the batch of  -log softmax(logits)[label]  + sum_i lambda_i R_i.                             (3)

   Time stands behind the features of both layers: W [z; t] + b is W[:, :d] z + (b + t W[:, d]), a bias that moves.
   Parameters: input.weight, input.bias (with a state of its own), field.0.weight [hidden, d + 1], field.0.bias,
   field.1.weight [d, hidden + 1], field.1.bias, head.weight [classes, d], head.bias. Weights start as Glorot's, biases at
   zero, as Flux has them. */
#ifndef COSTATE_MODELS_CLASSIFIER_H
#define COSTATE_MODELS_CLASSIFIER_H

#include <costate/models/learner.h>
#include <costate/models/step.h>
#include <costate/regularizers/regularizer.h>

COSTATE_BEGIN_DECLS

/* Zero means the default, which stands beside the field. */
typedef struct mdl_classifier_options {
    long        inputs, classes;     /* required                                            */
    long        state;               /* the inputs themselves; else a linear layer in front  */
    long        hidden;              /* 100                                                 */
    const char *activation;          /* "tanh": act of (2)                                  */
    const char *first, *last, *head; /* "identity" each                                     */
    ad_type     type;                /* AD_F32                                              */
    double      t1;                  /* 1                                                   */
    long        batch;               /* 128: the most samples of a step                     */
    const nde_options *solve;   /* tsit5 at rtol = atol = 1.4e-8, OrdinaryDiffEq's controller */
    const adj_options *adjoint; /* the default                                         */
    int                terms;   /* 0: no regularizer                                   */
    const reg_term    *term;    /* copied                                              */
    int                measure; /* each so many steps the terms' gradients; 0: never   */
    mdl_learning       learn;
} mdl_classifier_options;

typedef struct mdl_classifier mdl_classifier;

ad_status mdl_classifier_new(mdl_classifier **c, const mdl_classifier_options *o);
void      mdl_classifier_free(mdl_classifier *c);

/* A batch: n <= batch rows [n, inputs] of the model's type, and their labels 0 .. classes - 1. */
typedef struct mdl_labelled {
    long        n;
    const void *x;
    const int  *label;
} mdl_labelled;

/* Gradient of (3) into mdl_classifier_learner()->theta_bar, which is set. draw: what the step's random choices are keyed by. A
   solve that fails or a loss that is not finite is a failure with its sentence. */
ad_status mdl_classifier_gradient(mdl_classifier *c, const mdl_labelled *batch, reg_progress p,
                                  uint64_t draw, mdl_step *step);
/* The same, and the optimizer's step. Allocates nothing. */
ad_status mdl_classifier_step(mdl_classifier *c, const mdl_labelled *batch, reg_progress p,
                              uint64_t draw, mdl_step *step);

/* Parameters, optimizer, schedule: to read, to save, to set. */
mdl_learner *mdl_classifier_learner(const mdl_classifier *c);
/* Its terms' values; steps and their errors. Of the last step. */
reg_solver                   *mdl_classifier_solver(const mdl_classifier *c);
const mdl_classifier_options *mdl_classifier_about(const mdl_classifier *c);

/* --- evaluation: the same weights, in any precision and at any tolerance ---------------------------------------------------- */

typedef struct mdl_evaluator mdl_evaluator;

/* type 0, solve NULL: the classifier's own. capacity: samples that are solved together. */
ad_status mdl_evaluator_new(mdl_evaluator **e, const mdl_classifier_options *o, ad_type type,
                            const nde_options *solve, long capacity);
void      mdl_evaluator_free(mdl_evaluator *e);
ad_type   mdl_evaluator_type(const mdl_evaluator *e);

typedef struct mdl_evaluation {
    long   n, right, solves;
    double loss; /* the mean                                                              */
    double nfe, nfe_julia, nfe_torchdiffeq, accepted, rejected; /* the mean of the solves      */
    double seconds; /* of a solve and its head, the mean                                     */
} mdl_evaluation;

/* theta: of a learner whose type is theta_type, cast to the evaluator's. Any n: solved in batches of the capacity, each with one
   step size. x is of the evaluator's type. *out is set when `first`, else added to. */
ad_status mdl_evaluator_run(mdl_evaluator *e, const void *theta, ad_type theta_type,
                            const mdl_labelled *rows, int first, mdl_evaluation *out);
/* [n, classes] of the last batch that was solved, of the evaluator's type. */
const void *mdl_evaluator_logits(const mdl_evaluator *e);

COSTATE_END_DECLS
#endif
