/* sampler.h - a sampler compiled, and one run of it (internal to the engine). */
#ifndef COSTATE_DIFFUSION_SAMPLER_H
#define COSTATE_DIFFUSION_SAMPLER_H

#include "evaluate.h"
#include "linear.h"
#include "sample.h"

typedef struct dpm_kept {
    int    count;
    void **block; /* [count]; NULL: not there */
} dpm_kept;

struct dpm_sampler {
    dpm_model         model;
    dpm_options       o;
    const dpm_method *method;
    long              capacity, steps;
    dpm_point        *point; /* [steps + 1] */
    dpm_program      *program;
    dpm_evaluator    *evaluator;
    dpm_kept          buffer;   /* values that are alive                                 */
    dpm_kept          bar;      /* cotangents that are                                   */
    dpm_kept          source;   /* by instruction: what an evaluation or projection read */
    dpm_kept          residual; /* by evaluation: tape                                   */
    dpm_kept          frame;    /* residuals of evaluations run again                    */
    dpm_kept          snapshot; /* states at the starts of steps: checkpoints            */
    dpm_kept          whole;    /* by slot: every value, for coefficients                */
    dpm_kept          pool;     /* blocks of sources that are free again                 */
    int               pooled;
    char             *mark;         /* of a walk: touched, have [slots] each                 */
    int              *held;         /* and its frames [ops]                                  */
    int               marks, holds; /* their room                                        */
    void             *spare;        /* an array for an answer nobody reads                   */
    double           *sorted;       /* [dim] thresholding                                    */
    dpm_run           run;          /* the last one; recorded: it succeeded with record      */
    int               recorded;
    dpm_stats         stats;
};

size_t dpm_state_bytes(const dpm_sampler *s); /* of a state of the capacity */
/* Makes room for `count` entries, and block i of that size if it is not there yet; counted in *bytes where not NULL. */
ad_status dpm_kept_size(dpm_kept *k, int count);
ad_status dpm_kept_need(dpm_kept *k, int i, size_t bytes, size_t *counted);
void      dpm_kept_free(dpm_kept *k);

static inline void *dpm_value(const dpm_sampler *s, int slot)
{
    return s->buffer.block[s->program->buffer[slot]];
}

/* --- check.c ------------------------------------------------------------------------------------------------------ */

ad_status dpm_check_model(const dpm_model *m, long capacity);
ad_status dpm_check_options(const dpm_method *m, const dpm_options *o);
ad_status dpm_check_adjoint(const dpm_method *m, const dpm_options *o);
/* Where the points start and end, and whether the method can do so. */
ad_status dpm_check_ends(const dpm_method *m, const dpm_options *o, const dpm_point *point,
                         long steps);

/* --- sample.c ----------------------------------------------------------------------------------------------------- */

/* The points of a grid, in the direction of the run. */
ad_status dpm_sampler_place(const dpm_sampler *s, const dpm_grid_options *g, dpm_point *point);
/* Buffers for the values of a program. */
ad_status dpm_sampler_room(dpm_sampler *s, const dpm_program *p);

/* --- run.c ------------------------------------------------------------------------------------------------------- */

/* Numbers and bytes of the rows of this run. */
static inline long dpm_run_numbers(const dpm_sampler *s)
{
    return s->run.n * s->model.dim;
}

static inline size_t dpm_run_bytes(const dpm_sampler *s)
{
    return (size_t)dpm_run_numbers(s) * ad_type_size(s->model.type);
}

static inline dpm_cut dpm_run_cut(const dpm_sampler *s)
{
    return (dpm_cut){ .range = s->o.clip_range > 0 ? s->o.clip_range : 1,
                      .ratio = s->o.threshold,
                      .most  = s->o.threshold_most };
}

/* Tells the watcher; AD_CANCELLED. */
ad_status dpm_run_told(dpm_sampler *s, long done, long all);
/* live.c */
ad_status dpm_run_live(dpm_sampler *s);

/* Runs instructions [from, to) on the values alive; keep: sources, and with DPM_ADJOINT_TAPE residuals, are kept. */
ad_status dpm_run_ops(dpm_sampler *s, int from, int to, int keep);
ad_status dpm_run_op(dpm_sampler *s, int i, int keep);
/* The first instruction of a step. */
int dpm_step_begin(const dpm_sampler *s, long step);
/* The slots that a run brings, into their buffers. */
ad_status dpm_run_given(dpm_sampler *s);

/* --- checkpoints.c: states at the starts of steps, and binomial segments ------------------------------------------ */

typedef struct dpm_walk dpm_walk;
/* While running forwards: is a state to be kept before this step? */
ad_status dpm_checkpoint_pass(dpm_sampler *s, long step);
/* How many states the budget holds, and the first step from which sources are kept. */
long      dpm_checkpoint_states(const dpm_sampler *s);
long      dpm_checkpoint_tail(const dpm_sampler *s);
ad_status dpm_checkpoint_walk(dpm_walk *w);
/* Another program follows, whose states may be larger. */
void dpm_checkpoint_forget(dpm_sampler *s);

/* --- reverse.c: one walk backwards ---------------------------------------------------------------------------------- */

struct dpm_walk {
    dpm_sampler          *s;
    const dpm_cotangents *c;              /* NULL: values alone are walked (dpm_recover_start()) */
    char                 *touched, *have; /* [slots] */
    int     *frame;  /* [ops]: the frame that holds an evaluation's residuals, 1 + index; 0: none */
    uint64_t frames; /* which are in use, a bit each */
    int      recovering, want;
    long     step;       /* whose path_bar is next */
    double  *number_bar; /* [places, DPM_NUMBERS]; NULL */
    double  *coef_bar;   /* [terms]; NULL */
};

/* Cotangents of instructions [from, to), backwards; their sources are kept, or can be found. */
ad_status dpm_walk_ops(dpm_walk *w, int from, int to);

/* times.c: what coefficients and places do with the grid's times; number_bar and coef_bar of a walk. */
ad_status dpm_time_bar(dpm_sampler *s, const double *coef_bar, const double *number_bar,
                       double *time_bar);
/* continuous.c */
ad_status dpm_pullback_continuous(dpm_sampler *s, const dpm_cotangents *c);
double    dpm_seconds(void);

#endif
