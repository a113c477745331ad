/* search.h - better times, decisions and coefficients for a given number of steps.

   Two ways, over one currency (dpm_found):
     evolution  grids and the decisions of `usf`, by mutation and crossing (Li et al. 2023, "AutoDiffusion"; Liu et al. 2024, S^3):
                any objective, a callback;
     gradient   times, and the coefficients of the linear combinations, by the exact gradient through the sampler (Tong et al. 2025,
                "LD3"; Frankel et al. 2025, "S4S"): the objective is a teacher's.
   A teacher knows where a much finer sampler ends from its start points, and tells by how much a candidate misses. */
#ifndef COSTATE_DIFFUSION_SEARCH_H
#define COSTATE_DIFFUSION_SEARCH_H

#include <costate/diffusion/found.h>
#include <costate/diffusion/mixture.h>

COSTATE_BEGIN_DECLS

/* --- what a candidate is worth ------------------------------------------------------------------------------------ */

/* Smaller is better. A candidate whose sampling fails may fail; it is then worth nothing. AD_NO_MEMORY and AD_CANCELLED end
   the search. */
typedef double dpm_objective(const dpm_options *candidate, void *ctx, ad_status *status);

typedef struct dpm_teacher dpm_teacher;

/* Zero means the default. What is pointed to must outlive the teacher. */
typedef struct dpm_teacher_options {
    const dpm_model *model; /* required; float64                                              */
    const dpm_schedule
               *schedule;       /* required                                                       */
    double      t_begin, t_end; /* as in grid.h                                             */
    const void *theta;
    const void *const *args; /* of n rows                                                      */
    double             guidance;
    long               n;    /* 256 start points                                               */
    uint64_t           seed; /* start point i is sigma_T N(0, I), keyed by (seed, first + i)   */
    long               first;
    const double      *start;   /* [n, dim]: these in their place                                 */
    const dpm_mixture *mixture; /* its exact flow tells the ends; NULL: a sampler does            */
    long               steps;   /* of that sampler, DPM-Solver++ 3M: 200                          */
    int                square;  /* 1: the objective is the mean square distance; 0: see below     */
} dpm_teacher_options;

ad_status dpm_teacher_new(dpm_teacher **t, const dpm_teacher_options *o);
void      dpm_teacher_free(dpm_teacher *t);

typedef struct dpm_errors {
    double median, p90, rms; /* of the distances from the teacher's ends */
    double value;            /* of the objective                         */
    long   nfe;
} dpm_errors;

/* distance: [n] or NULL. */
ad_status dpm_teacher_errors(dpm_teacher *t, const dpm_options *candidate, dpm_errors *e,
                             double *distance);
/* A dpm_objective; ctx is the teacher. The geometric mean of the distances: a hundredth of the samples end in another mode, and
   would be all that a mean square sees. */
double      dpm_teacher_objective(const dpm_options *candidate, void *teacher, ad_status *status);
const char *dpm_teacher_about(const dpm_teacher *t); /* "the exact flow", "dpmpp-3m at 200 steps" */

/* --- searching ---------------------------------------------------------------------------------------------------- */

typedef struct dpm_search_progress {
    const char *stage; /* "evolution", "times", "coefficients" */
    long        evaluations, budget;
    double      first, best; /* values of the objective: of the best standard grid, so far */
} dpm_search_progress;
/* After each evaluation; non-zero ends the search with what is best so far. */
typedef int dpm_search_watcher(const dpm_search_progress *p, void *ctx);

/* Zero means the default, which stands beside the field. */
typedef struct dpm_search_options {
    const dpm_options *
        base; /* sampler, schedule, grid.steps; grid.t_begin, t_end; with "usf" decisions are sought too */
    const dpm_found *
        from; /* goes on from it; NULL: from standard grids                                              */
    long
        budget; /* evaluations of the objective at most, a gradient counts as one: 500                     */
    uint64_t
        seed; /* of evolution                                                                            */
    long population, mutations,
        crossovers;  /* of an epoch: 50, of which 25 and 10; the others are new */
    int fixed_times; /* gradient: 1: times stay                                              */
    int fixed_coefficients; /* gradient: 1: coefficients are the sampler's own for the times          */
    dpm_search_watcher *watch;
    void               *watch_ctx;
} dpm_search_options;

typedef struct dpm_search_stats {
    long   evaluations;
    double first, best;
} dpm_search_stats;

/* *best is whole whenever there is one, whatever is returned: AD_CANCELLED by the watcher, or AD_OK at the end of the budget; it
   is NULL only if nothing could be evaluated at all. stats may be NULL. */
ad_status dpm_search_evolution(const dpm_search_options *o, dpm_objective *objective, void *ctx,
                               dpm_found **best, dpm_search_stats *stats);
ad_status dpm_search_gradient(const dpm_search_options *o, dpm_teacher *teacher, dpm_found **best,
                              dpm_search_stats *stats);

/* logsnr, time-uniform, time-quadratic, karras; NULL behind the last. */
const char *dpm_standard_grid(int i);
/* These grids as found schedules for base's sampler, i < dpm_standards(): grid i % 4; of `usf` with the decisions of some known
   samplers, whose name is the note. A grid that the schedule cannot have fails. */
int       dpm_standards(const dpm_options *base);
ad_status dpm_standard(const dpm_options *base, int i, dpm_found **f);

COSTATE_END_DECLS
#endif
