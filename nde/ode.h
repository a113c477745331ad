/* ode.h - ordinary differential equations, integrated.

   An nde_ode states a problem,

       y'(t) = f(t, y(t), args; theta),    y(t[0]) = y0,                                                       (1)

   an nde_options says how well to solve it, and an nde_solver is the two compiled: f is traced once, the method's step
   is built around it, and the whole is planned into fixed buffers. Once nde_solver_new() has returned, a solve that
   records nothing allocates nothing, however many steps it takes. */
#ifndef COSTATE_NDE_ODE_H
#define COSTATE_NDE_ODE_H

#include <costate/autodiff/plan.h>
#include <costate/nde/controller.h>
#include <costate/nde/tableau.h>

COSTATE_BEGIN_DECLS

/* What a field sees of the place where it is asked. t is float64, shape [1] (joint) or [n, 1] (per sample): cast it. */
typedef struct nde_point {
    ad_graph     *g;
    ad_var        t;
    ad_var        y; /* part[0]                                    */
    int           parts;
    const ad_var *part; /* the state's parts, batched                 */
    int           nargs;
    const ad_var *args;  /* per-solve constants                        */
    ad_params    *theta; /* NULL: the problem has none                 */
    ad_type       type;
} nde_point;

typedef ad_var nde_field(const nde_point *at, void *ctx); /* one part               */
typedef void   nde_field_parts(const nde_point *at, ad_var *dy,
                               void *ctx); /* dy[0..parts)           */
/* A plain C right-hand side, solve only: y, dy as in nde_solve(); returns non-zero to fail. */
typedef int nde_field_plain(double t, long n, const void *y, void *dy, void *ctx);

/* A part of the state: [n, dim...] for each sample. */
typedef struct nde_part {
    const char *name;
    ad_shape    shape;    /* batched, dim[0] = 1                                  */
    int         no_error; /* 1: takes no part in error control                    */
} nde_part;

typedef struct nde_arg {
    const char *name;
    ad_shape    shape; /* batched or shared */
    ad_type     type;  /* 0: the state's    */
} nde_arg;

typedef struct nde_ode {
    nde_field       *field; /* exactly one of the three                                 */
    nde_field_parts *field_parts;
    nde_field_plain *field_plain;
    void            *ctx;
    ad_type          type; /* of the state: AD_F64 when 0                              */
    long             dim;  /* short for one part [n, dim] named "y"                    */
    int              parts;
    const nde_part  *part;
    int              nargs;
    const nde_arg   *args;
    ad_params       *theta; /* of the state's type                                      */
} nde_ode;

typedef enum nde_batching { NDE_JOINT, NDE_PER_SAMPLE } nde_batching;

typedef struct nde_event_step {
    double t, h, error;
    long   n;
    int    accepted;
} nde_attempt;
typedef int nde_observer(const nde_attempt *a, void *ctx); /* non-zero: cancel */

#define NDE_ZERO (-1.0) /* where 0 means the default and zero is wanted */

typedef struct nde_options {
    const nde_tableau    *method;       /* &nde_tsit5                                            */
    double                rtol, atol;   /* 1e-3, 1e-6: RMS of err / (atol + rtol max(|y|, |y1|)) */
    const double         *atol_each;    /* NULL, or one for each component of a sample's state   */
    const nde_controller *controller;   /* the I controller                                      */
    double                h;            /* first step; Hairer's rule                             */
    double                fixed_step;   /* > 0: steps of this size, no error control             */
    int                   nsteps_given; /* given step points: the grid is exactly this           */
    const double *steps_given; /* read anew by every solve: stays the caller's              */
    int           nbreaks;     /* points where f jumps                                  */
    const double *breaks;
    long          max_steps;    /* 100000                                                */
    double        h_min, h_max; /* 0: none                                               */
    nde_batching  batching;
    int           estimates; /* NDE_ESTIMATE_*: columns of the rows beside the scaled error */
    nde_observer *observe;
    void         *observe_ctx;
    int           timing; /* 1: stats.seconds_field is measured                    */
} nde_options;

enum { NDE_ESTIMATE_UNSCALED = 1, NDE_ESTIMATE_STIFFNESS = 2 };

typedef struct nde_stats {
    long accepted, rejected;
    long nfe;  /* evaluations of f by this solve                                     */
    long nvjp; /* vjps of f by the last pullback through it (adjoint.h)              */
    long nfe_torchdiffeq,
        nfe_julia;        /* as those count: 2 + 6 steps..., 3 + 6 steps for tsit5       */
    double seconds;       /* of the whole solve                                                 */
    double seconds_field; /* inside the step's plan: field and stage sums; 0 without o.timing    */
    size_t bytes;         /* blocks and log                                                     */
    double t_reached;
} nde_stats;

typedef struct nde_solver nde_solver;

ad_status nde_solver_new(nde_solver **s, const nde_ode *ode, const nde_options *o, long capacity);
void      nde_solver_free(nde_solver *s);

/* Numbers of one sample's state. */
long nde_solver_dim(const nde_solver *s);

typedef struct nde_solve_args {
    long n;          /* samples                                                                */
    int  times;      /* >= 2; t[0] is the start; monotone, forwards or backwards               */
    const double *t; /* per sample with t_each: [n][times]                                     */
    int           t_each;
    const void   *y0; /* parts one behind the other, each [n, dim...], of the state's type      */
    const void *const
               *args; /* nargs pointers                                                         */
    const void *theta;
    uint64_t    seed;
    void       *y;      /* out: [times] states, each laid out as y0; t[0]'s is y0 itself          */
    ad_status  *status; /* out, per sample: [n] or NULL                                           */
} nde_solve_args;

/* Solves without recording. On failure the outputs before stats.t_reached are valid, the others NaN. */
ad_status        nde_solve(nde_solver *s, const nde_solve_args *a);
const nde_stats *nde_solver_stats(const nde_solver *s);
/* Accepted steps of the last solve (joint; per sample: of lane i), start included: count, then times. Kept when an
   observer or recording is on. */

COSTATE_END_DECLS
#endif
