/* gradient_cases.h - two models through whose sampling gradients are judged: the exact score of case A (sampler_cases.h), and a network
   trained on draws from it.

   Every start i has a loss of its own, L_i = c . x + |x|^2 / 2, c = (0.3, -0.7), of where it ends: its gradient is a row. */
#ifndef COSTATE_CLI_GRADIENT_CASES_H
#define COSTATE_CLI_GRADIENT_CASES_H

#include <costate/diffusion/sample.h>
#include <costate/models/score.h>

#include "sampler_cases.h"

typedef struct gradient_case {
    sampler_case base;   /* case A: starts, schedule */
    mdl_scorer  *scorer; /* NULL: the mixture itself */
    dpm_model    model;
    double      *theta; /* [count] or NULL */
    long         n, count;
    double      *ode; /* [n, 2] dL/dx_T of the probability-flow ODE */
} gradient_case;

/* `iterations` of training; 0: the mixture. */
ad_status gradient_case_new(gradient_case *c, long n, long iterations);
void      gradient_case_free(gradient_case *c);

/* Samples by o and pulls back. */
typedef struct gradient_run {
    double   *end, *x_bar; /* [n, 2]            */
    double   *theta_bar;   /* [count], or NULL  */
    dpm_stats stats;
} gradient_run;

ad_status gradient_run_new(gradient_run *r, const gradient_case *c, const dpm_options *o);
void      gradient_run_free(gradient_run *r);

/* Median over the rows of |a - b| / |b|. */
ad_status gradient_median(const gradient_case *c, const double *a, const double *b, double *median);
/* |a - b| / |b| of n numbers; NaN without any. */
double gradient_distance(long n, const double *a, const double *b);

#endif
