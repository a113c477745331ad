/* operation.h - a solve as one operation of a larger graph.

   An encoder, a solve, a decoder and a loss are one expression, differentiated as one:

       y = solve(y0, args, theta, t),    (y0, args, theta, t)_bar = vjp(solve)(y_bar),                         (1)

   the value by adj_solve(), the vjp by adj_pullback(). The pullback may run long after the value, and after other solves
   of the same solver: the operation remembers what it solved, and solves again where the record is gone or the inputs
   are others. Nothing of a solver may run on two threads at once, so a plan with this operation in it is for one thread.

   First derivatives in reverse: a jvp, or a derivative of the gradient, is AD_UNSUPPORTED when it is asked for. */
#ifndef COSTATE_ADJOINT_OPERATION_H
#define COSTATE_ADJOINT_OPERATION_H

#include <costate/adjoint/adjoint.h>

COSTATE_BEGIN_DECLS

typedef struct adj_operation adj_operation;

/* Variables of one graph. A variable left zero ({ NULL, 0 }) or AD_NONE is not given. */
typedef struct adj_operation_spec {
    adj_solver *
        solver; /* must outlive the operation                                                           */
    ad_var
        y0; /* [n, dim] of the state's type: a row holds a sample's parts one behind the other      */
    int times;
    const double *
        t; /* [times], copied; or                                                                  */
    ad_var
        t_var; /* float64 [times], or [n, times] for times of each sample's own (per sample)           */
    int nargs; /* as many as the problem has                                                           */
    const ad_var *
        args; /* shaped as the problem's                                                              */
    ad_var
        theta; /* [count]; not given: the parameters of the graph, all views as one node               */
    uint64_t
        seed; /* of the field's random draws                                                          */
} adj_operation_spec;

/* The states at all times, [n, times * dim]: ad_reshape() to [n, times, dim]. A mistake is the graph's (ad_graph_status())
   and *op is NULL. *op is for the caller to free, after the graph and every plan made of it. A solve that fails stops the
   plan's run with its status and sentence. */
ad_var adj_operation_new(adj_operation **op, const adj_operation_spec *spec);
void   adj_operation_free(adj_operation *op);

typedef struct adj_operation_stats {
    long solves;    /* by the value                                                       */
    long repeated;  /* by the pullback, because the record was of other inputs, or gone   */
    long pullbacks; /* one serves all inputs                                              */
} adj_operation_stats;
const adj_operation_stats *adj_operation_stats_of(const adj_operation *op);

COSTATE_END_DECLS
#endif
