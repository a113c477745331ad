/* local.h - the error or the stiffness of one step of its own, taken somewhere along the solution (internal).

       r = h E(t, y; h, k1)   or   r = S(t, y; h, k1) / stability,                                             (1)
       k1 = f(t, y),  h = the automatic first step from there,

   E and S the estimates of that step, theta in its stages' f. As published everything but theta in k2 .. ks is a constant. */
#ifndef COSTATE_REGULARIZERS_LOCAL_H
#define COSTATE_REGULARIZERS_LOCAL_H

#include <costate/nde/trace.h>

#include "kind.h"

/* The options of the kinds, in order. */
enum {
    REG_LOCAL_TSIT5,
    REG_LOCAL_STATE,
    REG_LOCAL_K1,
    REG_LOCAL_STEP,
    REG_LOCAL_UNSCALED,
    REG_LOCAL_NOSTEP,
};

typedef struct reg_local {
    nde_trace         *trace;
    const nde_tableau *method;
    int                parts, stiffness;
    unsigned       options; /* bits of the list above                                            */
    nde_trace_step at;      /* in: g, t, lo, hi, y, args                                         */
    ad_var sign, most;      /* time's direction, the way that is left: as at.t                   */
} reg_local;

/* r of (1): float64 [1], per sample [n, 1]. */
ad_status reg_local_express(const reg_local *w, ad_var *r);

/* What a row (the batch, or a sample) is asked with: t, time's direction, the way left, the bounds of the stages' times. */
enum {
    REG_LOCAL_T,
    REG_LOCAL_SIGN,
    REG_LOCAL_MOST,
    REG_LOCAL_LO,
    REG_LOCAL_HI,
    REG_LOCAL_TIMES,
};

typedef struct reg_local_state {
    reg_state    base;
    int          stiffness, biased, per_sample, request;
    int          nin, first; /* inputs of the plan; first: of the state's parts */
    nde_trace   *trace;
    ad_plan     *forward, *back;
    ad_work     *work, *back_work;
    size_t       size; /* of a number */
    long         dim;  /* of a sample's state, the user's */
    double      *t;    /* [5][capacity]: t, sign, most, lo, hi */
    double      *r, *r_bar;
    long        *step, *count; /* biased: the step chosen for each row */
    char        *y, *y_bar, *one, *residual, *theta_bar;
    const void **in;
    void       **out;
} reg_local_state;

static inline double *reg_local_times(const reg_local_state *s, const reg_run *r, int which)
{
    return s->t + which * r->c->capacity;
}

static inline long reg_local_rows(const reg_local_state *s, const reg_run *r)
{
    return s->per_sample ? r->a->n : 1;
}

/* local_plan.c */
ad_status reg_local_check_error(const reg_term *t, const reg_context *c);
ad_status reg_local_check_stiffness(const reg_term *t, const reg_context *c);
ad_status reg_local_compile(reg_local_state *s, const reg_context *c);
void      reg_local_clear(reg_state *t);

/* local_place.c: where the step is taken. One stream for all four kinds: asked together they look at one time. */
enum { REG_LOCAL_STREAM = 0x6c6f };
ad_status reg_local_ask(reg_state *t,
                        reg_run   *r); /* unbiased: draws times, asks for their states */
ad_status reg_local_place(reg_local_state *s,
                          reg_run         *r); /* after the solve: t and y                     */
/* Start and end of a row's solve. */
void reg_local_ends(const reg_run *r, long row, double *t0, double *t1);
/* One sample's parts, between an array of one and an array of n. */
void reg_local_copy(const reg_local_state *s, const reg_run *r, long i, char *one, char *all,
                    int into);

#endif
