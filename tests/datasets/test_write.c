/* CSV out and in again: the same names, times and numbers, bit for bit. */
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <costate/datasets/registry.h>

#include "texts.h"

static void same_again(const ds_series_set *set, const char *id)
{
    char           path[128];
    ds_series_set *again;
    cr_assert_eq(ds_write_csv(in_folder("a.csv", path), set), AD_OK, "%s", ad_message());
    cr_assert_eq(ds_read(&again, path, &(ds_read_options){ .id = id, .time = set->time }), AD_OK,
                 "%s", ad_message());
    cr_assert(again->count == set->count && again->cols == set->cols);
    for (int j = 0; j < set->cols; j++) cr_expect_str_eq(again->column[j], set->column[j]);
    cr_expect_str_eq(again->time, set->time);
    cr_expect_arr_eq(&again->clock, &set->clock, sizeof set->clock);
    for (int i = 0; i < set->count; i++) {
        const ds_series *a = &set->series[i], *b = &again->series[i];
        cr_assert_eq(a->len, b->len);
        cr_expect_str_eq(a->name, b->name);
        for (long k = 0; k < a->len; k++) cr_expect_eq(a->t[k], b->t[k]);
        for (long k = 0; k < a->len * set->cols; k++)
            cr_expect(a->y[k] == b->y[k] || (isnan(a->y[k]) && isnan(b->y[k])), "%.17g, %.17g",
                      a->y[k], b->y[k]);
    }
    ds_series_set_free(again);
}

Test(write, everything_comes_back)
{
    ds_series_set *set;
    cr_assert_eq(ds_make_spec(&set, "lorenz63:n=200,series=3,noise=0.01"), AD_OK);
    set->series[1].y[7] = NAN;
    set->series[2].y[8] = 5e-324;
    set->series[2].y[9] = -1.7976931348623157e308;
    same_again(set, "series");
    ds_series_set_free(set);
    set = must_read("Date;a,b;\"c \"\"d\"\"\"\n2020-01-01;0.1;\n2020-02-03;NA;-3e-7\n", NULL);
    cr_expect_str_eq(set->column[0], "a,b");
    same_again(set, NULL);
    ds_series_set_free(set);
    remove_folder();
}

Test(write, leaves_the_old_file_when_it_fails)
{
    ds_series_set *set;
    char           path[128], full[256];
    cr_assert_eq(ds_make_spec(&set, "lynx-hare"), AD_OK);
    cr_expect_eq(ds_write_csv("/nowhere/a.csv", set), AD_IO);
    cr_expect(strstr(ad_message(), "/nowhere/a.csv cannot be written: No such file"), "%s",
              ad_message());
    /* a directory in the place of the file: renaming fails after all was written */
    cr_assert_eq(mkdir(in_folder("a.csv", path), 0700), 0);
    cr_expect_eq(ds_write_csv(path, set), AD_IO);
    cr_expect(strstr(ad_message(), "could not be written"), "%s", ad_message());
    snprintf(full, sizeof full, "test -z \"$(ls '%s' | grep -v '^a.csv$')\"", folder());
    cr_expect_eq(system(full), 0, "a temporary file is left");
    ds_series_set_free(set);
    remove_folder();
}

/* A limit on the size of files stands for a full disk. */
Test(write, a_full_disk)
{
    ds_series_set *set, *old;
    char           path[128], full[256];
    cr_assert_eq(ds_make_spec(&set, "lynx-hare"), AD_OK);
    write_bytes(in_folder("a.csv", path), "t,x\n0,1\n1,2\n", 12);
    struct rlimit before, limit;
    getrlimit(RLIMIT_FSIZE, &before);
    limit          = before;
    limit.rlim_cur = 100;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    ad_status status = ds_write_csv(path, set);
    setrlimit(RLIMIT_FSIZE, &before);
    cr_expect_eq(status, AD_IO);
    cr_expect(strstr(ad_message(), "a.csv could not be written"), "%s", ad_message());
    cr_assert_eq(ds_read(&old, path, NULL), AD_OK, "%s", ad_message());
    column_is(old, 0, 0, 1.0, 2.0);
    snprintf(full, sizeof full, "test -z \"$(ls '%s' | grep -v '^a.csv$')\"", folder());
    cr_expect_eq(system(full), 0, "a temporary file is left");
    ds_series_set_free(old);
    ds_series_set_free(set);
    remove_folder();
}

Test(write, to_a_stream)
{
    ds_series_set *set  = must_read("date,x\n2020-01-01,1\n2020-01-02,\n", NULL);
    char          *text = NULL;
    size_t         n    = 0;
    FILE          *f    = open_memstream(&text, &n);
    cr_expect_eq(ds_print_csv(f, set), AD_OK);
    fclose(f);
    cr_expect_str_eq(text, "date,x\n2020-01-01,1\n2020-01-02,\n");
    free(text);
    f = fopen("/dev/full", "w");
    if (f) {
        cr_expect_eq(ds_print_csv(f, set), AD_IO);
        fclose(f);
    }
    ds_series_set_free(set);
}
