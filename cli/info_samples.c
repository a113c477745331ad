/* info_samples.c - what `costate info` tells of labelled samples and of points: a set by name, a folder with its files, an IDX file. */
#include <stdio.h>
#include <string.h>

#include <costate/datasets/idx.h>
#include <costate/datasets/stream.h>

#include "info.h"

static void print_part(const char *what, const ds_samples *s)
{
    char shape[64];
    printf("%s: %ld samples of %s numbers, ", what, s->n,
           ds_samples_shape_text(s, shape, sizeof shape));
    if (s->classes)
        printf("%d classes", s->classes);
    else
        printf("no labels");
    for (int k = 0; s->class_name && k < s->classes && k < 12; k++)
        printf("%s%s", k ? ", " : ": ", s->class_name[k]);
    putchar('\n');
    if (*s->note) printf("%s%s", s->note, s->note[strlen(s->note) - 1] == '\n' ? "" : "\n");
}

ad_status info_set(const char *spec, const char *folder)
{
    for (int test = 0; test < 2; test++) {
        char               what[320];
        ds_samples        *s;
        ds_samples_options o = { .dir = folder, .part = test ? DS_TEST : DS_TRAIN };
        AD_TRY(ds_samples_make_spec(&s, spec, &o));
        snprintf(what, sizeof what, "%.250s, %s", folder ? folder : spec,
                 test ? "to test" : "to train");
        print_part(what, s);
        ds_samples_free(s);
    }
    return AD_OK;
}

int info_is_idx(const char *path)
{
    ds_stream f;
    char      first[4];
    size_t    n = 0;
    if (ds_stream_open(&f, path)) return 0;
    ad_status s = ds_stream_read(&f, first, sizeof first, &n);
    ds_stream_close(&f);
    return !s && ds_idx_is(first, n);
}

ad_status info_idx(const char *path)
{
    ds_samples *s;
    AD_TRY(ds_samples_read(&s, path, NULL));
    print_part(path, s);
    ds_samples_free(s);
    return AD_OK;
}
