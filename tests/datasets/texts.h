/* texts.h - what the tests of the readers share. */
#ifndef COSTATE_TESTS_DATASETS_TEXTS_H
#define COSTATE_TESTS_DATASETS_TEXTS_H

#include <criterion/criterion.h>
#include <stdarg.h>
#include <unistd.h>

#include <costate/datasets/read.h>

#include "support.h"

static inline ds_series_set *must_read(const char *text, const ds_read_options *o)
{
    ds_series_set *set    = NULL;
    ad_status      status = ds_read_memory(&set, "data.csv", text, strlen(text), o);
    cr_assert_eq(status, AD_OK, "%s", ad_message());
    return set;
}

/* The text must be refused with a sentence that holds each of the words, NULL-terminated. */
static inline void refused(const char *text, const ds_read_options *o, ...)
{
    ds_series_set *set    = (void *)&set;
    ad_status      status = ds_read_memory(&set, "data.csv", text, strlen(text), o);
    cr_assert_neq(status, AD_OK, "read: %s", text);
    cr_assert_null(set);
    va_list words;
    va_start(words, o);
    for (const char *w; (w = va_arg(words, const char *));)
        cr_expect(strstr(ad_message(), w), "'%s' is not in: %s", w, ad_message());
    va_end(words);
    cr_expect_null(strchr(ad_message(), '\n'), "more than a line: %s", ad_message());
}

static inline void column_is(const ds_series_set *set, int i, int j, ...)
{
    va_list numbers;
    va_start(numbers, j);
    for (long k = 0; k < set->series[i].len; k++) {
        double want = va_arg(numbers, double),
               is   = j < 0 ? set->series[i].t[k] : set->series[i].y[k * set->cols + j];
        cr_expect(is == want || (isnan(is) && isnan(want)),
                  "series %d, row %ld, column %d: %.17g, not %.17g", i, k, j, is, want);
    }
    va_end(numbers);
}

/* A path in a temporary directory of this process, which remove_folder() takes away again. */
static inline char *folder(void)
{
    static char name[64];
    if (!*name) {
        snprintf(name, sizeof name, "/tmp/costate-test-XXXXXX");
        cr_assert_not_null(mkdtemp(name));
    }
    return name;
}

static inline char *in_folder(const char *name, char path[128])
{
    snprintf(path, 128, "%s/%s", folder(), name);
    return path;
}

static inline void remove_folder(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", folder());
    cr_expect_eq(system(command), 0);
}

static inline void write_bytes(const char *path, const void *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");
    cr_assert_not_null(f);
    cr_assert_eq(fwrite(bytes, 1, n, f), n);
    cr_assert_eq(fclose(f), 0);
}

#endif
