/* evaluate.h - a model compiled (internal): m = p v + q net(cin v) and its pullbacks, one evaluation at a time. */
#ifndef COSTATE_DIFFUSION_EVALUATE_H
#define COSTATE_DIFFUSION_EVALUATE_H

#include "program.h"

typedef struct dpm_evaluator dpm_evaluator;

/* The numbers of a place that an evaluation reads, in the order of the plan's inputs. */
enum { DPM_CIN, DPM_P, DPM_Q, DPM_T, DPM_ALPHA, DPM_SIGMA, DPM_LAMBDA, DPM_RHO, DPM_NUMBERS };
void dpm_place_numbers(const dpm_place *p, double number[DPM_NUMBERS]);

/* What a pullback computes beside v_bar. */
enum { DPM_WANT_V, DPM_WANT_ARGS, DPM_WANT_THETA, DPM_WANT_NUMBERS, DPM_WANTS };

ad_status dpm_evaluator_new(dpm_evaluator **e, const dpm_model *m, long capacity);
void      dpm_evaluator_free(dpm_evaluator *e);
/* The pair of plans, once; what is compiled at the first call. */
ad_status dpm_evaluator_differentiate(dpm_evaluator *e);
size_t    dpm_evaluator_residual_bytes(
       const dpm_evaluator *e); /* of one evaluation, AD_PAD behind it not counted */

/* For evaluations to come: n rows, args (copied), theta and w. record: with residuals. */
ad_status dpm_evaluator_load(dpm_evaluator *e, long n, const void *const *args, const void *theta,
                             double w, int record);
/* v and m: padded blocks of capacity rows. residual: NULL, or where to keep it. */
ad_status dpm_evaluate(dpm_evaluator *e, const dpm_place *p, const void *v, void *m,
                       void *residual);

/* A pullback pass: what is wanted (DPM_WANT_*, the larger include the smaller), theta_bar added to. */
ad_status dpm_evaluator_begin(dpm_evaluator *e, int want, void *theta_bar);
/* v_bar is set. number_bar: [DPM_NUMBERS], set, with DPM_WANT_NUMBERS. */
ad_status dpm_evaluate_back(dpm_evaluator *e, const dpm_place *p, const void *v,
                            const void *residual, const void *m_bar, void *v_bar,
                            double *number_bar);
/* Ends the pass: theta_bar complete; those of args and w added up over its evaluations, NULL: not wanted. */
ad_status dpm_evaluator_end(dpm_evaluator *e, void *const *args_bar, double *w_bar);

#endif
