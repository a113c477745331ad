/* reduce.h - what sums and maxima share (internal). */
#ifndef COSTATE_AUTODIFF_OPS_REDUCE_H
#define COSTATE_AUTODIFF_OPS_REDUCE_H

#include "structure.h"

/* The shape that x has after reducing the axes of the mask. */
ad_shape ad_reduced_shape(ad_shape s, int mask, int keep);
/* All axes as a mask; -1 with a sentence if some are not there. */
int    ad_whole_mask(const char *what, ad_var x, int mask);
ad_var ad_as_shape(ad_var x, ad_shape s);
/* y brought to x's shape: the reduced axes back, then stretched. */
ad_var ad_stretch_back(ad_var y, ad_var x, int mask);
/* Batched x as [c n, d], d all the rest. */
ad_var ad_as_rows(ad_var x);

/* out = the sum or the maximum of in[0], of shape s, over the axes of the mask. */
void      ad_fold(const ad_call_args *c, ad_shape s, long n, int mask, int max);
ad_status ad_rowsum_run(const ad_call_args *c);

#endif
