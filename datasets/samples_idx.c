#include <costate/autodiff/memory.h>
#include <costate/datasets/idx.h>

enum { CLASSES = 100000 };

static ad_status set_labels(ds_samples *s, const ds_idx *y, const char *path)
{
    s->label = ad_alloc((size_t)s->n * sizeof *s->label);
    if (!s->label) return AD_NO_MEMORY;
    for (long i = 0; i < s->n; i++) {
        double v = y->byte ? y->byte[i] : y->real[i];
        if (!(v >= 0 && v < CLASSES) || v != (int)v)
            return ad_fail(AD_BAD_FILE,
                           "%s: label %ld is %g; labels are whole numbers from 0 to %d", path,
                           i + 1, v, CLASSES - 1);
        s->label[i] = (int)v;
        if (s->label[i] >= s->classes) s->classes = s->label[i] + 1;
    }
    return AD_OK;
}

static ad_status add_labels(ds_samples *s, const char *images, const char *labels, long have)
{
    ds_idx    y;
    ad_status status = ds_idx_read(&y, labels, s->n < have ? s->n : 0);
    if (status) return status;
    if (y.rank != 1)
        status = ad_fail(AD_BAD_FILE,
                         "%s holds an array of rank %d where labels are expected: "
                         "0x00000801 at its beginning",
                         labels, y.rank);
    else if (y.dim[0] != have)
        status = ad_fail(AD_BAD_FILE,
                         "%s holds %ld images and %s %ld labels; they are not of one set", images,
                         have, labels, y.dim[0]);
    else
        status = set_labels(s, &y, labels);
    ds_idx_clear(&y);
    return status;
}

/* Images are [n, height, width]: one channel. */
static ad_status from_array(ds_samples **out, const char *name, ds_idx *x)
{
    long shape[DS_SAMPLE_RANK] = { 1, 1, 1 };
    int  rank                  = 0;
    if (x->rank == 3) rank = 1;
    for (int k = 1; k < x->rank; k++) shape[rank++] = x->dim[k];
    if (!rank) rank = 1;
    AD_TRY(ds_samples_new(out, name, x->rows, rank, shape));
    (*out)->byte = x->byte;
    (*out)->real = x->real;
    (*out)->unit = x->byte ? 255 : 1;
    x->byte      = NULL;
    x->real      = NULL;
    return AD_OK;
}

ad_status ds_samples_read_idx(ds_samples **out, const char *name, const char *images,
                              const char *labels, long n)
{
    ds_idx      x;
    ds_samples *s = NULL;
    *out          = NULL;
    AD_TRY(ds_idx_read(&x, images, n));
    long      have   = x.dim[0];
    ad_status status = labels && x.rank == 1
                           ? ad_fail(AD_BAD_FILE,
                                     "%s holds an array of rank 1, labels as it seems, where "
                                     "images are expected: 0x00000803 at its beginning",
                                     images)
                           : from_array(&s, name, &x);
    ds_idx_clear(&x);
    if (!status && labels) status = add_labels(s, images, labels, have);
    if (!status)
        status = ds_samples_note(s, "IDX: %ld of %ld samples from %s%s", s->n, have, images,
                                 s->byte ? ", bytes divided by 255" : "");
    if (status)
        ds_samples_free(s);
    else
        *out = s;
    return status;
}
