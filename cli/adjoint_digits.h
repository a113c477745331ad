/* adjoint_digits.h - the tasks of the experiment adjointdpm: what is asked of a model of the 8x8 digits. */
#ifndef COSTATE_CLI_ADJOINT_DIGITS_H
#define COSTATE_CLI_ADJOINT_DIGITS_H

#include "adjoint_tasks.h"

enum { FLIP, MATCH, CONDITION, WEIGHTS, TASKS };
/* The class that noise is driven from, that of the given digits, that whose vector is looked for. */
enum { FROM = 3, INTO = 5, WANTED = 7 };
enum { EDGE = 8, DIM = EDGE * EDGE };

typedef struct adjoint_work {
    repro          *r;
    ad_arena       *arena;
    mdl_denoiser   *model;
    mdl_judge      *judge;
    ds_samples     *digits;
    adjoint_task    task[TASKS];
    adjoint_outcome out[TASKS][ADJOINT_WAYS];
} adjoint_work;

/* Tasks of w->model, by w->judge, towards w->digits. */
ad_status digits_tasks(adjoint_work *w);
/* Mean of n images [n, DIM]. */
double digits_ink(long n, const double *x);

#endif
