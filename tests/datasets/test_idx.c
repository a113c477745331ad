/* IDX files: MNIST itself, every type of number, and what is wrong with broken ones. */
#include <zlib.h>

#include <costate/datasets/idx.h>

#include "texts.h"

typedef struct bytes {
    unsigned char b[4096];
    size_t        n;
} bytes;

static void word(bytes *f, uint32_t w)
{
    for (int k = 24; k >= 0; k -= 8) f->b[f->n++] = (unsigned char)(w >> k);
}

/* n images of 2 x 3, pixel k being 7 k mod 256; n labels, k mod 10. */
static bytes images(uint32_t n)
{
    bytes f = { .n = 0 };
    word(&f, 0x803), word(&f, n), word(&f, 2), word(&f, 3);
    for (uint32_t k = 0; k < 6 * n; k++) f.b[f.n++] = (unsigned char)(7 * k);
    return f;
}

static bytes labels(uint32_t n)
{
    bytes f = { .n = 0 };
    word(&f, 0x801), word(&f, n);
    for (uint32_t k = 0; k < n; k++) f.b[f.n++] = (unsigned char)(k % 10);
    return f;
}

static void pack(const char *path, const void *b, size_t n)
{
    gzFile f = gzopen(path, "wb");
    cr_assert_eq(gzwrite(f, b, (unsigned)n), (int)n);
    cr_assert_eq(gzclose(f), Z_OK);
}

/* The files must be refused with a sentence of one line that holds each of the words. */
static void refused_pair(const bytes *x, const bytes *y, long n, const char *word,
                         const char *other)
{
    char        a[128], b[128];
    ds_samples *s = (void *)&s;
    write_bytes(in_folder("x", a), x->b, x->n);
    write_bytes(in_folder("y", b), y->b, y->n);
    cr_assert_neq(ds_samples_read_idx(&s, "set", a, b, n), AD_OK, "read, not: %s", word);
    cr_assert_null(s);
    cr_expect(strstr(ad_message(), word) && strstr(ad_message(), other), "'%s', '%s' not in: %s",
              word, other, ad_message());
    cr_expect_null(strchr(ad_message(), '\n'));
}

Test(idx, images_and_labels)
{
    char        a[128], b[128];
    ds_samples *s;
    bytes       x = images(20), y = labels(20);
    pack(in_folder("x.gz", a), x.b, x.n);
    write_bytes(in_folder("y", b), y.b, y.n);
    for (long n = 0; n <= 12; n += 12) {
        cr_assert_eq(ds_samples_read_idx(&s, "set", a, b, n), AD_OK, "%s", ad_message());
        cr_expect_eq(s->n, n ? n : 20);
        cr_expect(s->dim == 6 && s->rank == 3 && s->shape[0] == 1 && s->shape[1] == 2 &&
                  s->shape[2] == 3 && s->classes == 10 && s->unit == 255 && !s->real);
        cr_expect(strstr(s->note, n ? "12 of 20 samples" : "20 of 20 samples"), "%s", s->note);
        float  f[18];
        double d[18];
        int    label[3];
        long   index[3] = { 11, 0, 11 };
        cr_assert_eq(ds_samples_rows(s, 3, index, AD_F32, f, label), AD_OK);
        cr_assert_eq(ds_samples_rows(s, 3, index, AD_F64, d, label), AD_OK);
        for (int i = 0; i < 18; i++) {
            int byte = (int)(7 * (6 * index[i / 6] + i % 6)) % 256;
            cr_expect_eq(d[i], byte / 255.0);
            cr_expect_eq(f[i], (float)(byte / 255.0));
        }
        cr_expect(label[0] == 1 && label[1] == 0 && label[2] == 1);
        ds_samples_free(s);
    }
    cr_assert_eq(ds_samples_read_idx(&s, "set", a, NULL, 0), AD_OK);
    cr_expect(!s->label && !s->classes);
    ds_samples_free(s);
    remove_folder();
}

Test(idx, every_type)
{
    static const struct {
        int           type, size;
        unsigned char b[16];
        double        x[2];
    } all[] = {
        { 9, 1, { 0xfe, 0x7f }, { -2, 127 } },
        { 11, 2, { 0xff, 0xfe, 0x7f, 0xff }, { -2, 32767 } },
        { 12, 4, { 0xff, 0xff, 0xff, 0xfe, 0x7f, 0xff, 0xff, 0xff }, { -2, 2147483647 } },
        { 13, 4, { 0xc0, 0x20, 0, 0, 0x3f, 0x80, 0, 0 }, { -2.5, 1 } },
        { 14, 8, { 0xc0, 4, 0, 0, 0, 0, 0, 0, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0 }, { -2.5, 1 } },
    };
    char path[128];
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        bytes  f = { .n = 0 };
        ds_idx a;
        word(&f, (uint32_t)all[i].type << 8 | 1), word(&f, 2);
        memcpy(f.b + f.n, all[i].b, 16);
        f.n += 2 * (size_t)all[i].size;
        write_bytes(in_folder("a", path), f.b, f.n);
        cr_assert_eq(ds_idx_read(&a, path, 0), AD_OK, "%s", ad_message());
        cr_expect(a.rank == 1 && a.count == 2 && a.real[0] == all[i].x[0] &&
                      a.real[1] == all[i].x[1],
                  "type %d: %g, %g", all[i].type, a.real[0], a.real[1]);
        ds_idx_clear(&a);
    }
    remove_folder();
}

Test(idx, refusals)
{
    bytes x = images(20), y = labels(20), z = labels(19), bad = x;
    refused_pair(&x, &z, 0, "holds 20 images", "19 labels");
    refused_pair(&x, &z, 5, "holds 20 images", "19 labels");
    refused_pair(&x, &y, 21, "holds 20 samples", "n=21");
    refused_pair(&y, &x, 0, "rank 1", "0x00000803");
    refused_pair(&x, &x, 0, "rank 3", "0x00000801");
    bad.b[1] = 9;
    refused_pair(&bad, &y, 0, "begins with 0x00090803", "0x00000803");
    bad = x, bad.b[2] = 10;
    refused_pair(&bad, &y, 0, "not an IDX file", "0x00000a03");
    bad = x, bad.b[3] = 0;
    refused_pair(&bad, &y, 0, "not an IDX file", "0x00000800");
    bad = x, bad.n -= 3;
    refused_pair(&bad, &y, 0, "cut off within its numbers", "117 of 120 bytes");
    bad = x, bad.n = 11;
    refused_pair(&bad, &y, 0, "cut off within its header", "11 of 16 bytes");
    bad = x, bad.n = 3;
    refused_pair(&bad, &y, 0, "cut off within its header", "3 of 4 bytes");
    bad = x, bad.n++;
    refused_pair(&bad, &y, 0, "goes on after the 120 bytes", "/x");
    bad = x, memset(bad.b + 4, 0xff, 12);
    refused_pair(&bad, &y, 0, "too large", "/x");
    bad = x, memset(bad.b + 4, 0x7f, 4); /* 12 GB promised: not asked of the machine */
    refused_pair(&bad, &y, 0, "cut off within its numbers", "120 of 12");
    bad = x, memset(bad.b + 4, 0, 4);
    refused_pair(&bad, &y, 0, "no numbers", "/x");
    bad = y, bad.b[2] = 12, bad.n = 8 + 80;
    memset(bad.b + 8, 0xff, 80);
    refused_pair(&x, &bad, 0, "label 1 is -1", "/y");
    remove_folder();
}

Test(idx, packed_file_cut_off)
{
    char        a[128], b[128];
    bytes       x = images(20), y = labels(20);
    ds_samples *s;
    pack(in_folder("x.gz", a), x.b, x.n);
    write_bytes(in_folder("y", b), y.b, y.n);
    FILE         *f = fopen(a, "rb");
    unsigned char whole[4096];
    size_t        n = fread(whole, 1, sizeof whole, f);
    fclose(f);
    for (size_t cut = 0; cut < n; cut++) {
        write_bytes(a, whole, cut);
        cr_assert_neq(ds_samples_read_idx(&s, "set", a, b, 0), AD_OK, "%zu of %zu bytes", cut, n);
        cr_assert_null(s);
    }
    remove_folder();
}

static ad_status read_pair(void *arg)
{
    char(*path)[128] = arg;
    ds_samples *s;
    ad_status   status = ds_samples_read_idx(&s, "set", path[0], path[1], 0);
    ds_samples_free(s);
    return status;
}

Test(idx, every_allocation_failing)
{
    char  path[2][128];
    long  runs;
    bytes x = images(20), y = labels(20);
    write_bytes(in_folder("x", path[0]), x.b, x.n);
    write_bytes(in_folder("y", path[1]), y.b, y.n);
    cr_expect(every_allocation_fails_cleanly(read_pair, path, &runs));
    cr_expect_gt(runs, 5);
    remove_folder();
}

/* Counts of the classes as published; mean and deviation of the pixels are 0.1307 and 0.3081. */
Test(idx, mnist)
{
    static const long per_class[2][10] = {
        { 5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949 },
        { 980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009 },
    };
    char path[512];
    if (!shared_file("data/mnist/README.txt", path, sizeof path))
        cr_skip("no shared data: MNIST was not read");
    *strrchr(path, '/') = 0;
    for (int part = 0; part < 2; part++) {
        ds_samples *s;
        cr_assert_eq(
            ds_samples_make(&s, "mnist", &(ds_samples_options){ .dir = path, .part = part }), AD_OK,
            "%s", ad_message());
        cr_expect(s->n == (part ? 10000 : 60000) && s->dim == 784 && s->classes == 10);
        long   count[10] = { 0 };
        double sum = 0, square = 0, all = 784.0 * (double)s->n;
        for (long i = 0; i < s->n; i++) count[s->label[i]]++;
        for (long i = 0; i < 784 * s->n; i++) {
            double v = s->byte[i] / 255.0;
            sum += v, square += v * v;
        }
        for (int k = 0; k < 10; k++) cr_expect_eq(count[k], per_class[part][k]);
        if (!part) {
            cr_expect_float_eq(sum / all, 0.13066, 5e-6);
            cr_expect_float_eq(sqrt(square / all - pow(sum / all, 2)), 0.30811, 5e-6);
        }
        ds_samples_free(s);
    }
}

Test(idx, missing_files)
{
    char        path[128];
    ds_samples *s;
    cr_expect_eq(ds_samples_make(&s, "mnist", NULL), AD_INVALID);
    cr_expect(strstr(ad_message(), "put train-images-idx3-ubyte") &&
                  strstr(ad_message(), "--data DIR"),
              "%s", ad_message());
    ds_samples_options o = { .dir = folder() };
    cr_expect_eq(ds_samples_make(&s, "mnist", &o), AD_BAD_FILE);
    cr_expect(strstr(ad_message(), "no train-images-idx3-ubyte in /tmp/costate-test"), "%s",
              ad_message());
    bytes x = images(3), y = labels(3);
    write_bytes(in_folder("t10k-images.idx3-ubyte", path), x.b, x.n);
    o.part = DS_TEST;
    cr_expect_eq(ds_samples_make(&s, "mnist", &o), AD_BAD_FILE);
    cr_expect(strstr(ad_message(), "no t10k-labels-idx1-ubyte in /tmp"), "%s", ad_message());
    pack(in_folder("t10k-labels-idx1-ubyte.gz", path), y.b, y.n);
    cr_assert_eq(ds_samples_make(&s, "mnist", &o), AD_OK, "%s", ad_message());
    cr_expect_eq(s->n, 3);
    ds_samples_free(s);
    o.noise = 0.1;
    cr_expect_eq(ds_samples_make(&s, "mnist", &o), AD_INVALID);
    cr_expect(strstr(ad_message(), "noise=0.1 does not apply"), "%s", ad_message());
    o = (ds_samples_options){ .dir = "/nowhere" };
    cr_expect_eq(ds_samples_make(&s, "mnist", &o), AD_BAD_FILE);
    cr_expect(strstr(ad_message(), "no folder /nowhere"), "%s", ad_message());
    remove_folder();
}
