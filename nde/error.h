/* error.h - from the rows of a step to its error and stiffness estimates (internal).

   Columns of the rows, each a sum over the numbers of a sample that take part in error control:
     0  sum (h e.k / scale)^2          1  sum (h e2.k / scale)^2 (dop853 alone; else 0)
     2  sum (h e.k)^2                  3  sum |k_{i+1} - k_i|^2          4  sum |g_{i+1} - g_i|^2
   (2: NDE_ESTIMATE_UNSCALED; 3, 4: NDE_ESTIMATE_STIFFNESS). With q the column totals over m numbers

     E = sqrt(q0 / m),   dop853:  E = q0 / sqrt(m (q0 + 0.01 q1))   (Hairer, Norsett, Wanner I, II.10),
     S = sqrt(q3 / q4),    U = sqrt(q2 / m). */
#ifndef COSTATE_NDE_ERROR_H
#define COSTATE_NDE_ERROR_H

#include "step.h"

double nde_error(const nde_step *s, const double q[NDE_COLUMNS], double m);
double nde_stiffness(const double q[NDE_COLUMNS]);
double nde_unscaled(const double q[NDE_COLUMNS], double m);

/* Cotangents of the three estimates of a step. */
typedef struct nde_estimates_bar {
    double error, stiffness, unscaled;
} nde_estimates_bar;

/* q_bar += dE/dq E_bar + dS/dq S_bar + dU/dq U_bar; each zero where its estimate is. */
void nde_error_pullback(const nde_step *s, const double q[NDE_COLUMNS], double m,
                        const nde_estimates_bar *bar, double q_bar[NDE_COLUMNS]);

#endif
