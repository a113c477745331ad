#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <costate/autodiff/memory.h>
#include <costate/autodiff/random.h>
#include <costate/datasets/samples.h>

ad_status ds_samples_new(ds_samples **out, const char *name, long n, int rank, const long shape[])
{
    *out = NULL;
    if (n < 1 || rank < 1 || rank > DS_SAMPLE_RANK)
        return ad_fail(AD_INVALID, "%s: %ld samples of rank %d; at least one, of rank 1 to %d",
                       name, n, rank, DS_SAMPLE_RANK);
    for (int k = 0; k < rank; k++)
        if (shape[k] < 1)
            return ad_fail(AD_INVALID, "%s: extent %d of a sample is %ld; at least 1", name, k + 1,
                           shape[k]);
    ds_samples *s = ad_alloc(sizeof *s);
    if (!s) return AD_NO_MEMORY;
    s->n = n, s->dim = 1, s->rank = rank, s->unit = 1;
    for (int k = 0; k < rank; k++) s->dim *= s->shape[k] = shape[k];
    s->name = ad_strdup(name);
    s->note = ad_strdup("");
    if (!s->name || !s->note) {
        ds_samples_free(s);
        return AD_NO_MEMORY;
    }
    *out = s;
    return AD_OK;
}

void ds_samples_free(ds_samples *s)
{
    if (!s) return;
    for (int k = 0; s->class_name && k < s->classes; k++) ad_free(s->class_name[k]);
    ad_free(s->class_name);
    ad_free(s->label);
    ad_free(s->byte);
    ad_free(s->real);
    ad_free(s->note);
    ad_free(s->name);
    ad_free(s);
}

ad_status ds_samples_note(ds_samples *s, const char *format, ...)
{
    char    text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    size_t old = strlen(s->note), room = old + strlen(text) + 2;
    char  *note = ad_alloc(room);
    if (!note) return AD_NO_MEMORY;
    snprintf(note, room, "%s%s%s", s->note, old ? "\n" : "", text);
    ad_free(s->note);
    s->note = note;
    return AD_OK;
}

char *ds_samples_shape_text(const ds_samples *s, char *text, size_t size)
{
    int used = 0;
    for (int k = 0; k < s->rank && used < (int)size; k++)
        used += snprintf(text + used, size - (size_t)used, "%s%ld", k ? "x" : "", s->shape[k]);
    return text;
}

/* A look-up of the 256 quotients, each correctly rounded. */
static void rows_of_bytes(const ds_samples *s, long n, const long *index, ad_type type, void *x)
{
    float  narrow[256];
    double wide[256];
    for (int b = 0; b < 256; b++) narrow[b] = (float)(wide[b] = b / s->unit);
    for (long i = 0; i < n; i++) {
        const uint8_t *row = s->byte + (index ? index[i] : i) * s->dim;
        if (type == AD_F32)
            for (long j = 0; j < s->dim; j++) ((float *)x)[i * s->dim + j] = narrow[row[j]];
        else
            for (long j = 0; j < s->dim; j++) ((double *)x)[i * s->dim + j] = wide[row[j]];
    }
}

static void rows_of_reals(const ds_samples *s, long n, const long *index, ad_type type, void *x)
{
    for (long i = 0; i < n; i++) {
        const double *row = s->real + (index ? index[i] : i) * s->dim;
        if (type == AD_F32)
            for (long j = 0; j < s->dim; j++) ((float *)x)[i * s->dim + j] = (float)row[j];
        else
            memcpy((double *)x + i * s->dim, row, (size_t)s->dim * sizeof(double));
    }
}

static ad_status check_rows(const ds_samples *s, long n, const long *index)
{
    if (n < 0 || (!index && n > s->n))
        return ad_fail(AD_INVALID, "%s: %ld samples of %ld", s->name, n, s->n);
    for (long i = 0; index && i < n; i++)
        if (index[i] < 0 || index[i] >= s->n)
            return ad_fail(AD_INVALID, "%s has samples 0 to %ld; index[%ld] is %ld", s->name,
                           s->n - 1, i, index[i]);
    return AD_OK;
}

ad_status ds_samples_rows(const ds_samples *s, long n, const long *index, ad_type type, void *x,
                          int *label)
{
    AD_TRY(check_rows(s, n, index));
    if (label && !s->label)
        return ad_fail(AD_INVALID,
                       "%s has no labels; a column of them can be named where it is "
                       "read",
                       s->name);
    if (s->byte)
        rows_of_bytes(s, n, index, type, x);
    else
        rows_of_reals(s, n, index, type, x);
    for (long i = 0; label && i < n; i++) label[i] = s->label[index ? index[i] : i];
    return AD_OK;
}

static ad_status copy_labels(ds_samples *to, const ds_samples *s, const long *index)
{
    to->classes = s->classes;
    to->label   = ad_alloc((size_t)to->n * sizeof *to->label);
    if (!to->label) return AD_NO_MEMORY;
    for (long i = 0; i < to->n; i++) to->label[i] = s->label[index ? index[i] : i];
    if (!s->class_name) return AD_OK;
    to->class_name = ad_alloc((size_t)s->classes * sizeof *to->class_name);
    for (int k = 0; to->class_name && k < s->classes; k++)
        if (!(to->class_name[k] = ad_strdup(s->class_name[k]))) return AD_NO_MEMORY;
    return to->class_name ? AD_OK : AD_NO_MEMORY;
}

static ad_status copy_values(ds_samples *to, const ds_samples *s, const long *index)
{
    size_t      width = (size_t)s->dim * (s->byte ? 1 : sizeof(double));
    const char *from  = s->byte ? (const char *)s->byte : (const char *)s->real;
    char       *x     = ad_alloc((size_t)to->n * width);
    if (!x) return AD_NO_MEMORY;
    for (long i = 0; i < to->n; i++)
        memcpy(x + (size_t)i * width, from + (size_t)(index ? index[i] : i) * width, width);
    to->unit = s->unit;
    if (s->byte)
        to->byte = (uint8_t *)x;
    else
        to->real = (double *)x;
    return AD_OK;
}

ad_status ds_samples_take(ds_samples **out, const ds_samples *s, long n, const long *index)
{
    ds_samples *to;
    *out = NULL;
    AD_TRY(check_rows(s, n, index));
    AD_TRY(ds_samples_new(&to, s->name, n, s->rank, s->shape));
    ad_status status = copy_values(to, s, index);
    if (!status && s->label) status = copy_labels(to, s, index);
    if (!status && *s->note) status = ds_samples_note(to, "%s", s->note);
    if (status)
        ds_samples_free(to);
    else
        *out = to;
    return status;
}

ad_status ds_samples_split(const ds_samples *s, double held_out, uint64_t seed, ds_samples **train,
                           ds_samples **rest)
{
    *train = *rest = NULL;
    long m         = held_out > 0 && held_out < 1 ? lround(held_out * (double)s->n) : 0;
    if (m < 1 || m >= s->n)
        return ad_fail(AD_INVALID,
                       "%s: holding %g of %ld samples out leaves one part empty; 0 < held out < 1",
                       s->name, held_out, s->n);
    long *order = ad_alloc((size_t)s->n * sizeof *order);
    if (!order) return AD_NO_MEMORY;
    ad_random_permutation(seed, 0x7370, s->n, order); /* a stream of its own */
    ad_status status = ds_samples_take(train, s, s->n - m, order);
    if (!status) status = ds_samples_take(rest, s, m, order + s->n - m);
    if (status) {
        ds_samples_free(*train);
        *train = NULL;
    }
    ad_free(order);
    return status;
}
