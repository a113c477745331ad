#include <math.h>

#include "linear.h"

static int factor(long n, double *a)
{
    for (long j = 0; j < n; j++)
        for (long i = j; i < n; i++) {
            double sum = a[i * n + j];
            for (long k = 0; k < j; k++) sum -= a[i * n + k] * a[j * n + k];
            if (i == j && !(sum > 0)) return 0;
            a[i * n + j] = i == j ? sqrt(sum) : sum / a[j * n + j];
        }
    return 1;
}

static void substitute(long n, const double *a, long m, double *b, long c)
{
    for (long i = 0; i < n; i++) {
        double sum = b[i * m + c];
        for (long k = 0; k < i; k++) sum -= a[i * n + k] * b[k * m + c];
        b[i * m + c] = sum / a[i * n + i];
    }
    for (long i = n - 1; i >= 0; i--) {
        double sum = b[i * m + c];
        for (long k = i + 1; k < n; k++) sum -= a[k * n + i] * b[k * m + c];
        b[i * m + c] = sum / a[i * n + i];
    }
}

int mdl_solve_spd(long n, double *a, double ridge, long m, double *b)
{
    for (long i = 0; i < n; i++) a[i * n + i] += ridge * a[i * n + i] + 1e-300;
    if (!factor(n, a)) return 0;
    for (long c = 0; c < m; c++) substitute(n, a, m, b, c);
    return 1;
}
