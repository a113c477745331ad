#include <limits.h>
#include <string.h>

#include <costate/autodiff/memory.h>
#include <costate/datasets/cifar10.h>
#include <costate/datasets/stream.h>

enum { PIXELS = 3 * 32 * 32, RECORD = PIXELS + 1, CLASSES = 10 };

static const char *const class_name[CLASSES] = {
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"
};

static ad_status load(const char *path, long most, char **raw, long *records)
{
    ds_stream f;
    size_t    got = 0;
    *raw          = NULL;
    AD_TRY(ds_stream_open(&f, path));
    ad_status s = ds_stream_take(&f, most < LONG_MAX / RECORD ? (size_t)most * RECORD : SIZE_MAX,
                                 raw, &got);
    ad_status closed = ds_stream_close(&f);
    if (!s) s = closed;
    *records = (long)(got / RECORD);
    if (!s && (got % RECORD || !got))
        s = ad_fail(AD_BAD_FILE,
                    "%s is cut off, or no CIFAR-10 file: %zu bytes are not a multiple of the %d of "
                    "a record; copy or download it again",
                    path, got, RECORD);
    for (long i = 0; !s && i < *records; i++)
        if ((unsigned char)(*raw)[i * RECORD] >= CLASSES)
            s = ad_fail(AD_BAD_FILE,
                        "%s, record %ld: its label is %d; CIFAR-10 has 0 to 9, one byte in front "
                        "of 3072 pixels",
                        path, i + 1, (unsigned char)(*raw)[i * RECORD]);
    return s;
}

static ad_status append(ds_samples *s, const char *raw, long records)
{
    size_t   old = (size_t)s->n, more = old + (size_t)records;
    uint8_t *byte = ad_realloc(s->byte, old * PIXELS, more * PIXELS);
    if (!byte) return AD_NO_MEMORY;
    s->byte    = byte;
    int *label = ad_realloc(s->label, old * sizeof *label, more * sizeof *label);
    if (!label) return AD_NO_MEMORY;
    s->label = label;
    for (size_t i = 0; i < (size_t)records; i++) {
        label[old + i] = (unsigned char)raw[i * RECORD];
        memcpy(byte + (old + i) * PIXELS, raw + i * RECORD + 1, PIXELS);
    }
    s->n = (long)more;
    return AD_OK;
}

static ad_status name_classes(ds_samples *s)
{
    s->classes    = CLASSES;
    s->class_name = ad_alloc(CLASSES * sizeof *s->class_name);
    if (!s->class_name) return AD_NO_MEMORY;
    for (int k = 0; k < CLASSES; k++)
        if (!(s->class_name[k] = ad_strdup(class_name[k]))) return AD_NO_MEMORY;
    return AD_OK;
}

static ad_status read_all(ds_samples *s, int files, const char *const path[], long n)
{
    AD_TRY(name_classes(s));
    for (int i = 0; i < files && s->n < n; i++) {
        char     *raw;
        long      records;
        ad_status status = load(path[i], n - s->n, &raw, &records);
        if (!status) status = append(s, raw, records);
        ad_free(raw);
        AD_TRY(status);
        AD_TRY(ds_samples_note(s, "CIFAR-10: %ld samples from %s, bytes divided by 255", records,
                               path[i]));
    }
    if (n < LONG_MAX && s->n < n)
        return ad_fail(AD_BAD_FILE,
                       "the CIFAR-10 file%s (%s%s) hold%s %ld samples; n=%ld were "
                       "asked for",
                       files > 1 ? "s" : "", path[0], files > 1 ? " ..." : "", files > 1 ? "" : "s",
                       s->n, n);
    return AD_OK;
}

ad_status ds_samples_read_cifar10(ds_samples **out, int files, const char *const path[], long n)
{
    ds_samples *s;
    *out = NULL;
    if (n < 0) return ad_fail(AD_INVALID, "CIFAR-10: n=%ld; at least 1", n);
    if (files < 1) return ad_fail(AD_INVALID, "CIFAR-10: no files were named");
    AD_TRY(ds_samples_new(&s, "cifar10", 1, 3, (const long[]){ 3, 32, 32 }));
    s->n             = 0;
    s->unit          = 255;
    ad_status status = read_all(s, files, path, n ? n : LONG_MAX);
    if (status)
        ds_samples_free(s);
    else
        *out = s;
    return status;
}
