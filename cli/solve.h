/* solve.h - what `costate solve` passes from hand to hand.

   Two sets of times: the *grid* is what the solver is asked for, [t0, .., end], each time once; `at` is what --at lists,
   and place[i] says where at[i] stands on the grid. Without --at the grid is t0 and t1, and the result has a row for each
   accepted step. */
#ifndef COSTATE_CLI_SOLVE_H
#define COSTATE_CLI_SOLVE_H

#include <stdio.h>

#include <costate/adjoint/adjoint.h>
#include <costate/autodiff/memory.h>
#include <costate/nde/text.h>

#include "args.h"

/* The times of accepted steps, gathered by an observer. */
typedef struct solve_log {
    int       keep;
    long      n, room;
    double   *t;
    ad_status status;
} solve_log;

typedef struct solve {
    const cli_args        *args;
    ad_arena              *arena;
    nde_system            *system;
    const nde_system_info *about;
    nde_ode                ode;
    nde_options            o;
    adj_options            adjoint;
    int                    gradient;
    ad_params *layout; /* of theta; NULL: the system has neither parameters nor networks */
    long       weights;
    void      *theta, *y0; /* of the state's type */
    int        ats, times; /* ats 0: no --at      */
    int       *place;
    double    *at, *grid;

    nde_solver *solver; /* one of the two */
    adj_solver *recorder;
    solve_log   log;

    /* what came out, as doubles */
    ad_status status;
    char      message[1024];
    nde_stats stats;
    int       rows;  /* the valid prefix */
    double   *t, *y; /* [rows], [rows][states] */
    double    loss, t0_bar, t1_bar;
    double   *theta_bar, *y0_bar, *at_bar; /* [weights], [states], [ats] */
} solve;

/* Zeroed room that lives as long as the solve. NULL: no memory. */
void *solve_room(solve *s, long n, size_t size);
/* Arrays of the state's type. */
size_t solve_size(const solve *s);
double solve_get(const solve *s, const void *array, long i);
void   solve_put(const solve *s, void *array, long i, double x);

/* Settings from the options. AD_INVALID: a mistake of whoever typed. */
ad_status solve_options(solve *s);
ad_status solve_values(solve *s); /* parameters, weights, start values: --seed, --run, --set */
/* --at as one ascending (descending) list inside the interval. */
ad_status solve_times(const cli_args *a, double t0, double t1, int *n, double **t);
ad_status solve_grid(solve *s);

/* Fills what came out; a failure stands in status and message too. */
ad_status solve_run(solve *s);
/* One solve at these times: y [times][states] of the state's type. */
ad_status solve_at(solve *s, int times, const double *t, void *y);
/* Loss and gradient at the last solve, y its states on the grid. */
ad_status solve_gradient(solve *s, const void *y);
/* An entry for everything that the gradient has a key for, NaN until it is known. */
ad_status solve_gradient_room(solve *s);
/* "x(0)" */
const char *solve_start_key(const solve *s, int state, char *text, size_t size);

ad_status solve_print_json(const solve *s, FILE *out);
void      solve_print(const solve *s, FILE *out);
ad_status solve_save(const solve *s, const char *path); /* CSV */
ad_status solve_plot(solve *s, const char *path);

#endif
