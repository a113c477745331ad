/* loss_classes.c - cross-entropy and the Gaussian's likelihood: (4) to (6) of loss.h. */
#include <math.h>

#include <costate/autodiff/loss.h>

static double number(ad_type type, const void *x, long i)
{
    return type == AD_F32 ? (double)((const float *)x)[i] : ((const double *)x)[i];
}

static void put(ad_type type, void *x, long i, double value)
{
    if (!x) return;
    if (type == AD_F32)
        ((float *)x)[i] = (float)value;
    else
        ((double *)x)[i] = value;
}

/* --- expressions --- */

ad_var ad_loss_cross_entropy(ad_var logits, ad_var label)
{
    if (logits.id < 0 || label.id < 0) return AD_NONE;
    ad_shape s = ad_shape_of(logits), l = ad_shape_of(label);
    if (l.rank == s.rank && l.rank > 1 && l.dim[l.rank - 1] == 1) /* [.., 1] */
        label = ad_reshape(label, l.rank - 1, l.dim);
    return ad_neg(ad_mean(ad_pick(ad_log_softmax(logits, -1), label), -1, 0));
}

ad_var ad_loss_soft_cross_entropy(ad_var logits, ad_var want)
{
    if (logits.id < 0 || want.id < 0) return AD_NONE;
    ad_var row = ad_mul(want, ad_log_softmax(logits, -1));
    if (row.id < 0) return row;
    return ad_neg(ad_mean(ad_sum(row, 1 << (ad_shape_of(row).rank - 1), 0), -1, 0));
}

static const double log_2pi = 1.8378770664093454836; /* log(2 pi) */

ad_var ad_loss_gaussian(ad_var mean, ad_var log_var, ad_var want)
{
    ad_var r2 = ad_square(ad_sub(want, mean));
    ad_var l  = ad_add(log_var, ad_mul(r2, ad_exp(ad_neg(log_var))));
    return ad_scale(ad_shift(ad_mean(l, -1, 0), log_2pi), 0.5);
}

ad_var ad_loss_gaussian_sigma(ad_var mean, ad_var sigma, ad_var want)
{
    ad_var r = ad_div(ad_sub(want, mean), sigma);
    ad_var l = ad_add(ad_log(sigma), ad_scale(ad_square(r), 0.5));
    return ad_shift(ad_mean(l, -1, 0), log_2pi / 2);
}

/* --- arrays --- */

/* Where the first largest of k numbers stands; NaN is larger than any. */
static long largest(ad_type type, const void *x, long at, long k)
{
    long best = 0;
    for (long j = 1; j < k; j++) {
        double a = number(type, x, at + best), b = number(type, x, at + j);
        if (b > a || (isnan(b) && !isnan(a))) best = j;
    }
    return best;
}

/* One row at its place in the arrays: its loss; sets its part of logits_bar. */
static double row_loss(const ad_class_args *a, long i, double scale, int *right)
{
    long   at = i * a->k, best = largest(a->type, a->logits, at, a->k);
    double top = number(a->type, a->logits, at + best), sum = 0, loss = 0, mass = 0;
    for (long j = 0; j < a->k; j++) sum += exp(number(a->type, a->logits, at + j) - top);
    for (long j = 0; j < a->k; j++) {
        double w = a->label ? j == a->label[i] : number(a->type, a->want, at + j);
        mass += w;
        if (w != 0) loss += w * (log(sum) - (number(a->type, a->logits, at + j) - top));
    }
    for (long j = 0; a->logits_bar && j < a->k; j++) {
        double p = exp(number(a->type, a->logits, at + j) - top) / sum;
        double w = a->label ? j == a->label[i] : number(a->type, a->want, at + j);
        put(a->type, a->logits_bar, at + j, scale * (mass * p - w));
    }
    *right = !isnan(top) && best == (a->label ? a->label[i] : largest(a->type, a->want, at, a->k));
    return loss;
}

ad_status ad_cross_entropy(const ad_class_args *a, double *loss, long *right)
{
    if (a->k < 1 || !a->label == !a->want)
        return ad_fail(AD_INVALID,
                       "cross-entropy: %ld classes, %s; there must be a class, and either labels "
                       "or the wanted probabilities",
                       a->k, a->label ? "labels and probabilities" : "neither labels nor more");
    for (long i = 0; a->label && i < a->n; i++)
        if (a->label[i] < 0 || a->label[i] >= a->k)
            return ad_fail(
                AD_INVALID,
                "cross-entropy: row %ld has the label %d; there are the classes 0 to %ld", i,
                a->label[i], a->k - 1);
    double divisor = a->divisor > 0 ? a->divisor : (double)a->n, sum = 0;
    long   count = 0;
    for (long i = 0; i < a->n; i++) {
        int hit;
        sum += row_loss(a, i, 1 / divisor, &hit);
        count += hit;
    }
    *loss = a->n > 0 ? sum / divisor : 0;
    if (right) *right = count;
    return AD_OK;
}

double ad_gaussian(ad_type type, long n, const void *mean, const void *log_var, const void *want,
                   void *mean_bar, void *log_var_bar)
{
    double sum = 0, scale = n > 0 ? 1 / (double)n : 0;
    for (long i = 0; i < n; i++) {
        double l = number(type, log_var, i), r = number(type, want, i) - number(type, mean, i);
        double z = r * exp(-l);
        sum += (l + r * z + log_2pi) / 2;
        put(type, mean_bar, i, -z * scale);
        put(type, log_var_bar, i, (1 - r * z) / 2 * scale);
    }
    return sum * scale;
}
