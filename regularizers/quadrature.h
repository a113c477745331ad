/* quadrature.h - what regularizers that are integrals along the solution share (internal).

       R = mean over samples of |int_{t0}^{t1} r(t, y(t)) dt|,                                                 (1)

   r >= 0, carried as a further part of the state. It takes no part in error control unless asked: with it there, training needs
   more evaluations instead of fewer. */
#ifndef COSTATE_REGULARIZERS_QUADRATURE_H
#define COSTATE_REGULARIZERS_QUADRATURE_H

#include "kind.h"

typedef struct reg_quadrature {
    reg_state base;
    int       integral;
    int       parts; /* of the state that are regularized */
} reg_quadrature;

ad_status reg_quadrature_add(reg_state *t, reg_context *c, reg_problem *p, reg_integrand *r,
                             int controlled);
ad_status reg_quadrature_after(reg_state *t, reg_run *r, double *value);
ad_status reg_quadrature_seed(reg_state *t, reg_run *r, double lambda, reg_seeds *s);

/* An integrand that could not be traced: marks the graph, unless whatever failed has. */
ad_var reg_untraced(const nde_point *at, ad_status s);

/* mean over a sample's numbers in x[0..parts) of x^2: [n, 1] */
ad_var reg_mean_square(int parts, const ad_var x[]);
/* x_dot[i] of v[0..count) when (t, y) moves along (1, y_dot); y_dot of all parts of at. */
ad_status reg_along(const nde_point *at, double t_dot, const ad_var y_dot[], int count,
                    const ad_var v[], ad_var v_dot[]);

#endif
