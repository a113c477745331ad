/* adjoint.h - the exact gradient of a solve: vjp of the method's own steps, replayed backwards.

   With the accepted steps n = 0..N-1 recorded by adj_solve(), the pullback is

       (y_bar_n, k_bar_n, theta_bar, ...) += vjp(step_n)(y_bar_{n+1}, k_bar_{n+1}, ...),                       (1)

   the discrete adjoint of the very numbers that the forward solve produced: step sizes are constants unless through_h asks
   otherwise, t[0] and t[end] move the first and the last grid point. No line here knows a method. */
#ifndef COSTATE_ADJOINT_ADJOINT_H
#define COSTATE_ADJOINT_ADJOINT_H

#include <costate/nde/ode.h>

COSTATE_BEGIN_DECLS

typedef enum adj_mode {
    ADJ_STORE_ALL, /* every stage's residuals are kept: one forward and one backward of f a stage, nothing recomputed */
    ADJ_RECOMPUTE, /* y (and k1) of each step are kept, the step is run again before its pullback                     */
} adj_mode;

/* The modes by name, for lists and messages; NULL behind the last. */
int         adj_mode_count(void);
const char *adj_mode_name(int i);
const char *adj_mode_about(int i);

typedef struct adj_options {
    adj_mode
        mode; /* ADJ_STORE_ALL                                                                                   */
    int estimates_bar; /* 1: a pullback of its own for cotangents of the estimates; without it these work, but cost
                          those of t and h as well                                                               */
    int through_h; /* 1: step sizes are no constants but what the controller made of the errors before them,
                          rejected attempts included; joint batching alone. The first step is a constant         */
} adj_options;

typedef struct adj_solver adj_solver;

/* Compiles problem, method and gradient. A field that is a plain C function cannot be differentiated: AD_UNSUPPORTED. */
ad_status adj_solver_new(adj_solver **s, const nde_ode *ode, const nde_options *o,
                         const adj_options *a, long capacity);
void      adj_solver_free(adj_solver *s);

/* Solves and records. Arguments and results as nde_solve(). */
ad_status        adj_solve(adj_solver *s, const nde_solve_args *a);
const nde_stats *adj_solver_stats(const adj_solver *s);
long             adj_solver_dim(const adj_solver *s);

/* Cotangents in and out of one pullback; each out may be NULL (not wanted) and is *set*, but theta_bar is added to.
   Those of estimates have one number for each accepted step, in the order of adj_step_t(). */
typedef struct adj_cotangents {
    const void *
        y_bar; /* in: [times] states, laid out as nde_solve_args.y (its t[0] entry counts too)              */
    const double *
        error_bar; /* in: dL/dE_n, E_n the scaled error                                                        */
    const double *
        stiff_bar; /* in: dL/dS_n, S_n the stiffness estimate (NDE_ESTIMATE_STIFFNESS)                         */
    void *
        y0_bar; /* out: as y0                                                                               */
    void *const *
        args_bar; /* out: nargs pointers, shaped as the args                                                  */
    void *
        theta_bar; /* out: ad_params_count() numbers, added to                                                 */
    double *
        t_bar; /* out: [times] ([n][times] with t_each). dL/dt[0] moves the first grid point, dL/dt[times - 1]
                                 the last; inner output times are evaluation points                                       */
    const double *
        unscaled_bar; /* in: dL/dU_n, U_n = RMS of h e.k, the error unscaled (NDE_ESTIMATE_UNSCALED)           */
    const double *
        h_bar; /* in: dL/dh_n where L names h_n itself (signed, as adj_step_h()); with through_h alone         */
    long
        states; /* in: cotangents of states at the starts of steps, dL/dy_n: how many,                        */
    const long *
        state_step; /* at which steps, in any order, each as often as wanted,                                  */
    const void *
        state_bar; /* and the cotangents, one behind the other, each laid out as adj_step_state() has it       */
} adj_cotangents;

/* Pulls back through the last adj_solve() of this solver (whose args and theta must still be there). On failure everything
   that it returns is NaN. */
ad_status adj_pullback(adj_solver *s, const adj_cotangents *c);

/* The accepted steps of the last solve: how many, their t, h, error and stiffness estimates. Per sample: all lanes' steps in the
   order in which they were taken. */
long          adj_steps(const adj_solver *s);
const double *adj_step_t(const adj_solver *s);
const double *adj_step_h(const adj_solver *s);
const double *adj_step_error(const adj_solver *s);
const double *adj_step_stiffness(const adj_solver *s);
const double *adj_step_unscaled(const adj_solver *s);
/* Per sample: whose step each is; NULL when joint (and out of memory). */
const long *adj_step_sample(const adj_solver *s);
/* The state from which accepted step `step` was taken: joint [n, dim], parts one behind the other as y0; per sample that of the
   step's sample alone. */
ad_status adj_step_state(adj_solver *s, long step, void *y);

/* The solve as one operation in a larger graph: operation.h. */

COSTATE_END_DECLS
#endif
