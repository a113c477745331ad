/* A grid as numbers z that may be anything. The gaps between its lambdas are parts of the whole,
       gap_j = width ((1 - LEAST) s_j + LEAST / steps),    s = softmax(z),                                      (1)
   so that no two times fall together, where multistep weights explode, and from where a search does not come back. */
#include <math.h>

#include "search_internal.h"

static const double LEAST = 0.1;

void dpm_gaps_times(const dpm_axis *a, const double *z, double *s, double *inner, double *times)
{
    double most = z[0], sum = 0, lambda = a->lo, n = (double)a->steps;
    for (long j = 1; j < a->steps; j++) most = fmax(most, z[j]);
    for (long j = 0; j < a->steps; j++) sum += s[j] = exp(z[j] - most);
    for (long j = 0; j < a->steps; j++) s[j] /= sum;
    for (long j = 0; j < a->steps - 1; j++)
        inner[j] = lambda += (a->hi - a->lo) * ((1 - LEAST) * s[j] + LEAST / n);
    dpm_axis_times(a, inner, times);
}

void dpm_gaps_of(const dpm_axis *a, const double *times, double *inner, double *z)
{
    double n = (double)a->steps;
    dpm_axis_inner(a, times, inner);
    for (long j = 0; j < a->steps; j++) {
        double from = j ? inner[j - 1] : a->lo, to = j < a->steps - 1 ? inner[j] : a->hi;
        double part = (to - from) / (a->hi - a->lo) - LEAST / n;
        z[j]        = log(fmax(part, 1e-3 / n));
    }
}

/* dL/dz_j = s_j (G_j - sum_k s_k G_k), G_j = (1 - LEAST) width times the sum of dL/dlambda over the inner points behind gap j. */
void dpm_gaps_pull(const dpm_axis *a, const double *s, const double *inner, const double *time_bar,
                   double *z_bar)
{
    double behind = 0, mean = 0, width = (1 - LEAST) * (a->hi - a->lo);
    for (long j = a->steps - 1; j >= 0; j--) {
        z_bar[j] = behind;
        mean += s[j] * behind;
        if (j > 0) /* point j stands between gaps j - 1 and j */
            behind += width * time_bar[j] * dpm_axis_slope(a, inner[j - 1]);
    }
    for (long j = 0; j < a->steps; j++) z_bar[j] = s[j] * (z_bar[j] - mean);
}
