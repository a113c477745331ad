/* strip.h - strip kernels that do not fit the table of operations (internal).

   As everywhere: pointers of any alignment, up to AD_PAD bytes behind each strip may be read and overwritten (whole
   vectors: nothing is touched behind a strip that is a multiple of 64 bytes long), d may be equal to an operand. An
   element's value depends neither on its place in the strip nor on the strip's length. */
#ifndef COSTATE_AUTODIFF_KERNELS_STRIP_H
#define COSTATE_AUTODIFF_KERNELS_STRIP_H

#include <costate/autodiff/types.h>

/* d = c[0] x[0], then d = fma(c[j], x[j], d) for j = 1 .. m - 1 in order; m >= 1. d may be equal to any x[j]. The
   coefficients are rounded to the type first. One pass over memory. */
typedef void   ad_lincomb_fn(void *d, int m, const double *c, const void *const *x, long n);
ad_lincomb_fn *ad_lincomb_kernel(ad_type type);

/* d = (to) x. From float32 to float64 d must not be x. */
typedef void ad_cast_fn(void *d, const void *x, long n);
ad_cast_fn  *ad_cast_kernel(ad_type from, ad_type to);

/* d = x[0] (1 - x[1]^2), as omsq and mul round it. */
struct ad_strip_args;
void (*ad_tanh_back_kernel(ad_type type))(const struct ad_strip_args *);

/* d = log x, d = exp x of n doubles, as the strips of those operations round them; padded as all strips. */
void ad_log_strip(double *d, const double *x, long n);
void ad_exp_strip(double *d, const double *x, long n);

#endif
