/* transform.h - derivatives, graph to graph. Results are ordinary expressions: they nest at will. */
#ifndef COSTATE_AUTODIFF_TRANSFORM_H
#define COSTATE_AUTODIFF_TRANSFORM_H

#include <costate/autodiff/ops.h>

COSTATE_BEGIN_DECLS

/* x_bar[j] = sum_i (dy_i / dx_j)' y_bar_i, shaped as x[j]; a zero constant where nothing arrives.
   y_bar[i] may be AD_NONE (zero). Seeds are shaped as y. */
ad_status ad_vjp(int ny, const ad_var y[], const ad_var y_bar[], int nx, const ad_var x[],
                 ad_var x_bar[]);

/* y_dot[i] = sum_j (dy_i / dx_j) x_dot_j. x_dot[j] may be AD_NONE (zero). */
ad_status ad_jvp(int nx, const ad_var x[], const ad_var x_dot[], int ny, const ad_var y[],
                 ad_var y_dot[]);

/* Gradient of a shared scalar. */
ad_status ad_gradient(ad_var loss, int nx, const ad_var x[], ad_var x_bar[]);
/* H v, forward over reverse. */
ad_status ad_hvp(ad_var loss, int nx, const ad_var x[], const ad_var v[], ad_var hv[]);
/* Jacobian of y by x per sample: [n, dy, dx] for batched [n, dy], [n, dx] (or [dy, dx] shared); reverse picks the mode. */
ad_var ad_jacobian(ad_var y, ad_var x, int reverse);

/* The parameter nodes that y depends on: at most max, returns how many there are. Out of memory is the graph's
   status. */
int ad_params_used(int ny, const ad_var y[], int max, ad_var params[]);
/* The views of p to which no y sends a gradient (read by nothing, or only behind stop_gradient, comparisons, ...): their
   indices, at most max, into view[], how many there are into *count. A node of all parameters covers every view. */
ad_status ad_params_unused(const ad_params *p, int ny, const ad_var y[], int max, int view[],
                           int *count);

COSTATE_END_DECLS
#endif
