/* operation_internal.h - an operation's memory (internal). */
#ifndef COSTATE_ADJOINT_OPERATION_INTERNAL_H
#define COSTATE_ADJOINT_OPERATION_INTERNAL_H

#include "internal.h"
#include "operation.h"

struct adj_operation {
    adj_solver         *a;
    adj_operation_stats stats;
    int                 times, t_each, at_t, at_theta; /* numbers of the inputs; 0: not one */
    uint64_t            seed;
    long                count;      /* of theta's node                          */
    size_t              theta_room; /* of theta_bar: the solver's whole buffer  */
    long                n;          /* rows of what is remembered               */
    int     solved, pulled; /* is y the value of it, the cotangents the pullback of y_bar? */
    char   *y0, *y, *theta, *y_bar, *y0_bar, *theta_bar;
    double *t, *t_bar;
    void  **args, **args_bar;
    char   *fresh; /* states in the solver's layout, to compare */
};

/* Bytes of n samples' arg i; of n samples' state. */
size_t adj_operation_arg(const adj_operation *op, int i, long n);
size_t adj_operation_state(const adj_operation *op, long n);

/* The callback; ctx is the operation. */
ad_status adj_operation_value(long n, const void *const in[], void *out, void *ctx);
ad_status adj_operation_vjp(long n, const void *const in[], const void *out, const void *out_bar,
                            void *const x_bar[], void *ctx);

#endif
