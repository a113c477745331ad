/* internal.h - what the joint and the per-sample pullback share (internal). */
#ifndef COSTATE_ADJOINT_INTERNAL_H
#define COSTATE_ADJOINT_INTERNAL_H

#include <costate/adjoint/adjoint.h>

#include "../nde/solver.h"

struct adj_solver {
    nde_solver *s;
    const void
        *owner; /* the operation whose solve the record holds (operation.c); NULL: nobody's */
    adj_options o;
    /* the last solve's arguments */
    long              n;
    int               times, t_each;
    double           *t;
    long              t_room;
    const void      **args;  /* the caller's arrays, in a list of our own */
    struct adj_lanes *lanes; /* per sample: lanes.c */
    /* cotangents on their way: of (y1, carry1) and of (y, carry); of the interpolant */
    char   *lambda[2], *kappa[2], *d_y, *d_y1, *d_k, **k, **zero_k, *zero;
    char  **coefficient_bar;
    double *t_bar, *h_bar, *d_t, *d_h, *rows[NDE_COLUMNS];
    void  **args_now, **args_sum;
    /* cotangents of states: the first of each step, the one after it; -1: none */
    long *state_first, *state_next, state_steps_room, state_room;
    int   has_states;
};

ad_status adj_pullback_joint(adj_solver *a, const adj_cotangents *c);
ad_status adj_pullback_lanes(adj_solver *a, const adj_cotangents *c);

/* steps.c: may these cotangents be given? Where are those of states? */
ad_status adj_check_cotangents(const adj_solver *a, const adj_cotangents *c);
ad_status adj_list_states(adj_solver *a, const adj_cotangents *c);

/* The first cotangent of the state of a step, then those after it; -1: none (left). */
static inline long adj_first_state(const adj_solver *a, long step)
{
    return a->has_states ? a->state_first[step] : -1;
}

/* Those of a step's estimates. */
static inline nde_estimates_bar adj_estimates_bar(const adj_cotangents *c, long step)
{
    return (nde_estimates_bar){ .error     = c->error_bar ? c->error_bar[step] : 0,
                                .stiffness = c->stiff_bar ? c->stiff_bar[step] : 0,
                                .unscaled  = c->unscaled_bar ? c->unscaled_bar[step] : 0 };
}

static inline int adj_any_estimates(const adj_cotangents *c)
{
    return c->error_bar || c->stiff_bar || c->unscaled_bar;
}

ad_status adj_lanes_new(adj_solver *a);
void      adj_lanes_free(struct adj_lanes *w);

/* args_sum += what the last pullback of n rows set; index: rows of the whole batch (NULL: the rows themselves) */
void adj_add_args(adj_solver *a, long n, const long *index);
/* coefficient_bar and y_bar of one output's cotangent at x, rows n */
void adj_seed_output(adj_solver *a, long n, double x, const char *y_bar);

/* A cotangent of n start states that is not finite is a failure; index: which samples they are (NULL: the rows themselves). */
ad_status adj_check_finite(const adj_solver *a, long n, const char *lambda, const long *index);

#endif
