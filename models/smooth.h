/* smooth.h - values and slopes of a noisy series by local polynomials (Savitzky and Golay 1964; Fan and Gijbels 1996).

   Around a time t a polynomial of degree d is fitted by least squares to the rows in reach, here in the form

       p(u) = c_0 + c_1 u + ... + c_d u^d,    u = (t_i - t) / width,                                      (1)

   so that c_0 is the value, c_1 / width the slope and 2 c_2 / width^2 the curvature. Which degree and how many rows: those whose prediction of each row
   from the others is best, which costs nothing extra, since (Allen 1974, PRESS)

       y_i - p_(-i)(t_i) = (y_i - p(t_i)) / (1 - h_ii),    h_ii = (X'X)^-1_00.                            (2) */
#ifndef COSTATE_MODELS_SMOOTH_H
#define COSTATE_MODELS_SMOOTH_H

#include <costate/autodiff/status.h>

COSTATE_BEGIN_DECLS

typedef struct mdl_smoother {
    int    degree;
    long   rows;  /* of one fit; where values are missing it reaches further */
    double error; /* root mean square of (2)                                */
} mdl_smoother;

/* A column of a series: value i stands at y[i * stride]. */
typedef struct mdl_column {
    long          len;
    const double *t, *y;
    long          stride;
} mdl_column;

/* The best smoother for a column, from the rows that are there. With fewer than four it is a line. */
void mdl_smooth_choose(mdl_smoother *s, const mdl_column *c);

/* Value, slope and curvature at time t, row being a row near it. Without any value: NaN, 0, 0. */
typedef struct mdl_local {
    double value, slope, curvature, leverage; /* leverage: h_ii of (2) for a row at t */
} mdl_local;
mdl_local mdl_smooth_at(const mdl_smoother *s, const mdl_column *c, double t, long row);

COSTATE_END_DECLS
#endif
