/* score_internal.h - rows of a batch with their noise, and what is computed of them. */
#ifndef COSTATE_MODELS_SCORE_INTERNAL_H
#define COSTATE_MODELS_SCORE_INTERNAL_H

#include <costate/autodiff/plan.h>
#include <costate/models/score.h>

#include "score_network.h"

/* What the plan takes, in this order. */
enum {
    SCORE_X,      /* [n, dim] cin x                                                      */
    SCORE_WANT,   /* [n, dim]                                                            */
    SCORE_LABEL,  /* [n, 1] whole numbers; classes: none                                 */
    SCORE_WEIGHT, /* [n, 1] w of (1)                                                    */
    SCORE_STATE,  /* [n, dim] x: Fokker-Planck alone                                    */
    SCORE_T,      /* float64 [n, 1] from here on                                        */
    SCORE_ALPHA,
    SCORE_SIGMA,
    SCORE_LAMBDA,
    SCORE_RHO,
    SCORE_DRIFT, /* d log alpha / d lambda                                              */
    SCORE_SPEED, /* dt / d lambda                                                       */
    SCORE_INPUTS
};

enum { SCORE_OUT_ALL, SCORE_OUT_LOSS, SCORE_OUT_PENALTY, SCORE_OUTPUTS };

typedef struct mdl_scorer_rows {
    void *in[SCORE_INPUTS];
} mdl_scorer_rows;

/* The loss (1) as a pair of plans. */
typedef struct mdl_scorer_graph {
    ad_plan *forward, *backward;
    ad_work *fw, *bw;
    void    *residual;
} mdl_scorer_graph;

typedef enum mdl_scorer_levels { SCORE_IN_T, SCORE_IN_LAMBDA, SCORE_NORMAL } mdl_scorer_levels;
typedef enum mdl_scorer_weighting {
    SCORE_OWN,
    SCORE_EPSILON,
    SCORE_X0,
    SCORE_V,
    SCORE_FLOW,
    SCORE_EDM,
    SCORE_MIN_SNR
} mdl_scorer_weighting;

struct mdl_scorer {
    mdl_scorer_options   o;
    mdl_scorer_levels    levels;
    mdl_scorer_weighting weighting;
    mdl_score_network    net;
    mdl_scorer_graph     graph;
    mdl_learner         *learner;
    ad_ema              *average;
    mdl_scorer_rows      rows;
    double              *noise; /* [batch, dim] */
    void                *theta; /* averaged weights, for looking at the loss */
};

/* score_levels.c: names to numbers */
ad_status mdl_scorer_choices(const mdl_scorer_options *o, int *level, int *weight);
/* Fills s->rows; keep: no class is lost. */
void mdl_scorer_draw(mdl_scorer *s, long n, const double *x, const int *label, uint64_t draw,
                     int keep);

ad_status mdl_scorer_graph_new(mdl_scorer_graph *g, const mdl_scorer *s); /* score_graph.c */
void      mdl_scorer_graph_clear(mdl_scorer_graph *g);

#endif
