/* step.h - one attempt of a method and its pullback, as a table of functions (internal).

   The solve loops and the adjoints know nothing of a method but this. A function that is NULL cannot be had. Explicit
   Runge-Kutta: rk_trace.c traces the whole step as one graph,

       (t, h, y, carry, args; theta) -> (y1, carry1, rows, k_1 .. k_s),                                        (1)

   and its vjp is the pullback. carry is k1 where the last stage is the next step's first. rows [n, columns] in float64 are
   the sums from which the error (and stiffness) estimates follow: error.h. */
#ifndef COSTATE_NDE_STEP_H
#define COSTATE_NDE_STEP_H

#include "layout.h"

enum { NDE_COLUMNS = 5 };

/* Where things lie for one attempt on n rows. Times are [1] in joint mode, [n] per sample. */
typedef struct nde_attempt_io {
    long          n;
    const double *t, *h;
    const double *lo, *hi; /* bounds of the stages' times (problems with break points)     */
    const char   *y, *carry;
    char         *y1, *carry1;
    double       *rows[NDE_COLUMNS]; /* [n] each; only the step's columns are written           */
    char **k; /* stages' values, s pointers; k[0] is carry, k[s-1] carry1 where there is a carry */
    void  *residual; /* NULL: not kept                                              */
} nde_attempt_io;

/* The pullbacks of an attempt: from states (y1, carry1) to states and args; from everything to everything (rows, k; t, h); from
   states and rows to states and args. */
typedef enum nde_pull { NDE_PULL_STATES, NDE_PULL_FULL, NDE_PULL_ROWS } nde_pull;
enum { NDE_PULLS = 3 };

/* Cotangents of one attempt. In: those of y1, carry1, rows and k. Out (set): y, carry, args, t and h. */
typedef struct nde_attempt_bar {
    const char   *y1, *carry1;
    const double *rows[NDE_COLUMNS];
    char        **k;
    char         *y, *carry;
    double       *t, *h;
} nde_attempt_bar;

typedef struct nde_step nde_step;

typedef struct nde_step_class {
    const char *name;
    /* Parameters or args have changed: runs the once sections. */
    ad_status (*prepare)(nde_step *s);
    /* carry1 = the method's start at (t, y) */
    ad_status (*start)(nde_step *s, const nde_attempt_io *io);
    ad_status (*forward)(nde_step *s, const nde_attempt_io *io);
    /* the interpolant's coefficients, `degree` states: y(t + x h) = y + sum_p coefficient[p - 1] x^p */
    ad_status (*dense)(nde_step *s, const nde_attempt_io *io, char *const coefficient[]);
    ad_status (*pullback)(nde_step *s, const nde_attempt_io *io, const nde_attempt_bar *bar,
                          nde_pull what);
    ad_status (*start_pullback)(nde_step *s, const nde_attempt_io *io, const char *carry_bar,
                                char *y_bar, double *t_bar);
    /* after dense() of the same io, whose residuals it reads; adds nothing: sets bar->y, bar->y1 (written through),
       bar->k[..], bar->t, bar->h */
    ad_status (*dense_pullback)(nde_step *s, const nde_attempt_io *io,
                                char *const coefficient_bar[], nde_attempt_bar *bar, char *y1_bar);
    ad_status (*flush)(nde_step *s);        /* held-back parameter gradients into theta_bar */
    ad_status (*jvp)(nde_step *s);          /* not yet */
    ad_status (*pullback_jvp)(nde_step *s); /* not yet */
    ad_status (*inverse)(nde_step *s);      /* reversible methods */
    void (*free)(nde_step *s);
} nde_step_class;

/* Args of the solve that every call reads. */
typedef struct nde_ports {
    const void *const *args;     /* padded copies  */
    void *const       *args_bar; /* set by pullbacks; NULL: none */
    const void        *theta;
    void              *theta_bar;
    uint64_t           seed;
} nde_ports;

typedef struct nde_step_spec {
    const nde_ode     *ode; /* completed: parts and type filled in                          */
    const nde_options *o;
    const nde_layout  *layout;
    long               capacity;
    int gradient; /* 1: compile pullbacks; 2: NDE_PULL_ROWS too, else the full one is it */
} nde_step_spec;

struct nde_step {
    const nde_step_class *ops;
    const nde_tableau    *method;
    const nde_layout     *layout;
    nde_ports             ports;
    unsigned              columns; /* bit c: column c is computed */
    int                   stages, has_carry, degree;
    int                   evaluations;       /* of f in an attempt                               */
    int                   dense_evaluations; /* of f in a dense()                                */
    size_t                residual;          /* bytes of a frame                                 */
    int                   residuals;
    const ad_residual    *residual_array;
    size_t                bytes; /* blocks                                           */
};

ad_status nde_rk_step_new(nde_step **s, const nde_step_spec *spec);
ad_status nde_plain_step_new(nde_step           **s,
                             const nde_step_spec *spec); /* fields that are plain C functions */
void      nde_step_free(nde_step *s);

#endif
