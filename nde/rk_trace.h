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

ad_status nde_rk_trace_field(rk_tracer *r);
/* (t, y, args) -> f */
ad_status nde_rk_trace_start(rk_tracer *r, rk_graph *out);
/* (t, h, [lo, hi], y, [carry], args) -> (y1, [carry1], columns, the other stages' k) */
ad_status nde_rk_trace_step(rk_tracer *r, rk_graph *out);
/* (t, h, [lo, hi], y, y1, k_1 .. k_s, args) -> coefficients 1 .. degree */
ad_status nde_rk_trace_dense(rk_tracer *r, rk_graph *out);

int nde_rk_degree(const nde_tableau *m);
int nde_rk_dense_evaluations(const nde_tableau *m);

#endif
