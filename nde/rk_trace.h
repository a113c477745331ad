/* rk_trace.h - the graphs of an explicit Runge-Kutta method (internal to rk_*.c). */
#ifndef COSTATE_NDE_RK_TRACE_H
#define COSTATE_NDE_RK_TRACE_H

#include "step.h"

/* The field, traced once: inputs t, parts, args in f's own graph. */
typedef struct rk_field {
    ad_graph *g;
    ad_var    t, *y, *args, *dy;
} rk_field;

typedef struct rk_graph {
    ad_graph *g;
    int       nin, nout;
    ad_var   *in, *out;
} rk_graph;

typedef struct rk_tracer {
    const nde_step_spec *spec;
    const nde_tableau   *m;
    ad_arena            *arena;
    rk_field             f;
    int                  parts, nargs, clamped; /* clamped: lo, hi bound the stages' times */
    unsigned             columns;
    ad_var               lo, hi;
} rk_tracer;

/* rk_expression.c: a step in a graph of the caller's. */
typedef struct rk_expression {
    ad_graph *g;
    ad_var t, h; /* float64; the stages' times stay in the tracer's [lo, hi] where it is clamped */
    const ad_var *y, *k1, *args; /* k1 NULL: evaluated */
    /* what becomes of it */
    ad_var *y1, *k[NDE_STAGES], *at[NDE_STAGES]; /* k_i = f(.., at_i)               */
    ad_var  column[NDE_COLUMNS];                 /* of error.h: the tracer's columns */
} rk_expression;

ad_status nde_rk_trace_field(rk_tracer *r);
/* k = f(t, y), inlined into g */
ad_status nde_rk_call(rk_tracer *r, ad_graph *g, ad_var t, const ad_var y[], const ad_var args[],
                      ad_var k[]);
ad_status nde_rk_express(rk_tracer *r, rk_expression *w);

ad_var  *nde_rk_vars(rk_tracer *r, int n);
ad_shape nde_rk_time_shape(const rk_tracer *r);
/* t + c h, kept inside [lo, hi]: one ulp inside a piece where the step ends at a break point. */
ad_var nde_rk_stage_time(const rk_tracer *r, ad_var t, ad_var h, double c);
/* sum_j w[j] k[j] of part p over the non-zero weights (dead when there is none); y + h times it */
ad_var nde_rk_weighted(int n, const double w[], ad_var *const k[], int p);
ad_var nde_rk_advance(ad_var y, ad_var h, int n, const double w[], ad_var *const k[], int p);
/* atol + rtol size, of part p */
ad_var nde_rk_scale(const rk_tracer *r, ad_var size, int p);
/* Sum of the squares of a sample's numbers, in float64: [n, 1]. And sums of n of them (x is overwritten). */
ad_var nde_rk_sum_squares(ad_var x);
ad_var nde_rk_add_all(int n, ad_var x[]);

/* rk_trace.c: whole graphs.
   (t, y, args) -> f */
ad_status nde_rk_trace_start(rk_tracer *r, rk_graph *out);
/* (t, h, [lo, hi], y, [carry], args) -> (y1, [carry1], columns, the other stages' k) */
ad_status nde_rk_trace_step(rk_tracer *r, rk_graph *out);
/* (t, h, [lo, hi], y, y1, k_1 .. k_s, args) -> coefficients 1 .. degree */
ad_status nde_rk_trace_dense(rk_tracer *r, rk_graph *out);

int nde_rk_degree(const nde_tableau *m);
int nde_rk_dense_evaluations(const nde_tableau *m);

#endif
