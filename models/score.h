/* score.h - a network that learns what noise was added to data (Ho et al. 2020; Song et al. 2021; Kingma et al. 2021).

   With x = alpha x0 + sigma e at a level drawn for every row, and want one of the predictions of diffusion/prediction.h, training
   minimises the mean over rows of
       w |net(x) - want|^2 / dim  +  W |sigma r|^2 / dim,                                                       (1)
   where r is the residual of the Fokker-Planck equation of regularizers/fokker_planck.h per unit of lambda (W = 0: none). An error
   d in what the network predicts is one of d / k in the noise e,
       k = 1 (epsilon), rho (x0), (alpha^2 + sigma^2) / alpha (v), 1 / sigma (score), 1 + rho (flow), rho / c_out (edm),   (2)
   so that every weighting can be stated as what it puts on the squared error of e:
       epsilon 1,  x0 rho^2,  v ((alpha^2 + sigma^2) / alpha)^2,  flow (1 + rho)^2,  edm 1 + rho^2 / sigma_data^2,
       min-snr min(1, 5 rho^2) (Hang et al. 2023),  own k^2, so w = 1 (but of a score 1).                         (3)
   Levels drawn evenly in lambda with weight epsilon are the variational bound of the likelihood (Kingma et al. 2021, eq. 18). */
#ifndef COSTATE_MODELS_SCORE_H
#define COSTATE_MODELS_SCORE_H

#include <costate/autodiff/ema.h>
#include <costate/diffusion/model.h>
#include <costate/diffusion/schedule.h>
#include <costate/models/learner.h>
#include <costate/models/step.h>

COSTATE_BEGIN_DECLS

/* Zero means the default, which stands beside the field. */
typedef struct mdl_scorer_options {
    long                dim;        /* required                                               */
    long                classes;    /* 0: without classes                                     */
    long                hidden;     /* 128: width of the residual blocks                      */
    long                depth;      /* 3: how many                                            */
    long                embedding;  /* 32: E, of a class's vector                             */
    const char         *activation; /* "silu"                                                 */
    dpm_prediction      prediction; /* DPM_EPSILON                                            */
    double              sigma_data; /* 1: root of the mean square of the data                 */
    const dpm_schedule *schedule;   /* required; must outlive the score                       */
    const char         *levels;     /* "t", "lambda": even between the schedule's ends;
                                       "normal": log rho ~ N(level_mean, level_deviation^2)    */
    double       level_mean, level_deviation; /* -1.2, 1.2 (Karras et al. 2022, table 1)       */
    int          scattered;     /* 1: levels of a batch are independent; else (i + u) / n      */
    const char  *weighting;     /* "own"; or another of (3)                                    */
    double       dropout;       /* 0.1: rows that lose their class; DPM_ZERO                   */
    double       average;       /* 0.999: decay of the weights' average; DPM_ZERO: none        */
    double       fokker_planck; /* W of (1)                                                    */
    ad_type      type;          /* AD_F32                                                      */
    long         batch;         /* 256: the most samples of a step                             */
    mdl_learning learn;
} mdl_scorer_options;

typedef struct mdl_scorer mdl_scorer;

ad_status mdl_scorer_new(mdl_scorer **s, const mdl_scorer_options *o);
void      mdl_scorer_free(mdl_scorer *s);

/* Of n <= batch rows x [n, dim] in the network's units with their classes (NULL without; -1: none). Levels, noise and lost classes
   are functions of `draw`. step->loss is the first part of (1), step->penalty the second. */
ad_status mdl_scorer_gradient(mdl_scorer *s, long n, const double *x, const int *label,
                              uint64_t draw, mdl_step *step);
/* The same, and the optimizer's step. The average takes the weights before it, whose loss was finite. */
ad_status mdl_scorer_step(mdl_scorer *s, long n, const double *x, const int *label, uint64_t draw,
                          mdl_step *step);
/* Both parts of (1) with the weights that samplers are given; no class is lost. */
ad_status mdl_scorer_loss(mdl_scorer *s, long n, const double *x, const int *label, uint64_t draw,
                          double *loss, double *penalty);

mdl_learner              *mdl_scorer_learner(const mdl_scorer *s);
ad_ema                   *mdl_scorer_average(const mdl_scorer *s); /* NULL: there is none */
const mdl_scorer_options *mdl_scorer_about(const mdl_scorer *s);
dpm_model                 mdl_scorer_model(const mdl_scorer *s); /* until the score is freed */
/* Averaged weights, or the learner's where there is no average yet: of the network's type, [learner->count]. */
ad_status mdl_scorer_weights(const mdl_scorer *s, void *theta);

COSTATE_END_DECLS
#endif
