/* What the reader makes of published files as they are. */
#include <costate/datasets/registry.h>

#include "texts.h"

typedef struct expected {
    const char     *file;
    ds_read_options o;
    int             series, cols;
    long            rows, missing;
    const char     *time, *first, *last,
        *column; /* the first and last time of the first series, first column */
} expected;

static const expected files[] = {
    { "series/hudson-bay-lynx-hare.csv", { 0 }, 1, 2, 21, 0, "Year", "1900", "1920", "Lynx" },
    { "series/daily-min-temperatures.csv.gz",
      { 0 },
      1,
      1,
      3650,
      0,
      "Date",
      "1981-01-01",
      "1990-12-31",
      "Temp" },
    { "series/monthly-sunspots.csv.gz",
      { 0 },
      1,
      1,
      2820,
      0,
      "Month",
      "1749-01",
      "1983-12",
      "Sunspots" },
    { "series/pollution.csv.gz",
      { .drop = "cbwd,No" },
      1,
      7,
      43824,
      2067,
      "date",
      "2010-01-01 00:00",
      "2014-12-31 23:00",
      "pm2.5" },
    { "series/schmidt_lipson_real_pend_h_1.txt.gz", { 0 }, 1, 2, 556, 0, "t", "5", "99.5", "o" },
    { "series/schmidt_lipson_real_linear_h_1.txt.gz",
      { 0 },
      1,
      2,
      870,
      0,
      "t",
      "0.033",
      "29.039",
      "x" },
    { "series/schmidt_lipson_real_double_pend_h_1.txt.gz",
      { 0 },
      2,
      8,
      1520,
      0,
      "t",
      "0",
      "8.860000610351562",
      "o1" },
    { "series/gtf_lorenz63_test_f32.npy.gz",
      { .to = 1000 },
      1,
      3,
      1000,
      0,
      "time",
      "0",
      "999",
      "c1" },
    { "series/ltc_halfcheetah_31x1000x17_f32.npy.gz",
      { 0 },
      31,
      17,
      31000,
      0,
      "time",
      "0",
      "999",
      "c1" },
    { "tabular/yacht.txt.gz", { 0 }, 1, 7, 308, 0, "time", "0", "307", "c1" },
    { "physionet2012/Outcomes-a.txt",
      { 0 },
      1,
      5,
      4000,
      0,
      "RecordID",
      "132539",
      "142673",
      "SAPS-I" },
};

Test(real_files, are_read)
{
    char path[512], name[256], text[DS_CLOCK_TEXT];
    int  found = 0;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        const expected *e = &files[i];
        ds_series_set  *set;
        snprintf(name, sizeof name, "data/%s", e->file);
        if (!shared_file(name, path, sizeof path)) continue;
        found++;
        cr_assert_eq(ds_read(&set, path, &e->o), AD_OK, "%s", ad_message());
        const ds_series *s = &set->series[0];
        cr_expect_eq(set->count, e->series, "%s: %d series", e->file, set->count);
        cr_expect_eq(set->cols, e->cols, "%s: %d columns", e->file, set->cols);
        cr_expect_eq(ds_rows(set), e->rows, "%s: %ld rows", e->file, ds_rows(set));
        cr_expect_eq(ds_missing(set), e->missing, "%s: %ld missing", e->file, ds_missing(set));
        cr_expect_str_eq(set->time, e->time);
        cr_expect_str_eq(ds_clock_text(&set->clock, s->t[0], text), e->first);
        cr_expect_str_eq(ds_clock_text(&set->clock, s->t[s->len - 1], text), e->last);
        cr_expect_str_eq(set->column[0], e->column);
        ds_series_set_free(set);
    }
    if (!found) cr_skip("no shared data");
}
