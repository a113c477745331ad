/* CIFAR-10 files: records, several files, folders, what is wrong with broken ones. */
#include <sys/stat.h>
#include <zlib.h>

#include <costate/datasets/cifar10.h>

#include "texts.h"

enum { RECORD = 3073, MOST = 6 };

/* n records from number `first` on: record k has label k mod 10, pixel j being k + j mod 256. */
static void put(const char *path, int first, int n, int packed)
{
    static unsigned char b[MOST * RECORD];
    for (int k = 0; k < n; k++)
        for (int j = 0; j < RECORD; j++)
            b[k * RECORD + j] = (unsigned char)(j ? first + k + j - 1 : (first + k) % 10);
    if (!packed) {
        write_bytes(path, b, (size_t)n * RECORD);
        return;
    }
    gzFile f = gzopen(path, "wb");
    cr_assert_eq(gzwrite(f, b, (unsigned)(n * RECORD)), n * RECORD);
    cr_assert_eq(gzclose(f), Z_OK);
}

static void is_run(const ds_samples *s, int n)
{
    cr_assert(s->n == n && s->dim == 3072 && s->rank == 3 && s->shape[0] == 3 && s->unit == 255);
    cr_assert(s->classes == 10 && !strcmp(s->class_name[9], "truck"));
    for (int k = 0; k < n; k++) {
        cr_assert_eq(s->label[k], k % 10);
        for (int j = 0; j < 3072; j++) cr_assert_eq(s->byte[3072 * k + j], (k + j) % 256);
    }
}

Test(cifar10, several_files_packed_or_not)
{
    char        a[128], b[128];
    ds_samples *s, *t;
    put(in_folder("a.bin", a), 0, 5, 0);
    put(in_folder("b.bin.gz", b), 5, 6, 1);
    const char *const path[] = { a, b };
    static const int  some[] = { 0, 3, 5, 7, 11 };
    for (int i = 0; i < 5; i++) {
        cr_assert_eq(ds_samples_read_cifar10(&s, 2, path, some[i]), AD_OK, "%s", ad_message());
        is_run(s, some[i] ? some[i] : 11);
        ds_samples_free(s);
    }
    cr_assert_eq(ds_samples_read_cifar10(&s, 2, path, 0), AD_OK);
    cr_assert_eq(ds_samples_take(&t, s, 11, NULL), AD_OK);
    is_run(t, 11);
    ds_samples_free(s);
    ds_samples_free(t);
    cr_expect_eq(ds_samples_read_cifar10(&s, 2, path, 12), AD_BAD_FILE);
    cr_expect(strstr(ad_message(), "hold 11 samples; n=12"), "%s", ad_message());
    cr_expect_eq(ds_samples_read_cifar10(&s, 0, path, 0), AD_INVALID);
    remove_folder();
}

Test(cifar10, folders)
{
    char               path[128], dir[128];
    ds_samples        *s;
    ds_samples_options o = { .dir = folder() };
    cr_expect_eq(ds_samples_make(&s, "cifar10", &o), AD_BAD_FILE);
    cr_expect(strstr(ad_message(), "no data_batch_1.bin in /tmp") &&
                  strstr(ad_message(), "put data_batch_1.bin to data_batch_5.bin and test_batch"),
              "%s", ad_message());
    put(in_folder("cifar10_train_first6.bin.gz", path), 0, 6, 1);
    cr_assert_eq(ds_samples_make(&s, "cifar10", &o), AD_OK, "%s", ad_message());
    is_run(s, 6);
    ds_samples_free(s);
    put(in_folder("data_batch_2.bin", path), 3, 5, 0); /* these go before, in order, each once */
    put(in_folder("data_batch_1.bin.gz", path), 0, 3, 1);
    put(in_folder("data_batch_2.bin.gz", path), 3, 4, 1);
    cr_assert_eq(ds_samples_make(&s, "cifar10", &o), AD_OK, "%s", ad_message());
    is_run(s, 8);
    ds_samples_free(s);
    o.part = DS_TEST;
    cr_expect_eq(ds_samples_make(&s, "cifar10", &o), AD_BAD_FILE);
    cr_expect(strstr(ad_message(), "no test_batch.bin in"), "%s", ad_message());
    cr_assert_eq(mkdir(in_folder("cifar-10-batches-bin", dir), 0700), 0);
    put(in_folder("cifar-10-batches-bin/test_batch.bin", path), 0, 2, 0);
    cr_assert_eq(ds_samples_make(&s, "cifar10", &o), AD_OK, "%s", ad_message());
    is_run(s, 2);
    ds_samples_free(s);
    remove_folder();
}

static void refused_file(const char *path, size_t n, int label, const char *word)
{
    unsigned char b[2 * RECORD] = { 0 };
    ds_samples   *s;
    b[RECORD] = (unsigned char)label;
    write_bytes(path, b, n);
    cr_expect_eq(ds_samples_read_cifar10(&s, 1, &path, 0), AD_BAD_FILE);
    cr_expect_null(s);
    cr_expect(strstr(ad_message(), word) && strstr(ad_message(), path), "'%s' is not in: %s", word,
              ad_message());
}

Test(cifar10, refusals)
{
    char path[128];
    in_folder("a.bin", path);
    refused_file(path, 2 * RECORD - 1, 1, "6145 bytes are not a multiple of the 3073");
    refused_file(path, 1, 1, "1 bytes are not");
    refused_file(path, 0, 1, "0 bytes are not");
    refused_file(path, 2 * RECORD, 10, "record 2: its label is 10");
    refused_file(path, 2 * RECORD, 255, "record 2: its label is 255");
    remove_folder();
}

static ad_status read_files(void *arg)
{
    ds_samples *s;
    ad_status   status = ds_samples_make(&s, "cifar10", &(ds_samples_options){ .dir = arg });
    ds_samples_free(s);
    return status;
}

Test(cifar10, every_allocation_failing)
{
    char path[128];
    long runs;
    put(in_folder("data_batch_1.bin", path), 0, 1, 0);
    put(in_folder("data_batch_2.bin", path), 1, 2, 0);
    cr_expect(every_allocation_fails_cleanly(read_files, folder(), &runs));
    cr_expect_gt(runs, 15);
    remove_folder();
}

/* The set's first labels and pixels as everywhere shown. */
Test(cifar10, the_first_pictures)
{
    static const int label[10] = { 6, 9, 9, 4, 1, 1, 2, 7, 8, 3 };
    static const int red[2]    = { 59, 43 };
    char             path[512];
    ds_samples      *s;
    if (!shared_file("data/images/README.txt", path, sizeof path))
        cr_skip("no shared data: CIFAR-10 was not read");
    *strrchr(path, '/') = 0;
    cr_assert_eq(ds_samples_make(&s, "cifar10", &(ds_samples_options){ .dir = path, .n = 10 }),
                 AD_OK, "%s", ad_message());
    for (int i = 0; i < 10; i++) cr_expect_eq(s->label[i], label[i]);
    for (int j = 0; j < 2; j++) cr_expect_eq(s->byte[j], red[j]);
    cr_expect(s->byte[1024] == 62 && s->byte[2048] == 63);
    ds_samples_free(s);
    cr_assert_eq(
        ds_samples_make(&s, "cifar10", &(ds_samples_options){ .dir = path, .part = DS_TEST }),
        AD_OK, "%s", ad_message());
    cr_expect_eq(s->n, 1000);
    ds_samples_free(s);
}
