/* kind.h - a regularizer from inside: what it adds to a problem, and when it is asked (internal).

   reg_solver_new() lets every term change the problem (prepare) and compile what it needs (compile). A solve then is

       times   the term may move times and ask for states at further ones
       before  it fills its args (noise)
       (solve)
       after   it tells R
       seed    it adds lambda dR to the cotangents of the solve, and what does not go through the solve to theta_bar

   Every function may be NULL. The same hooks serve joint and per-sample solves. */
#ifndef COSTATE_REGULARIZERS_KIND_H
#define COSTATE_REGULARIZERS_KIND_H

#include <costate/regularizers/regularizer.h>

typedef struct reg_state reg_state; /* a term in use; what it keeps begins with base below */

/* dr/dt of an integral that joins the state: a batched [n, 1] of the state's type. `at` and f[at->parts] are the problem's own
   point and field; args: those that the term added. */
typedef ad_var reg_integrand(const nde_point *at, const ad_var f[], const ad_var args[],
                             const reg_state *t);

/* The problem while terms change it. */
typedef struct reg_problem reg_problem;

/* An integral from t0, out of error control unless controlled. Returns its number, < 0: no memory. */
int reg_add_integral(reg_problem *p, reg_state *t, const char *name, reg_integrand *integrand,
                     int controlled);
/* An arg of the solve, filled by the term in `before`; the reg_integrand of the term gets them in order. */
int reg_add_arg(reg_problem *p, reg_state *t, const nde_arg *arg);

/* What terms see. */
typedef struct reg_context {
    const nde_ode *ode;     /* of the user: without what terms add                             */
    nde_options   *solve;   /* in prepare: may be changed (estimates)                           */
    adj_options   *adjoint; /* likewise                                                         */
    const nde_tableau *method;
    int                parts; /* regularized, >= 1                                                */
    long        capacity;     /* samples                                                          */
    adj_solver *solver;       /* from compile on                                                  */
} reg_context;

/* One solve. */
typedef struct reg_run {
    reg_solver           *s; /* whose it is: for the functions below */
    const reg_context    *c;
    const nde_solve_args *a; /* as the user gave it                                               */
    double  *t; /* the times that are solved for, [times] or [n][times]; `times` may change them */
    uint64_t draw; /* key of this solve's random numbers                                */
} reg_run;

/* The direction of a row's time (of all rows, without t_each). */
static inline double reg_sign(const reg_run *r, long row)
{
    const double *t = r->t + (r->a->t_each ? row * r->a->times : 0);
    return t[r->a->times - 1] >= t[0] ? 1 : -1;
}

/* States at a further time, one for all (t[0]) or, with t_each or per sample, one a sample (t[n]); inside the interval. Returns
   the number of the request, to be used after the solve. < 0: no memory. */
int reg_ask_states(reg_run *r, const double *t, int each);
/* [n, dim], parts one behind the other as y0; and where its cotangent is added (zero at first). */
const void *reg_asked(const reg_run *r, int request);
void       *reg_asked_bar(reg_run *r, int request);

/* Integral i's value at the end, [n, 1], and where its cotangent is added. */
const void *reg_integral(const reg_run *r, int i);
void       *reg_integral_bar(reg_run *r, int i);
/* Where arg i is filled, [n, ..] or shared. */
void *reg_arg(reg_run *r, int i);

/* Cotangents of the solve's estimates, zero at first, one a step in the order of adj_step_t(). */
typedef struct reg_seeds {
    double *error, *unscaled, *stiffness, *h;
    int     error_used, unscaled_used, stiffness_used, h_used; /* set where something was added */
    void *theta_bar; /* for gradients that do not go through the solve; NULL: not wanted          */
} reg_seeds;

/* Adds a cotangent of the state at the start of accepted step `step`, laid out as adj_step_state() without integrals. In `seed`. */
ad_status reg_seed_state(reg_run *r, long step, const void *y_bar);

struct reg_kind {
    reg_about about;
    int order_least, order_most; /* of a name with a number (taynode2 .. taynode6); 0: none   */
    const char *number;          /* what FROM is, when it is no coefficient ("half-width"); NULL */
    size_t      size;            /* of its reg_state                                          */
    ad_status (*check)(const reg_term *t, const reg_context *c);
    ad_status (*prepare)(reg_state *t, reg_context *c, reg_problem *p);
    ad_status (*compile)(reg_state *t, reg_context *c);
    ad_status (*times)(reg_state *t, reg_run *r);
    ad_status (*before)(reg_state *t, reg_run *r);
    ad_status (*after)(reg_state *t, reg_run *r, double *value);
    ad_status (*seed)(reg_state *t, reg_run *r, double lambda, reg_seeds *s);
    void (*free)(reg_state *t); /* what it keeps; not t itself */
};

struct reg_state {
    const reg_kind *kind;
    reg_term        term;
    double          lambda; /* of this solve */
};

/* Is the i-th option of the kind set? */
static inline int reg_has(const reg_state *t, int i)
{
    return (int)(t->term.options >> i & 1);
}

/* A uniform number in (0, 1), the i-th of stream `stream` of this solve. */
double reg_uniform(uint64_t draw, uint32_t stream, uint64_t i);
double reg_normal(uint64_t draw, uint32_t stream, uint64_t i);

int             reg_kind_count(void);
const reg_kind *reg_kind_at(int i);

#endif
