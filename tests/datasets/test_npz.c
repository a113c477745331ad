/* NumPy's archives, written and read again; and what is wrong with broken ones. */
#include <costate/datasets/npz.h>
#include <costate/datasets/read.h>
#include <costate/datasets/samples_read.h>

#include "texts.h"

enum { ROOM = 1 << 16 };

static const double x[6] = { 1, -2.5, NAN, 1e300, 0, 1.0 / 3 }, y[1] = { 7 };

static const ds_npz_entry entries[] = {
    { "x", 2, { 2, 3 }, x },
    { "layer/weight", 0, { 0 }, y },
    { "none", 2, { 0, 3 }, x },
};

static size_t archive(const char *path, int compress, unsigned char b[ROOM])
{
    cr_assert_eq(ds_npz_write(path, 3, entries, compress), AD_OK, "%s", ad_message());
    FILE  *f = fopen(path, "rb");
    size_t n = fread(b, 1, ROOM, f);
    fclose(f);
    return n;
}

static void is_whole(const ds_npz *z)
{
    cr_assert_eq(z->count, 3);
    for (int i = 0; i < 3; i++) cr_expect_str_eq(z->name[i], entries[i].name);
    const ds_npy *a = ds_npz_find(z, "x"), *b = ds_npz_find(z, "layer/weight");
    cr_assert(a && a->rank == 2 && a->dim[0] == 2 && a->dim[1] == 3);
    cr_expect_arr_eq(a->value, x, sizeof x);
    cr_assert(b && b->rank == 0 && b->count == 1 && b->value[0] == 7);
    cr_expect(z->array[2].count == 0 && z->array[2].dim[1] == 3);
}

Test(npz, written_and_read_again)
{
    static unsigned char b[ROOM];
    char                 path[128];
    for (int compress = 0; compress < 2; compress++) {
        ds_npz z;
        size_t n = archive(in_folder("a.npz", path), compress, b);
        cr_expect(ds_npz_is(b, n));
        cr_assert_eq(ds_npz_read(&z, path), AD_OK, "%s", ad_message());
        is_whole(&z);
        cr_expect_null(ds_npz_find(&z, "layer/weigth"));
        cr_expect(strstr(ad_message(), "did you mean 'layer/weight'?"), "%s", ad_message());
        cr_expect_null(ds_npz_find(&z, "something-else-entirely"));
        cr_expect(strstr(ad_message(), "its arrays are x, layer/weight, none"), "%s", ad_message());
        ds_npz_clear(&z);
    }
    ds_npz z;
    cr_assert_eq(ds_npz_write(path, 0, NULL, 0), AD_OK, "%s", ad_message());
    cr_assert_eq(ds_npz_read(&z, path), AD_OK, "%s", ad_message());
    cr_expect_eq(z.count, 0);
    ds_npz_clear(&z);
    remove_folder();
}

Test(npz, large_array_is_deflated)
{
    char    path[128];
    ds_npz  z;
    double *v = calloc(200000, sizeof *v);
    for (int i = 0; i < 200000; i++) v[i] = i % 100;
    ds_npz_entry e = { "v", 1, { 200000 }, v };
    cr_assert_eq(ds_npz_write(in_folder("a.npz", path), 1, &e, 1), AD_OK, "%s", ad_message());
    cr_assert_eq(ds_npz_read(&z, path), AD_OK, "%s", ad_message());
    cr_expect_arr_eq(z.array[0].value, v, 200000 * sizeof *v);
    ds_npz_clear(&z);
    FILE *f = fopen(path, "rb");
    fseek(f, 0, SEEK_END);
    cr_expect_lt(ftell(f), 160000); /* a tenth of the 1.6 MB: a period of 800 bytes */
    fclose(f);
    free(v);
    remove_folder();
}

static void refused_write(int count, const ds_npz_entry *e, const char *word)
{
    ad_status s = ds_npz_write("/nowhere/a.npz", count, e, 0);
    cr_expect(s && strstr(ad_message(), word), "'%s' is not in: %s", word, ad_message());
}

Test(npz, refusals_to_write)
{
    ds_npz_entry e[2] = { { "x", 1, { 6 }, x }, { "x", 1, { 1 }, y } };
    refused_write(1, e, "/nowhere/a.npz cannot be written");
    refused_write(2, e, "two arrays are named 'x'");
    refused_write(-1, e, "-1 arrays");
    e[0].name = "";
    refused_write(1, e, "needs a name");
    e[0] = (ds_npz_entry){ "x", 9, { 1 }, x };
    refused_write(1, e, "of rank 9");
    e[0] = (ds_npz_entry){ "x", 2, { 30000, 30000 }, x };
    refused_write(1, e, "zip64");
}

/* The bytes with one place changed, found from the end record (dir: the directory's first entry). */
static void refused_change(const unsigned char *b, size_t n, size_t at, const char *bytes, size_t m,
                           const char *word)
{
    ds_npz         z;
    unsigned char *c = malloc(n);
    memcpy(c, b, n);
    memcpy(c + at, bytes, m);
    cr_expect_neq(ds_npz_parse(&z, "a.npz", c, n), AD_OK, "read, not: %s", word);
    cr_expect(strstr(ad_message(), word) && strstr(ad_message(), "a.npz"), "'%s' is not in: %s",
              word, ad_message());
    cr_expect(!z.count && !z.name);
    free(c);
}

Test(npz, refusals)
{
    static unsigned char b[ROOM];
    char                 path[128];
    ds_npz               z;
    size_t               n = archive(in_folder("a.npz", path), 0, b), end = n - 22;
    size_t               dir = b[end + 16] | (size_t)b[end + 17] << 8;
    remove_folder();
    refused_change(b, n, 0, "RK", 2, "not a .npz file");
    refused_change(b, n, 200, "\x55", 1, "array 'x.npy' is damaged: its checksum is");
    refused_change(b, n, dir + 16, "abcd", 4, "not 64636261");
    refused_change(b, n, dir + 8, "\1", 1, "'x.npy' is encrypted");
    refused_change(b, n, dir + 10, "\14", 1, "packed by method 12");
    refused_change(b, n, dir + 10, "\10", 1, "array 'x.npy': the packed bytes are damaged");
    refused_change(b, n, dir + 20, "\xff\xff\xff\xff", 4, "zip64");
    refused_change(b, n, dir + 24, "\xff\xff\xff\xff", 4, "zip64");
    refused_change(b, n, dir + 24, "\1\1\1\0", 4, "damaged");
    refused_change(b, n, dir + 20, "\1\1\1\0\1\1\1\0", 8, "damaged");
    refused_change(b, n, dir + 42, "\1", 1, "damaged");
    refused_change(b, n, dir + 28, "\xff\xff", 2, "damaged");
    refused_change(b, n, dir, "x", 1, "damaged");
    refused_change(b, n, end + 16, "\xff\xff\xff\xff", 4, "zip64");
    refused_change(b, n, end + 16, "\xff\xff\xff", 3, "damaged");
    refused_change(b, n, end + 8, "\xff\xff\xff\xff", 4, "zip64");
    refused_change(b, n, end + 8, "\4\0\4\0", 4, "damaged");
    refused_change(b, n, end + 4, "\1", 1, "several files");
    cr_expect_eq(ds_npz_parse(&z, "a.npz", b, n - 1), AD_BAD_FILE);
    cr_expect(strstr(ad_message(), "cut off or damaged"), "%s", ad_message());
}

static int read_any(const void *bytes, size_t n)
{
    ds_npz    z;
    ad_status s = ds_npz_parse(&z, "f", bytes, n);
    if (s) cr_assert(*ad_message() && !strchr(ad_message(), '\n'), "%s", ad_message());
    ds_npz_clear(&z);
    return !s;
}

Test(npz, cut_off_anywhere_and_changed)
{
    static unsigned char b[ROOM];
    char                 path[128];
    uint64_t             seed = 3;
    counting             c    = { 0 };
    for (int compress = 0; compress < 2; compress++) {
        size_t n = archive(in_folder("a.npz", path), compress, b);
        counting_start(&c);
        for (size_t cut = 0; cut < n; cut++) {
            unsigned char *exact = malloc(cut + 1);
            memcpy(exact, b, cut);
            cr_assert_not(read_any(exact, cut), "%zu of %zu bytes", cut, n);
            free(exact);
        }
        unsigned char *copy = malloc(n);
        for (int k = 0; k < 2000; k++) {
            memcpy(copy, b, n);
            for (int i = 1 + (int)draw(&seed, 0, 3); i > 0; i--)
                copy[(size_t)draw(&seed, 0, (double)n)] = (unsigned char)draw(&seed, 0, 256);
            read_any(copy, n);
        }
        free(copy);
        counting_stop();
        cr_expect_eq(c.live, 0, "%zu bytes in %ld blocks are left", c.live, c.blocks);
    }
    remove_folder();
}

static ad_status write_and_read(void *arg)
{
    ds_npz    z = { 0 };
    ad_status s = ds_npz_write(arg, 3, entries, 1);
    if (!s) s = ds_npz_read(&z, arg);
    ds_npz_clear(&z);
    return s;
}

Test(npz, every_allocation_failing)
{
    char path[128];
    long runs;
    cr_expect(every_allocation_fails_cleanly(write_and_read, in_folder("a.npz", path), &runs));
    cr_expect_gt(runs, 25);
    remove_folder();
}

static int python(const char *script)
{
    char command[1024];
    snprintf(command, sizeof command, "cd '%s' && python3 -c \"%s\"", folder(), script);
    return system(command);
}

/* Both ways: what NumPy writes is read, and what is written NumPy reads. */
Test(npz, numpy_agrees)
{
    char path[128];
    if (system("python3 -c 'import numpy' 2> /dev/null"))
        cr_skip("no numpy: its archives were not compared");
    for (int compress = 0; compress < 2; compress++) {
        ds_npz        z;
        const ds_npy *a;
        cr_assert_eq(ds_npz_write(in_folder("a.npz", path), 3, entries, compress), AD_OK);
        cr_expect_eq(python("import numpy as np\n"
                            "z = np.load('a.npz')\n"
                            "x = np.array([[1, -2.5, np.nan], [1e300, 0, 1 / 3]])\n"
                            "assert sorted(z.files) == ['layer/weight', 'none', 'x']\n"
                            "assert z['x'].dtype == np.float64\n"
                            "assert np.array_equal(z['x'], x, equal_nan=True)\n"
                            "assert z['layer/weight'].shape == () and z['layer/weight'] == 7\n"
                            "assert z['none'].shape == (0, 3)\n"
                            "import zipfile\n"
                            "assert zipfile.ZipFile('a.npz').testzip() is None\n"),
                     0);
        cr_assert_eq(python(compress
                                ? "import numpy as np\n"
                                  "np.savez_compressed('b.npz', f=np.arange(6, dtype='f4')"
                                  ".reshape(2, 3).T, i=np.array([-1, 2], 'i2'), z=np.uint8(3))"
                                : "import numpy as np\n"
                                  "np.savez('b.npz', f=np.arange(6, dtype='f4')"
                                  ".reshape(2, 3).T, i=np.array([-1, 2], 'i2'), z=np.uint8(3))"),
                     0);
        cr_assert_eq(ds_npz_read(&z, in_folder("b.npz", path)), AD_OK, "%s", ad_message());
        cr_assert_eq(z.count, 3);
        a = ds_npz_find(&z, "f");
        cr_assert(a && a->rank == 2 && a->dim[0] == 3 && a->dim[1] == 2);
        for (int i = 0; i < 6; i++) cr_expect_eq(a->value[i], i % 2 * 3 + i / 2);
        a = ds_npz_find(&z, "i");
        cr_assert(a && a->count == 2 && a->value[0] == -1 && a->value[1] == 2);
        a = ds_npz_find(&z, "z");
        cr_assert(a && a->rank == 0 && a->value[0] == 3);
        ds_npz_clear(&z);
    }
    remove_folder();
}

/* An archive as data: its array x with the classes y; as a series: the only array. */
static void wrote(const char *path, int count, const ds_npz_entry e[])
{
    cr_assert_eq(ds_npz_write(path, count, e, 1), AD_OK, "%s", ad_message());
}

Test(npz, samples_and_series)
{
    static const double rows[8] = { 1, 2, 3, 4, 5, 6, 7, 8 }, class[4] = { 0, 1, 1, 0 };
    const ds_npz_entry  e[] = { { "y", 1, { 4 }, class }, { "x", 2, { 4, 2 }, rows } };
    ds_samples         *s;
    ds_series_set      *set;
    char                path[128];
    in_folder("data.npz", path);
    wrote(path, 2, e);
    cr_assert_eq(ds_samples_read(&s, path, NULL), AD_OK, "%s", ad_message());
    double x_back[8];
    int    label[4];
    long   index[4] = { 0, 1, 2, 3 };
    cr_expect_eq(s->n, 4);
    cr_expect_eq(ds_samples_rows(s, 4, index, AD_F64, x_back, label), AD_OK);
    cr_expect_arr_eq(x_back, rows, sizeof rows);
    for (int i = 0; i < 4; i++) cr_expect_eq(label[i], (int)class[i]);
    ds_samples_free(s);
    cr_expect_eq(ds_read(&set, path, NULL), AD_BAD_FILE);
    cr_expect(strstr(ad_message(), "holds 2 arrays"), "%s", ad_message());
    wrote(path, 2, (ds_npz_entry[]){ { "y", 1, { 3 }, class }, { "x", 2, { 4, 2 }, rows } });
    cr_expect_eq(ds_samples_read(&s, path, NULL), AD_BAD_FILE);
    cr_expect(strstr(ad_message(), "4 samples and 3 labels"), "%s", ad_message());
    wrote(path, 2, (ds_npz_entry[]){ { "a", 1, { 3 }, class }, { "b", 2, { 4, 2 }, rows } });
    cr_expect_eq(ds_samples_read(&s, path, NULL), AD_BAD_FILE);
    cr_expect(strstr(ad_message(), "none called x"), "%s", ad_message());
    wrote(path, 1, e + 1);
    cr_assert_eq(ds_read(&set, path, NULL), AD_OK, "%s", ad_message());
    cr_expect_eq(set->count, 1);
    ds_series_set_free(set);
    remove(path);
}
