/* adjoint_tasks.h - AdjointDPM's tasks on a model of the digits, each by the exact gradient and by the continuous adjoint. */
#ifndef COSTATE_CLI_ADJOINT_TASKS_H
#define COSTATE_CLI_ADJOINT_TASKS_H

#include <costate/models/tune.h>

#include "reproduce.h"

enum { ADJOINT_WAYS = 3, ADJOINT_MOST = 4096 };

typedef struct adjoint_way {
    const char        *name, *title;
    dpm_adjoint        adjoint;
    const nde_tableau *method;
} adjoint_way;
extern const adjoint_way adjoint_ways[ADJOINT_WAYS];

/* What a task is tuned on, and how its outcome is told. */
typedef struct adjoint_task {
    const char      *name, *title, *asked;
    mdl_tune_options o; /* but for the sampler's adjoint */
    mdl_tune_loss   *loss;
    mdl_target       target;
    long             iterations; /* of the exact gradient; the others have its evaluations */
} adjoint_task;

/* One way through a task. */
typedef struct adjoint_outcome {
    long    steps, evaluations; /* of the optimizer; of the model, vjps counted as one each */
    double  first, last;        /* losses */
    double  moved;              /* of noise */
    double *evaluation, *loss;  /* [steps + 1] the curve, evaluations in thousands */
    double *before, *after;     /* [n, dim] */
    void   *tuned;              /* what the learner holds, of the model's type */
    double  seconds;
} adjoint_outcome;

/* Everything lies in the arena. progress: of the command, shown as iterations go by. */
ad_status adjoint_run(const mdl_denoiser *d, const adjoint_task *t, const adjoint_way *way,
                      ad_arena *arena, adjoint_outcome *out);

#endif
