/* ema.h - an exponential moving average of the parameters.

       a_k = d a_(k-1) + (1 - d) theta_k                                                 (1)

   Plain, a_1 is the first theta. Debiased, a_0 = 0 and what is read is a_k / (1 - d^k): a weighted mean of the
   parameters seen, with no weight on the start (Kingma and Ba 2015, section 3). */
#ifndef COSTATE_AUTODIFF_EMA_H
#define COSTATE_AUTODIFF_EMA_H

#include <costate/autodiff/params.h>

COSTATE_BEGIN_DECLS

typedef struct ad_ema {
    ad_type type;
    long    n;
    double  decay;
    int     debias;
    long    updates;
    void   *average; /* a of (1), of the parameters' type and layout */
} ad_ema;

/* decay in [0, 1); params is frozen. */
ad_status ad_ema_new(ad_ema **e, ad_params *params, double decay, int debias);
void      ad_ema_free(ad_ema *e);
void      ad_ema_update(ad_ema *e, const void *theta);
/* Writes the averaged parameters. Before the first update: AD_INVALID. */
ad_status ad_ema_read(const ad_ema *e, void *theta);

COSTATE_END_DECLS
#endif
