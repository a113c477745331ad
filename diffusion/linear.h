/* linear.h - arrays of a state, element by element (internal): what instructions other than evaluations do. */
#ifndef COSTATE_DIFFUSION_LINEAR_H
#define COSTATE_DIFFUSION_LINEAR_H

#include <costate/autodiff/types.h>

/* A term of a sum: c each[j] x, `each` of `dim` numbers repeating over rows; NULL: ones. */
typedef struct dpm_part {
    double        c;
    const double *each;
    const void   *x;
} dpm_part;

/* y = sum of parts, n numbers in rows of dim. */
void dpm_sum(ad_type type, long n, long dim, int parts, const dpm_part *part, void *y);
/* y += c each x; set: y = c each x. */
void dpm_add(ad_type type, long n, long dim, double c, const double *each, const void *x, void *y,
             int set);
/* sum each x y, in double */
double dpm_dot(ad_type type, long n, long dim, const double *each, const void *x, const void *y);
/* y = mask a + (1 - mask) b; y (+)= mask x; y (+)= (1 - mask) x */
void dpm_blend(ad_type type, long n, const void *mask, const void *a, const void *b, void *y);
void dpm_add_masked(ad_type type, long n, const void *mask, int complement, const void *x, void *y,
                    int set);
/* Are all finite? */
int dpm_finite(ad_type type, long n, const void *x);

/* Projection of predicted data, row by row. Static: to [-s, s], s = range. Dynamic (Saharia et al. 2022, section 2.3): s the
   `ratio` quantile of |x| of the row, at least range and at most `most` (0: no limit), and what is cut is divided by
   s / range. Its derivative, with s taken as a constant: 1 (or range / s) inside, 0 outside. */
typedef struct dpm_cut {
    double range, ratio, most; /* ratio 0: static */
} dpm_cut;
void dpm_project(ad_type type, long n, long dim, const dpm_cut *c, double *sorted, const void *x,
                 void *y);
void dpm_add_projected(ad_type type, long n, long dim, const dpm_cut *c, double *sorted,
                       const void *x, const void *y_bar, void *x_bar, int set);

#endif
