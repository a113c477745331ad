#include <math.h>
#include <stdlib.h>

#include <costate/models/frechet.h>

#include "digits.h"

ad_status digits_new(digits *d, ad_arena *arena, const mdl_judge *j, long n)
{
    size_t rows = (size_t)n, features = (size_t)mdl_judge_features(j);
    d->n        = n;
    d->x        = ad_arena_alloc(arena, rows * DIGIT_DIM * sizeof(double));
    d->features = ad_arena_alloc(arena, rows * features * sizeof(double));
    d->logits   = ad_arena_alloc(arena, rows * DIGITS * sizeof(double));
    d->label    = ad_arena_alloc(arena, rows * sizeof *d->label);
    return d->x && d->features && d->logits && d->label ? AD_OK : AD_NO_MEMORY;
}

ad_status digits_read(digits *d, ad_arena *arena, const mdl_judge *j, const ds_samples *s)
{
    AD_TRY(digits_new(d, arena, j, s->n));
    return ds_samples_rows(s, s->n, NULL, AD_F64, d->x, d->label);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* A sample is not to be a training digit again: the median distance to the nearest one; of the digits themselves, to another. */
static ad_status nearest(const digits *d, const digits *known, double *median)
{
    double *far = ad_alloc((size_t)d->n * sizeof *far);
    if (!far) return AD_NO_MEMORY;
    for (long i = 0; i < d->n; i++) {
        far[i] = INFINITY;
        for (long k = 0; k < known->n; k++) {
            double sum = 0;
            for (long j = 0; j < DIGIT_DIM; j++) {
                double r = d->x[i * DIGIT_DIM + j] - known->x[k * DIGIT_DIM + j];
                sum += r * r;
            }
            if (d != known || i != k) far[i] = fmin(far[i], sqrt(sum));
        }
    }
    qsort(far, (size_t)d->n, sizeof *far, ascending);
    *median = far[d->n / 2];
    ad_free(far);
    return AD_OK;
}

ad_status digits_judge(digits *d, mdl_judge *j, const digits *test, const digits *known, verdict *v)
{
    long sure = 0, agreed = 0;
    for (long i = 0; i < d->n * DIGIT_DIM; i++) d->x[i] = fmin(1, fmax(0, d->x[i]));
    AD_TRY(mdl_judge_look(j, d->n, d->x, d->logits, d->features));
    for (long i = 0; i < d->n; i++) {
        double p;
        long   best = mdl_judge_verdict(j, d->logits + i * DIGITS, &p);
        sure += p >= 0.9;
        agreed += best == d->label[i];
    }
    v->confident = (double)sure / (double)d->n;
    v->agreed    = (double)agreed / (double)d->n;
    AD_TRY(nearest(d, known, &v->near));
    return mdl_frechet(mdl_judge_features(j), d->n, d->features, test->n, test->features,
                       &v->distance);
}
