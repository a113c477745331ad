/* NumPy's arrays: every type, order and version; and what is wrong with broken ones. */
#include <costate/datasets/npy.h>

#include "texts.h"

typedef struct file {
    unsigned char byte[4096];
    size_t        n;
} file;

static void start(file *f, int version, const char *dict)
{
    size_t length = strlen(dict);
    memcpy(f->byte, "\x93NUMPY", 6);
    f->byte[6] = (unsigned char)version;
    f->byte[7] = 0;
    int wide   = version > 1 ? 4 : 2;
    for (int i = 0; i < wide; i++) f->byte[8 + i] = (unsigned char)(length >> 8 * i);
    memcpy(f->byte + 8 + wide, dict, length);
    f->n = 8 + (size_t)wide + length;
}

static void put(file *f, const void *bytes, size_t n, int reversed)
{
    for (size_t i = 0; i < n; i++)
        f->byte[f->n++] = ((const unsigned char *)bytes)[reversed ? n - 1 - i : i];
}

/* The numbers 1, -2 (or 254 .. for unsigned), 3 as one type in both byte orders. */
#define ONE_TYPE(type, letter, second)                                                       \
    for (int big = 0; big < 2; big++) {                                                      \
        const type values[] = { 1, (type)(second), 3 };                                      \
        char       dict[128];                                                                \
        file       f;                                                                        \
        ds_npy     a;                                                                        \
        snprintf(dict, sizeof dict,                                                          \
                 "{'descr': '%c%s%d', 'fortran_order': False, 'shape': (3,), }\n",           \
                 big ? '>' : '<', letter, (int)sizeof(type));                                \
        start(&f, 1, dict);                                                                  \
        for (int i = 0; i < 3; i++) put(&f, &values[i], sizeof(type), big);                  \
        cr_assert_eq(ds_npy_parse(&a, "a.npy", f.byte, f.n), AD_OK, "%s", ad_message());     \
        cr_expect(a.rank == 1 && a.dim[0] == 3 && a.count == 3);                             \
        for (int i = 0; i < 3; i++) cr_expect_eq(a.value[i], (double)values[i], "%s", dict); \
        ds_npy_clear(&a);                                                                    \
    }

Test(npy, every_type){
    ONE_TYPE(float, "f", -2.5) ONE_TYPE(double, "f", -2.5e200) ONE_TYPE(int8_t, "i", -128)
        ONE_TYPE(int16_t, "i", -32768) ONE_TYPE(int32_t, "i", -2)
            ONE_TYPE(int64_t, "i", -4611686018427387904) ONE_TYPE(uint8_t, "u", 254)
                ONE_TYPE(uint16_t, "u", 65535) ONE_TYPE(uint32_t, "u", 4000000000u)
                    ONE_TYPE(uint64_t, "u", 0x8000000000000000u) ONE_TYPE(uint8_t, "b", 1)
}

/* [[0, 1, 2], [3, 4, 5]] in both orders, all versions. */
Test(npy, orders_and_versions)
{
    for (int version = 1; version <= 3; version++)
        for (int fortran = 0; fortran < 2; fortran++) {
            file   f;
            ds_npy a;
            start(&f, version,
                  fortran
                      ? "{'descr':'<f8','fortran_order':True,'shape':(2,3)}"
                      : "{\"shape\": (2L, 3L), \"fortran_order\": False, \"descr\": \"<f8\"}   \n");
            for (int i = 0; i < 6; i++) {
                double x = fortran ? i / 2 + i % 2 * 3 : i;
                put(&f, &x, 8, 0);
            }
            cr_assert_eq(ds_npy_parse(&a, "a.npy", f.byte, f.n), AD_OK, "%s", ad_message());
            cr_assert(a.rank == 2 && a.dim[0] == 2 && a.dim[1] == 3);
            for (int i = 0; i < 6; i++) cr_expect_eq(a.value[i], i);
            ds_npy_clear(&a);
        }
}

Test(npy, written_and_read_again)
{
    double x[24];
    char   path[128];
    ds_npy a;
    for (int i = 0; i < 24; i++) x[i] = i == 5 ? NAN : 1.0 / (i + 1);
    cr_assert_eq(ds_npy_write(in_folder("a.npy", path), 3, (long[]){ 2, 3, 4 }, x), AD_OK, "%s",
                 ad_message());
    cr_assert_eq(ds_npy_read(&a, path), AD_OK, "%s", ad_message());
    cr_expect(a.rank == 3 && a.dim[0] == 2 && a.dim[1] == 3 && a.dim[2] == 4);
    cr_expect_arr_eq(a.value, x, sizeof x);
    ds_npy_clear(&a);
    ds_series_set *set;
    cr_assert_eq(ds_read(&set, path, &(ds_read_options){ .time = "none" }), AD_OK, "%s",
                 ad_message());
    cr_assert(set->count == 2 && set->cols == 4 && set->series[1].len == 3);
    column_is(set, 1, -1, 0.0, 1.0, 2.0);
    column_is(set, 1, 3, x[15], x[19], x[23]);
    column_is(set, 0, 1, x[1], NAN, x[9]);
    ds_series_set_free(set);
    cr_assert_eq(ds_read(&set, path, &(ds_read_options){ .time = "none", .columns = "c4,1" }),
                 AD_OK);
    cr_assert_eq(set->cols, 2);
    ds_series_set_free(set);
    cr_expect_eq(ds_npy_write("/nowhere/a.npy", 3, (long[]){ 2, 3, 4 }, x), AD_IO);
    cr_expect(strstr(ad_message(), "/nowhere/a.npy cannot be written"), "%s", ad_message());
    remove_folder();
}

static void read_array(const char *dict, int numbers, ds_read_options o, ad_status want,
                       const char *word)
{
    file           f;
    ds_series_set *set;
    start(&f, 1, dict);
    for (int i = 0; i < numbers; i++) {
        double x = (i * 7) % 5;
        put(&f, &x, 8, 0);
    }
    ad_status s = ds_read_memory(&set, "a.npy", f.byte, f.n, &o);
    cr_expect_eq(s, want, "%s: %s", dict, ad_message());
    if (s)
        cr_expect(strstr(ad_message(), word) && strstr(ad_message(), "a.npy"), "'%s' is not in: %s",
                  word, ad_message());
    if (!s) ds_series_set_free(set);
}

Test(npy, refusals)
{
    ds_read_options o = { 0 };
    read_array("{'descr': '|O', 'fortran_order': False, 'shape': (3,)}", 3, o, AD_BAD_FILE,
               "Python objects (type '|O')");
    read_array("{'descr': '<c16', 'fortran_order': False, 'shape': (3,)}", 6, o, AD_BAD_FILE,
               "complex numbers");
    read_array("{'descr': '<U8', 'fortran_order': False, 'shape': (3,)}", 6, o, AD_BAD_FILE,
               "text (type");
    read_array("{'descr': '<M8[ns]', 'fortran_order': False, 'shape': (3,)}", 6, o, AD_BAD_FILE,
               "dates");
    read_array("{'descr': '<f2', 'fortran_order': False, 'shape': (3,)}", 6, o, AD_BAD_FILE,
               "another kind");
    read_array("{'descr': [('x', '<f8')], 'fortran_order': False, 'shape': (3,)}", 6, o,
               AD_BAD_FILE, "named fields");
    read_array("{'descr': '<f8', 'fortran_order': False, 'shape': (3,)}", 2, o, AD_BAD_FILE,
               "16 of 24 bytes are there");
    read_array("{'descr': '<f8', 'fortran_order': False}", 2, o, AD_BAD_FILE, "no shape");
    read_array("{'fortran_order': False, 'shape': (3,)}", 2, o, AD_BAD_FILE, "no type");
    read_array("{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999, 99999999999)}", 2,
               o, AD_BAD_FILE, "too large");
    read_array("{'descr': '<f8', 'fortran_order': False, 'shape': (-3,)}", 2, o, AD_BAD_FILE,
               "cannot be read");
    read_array("{'descr': '<f8', 'fortran_order': False, 'shape': ()}", 1, o, AD_BAD_FILE,
               "0 dimensions");
    read_array("{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1, 1, 1)}", 1, o, AD_BAD_FILE,
               "4 dimensions");
    read_array("{'descr': '<f8', 'fortran_order': False, 'shape': (0, 5)}", 0, o, AD_BAD_FILE,
               "0 numbers");
    read_array("{'descr': '<f8', 'fortran_order': False, 'shape': (1, 5)}", 5, o, AD_BAD_FILE,
               "1 row");
    o.id = "c1";
    read_array("{'descr': '<f8', 'fortran_order': False, 'shape': (3, 5)}", 15, o, AD_UNSUPPORTED,
               "no id column");
    o = (ds_read_options){ .time = "c1" };
    read_array(
        "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 2, 2)}", 8, o, AD_BAD_FILE,
        "series 2, row 2, column 'c1': the times do not increase (2 after 3 on series 2, row 1)");
}
