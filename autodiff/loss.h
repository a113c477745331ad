/* loss.h - how far a prediction is from what was wanted: as expressions, and over plain arrays with the gradient.

   With r = y - want, the mean over all elements of

       mse     r^2                                                                       (1)
       mae     |r|                                                                       (2)
       huber   r^2 / 2 where |r| <= delta, delta (|r| - delta / 2) elsewhere             (3), Huber 1964

   (3) is c (r - c / 2) with c = r clipped to [-delta, delta]: no branch, and right to the second derivative. */
#ifndef COSTATE_AUTODIFF_LOSS_H
#define COSTATE_AUTODIFF_LOSS_H

#include <costate/autodiff/ops.h>

COSTATE_BEGIN_DECLS

/* As expressions: pred and want of one type, broadcasting; a shared scalar. */
ad_var ad_loss_mse(ad_var pred, ad_var want);
ad_var ad_loss_mae(ad_var pred, ad_var want);
ad_var ad_loss_huber(ad_var pred, ad_var want, double delta);

/* Over arrays of n numbers. Returns the loss and *sets* y_bar (NULL: not wanted) to d loss / d y. */
double ad_mse(ad_type type, long n, const void *y, const void *want, void *y_bar);
double ad_mae(ad_type type, long n, const void *y, const void *want, void *y_bar);
double ad_huber(ad_type type, long n, double delta, const void *y, const void *want, void *y_bar);

typedef enum ad_loss { AD_LOSS_MSE, AD_LOSS_MAE, AD_LOSS_HUBER } ad_loss;

/* The general one: sum_i w_i l(r_i) / divisor. Where w_i is 0 the value is missing: y_i and want_i are not looked at (a
   NaN there does no harm) and y_bar_i is 0. Summed in float64 in the order of i. No weight at all: 0. */
typedef struct ad_loss_args {
    ad_loss     loss;
    double      delta; /* of huber; 0: 1                                      */
    ad_type     type;
    long        n;
    const void *y, *want;
    const void *w;       /* n weights >= 0 of the same type; NULL: all 1      */
    double      divisor; /* 0: the sum of the weights                         */
    void       *y_bar;   /* NULL: not wanted                                  */
} ad_loss_args;
double ad_loss_value(const ad_loss_args *a);

/* "mse", "mae", "huber"; a sentence when there is none of that name. */
ad_status ad_loss_find(const char *name, ad_loss *loss);

COSTATE_END_DECLS
#endif
