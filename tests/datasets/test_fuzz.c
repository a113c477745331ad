/* Files cut off anywhere, files with bytes changed, and allocations that fail: a status each time, and nothing lost. */
#include <costate/datasets/normalise.h>
#include <costate/datasets/npy.h>
#include <costate/datasets/registry.h>
#include <costate/datasets/split.h>

#include "texts.h"

typedef struct sample {
    const char     *text;
    ds_read_options o;
} sample;

static const sample samples[] = {
    { "year,lynx,hare\n1900,4,30\n1901,6.25,NA\n1902,9.5,-70e2\n", { 0 } },
    { "\xef\xbb\xbf\"Date\";\"a \"\"b\"\"\"\r\n28.02.2020 12:00;1,5\r\n01.03.2020 13:30:10;?\r\n",
      { 0 } },
    { "# remark\n%o v\n 0 5.0 1 2 \n 0 5.5 3 4\n1.0e0 0.5 5 6\n1.0e0 0.75 7 8\n", { 0 } },
    { "id|t|x|y\nb|0|1|1\na|3|2|\nb|1|3|2\na|4|4|3\n",
      { .id = "id", .columns = "x,y", .drop = "y" } },
    { "No,year,month,day,hour,x\n7,1970,1,1,23,5\n8,1970,1,2,0,6\n", { .from = 1, .to = 2 } },
    { "d,x\n28 February 2020 12:00,5\n1 March 2020 00:00,6\n", { 0 } },
    { "1970-01-01T00:00:00.250Z 1.2345678901234567890e-17\n1970-01-01T00:00:00.500Z 1D300\n",
      { 0 } },
};

enum { SAMPLES = sizeof samples / sizeof samples[0] };

/* Whatever happens is fine, but for a set with a failure, a success without one, or a failure without a word. */
static int read_any(const char *bytes, size_t n, const ds_read_options *o)
{
    ds_series_set *set = NULL;
    char           text[DS_CLOCK_TEXT];
    ad_status      s = ds_read_memory(&set, "f", bytes, n, o);
    cr_assert_eq(s == AD_OK, set != NULL);
    if (s) cr_assert(*ad_message() && !strchr(ad_message(), '\n'), "%s", ad_message());
    if (!s) {
        const ds_series *a = &set->series[0];
        cr_assert(set->cols > 0 && set->count > 0 && a->len > 1 && a->t[1] > a->t[0]);
        cr_assert(strlen(ds_clock_text(&set->clock, a->t[a->len - 1], text)) < DS_CLOCK_TEXT);
    }
    ds_series_set_free(set);
    return s == AD_OK;
}

static void truncate_all(const char *bytes, size_t n, const ds_read_options *o)
{
    for (size_t cut = 0; cut <= n; cut++) {
        char *exact = malloc(cut + 1); /* so that the sanitizer sees a byte too many */
        memcpy(exact, bytes, cut);
        int good = read_any(exact, cut, o);
        if (cut == n) cr_expect(good, "%s", ad_message());
        free(exact);
    }
}

static void mutate(const char *bytes, size_t n, const ds_read_options *o, uint64_t seed)
{
    static const char alphabet[] = "0123456789.,;|\t -+eE\"\n\r#%:/TZnaxy@{\xff";
    char             *copy       = malloc(n);
    for (int k = 0; k < 400; k++) {
        memcpy(copy, bytes, n);
        int changes = 1 + (int)draw(&seed, 0, 4);
        for (int i = 0; i < changes; i++) {
            size_t at = (size_t)draw(&seed, 0, (double)n);
            copy[at]  = draw(&seed, 0, 1) < 0.8
                            ? alphabet[(size_t)draw(&seed, 0, sizeof alphabet - 1)]
                            : (char)draw(&seed, 0, 256);
        }
        read_any(copy, n, o);
    }
    free(copy);
}

Test(fuzz, text_cut_off_anywhere)
{
    for (int i = 0; i < SAMPLES; i++)
        truncate_all(samples[i].text, strlen(samples[i].text), &samples[i].o);
}

Test(fuzz, text_with_bytes_changed)
{
    counting c = { 0 };
    counting_start(&c);
    for (int i = 0; i < SAMPLES; i++)
        mutate(samples[i].text, strlen(samples[i].text), &samples[i].o, 100 + (uint64_t)i);
    counting_stop();
    cr_expect_eq(c.live, 0, "%zu bytes in %ld blocks are left", c.live, c.blocks);
}

static size_t npy_sample(char bytes[4096])
{
    double x[24];
    char   path[128];
    for (int i = 0; i < 24; i++) x[i] = i % 7;
    cr_assert_eq(ds_npy_write(in_folder("a.npy", path), 2, (long[]){ 8, 3 }, x), AD_OK, "%s",
                 ad_message());
    FILE  *f = fopen(path, "rb");
    size_t n = fread(bytes, 1, 4096, f);
    fclose(f);
    remove_folder();
    return n;
}

Test(fuzz, arrays)
{
    char   bytes[4096];
    size_t n = npy_sample(bytes);
    truncate_all(bytes, n, NULL);
    counting c = { 0 };
    counting_start(&c);
    mutate(bytes, n, NULL, 7);
    mutate(bytes, 128, NULL, 8); /* the header alone */
    counting_stop();
    cr_expect_eq(c.live, 0);
}

static ad_status read_sample(void *arg)
{
    const sample  *s      = arg;
    ds_series_set *set    = NULL;
    ad_status      status = ds_read_memory(&set, "f", s->text, strlen(s->text), &s->o);
    ds_series_set_free(set);
    return status;
}

static ad_status make_split_fit(void *arg)
{
    const char    *path = arg;
    ds_series_set *set = NULL, *a = NULL, *b = NULL, *c = NULL, *d = NULL, *e = NULL;
    ds_normalise  *n      = NULL;
    ds_windows    *w      = NULL;
    ad_status      status = ds_make_spec(&set, "lorenz63:n=9,t1=0.5,noise=0.1,series=4");
    if (!status) status = ds_split_fraction(set, 0.25, &a, &b);
    if (!status) status = ds_split_series(set, 0.5, 1, &c, &d);
    if (!status) status = ds_normalise_fit(&n, a, DS_TIME_SPEED);
    if (!status) status = ds_normalise_apply(n, a);
    if (!status) status = ds_windows_cut(&w, a, 3, 2, 0);
    if (!status) status = ds_write_csv(path, a);
    if (!status) status = ds_read(&e, path, &(ds_read_options){ .id = "series" });
    ds_series_set_free(set);
    ds_series_set_free(a);
    ds_series_set_free(b);
    ds_series_set_free(c);
    ds_series_set_free(d);
    ds_series_set_free(e);
    ds_normalise_free(n);
    ds_windows_free(w);
    return status;
}

static ad_status write_array(void *arg)
{
    ds_npy    a      = { 0 };
    double    x[4]   = { 1, 2, 3, 4 };
    ad_status status = ds_npy_write(arg, 1, (long[]){ 4 }, x);
    if (!status) status = ds_npy_read(&a, arg);
    ds_npy_clear(&a);
    return status;
}

static ad_status lynx_hare(void *arg)
{
    ds_series_set *set    = NULL;
    ad_status      status = ds_open(&set, arg, NULL);
    ds_series_set_free(set);
    return status;
}

Test(fuzz, every_allocation_failing)
{
    long runs;
    char path[128];
    for (int i = 0; i < SAMPLES; i++) {
        cr_expect(every_allocation_fails_cleanly(read_sample, (void *)&samples[i], &runs),
                  "sample %d", i);
        cr_expect_gt(runs, 15);
    }
    cr_expect(every_allocation_fails_cleanly(make_split_fit, in_folder("a.csv", path), &runs));
    cr_expect_gt(runs, 60);
    cr_expect(every_allocation_fails_cleanly(write_array, in_folder("a.npy", path), &runs));
    cr_expect_gt(runs, 3);
    cr_expect(every_allocation_fails_cleanly(lynx_hare, "lynx-hare", &runs));
    cr_expect_gt(runs, 8);
    remove_folder();
}
