#include <math.h>
#include <string.h>
#include <sys/stat.h>

#include <costate/autodiff/memory.h>
#include <costate/datasets/file.h>
#include <costate/datasets/idx.h>
#include <costate/datasets/npz.h>
#include <costate/datasets/samples_read_internal.h>
#include <costate/datasets/stream.h>

/* --- .npy -------------------------------------------------------------------------------------------------------- */

static ad_status copy_numbers(ds_samples *s, const ds_npy *a)
{
    long m = s->n * s->dim;
    if (!strcmp(a->dtype, "|u1")) {
        s->unit = 255;
        s->byte = ad_alloc((size_t)m);
        for (long i = 0; s->byte && i < m; i++) s->byte[i] = (uint8_t)a->value[i];
        return s->byte ? AD_OK : AD_NO_MEMORY;
    }
    s->real = ad_alloc((size_t)m * sizeof *s->real);
    if (!s->real) return AD_NO_MEMORY;
    for (long i = 0; i < m; i++) {
        s->real[i] = a->value[i];
        if (!isfinite(s->real[i]))
            return ad_fail(AD_BAD_FILE,
                           "%s: number %ld of sample %ld is %s; samples must be finite", s->name,
                           i % s->dim + 1, i / s->dim + 1, isnan(s->real[i]) ? "NaN" : "infinite");
    }
    return AD_OK;
}

/* Of .npy or IDX. */
static ad_status add_labels(ds_samples *s, const char *path, long have)
{
    char  *bytes;
    size_t n;
    ds_npy y = { 0 };
    ds_idx z = { 0 };
    AD_TRY(ds_load(path, &bytes, &n));
    int       idx    = ds_idx_is(bytes, n);
    ad_status status = idx ? AD_OK : ds_npy_parse(&y, path, bytes, n);
    ad_free(bytes);
    if (!status && idx) status = ds_idx_read(&z, path, 0);
    long count = idx ? z.count : y.count;
    if (!status && count != have)
        status = ad_fail(AD_BAD_FILE,
                         "%s holds %ld samples and %s %ld labels; they are not of one set", s->name,
                         have, path, count);
    if (!status && z.byte) { /* widened, to be checked like the others */
        y.value = ad_alloc((size_t)count * sizeof *y.value);
        for (long i = 0; y.value && i < count; i++) y.value[i] = z.byte[i];
        if (!y.value) status = AD_NO_MEMORY;
    }
    if (!status) status = ds_samples_numbers(s, path, y.value ? y.value : z.real);
    ds_npy_clear(&y);
    ds_idx_clear(&z);
    return status;
}

static ad_status from_array(ds_samples **out, const char *name, const ds_npy *a,
                            const ds_samples_read_options *o)
{
    long one = 1;
    if (a->rank < 1 || a->rank > DS_SAMPLE_RANK + 1 || !a->count)
        return ad_fail(AD_BAD_FILE,
                       "%s holds %ld numbers in %d dimensions; [samples, ...] of 1 to %d "
                       "dimensions are read",
                       name, a->count, a->rank, DS_SAMPLE_RANK + 1);
    if (o->n > a->dim[0])
        return ad_fail(AD_BAD_FILE, "%s holds %ld samples; n=%ld were asked for", name, a->dim[0],
                       o->n);
    AD_TRY(ds_samples_new(out, name, o->n ? o->n : a->dim[0], a->rank > 1 ? a->rank - 1 : 1,
                          a->rank > 1 ? a->dim + 1 : &one));
    AD_TRY(copy_numbers(*out, a));
    if (o->labels) AD_TRY(add_labels(*out, o->labels, a->dim[0]));
    return ds_samples_note(*out, ".npy: %ld of %ld samples of type '%s'%s%s", (*out)->n, a->dim[0],
                           a->dtype, (*out)->byte ? ", divided by 255" : "",
                           o->labels ? "" : ", no labels");
}

static ad_status no_columns(const char *name, const ds_samples_read_options *o)
{
    if (!o->label || !strcmp(o->label, "none")) return AD_OK;
    return ad_fail(AD_INVALID,
                   "%s is an array and has no column '%s'; its labels are in a file of their own",
                   name, o->label);
}

static ad_status read_array(ds_samples **out, const char *name, const void *bytes, size_t n,
                            const ds_samples_read_options *o)
{
    ds_npy a;
    AD_TRY(no_columns(name, o));
    AD_TRY(ds_npy_parse(&a, name, bytes, n));
    ad_status s = from_array(out, name, &a, o);
    ds_npy_clear(&a);
    if (s) {
        ds_samples_free(*out);
        *out = NULL;
    }
    return s;
}

/* --- .npz ------------------------------------------------------------------------------------------------------- */

/* The first array that has one of the names, NULL behind the last of them; else NULL. */
static const ds_npy *named(const ds_npz *z, const char *const *name)
{
    for (; *name; name++)
        for (int i = 0; i < z->count; i++)
            if (!strcmp(z->name[i], *name)) return &z->array[i];
    return NULL;
}

/* The samples are the array called x (or as one of these), or the only one; their classes the one called y. */
static ad_status from_archive(ds_samples **out, const char *name, const ds_npz *z,
                              const ds_samples_read_options *o)
{
    static const char
        *const        samples[] = { "x", "X", "x_train", "data", "images", "features", NULL },
               *const classes[] = { "y", "Y", "y_train", "label", "labels", "target", NULL };
    const ds_npy     *x = z->count == 1 ? &z->array[0] : named(z, samples), *y = named(z, classes);
    if (!x)
        return ad_fail(
            AD_BAD_FILE,
            "%s holds %d arrays and none called x, data, images or features; the samples "
            "are read from the one of such a name, their classes from y or labels",
            name, z->count);
    AD_TRY(from_array(out, name, x, o));
    if (!y || y == x || o->labels) return AD_OK;
    if (y->count != x->dim[0])
        return ad_fail(AD_BAD_FILE, "%s holds %ld samples and %ld labels; they are not of one set",
                       name, x->dim[0], y->count);
    return ds_samples_numbers(*out, name, y->value);
}

static ad_status read_archive(ds_samples **out, const char *name, const void *bytes, size_t n,
                              const ds_samples_read_options *o)
{
    ds_npz z;
    AD_TRY(no_columns(name, o));
    AD_TRY(ds_npz_parse(&z, name, bytes, n));
    ad_status s = from_archive(out, name, &z, o);
    ds_npz_clear(&z);
    if (s) {
        ds_samples_free(*out);
        *out = NULL;
    }
    return s;
}

/* --- any --------------------------------------------------------------------------------------------------------- */

static const ds_samples_read_options plain = { 0 };

/* Takes over the bytes. */
static ad_status read_bytes(ds_samples **out, const char *name, char *bytes, size_t n,
                            const ds_samples_read_options *o)
{
    *out        = NULL;
    int archive = ds_npz_is(bytes, n);
    if (o->n < 0 || (!archive && !ds_npy_is(bytes, n))) {
        if (o->n >= 0) return ds_samples_text(out, name, bytes, n, o);
        ad_free(bytes);
        return ad_fail(AD_INVALID, "%s: n=%ld; at least 1", name, o->n);
    }
    ad_status s = archive ? read_archive(out, name, bytes, n, o)
                          : read_array(out, name, bytes, n, o);
    ad_free(bytes);
    return s;
}

ad_status ds_samples_read_memory(ds_samples **out, const char *name, const void *bytes, size_t n,
                                 const ds_samples_read_options *o)
{
    char *copy = ad_alloc(n + 1);
    *out       = NULL;
    if (!copy) return AD_NO_MEMORY;
    memcpy(copy, bytes, n);
    return read_bytes(out, name, copy, n, o ? o : &plain);
}

ad_status ds_samples_read(ds_samples **out, const char *path, const ds_samples_read_options *o)
{
    ds_stream f;
    char      first[4], *bytes;
    size_t    n;
    *out = NULL;
    if (!o) o = &plain;
    ad_status s = ds_stream_open(&f, path);
    if (!s) s = ds_stream_read(&f, first, sizeof first, &n);
    ad_status closed = ds_stream_close(&f);
    if (s || closed) return s ? s : closed;
    if (ds_idx_is(first, n)) {
        AD_TRY(no_columns(path, o));
        return ds_samples_read_idx(out, path, path, o->labels, o->n);
    }
    AD_TRY(ds_load(path, &bytes, &n));
    return read_bytes(out, path, bytes, n, o);
}

ad_status ds_samples_open(ds_samples **out, const char *what, const ds_samples_options *o)
{
    struct stat st;
    *out = NULL;
    if (stat(what, &st) || !S_ISREG(st.st_mode)) return ds_samples_make_spec(out, what, o);
    return ds_samples_read(out, what, o ? &(ds_samples_read_options){ .n = o->n } : &plain);
}
