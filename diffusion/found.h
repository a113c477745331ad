/* found.h - what a search has found: where to step, and what to do there.

   A base sampler of the registry with times of its own, or `usf`, whose every step has its decision; and, where they were
   learned, the coefficients of the linear combinations. As JSON:

       { "format": "costate-schedule-1", "sampler": "usf", "nfe": 5, "schedule": "vp-linear",
         "times": [1.0, 0.7, ...], "lambdas": [...],
         "decisions": [{ "order": 1, "form": "x0", "relaxation": "taylor", "corrector": "none" }, ...],
         "coefficients": [...], "note": "..." }

   "lambdas" is for people and for other schedules, and is not read; unknown keys are ignored. Numbers read back to the same bits. */
#ifndef COSTATE_DIFFUSION_FOUND_H
#define COSTATE_DIFFUSION_FOUND_H

#include <costate/diffusion/sample.h>

COSTATE_BEGIN_DECLS

/* How the first derivative is weighted where a polynomial has two nodes (of degree 1): exactly, h^2 phi_2, or as the published
   second-order methods have it, h B / 2 (Zhao et al. 2023, section 3.4: B = h, or B = e^h - 1, which is DPM-Solver-2's too). */
typedef enum dpm_relaxation { DPM_TAYLOR, DPM_DPMSOLVER, DPM_BH1, DPM_BH2 } dpm_relaxation;

/* What becomes of the model's value at the point that a step has reached: nothing; the state is corrected with it and the value
   kept (UniC); or, at the price of another evaluation, asked for anew at the corrected state. */
typedef enum dpm_corrector {
    DPM_CORRECTOR_NONE,
    DPM_CORRECTOR_PSEUDO,
    DPM_CORRECTOR_IMPLICIT
} dpm_corrector;

enum { DPM_ORDER_MOST = 4 };

typedef struct dpm_decision {
    int            order; /* 1 .. DPM_ORDER_MOST, at most one more than steps before it    */
    dpm_prediction form;  /* DPM_EPSILON or DPM_X0                                         */
    dpm_relaxation relaxation;
    dpm_corrector  corrector; /* of the point that the step reaches; the last step has none */
} dpm_decision;

struct dpm_found {
    char         *sampler;  /* a name of the registry                                           */
    char         *schedule; /* the name of the noise schedule that the times belong to; NULL: any */
    char         *note;     /* for people; NULL                                                 */
    long          nfe;      /* evaluations that it was found for; 0: not told                   */
    long          steps;
    double       *times;    /* [steps + 1], as the schedule counts                              */
    dpm_decision *decision; /* [steps], or NULL                                                 */
    int           order;    /* the base sampler's options, as dpm_options has them             */
    dpm_prediction prediction;
    char          *solver_type, *singlestep, *variant; /* NULL: the sampler's */
    int            lower_order_final, no_corrector;
    long           coefficients;
    double        *coefficient; /* [coefficients], or NULL: the sampler's own */
};

/* steps, with times all zero, and with decisions all zero where they are wanted: filled in by the caller. */
ad_status dpm_found_new(dpm_found **f, const char *sampler, long steps, int with_decisions);
ad_status dpm_found_copy(dpm_found **f, const dpm_found *from);
void      dpm_found_free(dpm_found *f);

/* Makes sense in itself: times finite and distinct, one way; orders that have their history; coefficients finite. With a
   schedule (NULL: none) also: it is the one that was meant, and lambda rises from time to time. AD_INVALID. */
ad_status dpm_found_check(const dpm_found *f, const dpm_schedule *schedule);

/* lambda of every point into "lambdas" when a schedule is given (NULL: none). */
ad_status dpm_found_save(const dpm_found *f, const dpm_schedule *schedule, const char *path);
/* AD_BAD_FILE with the key that is missing or wrong. */
ad_status dpm_found_load(dpm_found **f, const char *path);

/* Into o: found, sampler, steps, and the base sampler's options. f must outlive what is made with o. */
void dpm_found_options(const dpm_found *f, dpm_options *o);
/* Checks f against the sampler's schedule, and writes learned coefficients into a sampler made with it. AD_INVALID: the sampler has
   another number of them. dpm_sampler_new() does it, and whoever calls dpm_sampler_set_times() may. */
ad_status dpm_found_apply(const dpm_found *f, dpm_sampler *s);

const char *dpm_relaxation_name(dpm_relaxation r); /* "taylor", "dpmsolver", "bh1", "bh2" */
const char *dpm_corrector_name(dpm_corrector c);   /* "none", "pseudo", "implicit" */

COSTATE_END_DECLS
#endif
