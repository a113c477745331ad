/* regularizer.h - what keeps a learned equation easy to solve, and a solve that carries it.

   Training minimises

       L(theta) + sum_i lambda_i R_i,                                                                          (1)

   where R_i reads the solver's own error or stiffness estimates (Pal, Ma, Shah, Rackauckas 2021; Pal, Edelman,
   Rackauckas 2023), an integral along the solution (Kelly, Bettencourt, Johnson, Duvenaud 2020; Finlay, Jacobsen, Nurbekyan,
   Oberman 2020), or moves the times (Ghosh, Behl, Dupont, Torr, Namboodiri 2020). A reg_solver wraps problem and adjoint:
   nothing below it knows a regularizer's name. A regularizer is one file and one line of registry.def. */
#ifndef COSTATE_REGULARIZERS_REGULARIZER_H
#define COSTATE_REGULARIZERS_REGULARIZER_H

#include <costate/adjoint/adjoint.h>

COSTATE_BEGIN_DECLS

/* --- what is asked for --------------------------------------------------------------------------------------------- */

/* lambda(p), p from 0 to 1 over training:
       constant      from
       linear        from + (to - from) p
       exponential   from (to / from)^p                       the authors' choice, and the default of FROM..TO
       inverse       from / (1 + (from / to - 1) p)                                                              */
typedef enum reg_shape { REG_CONSTANT, REG_LINEAR, REG_EXPONENTIAL, REG_INVERSE } reg_shape;

typedef struct reg_coefficient {
    reg_shape shape;
    double    from, to;
    int       epochs; /* 1: p moves at the start of an epoch only */
} reg_coefficient;

/* Where training stands: the part of it that is done, now and when this epoch began (without epochs: the same). */
typedef struct reg_progress {
    double now, epoch;
} reg_progress;

double reg_coefficient_at(const reg_coefficient *c, reg_progress p);

typedef struct reg_kind reg_kind; /* kind.h */

enum { REG_MOST = 8 }; /* terms at once */

/* A term of (1) as it was written: "error+sum:100..10", "taynode3:0.003". */
typedef struct reg_term {
    const reg_kind *kind;
    int             order;   /* the 3 of taynode3; 0: the kind has none                         */
    unsigned        options; /* bit i: the i-th word of the kind's options                      */
    reg_coefficient lambda;
} reg_term;

/* TERM[,TERM..] with TERM = NAME[+OPTION..]:FROM[..TO][@SHAPE][/epoch]. Fills at most `most` terms and tells how many there
   are. NULL or "" or "none": 0. AD_INVALID and a sentence that points at the mistake, with the nearest name. */
ad_status reg_parse(const char *text, int most, reg_term *term, int *count);
/* The term as it would be typed, into text; returns text. */
char *reg_term_text(const reg_term *t, char *text, size_t size);

/* The registry, for lists. NULL behind the last. */
typedef struct reg_about {
    const char *name, *about, *options, *cite;
} reg_about;
const reg_about *reg_about_at(int i);

/* --- a solve that carries it ------------------------------------------------------------------------------------------ */

typedef struct reg_solver reg_solver;

typedef struct reg_solver_spec {
    const nde_ode *ode; /* the problem without regularizers                                    */
    const nde_options *solve;
    const adj_options
                   *adjoint; /* NULL: the default                                               */
    int             terms;   /* 0: the plain gradient                                           */
    const reg_term *term;    /* copied                                                          */
    int parts; /* leading parts of the state that are regularized; 0: all (a flow's log-density is not) */
    long capacity;
} reg_solver_spec;

/* AD_UNSUPPORTED and a sentence that names what can, where method, batching or adjoint cannot carry a term. */
ad_status reg_solver_new(reg_solver **s, const reg_solver_spec *spec);
void      reg_solver_free(reg_solver *s);

/* One training solve, as adj_solve() of the problem without regularizers: a->y has the states at the times of a->t, or, where a
   regularizer moves times (steer), at the moved ones. draw: what random choices are keyed by (seed and iteration). */
ad_status reg_solve(reg_solver *s, const nde_solve_args *a, reg_progress p, uint64_t draw);

/* The same problem with no regularizer at work: for validation. It is not for reg_pullback(). (Integrals are still there, but
   add nothing; one that is `controlled` takes part in the choice of steps.) */
ad_status reg_evaluate(reg_solver *s, const nde_solve_args *a);

/* sum_i lambda_i R_i of the last solve. */
double reg_value(const reg_solver *s);

/* As adj_pullback(), of L + sum_i lambda_i R_i: y_bar is that of L alone. AD_INVALID unless the last thing done was a reg_solve()
   that succeeded. Cotangents of states at steps are laid out as adj_step_state() of reg_adjoint() has them. */
ad_status reg_pullback(reg_solver *s, const adj_cotangents *c);

typedef struct reg_result {
    const reg_term *term;
    double lambda, value; /* lambda_i and R_i; NaN: the term has no value (steer)           */
    double norm;          /* |d (lambda_i R_i) / d theta|; NaN: not measured at the last solve */
} reg_result;
const reg_result *reg_result_of(const reg_solver *s, int i);

/* Measures norm for every term: a pullback each, on top of the gradient's. After reg_solve(). */
ad_status reg_measure(reg_solver *s);

/* Steps, statistics, estimates: of the problem as it was solved. */
adj_solver *reg_adjoint(const reg_solver *s);

COSTATE_END_DECLS
#endif
