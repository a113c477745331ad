/* Two types of one set of loops. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "linear.h"

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Linear between the order statistics, as torch.quantile has it; x is sorted. */
static double quantile(double *x, long n, double q)
{
    qsort(x, (size_t)n, sizeof *x, ascending);
    double at = q * (double)(n - 1);
    long   i  = (long)at;
    return i + 1 < n ? x[i] + (at - (double)i) * (x[i + 1] - x[i]) : x[n - 1];
}

#define REAL     float
#define WORD     uint32_t
#define EXPONENT 0x7f800000u
#define NAME(f)  f##_f32
#include "linear.inc"
#undef REAL
#undef WORD
#undef EXPONENT
#undef NAME
#define REAL     double
#define WORD     uint64_t
#define EXPONENT 0x7ff0000000000000ull
#define NAME(f)  f##_f64
#include "linear.inc"

void dpm_sum(ad_type type, long n, long dim, int parts, const dpm_part *part, void *y)
{
    type == AD_F32 ? sum_f32(n, dim, parts, part, y) : sum_f64(n, dim, parts, part, y);
}

void dpm_add(ad_type type, long n, long dim, double c, const double *each, const void *x, void *y,
             int set)
{
    type == AD_F32 ? add_f32(n, dim, (float)c, each, x, y, set)
                   : add_f64(n, dim, c, each, x, y, set);
}

double dpm_dot(ad_type type, long n, long dim, const double *each, const void *x, const void *y)
{
    return type == AD_F32 ? dot_f32(n, dim, each, x, y) : dot_f64(n, dim, each, x, y);
}

void dpm_blend(ad_type type, long n, const void *mask, const void *a, const void *b, void *y)
{
    type == AD_F32 ? blend_f32(n, mask, a, b, y) : blend_f64(n, mask, a, b, y);
}

void dpm_add_masked(ad_type type, long n, const void *mask, int complement, const void *x, void *y,
                    int set)
{
    type == AD_F32 ? add_masked_f32(n, mask, complement, x, y, set)
                   : add_masked_f64(n, mask, complement, x, y, set);
}

int dpm_finite(ad_type type, long n, const void *x)
{
    return type == AD_F32 ? finite_f32(n, x) : finite_f64(n, x);
}

void dpm_project(ad_type type, long n, long dim, const dpm_cut *c, double *sorted, const void *x,
                 void *y)
{
    type == AD_F32 ? project_f32(n, dim, c, sorted, x, y) : project_f64(n, dim, c, sorted, x, y);
}

void dpm_add_projected(ad_type type, long n, long dim, const dpm_cut *c, double *sorted,
                       const void *x, const void *y_bar, void *x_bar, int set)
{
    type == AD_F32 ? add_projected_f32(n, dim, c, sorted, x, y_bar, x_bar, set)
                   : add_projected_f64(n, dim, c, sorted, x, y_bar, x_bar, set);
}
