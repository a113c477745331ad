#include <stdlib.h>

#include <costate/autodiff/memory.h>
#include <costate/datasets/folder.h>
#include <costate/datasets/inflate.h>

/* Embedded by cmake: data/README.md. */
extern const unsigned char ds_digits_train[], ds_digits_test[];
extern const size_t        ds_digits_train_size, ds_digits_test_size;

enum { PIXELS = 64, TRAIN = 3823, TEST = 1797 };

/* The unpacked size stands in the last four bytes of a gzip'd file, low byte first. */
static ad_status unpack(char **text, int test)
{
    const unsigned char *b    = test ? ds_digits_test : ds_digits_train;
    size_t               n    = test ? ds_digits_test_size : ds_digits_train_size;
    size_t               size = 0;
    for (int k = 1; k <= 4; k++) size = size << 8 | b[n - (size_t)k];
    return ds_inflate(text, size, "digits", DS_GZIP, b, n);
}

static ad_status fill(ds_samples *s, const char *text)
{
    s->byte  = ad_alloc((size_t)s->n * PIXELS);
    s->label = ad_alloc((size_t)s->n * sizeof *s->label);
    if (!s->byte || !s->label) return AD_NO_MEMORY;
    s->classes = 10;
    s->unit    = 16;
    char *at   = (char *)text;
    for (long i = 0; i < s->n; i++)
        for (int j = 0; j <= PIXELS; j++) {
            long v = strtol(at, &at, 10);
            if (j < PIXELS)
                s->byte[i * PIXELS + j] = (uint8_t)v;
            else
                s->label[i] = (int)v;
            at++; /* a comma, or the end of the line */
        }
    return ds_samples_note(s, "built in: %ld digits of 8 x 8, counts from 0 to 16 divided by 16",
                           s->n);
}

ad_status ds_make_digits(ds_samples **out, const ds_samples_options *o)
{
    int         test = o->part == DS_TEST;
    long        have = test ? TEST : TRAIN;
    char       *text;
    ds_samples *s;
    *out = NULL;
    AD_TRY(ds_recorded("digits", o));
    if (o->n > have)
        return ad_fail(AD_INVALID, "digits has %ld samples to %s; n=%ld were asked for", have,
                       test ? "test" : "train", o->n);
    AD_TRY(unpack(&text, test));
    ad_status status = ds_samples_new(&s, "digits", o->n ? o->n : have, 3,
                                      (const long[]){ 1, 8, 8 });
    if (!status) {
        status = fill(s, text);
        if (status)
            ds_samples_free(s);
        else
            *out = s;
    }
    ad_free(text);
    return status;
}
