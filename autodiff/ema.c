#include <math.h>

#include <costate/autodiff/ema.h>
#include <costate/autodiff/memory.h>

ad_status ad_ema_new(ad_ema **e, ad_params *params, double decay, int debias)
{
    *e = NULL;
    if (!(decay >= 0 && decay < 1))
        return ad_fail(AD_INVALID, "ema: the decay is %g, it must lie in [0, 1)", decay);
    ad_params_freeze(params);
    ad_ema *q = ad_alloc(sizeof *q);
    if (!q) return AD_NO_MEMORY;
    *q = (ad_ema){ ad_params_type(params), ad_params_count(params), decay, debias != 0, 0, NULL };
    q->average = ad_alloc((size_t)q->n * ad_type_size(q->type));
    if (!q->average) {
        ad_free(q);
        return AD_NO_MEMORY;
    }
    *e = q;
    return AD_OK;
}

void ad_ema_free(ad_ema *e)
{
    if (!e) return;
    ad_free(e->average);
    ad_free(e);
}

/* a = d a + c x */
static void blend(ad_type type, long n, void *a, double d, double c, const void *x)
{
    if (type == AD_F32) {
        float       *p = a;
        const float *q = x;
        for (long i = 0; i < n; i++) p[i] = (float)d * p[i] + (float)c * q[i];
    } else {
        double       *p = a;
        const double *q = x;
        for (long i = 0; i < n; i++) p[i] = d * p[i] + c * q[i];
    }
}

void ad_ema_update(ad_ema *e, const void *theta)
{
    int first = e->updates++ == 0 && !e->debias;
    blend(e->type, e->n, e->average, first ? 0 : e->decay, first ? 1 : 1 - e->decay, theta);
}

ad_status ad_ema_read(const ad_ema *e, void *theta)
{
    if (e->updates == 0)
        return ad_fail(AD_INVALID,
                       "ema: nothing has been averaged yet; ad_ema_update() comes first");
    double c = e->debias ? 1 / (1 - pow(e->decay, (double)e->updates)) : 1;
    if (e->type == AD_F32)
        for (long i = 0; i < e->n; i++) ((float *)theta)[i] = (float)c * ((float *)e->average)[i];
    else
        for (long i = 0; i < e->n; i++) ((double *)theta)[i] = c * ((double *)e->average)[i];
    return AD_OK;
}
