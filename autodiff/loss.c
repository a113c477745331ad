#include <math.h>
#include <string.h>

#include <costate/autodiff/loss.h>

static ad_var mean(ad_var x)
{
    return ad_mean(x, -1, 0);
}

ad_var ad_loss_mse(ad_var pred, ad_var want)
{
    return mean(ad_square(ad_sub(pred, want)));
}

ad_var ad_loss_mae(ad_var pred, ad_var want)
{
    return mean(ad_abs(ad_sub(pred, want)));
}

ad_var ad_loss_huber(ad_var pred, ad_var want, double delta)
{
    ad_var r = ad_sub(pred, want);
    if (r.id < 0) return r;
    if (!(delta > 0))
        return ad_graph_fail(r.g, AD_INVALID, "huber: delta is %g, it must be positive", delta);
    ad_type type = ad_type_of(r);
    ad_var  c    = ad_max(ad_min(r, ad_const(r.g, type, delta)), ad_const(r.g, type, -delta));
    return mean(ad_mul(c, ad_sub(r, ad_scale(c, 0.5))));
}

/* value and slope of one term, in float64 for both types: a loss is a vanishing part of the work */
static double term(ad_loss loss, double delta, double r, double *slope)
{
    if (loss == AD_LOSS_MSE) {
        *slope = 2 * r;
        return r * r;
    }
    if (loss == AD_LOSS_MAE) {
        *slope = r > 0 ? 1 : r < 0 ? -1 : r; /* NaN stays NaN */
        return fabs(r);
    }
    double c = r > delta ? delta : r < -delta ? -delta : r;
    *slope   = c;
    return c * (r - c / 2);
}

#define REAL  float
#define SUM   sum_f32
#define TERMS terms_f32
#include "loss_terms.inc"
#define REAL  double
#define SUM   sum_f64
#define TERMS terms_f64
#include "loss_terms.inc"

double ad_loss_value(const ad_loss_args *a)
{
    ad_loss_args b = *a;
    if (!(b.delta > 0)) b.delta = 1;
    if (!(b.divisor > 0))
        b.divisor = !a->w               ? (double)a->n
                    : a->type == AD_F32 ? sum_f32(a->n, a->w)
                                        : sum_f64(a->n, a->w);
    return a->type == AD_F32 ? terms_f32(&b) : terms_f64(&b);
}

double ad_mse(ad_type type, long n, const void *y, const void *want, void *y_bar)
{
    ad_loss_args a = { AD_LOSS_MSE, .type = type, .n = n, .y = y, .want = want, .y_bar = y_bar };
    return ad_loss_value(&a);
}

double ad_mae(ad_type type, long n, const void *y, const void *want, void *y_bar)
{
    ad_loss_args a = { AD_LOSS_MAE, .type = type, .n = n, .y = y, .want = want, .y_bar = y_bar };
    return ad_loss_value(&a);
}

double ad_huber(ad_type type, long n, double delta, const void *y, const void *want, void *y_bar)
{
    ad_loss_args a = { AD_LOSS_HUBER, delta, type, n, .y = y, .want = want, .y_bar = y_bar };
    return ad_loss_value(&a);
}

ad_status ad_loss_find(const char *name, ad_loss *loss)
{
    static const char *const names[] = { "mse", "mae", "huber" };
    for (int i = 0; i < 3; i++) {
        if (strcmp(names[i], name)) continue;
        *loss = (ad_loss)i;
        return AD_OK;
    }
    return ad_fail(AD_INVALID, "no loss is called %s; there are mse mae huber", name);
}
