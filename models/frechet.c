#include <math.h>
#include <string.h>

#include <cblas.h>
#include <lapacke.h>

#include <costate/autodiff/memory.h>
#include <costate/models/frechet.h>

typedef struct work {
    long    d;
    double *mean[2], *cov[2]; /* [d], [d, d]       */
    double *value, *root, *product, *other;
} work;

static void moments(long d, long n, const double *x, double *mean, double *cov)
{
    for (long i = 0; i < n; i++)
        for (long j = 0; j < d; j++) mean[j] += x[i * d + j] / (double)n;
    for (long i = 0; i < n; i++)
        for (long j = 0; j < d; j++)
            for (long k = 0; k < d; k++)
                cov[j * d + k] += (x[i * d + j] - mean[j]) * (x[i * d + k] - mean[k]) /
                                  (double)(n - 1);
}

/* a becomes its eigenvectors, in columns; value its eigenvalues. By one thread: at this size OpenBLAS's others only spin, and take
   nine tenths of the time of all around it. */
static ad_status eigen(long d, double *a, double *value)
{
    int threads = openblas_get_num_threads();
    openblas_set_num_threads(1);
    int bad = LAPACKE_dsyev(LAPACK_ROW_MAJOR, 'V', 'U', (lapack_int)d, a, (lapack_int)d, value);
    openblas_set_num_threads(threads);
    return bad ? ad_fail(AD_NONFINITE_STATE,
                         "a Frechet distance: the covariance has no eigenvalues (features that "
                         "are not finite?)")
               : AD_OK;
}

static void product(long d, const double *a, const double *b, double *c)
{
    for (long i = 0; i < d; i++)
        for (long j = 0; j < d; j++) {
            double sum = 0;
            for (long k = 0; k < d; k++) sum += a[i * d + k] * b[k * d + j];
            c[i * d + j] = sum;
        }
}

/* root = V sqrt(max(value, 0)) V' of the symmetric a, which is used up. */
static ad_status square_root(work *w, double *a)
{
    long d = w->d;
    AD_TRY(eigen(d, a, w->value));
    for (long i = 0; i < d; i++)
        for (long j = 0; j < d; j++) {
            double sum = 0;
            for (long k = 0; k < d; k++)
                sum += a[i * d + k] * sqrt(fmax(w->value[k], 0)) * a[j * d + k];
            w->root[i * d + j] = sum;
        }
    return AD_OK;
}

static ad_status distance_of(work *w, double *distance)
{
    long   d   = w->d;
    double sum = 0;
    for (long i = 0; i < d; i++) {
        double r = w->mean[0][i] - w->mean[1][i];
        sum += r * r + w->cov[0][i * d + i] + w->cov[1][i * d + i];
    }
    AD_TRY(square_root(w, w->cov[0]));
    product(d, w->root, w->cov[1], w->other);
    product(d, w->other, w->root, w->product);
    AD_TRY(eigen(d, w->product, w->value));
    for (long i = 0; i < d; i++) sum -= 2 * sqrt(fmax(w->value[i], 0));
    *distance = sum;
    return AD_OK;
}

ad_status mdl_frechet(long d, long n, const double *x, long m, const double *y, double *distance)
{
    size_t   square = (size_t)(d * d);
    double  *room   = ad_alloc((5 * square + 3 * (size_t)d) * sizeof *room);
    work     w      = { .d = d };
    double **part[] = { &w.cov[0], &w.cov[1], &w.root, &w.product, &w.other };
    if (!room) return AD_NO_MEMORY;
    for (int i = 0; i < 5; i++) *part[i] = room + (size_t)i * square;
    w.mean[0] = room + 5 * square, w.mean[1] = w.mean[0] + d, w.value = w.mean[1] + d;
    moments(d, n, x, w.mean[0], w.cov[0]);
    moments(d, m, y, w.mean[1], w.cov[1]);
    ad_status s = distance_of(&w, distance);
    ad_free(room);
    return s;
}
