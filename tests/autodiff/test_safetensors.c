#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <costate/autodiff/file.h>
#include <costate/autodiff/safetensors.h>

#include "support.h"

/* A folder of its own for each test, removed with what is in it. */
static char folder[] = "/tmp/costate-tensors-XXXXXX", path[64];

static void enter(void)
{
    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/a.safetensors", folder);
}

static int files(void)
{
    int  n = 0;
    DIR *d = opendir(folder);
    for (struct dirent *e; (e = readdir(d));) n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

static void leave(void)
{
    char one[320];
    DIR *d = opendir(folder);
    for (struct dirent *e; (e = readdir(d));) {
        snprintf(one, sizeof one, "%s/%s", folder, e->d_name);
        if (e->d_name[0] != '.') unlink(one);
    }
    closedir(d);
    rmdir(folder);
}

TestSuite(tensors, .init = enter, .fini = leave);

static const float     f32[6]  = { 1, -2, 0.5f, NAN, INFINITY, -0.0f };
static const double    f64[2]  = { 0.1, -1e300 };
static const int64_t   i64[1]  = { INT64_MIN };
static const uint8_t   u8[3]   = { 1, 2, 255 };
static const ad_meta   meta[2] = { { "config", "{\"name\": \"Gr\xc3\xbc\xc3\x9f\x65\"}\n" },
                                   { "seed", "18446744073709551615" } };
static const ad_tensor four[]  = { { "bytes", AD_TENSOR_U8, 1, { 3 }, u8 },
                                   { "hidden.weight", AD_TENSOR_F32, 2, { 3, 2 }, f32 },
                                   { "a", AD_TENSOR_F64, 1, { 2 }, f64 },
                                   { "number", AD_TENSOR_I64, 0, { 0 }, i64 },
                                   { "empty", AD_TENSOR_F32, 2, { 0, 5 }, NULL } };

static void write_four(void)
{
    cr_assert_eq(ad_tensors_write(path, 5, four, 2, meta), AD_OK, "%s", ad_message());
}

static void *bytes_of(size_t *n)
{
    void *data;
    cr_assert_eq(ad_file_read(path, &data, n), AD_OK, "%s", ad_message());
    return data;
}

static void put(const void *data, size_t n)
{
    FILE *f = fopen(path, "wb");
    cr_assert_eq(fwrite(data, 1, n, f), n);
    fclose(f);
}

Test(tensors, what_was_written_is_read)
{
    ad_tensors *f;
    write_four();
    cr_assert_eq(files(), 1);
    cr_assert_eq(ad_tensors_read(&f, path), AD_OK, "%s", ad_message());
    cr_assert_eq(f->count, 5);
    cr_assert_eq(f->texts, 2);
    for (int i = 0; i < 5; i++) {
        const ad_tensor *t = ad_tensors_find(f, four[i].name);
        cr_assert_not_null(t);
        cr_assert_eq(t->type, four[i].type);
        cr_assert_eq(t->rank, four[i].rank);
        cr_assert_arr_eq(t->dim, four[i].dim, sizeof t->dim);
        size_t n = ad_tensor_type_size(t->type);
        for (int j = 0; j < t->rank; j++) n *= (size_t)t->dim[j];
        if (n) cr_assert_arr_eq(t->data, four[i].data, n);
        cr_assert_eq((uintptr_t)t->data % ad_tensor_type_size(t->type), 0);
    }
    cr_assert_str_eq(ad_tensors_meta(f, "config"), meta[0].value);
    cr_assert_str_eq(ad_tensors_meta(f, "seed"), meta[1].value);
    cr_assert_null(ad_tensors_meta(f, "nothing"));
    cr_assert_null(ad_tensors_find(f, "nothing"));
    ad_tensors_free(f);
}

/* The layout to the byte: the format's rules, the header's order, alignment. */
Test(tensors, layout)
{
    size_t n;
    write_four();
    unsigned char *p      = bytes_of(&n);
    uint64_t       header = 0;
    for (int i = 7; i >= 0; i--) header = header << 8 | p[i];
    cr_assert_eq(header % 8, 0);
    cr_assert_eq(n, 8 + header + 16 + 8 + 24 + 3);
    const char *want =
        "{\"__metadata__\":{\"config\":\"{\\\"name\\\": \\\"Gr\xc3\xbc\xc3\x9f\x65\\\"}\\n\","
        "\"seed\":\"18446744073709551615\"},"
        "\"a\":{\"dtype\":\"F64\",\"shape\":[2],\"data_offsets\":[0,16]},"
        "\"number\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[16,24]},"
        "\"hidden.weight\":{\"dtype\":\"F32\",\"shape\":[3,2],\"data_offsets\":[24,48]},"
        "\"empty\":{\"dtype\":\"F32\",\"shape\":[0,5],\"data_offsets\":[48,48]},"
        "\"bytes\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[48,51]}}";
    cr_assert_eq(strncmp((char *)p + 8, want, strlen(want)), 0, "%.*s", (int)header, p + 8);
    for (uint64_t i = strlen(want); i < header; i++) cr_assert_eq(p[8 + i], ' ');
    cr_assert_arr_eq(p + 8 + header, f64, sizeof f64);
    cr_assert_arr_eq(p + 8 + header + 16, i64, sizeof i64);
    cr_assert_arr_eq(p + 8 + header + 24, f32, sizeof f32);
    cr_assert_arr_eq(p + 8 + header + 48, u8, sizeof u8);
    ad_free(p);
}

Test(tensors, truncated_at_every_byte)
{
    size_t n;
    write_four();
    char *p = bytes_of(&n);
    for (size_t i = 0; i < n; i++) {
        ad_tensors *f;
        put(p, i);
        cr_assert_eq(ad_tensors_read(&f, path), AD_BAD_FILE, "%zu of %zu bytes", i, n);
        cr_assert_null(f);
        cr_assert(strstr(ad_message(), path), "%s", ad_message());
    }
    ad_free(p);
}

/* No byte of the header may be anything else without either an error or a file that is still consistent. */
Test(tensors, every_byte_of_the_header_damaged)
{
    size_t n;
    write_four();
    unsigned char *p       = bytes_of(&n);
    size_t         header  = (size_t)p[0] + 256 * (size_t)p[1];
    int            refused = 0;
    for (size_t i = 0; i < 8 + header; i++) {
        const unsigned char old = p[i], with[] = { 0, 0xff, '9', '"', (unsigned char)(old ^ 1) };
        for (int k = 0; k < 5; k++) {
            ad_tensors *f;
            p[i] = with[k];
            put(p, n);
            ad_status s = ad_tensors_read(&f, path);
            cr_assert(s == AD_OK || s == AD_BAD_FILE || s == AD_UNSUPPORTED);
            refused += s != AD_OK;
            ad_tensors_free(f);
        }
        p[i] = old;
    }
    cr_assert_gt(refused, (int)header); /* texts and names may be other ones */
    ad_free(p);
}

/* A file of this header and this many zero bytes; the sentence must hold word. */
static void refuses(const char *header, size_t data, ad_status code, const char *word)
{
    char        all[1024] = { 0 };
    size_t      n         = strlen(header);
    ad_tensors *f;
    all[0] = (char)(n & 255);
    all[1] = (char)(n >> 8);
    memcpy(all + 8, header, n);
    put(all, 8 + n + data);
    ad_status s = ad_tensors_read(&f, path);
    cr_assert_eq(s, code, "%s: %s", header, s ? ad_message() : "accepted");
    if (s)
        cr_assert(strstr(ad_message(), path) && strstr(ad_message(), word), "%s: %s", header,
                  ad_message());
    else
        ad_tensors_free(f);
}

Test(tensors, headers_that_do_not_fit)
{
    refuses("{}", 0, AD_OK, "");
    refuses("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}  ", 4, AD_OK, "");
    refuses("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 5, AD_BAD_FILE,
            "1 bytes behind");
    refuses("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 3, AD_BAD_FILE,
            "cut off");
    refuses("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", 8, AD_BAD_FILE,
            "belong to no array");
    refuses("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4, AD_BAD_FILE,
            "need 8");
    refuses("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
            "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[2,6]}}",
            6, AD_BAD_FILE, "overlap");
    refuses("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
            "\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}",
            8, AD_BAD_FILE, "duplicate");
    refuses("{\"a\":{\"dtype\":\"BF16\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4, AD_UNSUPPORTED,
            "BF16");
    refuses("{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1],\"data_offsets\":[0,4]}}", 4,
            AD_UNSUPPORTED, "7 axes");
    refuses("{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}", 4, AD_BAD_FILE,
            "extent 0");
    refuses("{\"a\":{\"dtype\":\"F32\",\"shape\":[1.5],\"data_offsets\":[0,4]}}", 4, AD_BAD_FILE,
            "extent 0");
    refuses("{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,4],\"data_offsets\":[0,0]}}",
            0, AD_BAD_FILE, "larger");
    refuses("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}}", 4, AD_BAD_FILE,
            "data_offsets");
    refuses("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}", 4, AD_BAD_FILE,
            "data_offsets");
    refuses("{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, AD_BAD_FILE, "data_offsets");
    refuses("{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4, AD_BAD_FILE, "shape");
    refuses("{\"a\":{\"shape\":[1],\"data_offsets\":[0,4]}}", 4, AD_BAD_FILE, "dtype");
    refuses("{\"a\":7}", 0, AD_BAD_FILE, "no object");
    refuses("{\"__metadata__\":{\"x\":7}}", 0, AD_BAD_FILE, "no text");
    refuses("{\"__metadata__\":[]}", 0, AD_BAD_FILE, "__metadata__");
    refuses("[]", 0, AD_BAD_FILE, "no header");
    refuses("{\"a\":", 0, AD_BAD_FILE, "damaged");
}

Test(tensors, misaligned_arrays_are_moved)
{
    const char *header   = "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
                           "\"b\":{\"dtype\":\"F64\",\"shape\":[],\"data_offsets\":[1,9]}}";
    char        all[512] = { (char)strlen(header) };
    double      x        = 0.1;
    ad_tensors *f;
    memcpy(all + 8, header, strlen(header));
    memcpy(all + 8 + strlen(header) + 1, &x, sizeof x);
    put(all, 8 + strlen(header) + 9);
    cr_assert_eq(ad_tensors_read(&f, path), AD_OK, "%s", ad_message());
    cr_assert_eq(*(const double *)ad_tensors_find(f, "b")->data, 0.1);
    ad_tensors_free(f);
}

Test(tensors, a_huge_header_length)
{
    const unsigned char huge[4][8] = { { 255, 255, 255, 255, 255, 255, 255, 255 },
                                       { 255, 255, 255, 255, 255, 255, 255, 127 },
                                       { 0, 0, 0, 64 },
                                       { 249, 255, 255, 255, 255, 255, 255, 255 } };
    for (int i = 0; i < 4; i++) {
        char        all[64] = { 0 };
        ad_tensors *f;
        memcpy(all, huge[i], 8);
        all[8] = '{';
        put(all, sizeof all);
        cr_assert_eq(ad_tensors_read(&f, path), AD_BAD_FILE);
        cr_assert(strstr(ad_message(), "header of"), "%s", ad_message());
    }
}

Test(tensors, files_that_are_none)
{
    ad_tensors *f;
    cr_assert_eq(ad_tensors_read(&f, path), AD_BAD_FILE); /* is not there */
    cr_assert_eq(ad_tensors_read(&f, folder), AD_BAD_FILE);
    cr_assert_eq(ad_tensors_read(&f, "/dev/zero"), AD_BAD_FILE);
}

Test(tensors, names_that_cannot_be_written)
{
    ad_tensor twice[] = { four[1], four[1] }, broken = four[1], taken = four[1];
    broken.name = "\xff\xfe";
    taken.name  = "__metadata__";
    cr_assert_eq(ad_tensors_write(path, 2, twice, 0, NULL), AD_INVALID);
    cr_assert(strstr(ad_message(), "hidden.weight"));
    cr_assert_eq(ad_tensors_write(path, 1, &broken, 0, NULL), AD_INVALID);
    cr_assert_eq(ad_tensors_write(path, 1, &taken, 0, NULL), AD_INVALID);
    ad_meta bad = { "config", "\xc3" };
    cr_assert_eq(ad_tensors_write(path, 1, four, 1, &bad), AD_INVALID);
    cr_assert_eq(files(), 0);
}

/* The old file stays and nothing else is left when the disk is full (here: a limit on the size of files, which write()
   reports in the same way) or the folder is gone. */
Test(tensors, a_full_disk_leaves_the_old_file)
{
    size_t n, m;
    write_four();
    void *before = bytes_of(&n);
    signal(SIGXFSZ, SIG_IGN);
    static double large[20000];
    ad_tensor     t = { "large", AD_TENSOR_F64, 1, { 20000 }, large };
    for (rlim_t limit = 0; limit < 160000; limit = 2 * limit + 1) {
        struct rlimit old, full;
        getrlimit(RLIMIT_FSIZE, &old);
        full = (struct rlimit){ limit, old.rlim_max };
        setrlimit(RLIMIT_FSIZE, &full);
        ad_status s = ad_tensors_write(path, 1, &t, 0, NULL);
        setrlimit(RLIMIT_FSIZE, &old);
        cr_assert_eq(s, AD_IO, "limit %ld", (long)limit);
        cr_assert(strstr(ad_message(), path) && strstr(ad_message(), "untouched"), "%s",
                  ad_message());
        cr_assert_eq(files(), 1);
    }
    void *after = bytes_of(&m);
    cr_assert_eq(n, m);
    cr_assert_arr_eq(before, after, n);
    ad_free(before);
    ad_free(after);
}

Test(tensors, dev_full)
{
    if (access("/dev/full", W_OK)) cr_skip("there is no /dev/full here");
    cr_assert_eq(ad_tensors_write("/dev/full", 5, four, 2, meta), AD_IO);
    cr_assert(strstr(ad_message(), "No space left"), "%s", ad_message());
    struct stat there;
    cr_assert(!stat("/dev/full", &there) && S_ISCHR(there.st_mode));
    cr_assert_eq(ad_tensors_write("/nowhere/at/all", 5, four, 2, meta), AD_IO);
    cr_assert(strstr(ad_message(), "/nowhere/at/all"), "%s", ad_message());
}

static ad_status there_and_back(void *arg)
{
    (void)arg;
    ad_tensors *f;
    AD_TRY(ad_tensors_write(path, 5, four, 2, meta));
    AD_TRY(ad_tensors_read(&f, path));
    ad_tensors_free(f);
    return AD_OK;
}

Test(tensors, every_allocation_may_fail)
{
    long runs;
    cr_assert(every_allocation_fails_cleanly(there_and_back, NULL, &runs));
    cr_assert_geq(runs, 6);
    cr_assert_eq(files(), 1);
}
