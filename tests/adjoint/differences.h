/* differences.h - the derivative of a loss by differences of whole solves, without knowing how smooth it is.

   The nine-point difference of width d,

       L'(x) = sum_k c_k (L(x + k d) - L(x - k d)) / d,    c = 4/5, -1/5, 4/105, -1/280,                        (1)

   errs by d^8 L^(9) / 630 + r / d, r the rounding of L. Neither term is known beforehand: an error estimate E is the norm of a
   sum of stages that cancels to 1e-4 of them and less, which enlarges r, and has a corner where it is zero, which enlarges L^(9)
   near it. So d halves from 6.4e-3, and that difference counts whose neighbours are nearest. NaN losses are left out. */
#ifndef COSTATE_TESTS_DIFFERENCES_H
#define COSTATE_TESTS_DIFFERENCES_H

#include <math.h>

typedef double differences_loss(void *ctx);

/* also: NULL, or a number that moves with x */
static inline double difference_of_width(differences_loss *loss, void *ctx, double *x, double *also,
                                         double d)
{
    const double weight[] = { 0, 4. / 5, -1. / 5, 4. / 105, -1. / 280 };
    double       at = *x, sum = 0;
    for (int k = -4; k <= 4; k++) {
        if (k == 0) continue;
        *x = at + k * d;
        if (also) *also = *x;
        sum += (k < 0 ? -weight[-k] : weight[k]) * loss(ctx);
    }
    *x = at;
    if (also) *also = at;
    return sum / d;
}

static inline double difference(differences_loss *loss, void *ctx, double *x, double *also)
{
    enum { WIDTHS = 9 };
    double at[WIDTHS], best = NAN, least = INFINITY;
    for (int k = 0; k < WIDTHS; k++) {
        at[k] = difference_of_width(loss, ctx, x, also, ldexp(6.4e-3, -k));
        if (k < 2) continue;
        double apart = fabs(at[k] - at[k - 1]) + fabs(at[k - 1] - at[k - 2]);
        if (apart < least) least = apart, best = at[k - 1];
    }
    return best;
}

#endif
