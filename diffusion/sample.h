/* sample.h - sampling a model, and exact gradients through it.

       dpm_sampler *s;
       AD_TRY(dpm_sampler_new(&s, &model, &(dpm_options){ .sampler = "dpmpp-2m", .schedule = vp, .grid.steps = 20 }, 64));
       AD_TRY(dpm_sample(s, &(dpm_run){ .n = 64, .x = noise, .theta = theta, .out = x0, .record = 1 }));
       AD_TRY(dpm_pullback(s, &(dpm_cotangents){ .out_bar = g, .x_bar = x_bar, .theta_bar = theta_bar }));

   The sampler's instructions (method.h) are reversed: for a linear combination the cotangents of its terms, for an evaluation
   one vjp of the model. All modes but the continuous adjoint give the same derivative, that of the numbers which were computed. */
#ifndef COSTATE_DIFFUSION_SAMPLE_H
#define COSTATE_DIFFUSION_SAMPLE_H

#include <costate/diffusion/model.h>
#include <costate/diffusion/options.h>

COSTATE_BEGIN_DECLS

typedef struct dpm_sampler dpm_sampler;

/* Compiles model and sampler for up to `capacity` samples. m and o are copied; what they point to (schedule, names, tableau, found,
   arguments, parameters) is not and must outlive the sampler, but for a list of times. */
ad_status dpm_sampler_new(dpm_sampler **s, const dpm_model *m, const dpm_options *o, long capacity);
void      dpm_sampler_free(dpm_sampler *s);

/* After each evaluation: how many are done, of how many (0: not known, adaptive); non-zero cancels. */
typedef int dpm_watcher(long done, long all, void *ctx);

typedef struct dpm_run {
    long               n;
    const void        *x;    /* [n, dim] the start, of the model's type              */
    const void *const *args; /* the model's                                          */
    const void        *theta;
    double             guidance; /* w of a guided model; 0: 1; DPM_ZERO                  */
    uint64_t           seed;  /* of stochastic samplers, which draw its streams 0, 1, ...: a start
                                        drawn from the same seed needs another stream (random.h) */
    long               first; /* global number of row 0, by which noise is keyed      */
    const void        *mean;  /* [n, dim] mean-reverting's mu; NULL: 0                */
    const void        *known, *mask; /* [n, dim] inpainting                              */
    void              *out;          /* [n, dim]                                             */
    void              *path;         /* [steps + 1, n, dim] states at all points, or NULL    */
    int                record;       /* 1: dpm_pullback() follows: what its mode needs is kept */
    dpm_watcher       *watch;
    void              *watch_ctx;
} dpm_run;

/* An output of the model that is not finite stops it with AD_NONFINITE_FIELD, and the number of step and evaluation. */
ad_status dpm_sample(dpm_sampler *s, const dpm_run *r);

/* Each out may be NULL, and is *set*, but theta_bar is added to. */
typedef struct dpm_cotangents {
    const void  *out_bar;  /* in: [n, dim]                                           */
    const void  *path_bar; /* in: [steps + 1, n, dim] or NULL                        */
    void        *x_bar;    /* [n, dim]                                               */
    void *const *args_bar; /* nargs pointers, shaped as args                         */
    void        *theta_bar;
    double      *guidance_bar; /* [1]                                                    */
    double      *coef_bar;     /* one for every coefficient, in the order of the program */
    double   *
        time_bar; /* [steps + 1] of the grid's times, through coefficients and network alike; coefficients that were
                         written are taken to move with them as the sampler's own do                */
    void *mean_bar; /* [n, dim]                                               */
} dpm_cotangents;

/* Of the last dpm_sample() of this sampler, with record, whose x, theta, mean, known and mask must still be there, and whose coefficients
   must be as they were. On failure everything it returns is NaN. */
ad_status dpm_pullback(dpm_sampler *s, const dpm_cotangents *c);

/* Reversible samplers, after a dpm_sample() with record: the start, recovered from the end alone, [n, dim]; ends the record. */
ad_status dpm_recover_start(dpm_sampler *s, void *x);

typedef struct dpm_stats {
    long steps,
        nfe; /* evaluations of the model by the last run (a guided one asks its network twice)   */
    long nvjp,
        nfe_again; /* by the last pullback: vjps, and evaluations beside those of the run              */
    size_t
        bytes; /* of slots: what sampling needs                                                     */
    size_t
        bytes_kept; /* kept for the pullback between run and pullback, and by the pullback, at their most */
    size_t
        bytes_model; /* residuals of one evaluation                                                       */
    double seconds, seconds_back;
} dpm_stats;

const dpm_stats *dpm_sampler_stats(const dpm_sampler *s);
long             dpm_sampler_steps(const dpm_sampler *s);
const dpm_point *dpm_sampler_points(const dpm_sampler *s); /* [steps + 1] */
long dpm_sampler_nfe(const dpm_sampler *s); /* of a run; 0: not known before it (live ones) */
const dpm_options *dpm_sampler_options(const dpm_sampler *s);
/* The coefficients of the linear combinations, in the order of the program: how many; values to be read or written between runs
   (learned solvers write them). Live samplers: those of the last run. */
long    dpm_sampler_coefficients(const dpm_sampler *s);
double *dpm_sampler_coefficient(dpm_sampler *s);
/* Other points for the same sampler: its coefficients are computed anew, those written or found are gone. times [steps + 1], in the
   direction of dpm_sampler_points(); with grid.final_zero the last one is not looked at. */
ad_status dpm_sampler_set_times(dpm_sampler *s, const double *times);
/* The program as text, an instruction a line; ad_free() it. */
char *dpm_sampler_text(const dpm_sampler *s);

/* The largest number of steps with which a sampler evaluates the model at most nfe times (0: none does); o->grid.steps is not
   looked at. */
ad_status dpm_steps_for(const dpm_options *o, long nfe, long *steps);

const char *dpm_adjoint_name(int i); /* "points", ...; NULL behind the last */
const char *dpm_adjoint_about(int i);
ad_status   dpm_adjoint_parse(const char *text, dpm_adjoint *a);

COSTATE_END_DECLS
#endif
