/* loss.h - how far a prediction is from what was wanted: as expressions, and over plain arrays with the gradient.

   With r = y - want, the mean over all elements of

       mse     r^2                                                                       (1)
       mae     |r|                                                                       (2)
       huber   r^2 / 2 where |r| <= delta, delta (|r| - delta / 2) elsewhere             (3), Huber 1964

   (3) is c (r - c / 2) with c = r clipped to [-delta, delta]: no branch, and right to the second derivative.

   Of k classes, with p = softmax(logits), the mean over rows of

       cross-entropy  -log p[label],  or with probabilities w (a row of zeros and a one is a label)  -sum_j w_j log p_j  (4)
       its gradient   p_j - [j = label],                                                            p_j sum(w) - w_j     (5)

   and of a normal distribution, with its full constant, the mean over elements of -log N(want; mean, sigma^2),

       gaussian       (log sigma^2 + (want - mean)^2 / sigma^2 + log 2 pi) / 2.                          (6) */
#ifndef COSTATE_AUTODIFF_LOSS_H
#define COSTATE_AUTODIFF_LOSS_H

#include <costate/autodiff/ops.h>

COSTATE_BEGIN_DECLS

/* As expressions: pred and want of one type, broadcasting; a shared scalar. */
ad_var ad_loss_mse(ad_var pred, ad_var want);
ad_var ad_loss_mae(ad_var pred, ad_var want);
ad_var ad_loss_huber(ad_var pred, ad_var want, double delta);

/* logits [.., k]; label [..] or [.., 1]: whole numbers 0 .. k-1 in the type of the logits (any other stops a run, as of
   ad_pick). want: [.., k], rows that sum to 1; where want is 0 and a logit -Inf, 0 Inf is NaN. */
ad_var ad_loss_cross_entropy(ad_var logits, ad_var label);
ad_var ad_loss_soft_cross_entropy(ad_var logits, ad_var want);
/* (6) by log sigma^2, which takes any number, or by sigma > 0. Broadcasting. */
ad_var ad_loss_gaussian(ad_var mean, ad_var log_var, ad_var want);
ad_var ad_loss_gaussian_sigma(ad_var mean, ad_var sigma, ad_var want);

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

/* (4) over arrays, summed in float64 in the order of the rows: sum / divisor. right (NULL: not wanted): the rows whose
   first largest logit is the label, or stands where the first largest of want does; a row with NaN is none. A label out
   of range: AD_INVALID, and nothing has been written. */
typedef struct ad_class_args {
    ad_type     type;
    long        n, k;       /* rows, classes                                */
    const void *logits;     /* [n, k]                                       */
    const int  *label;      /* n; or NULL and                               */
    const void *want;       /* [n, k]: where it is 0, a logit may be -Inf   */
    double      divisor;    /* 0: n                                         */
    void       *logits_bar; /* [n, k], set to the gradient; NULL: not wanted */
} ad_class_args;
ad_status ad_cross_entropy(const ad_class_args *a, double *loss, long *right);

/* (6) over arrays of n numbers; sets the gradients (NULL: not wanted). */
double ad_gaussian(ad_type type, long n, const void *mean, const void *log_var, const void *want,
                   void *mean_bar, void *log_var_bar);

/* "mse", "mae", "huber" (what ad_loss_args takes); a sentence when there is none of that name. */
ad_status ad_loss_find(const char *name, ad_loss *loss);

COSTATE_END_DECLS
#endif
