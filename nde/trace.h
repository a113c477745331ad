/* trace.h - one step of a method, and the automatic first step, as expressions in a graph of yours.

       k_i = f(t + c_i h, y + h sum_j a_ij k_j),   y1 = y + h sum_i b_i k_i                                    (1)

   with the step's own estimates of its error and stiffness. They are ordinary expressions, so that anything made of them can be
   differentiated by the state, the step, the parameters. A solve does not pass here; its steps are the same expressions. */
#ifndef COSTATE_NDE_TRACE_H
#define COSTATE_NDE_TRACE_H

#include <costate/nde/ode.h>

COSTATE_BEGIN_DECLS

typedef struct nde_trace nde_trace;

/* Traces the field. Of the options it reads method, tolerances, controller, h_max, break points (copied) and batching. The
   lists of ode, and atol_each, must outlive the expressions' making. AD_UNSUPPORTED: the field is a plain C function. */
ad_status nde_trace_new(nde_trace **t, const nde_ode *ode, const nde_options *o);
void      nde_trace_free(nde_trace *t);

/* Float64 variables have shape [1], per sample [n, 1]. */
typedef struct nde_trace_step {
    ad_graph *g;
    ad_var    t, h;   /* float64; h with its sign                                                */
    ad_var    lo, hi; /* float64: bounds of the stages' times; NULL graphs (zeroed): none        */
    const ad_var *y,
        *k1; /* parts; k1 NULL: f(t, y) is evaluated                                    */
    const ad_var *args;
    /* out; the arrays are the trace's */
    const ad_var *y1, *k[NDE_STAGES];
    ad_var error; /* E: RMS of h e.k / (atol + rtol max(|y|, |y1|)) over the parts that take part in
                                error control, joint over the batch too                               */
    ad_var unscaled; /* U: RMS of h e.k                                                       */
    ad_var
        stiffness; /* S = |k_s - k_{s-1}| / |g_s - g_{s-1}|, g the stages' arguments. All three float64,
                                AD_NONE where the method has no such estimate, and 0 with derivative 0
                                where the solve's is 0                                                */
} nde_trace_step;

/* f = f(t, y), parts. */
ad_status nde_trace_field(nde_trace *t, const nde_trace_step *s, ad_var f[]);
/* (1) */
ad_status nde_trace_step_in(nde_trace *t, nde_trace_step *s);

/* The automatic first step from (t, y), k1 given, as controller.h has it: its size, in (0, most]. sign: +1 or -1, time's
   direction. One evaluation of f. With the controller "ordinarydiffeq" it is OrdinaryDiffEq's. */
ad_status nde_trace_initial_step(nde_trace *t, const nde_trace_step *s, ad_var sign, ad_var most,
                                 ad_var *size);

/* Where steps from t towards `end` must stop (end, or a break point before it), and lo, hi for them. */
void nde_trace_piece(const nde_trace *t, double from, double end, double *lo, double *hi,
                     double *stop);

COSTATE_END_DECLS
#endif
