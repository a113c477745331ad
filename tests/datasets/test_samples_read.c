/* Samples from a user's file: text with and without classes, arrays, refusals, files cut off and changed. */
#include <costate/datasets/npy.h>
#include <costate/datasets/samples_read.h>

#include "texts.h"

typedef ds_samples_read_options options;

static ds_samples *read_text(const char *text, const options *o)
{
    ds_samples *s = NULL;
    cr_assert_eq(ds_samples_read_memory(&s, "f.csv", text, strlen(text), o), AD_OK, "%s",
                 ad_message());
    return s;
}

static void refused_text(const char *text, const options *o, const char *word)
{
    ds_samples *s = (void *)&s;
    cr_assert_neq(ds_samples_read_memory(&s, "f.csv", text, strlen(text), o), AD_OK, "%s", text);
    cr_assert_null(s);
    cr_expect(strstr(ad_message(), word) && strstr(ad_message(), "f.csv"), "'%s' is not in: %s",
              word, ad_message());
    cr_expect_null(strchr(ad_message(), '\n'));
}

static const char words[] = "a,species,b\n1,setosa,-2\n0.5,iris,4\n3,setosa,1e3\n";

Test(samples_read, words_are_classes_in_alphabetical_order)
{
    ds_samples  *s    = read_text(words, &(options){ .label = "species" });
    const double x[6] = { 1, -2, 0.5, 4, 3, 1000 };
    cr_assert(s->n == 3 && s->dim == 2 && s->rank == 1 && s->classes == 2);
    cr_expect_str_eq(s->class_name[0], "iris");
    cr_expect_str_eq(s->class_name[1], "setosa");
    cr_expect(s->label[0] == 1 && s->label[1] == 0 && s->label[2] == 1);
    cr_expect_arr_eq(s->real, x, sizeof x);
    cr_expect(strstr(s->note, "labels: column 'species', 2 classes"), "%s", s->note);
    ds_samples_free(s);
    s = read_text(words, &(options){ .label = "2", .n = 1 });
    cr_expect(s->n == 1 && s->classes == 1);
    ds_samples_free(s);
}

Test(samples_read, columns_of_numbers)
{
    ds_samples *s = read_text("x;Label\n1,5;0\n2,5;3\n", NULL); /* found by its name */
    cr_expect(s->dim == 1 && s->classes == 4 && s->label[1] == 3 && s->real[1] == 2.5);
    ds_samples_free(s);
    s = read_text("x;Label\n1,5;0\n2,5;3\n", &(options){ .label = "none" });
    cr_expect(s->dim == 2 && s->classes == 0 && !s->label);
    ds_samples_free(s);
    s = read_text("1 2 0\n3 4 1\n", &(options){ .label = "last" });
    cr_expect(s->dim == 2 && s->classes == 2 && s->label[1] == 1 && !s->class_name);
    ds_samples_free(s);
    s = read_text("1 2 0\n3 4 1\n", NULL);
    cr_expect(s->dim == 3 && !s->label);
    ds_samples_free(s);
    s = read_text("1 2 -1\n3 4 +1\n", &(options){ .label = "3" }); /* signs are two words */
    cr_expect(s->classes == 2 && !strcmp(s->class_name[0], "+1") && s->label[0] == 1);
    ds_samples_free(s);
    s = read_text("x|label\n1|2\n", &(options){ .text = &(ds_read_options){ .delimiter = '|' } });
    cr_expect(s->n == 1 && s->classes == 3);
    ds_samples_free(s);
}

Test(samples_read, refusals_of_text)
{
    refused_text(words, NULL,
                 "line 2, column 'species': 'setosa' is not a finite number; if these");
    refused_text(words, &(options){ .label = "specie" }, "did you mean 'species'?");
    refused_text(words, &(options){ .label = "species", .n = 4 }, "holds 3 samples; n=4");
    refused_text(words, &(options){ .label = "species", .n = -1 }, "n=-1");
    refused_text(words, &(options){ .labels = "y.npy" }, "labels are a column");
    refused_text("a,b\n1,2\n3,NA\n", NULL, "line 3, column 'b': the value is missing");
    refused_text("a,b\n1,2\n3,1e999\n", NULL, "'1e999' is not a finite number");
    refused_text("a,label\n1,x\n3,\n", NULL, "line 3, column 'label': the label is missing");
    refused_text("a,label\n1,0\n3,NA\n", NULL, "the label is missing");
    refused_text("label\n1\n3\n", NULL, "no column beside the label's");
    refused_text("a,b\n1,2\n1,2,3\n", NULL, "line 3 has 3 fields");
    refused_text("", NULL, "f.csv");
    char  *many = malloc(20000);
    size_t used = (size_t)sprintf(many, "a,label\n");
    for (int i = 0; i < 1001; i++) used += (size_t)sprintf(many + used, "0,w%d\n", i);
    refused_text(many, NULL, "line 1002, column 'label': too many different labels");
    sprintf(many, "a,label\n1,%0100d.5\n", 7);
    refused_text(many, NULL, "the label is too long");
    free(many);
}

/* --- arrays ------------------------------------------------------------------------------------------------------ */

static size_t array(unsigned char b[512], const char *descr, const char *shape, size_t n,
                    const void *values)
{
    char dict[128];
    int  used = snprintf(dict, sizeof dict, "{'descr': '%s', 'fortran_order': False, 'shape': %s}",
                         descr, shape);
    memcpy(b, "\x93NUMPY\1\0", 8);
    b[8] = (unsigned char)used, b[9] = 0;
    memcpy(b + 10, dict, (size_t)used);
    memcpy(b + 10 + used, values, n);
    return 10 + (size_t)used + n;
}

static const unsigned char pixels[12] = { 0, 255, 51, 3, 4, 5, 6, 7, 8, 9, 10, 11 };

Test(samples_read, arrays_with_labels)
{
    unsigned char b[512], y[512];
    char          path[128], labels[128];
    ds_samples   *s;
    double        x[12];
    int           label[2];
    write_bytes(in_folder("x.npy", path), b, array(b, "|u1", "(2, 2, 3)", 12, pixels));
    write_bytes(in_folder("y.npy", labels), y,
                array(y, "<i8", "(2,)", 16, (const int64_t[]){ 4, 1 }));
    for (int idx = 0; idx < 2; idx++) {
        if (idx) write_bytes(labels, "\0\0\10\1\0\0\0\2\4\1", 10);
        cr_assert_eq(ds_samples_read(&s, path, &(options){ .labels = labels }), AD_OK, "%s",
                     ad_message());
        cr_assert(s->n == 2 && s->dim == 6 && s->rank == 2 && s->shape[1] == 3 && s->classes == 5);
        cr_assert_eq(ds_samples_rows(s, 2, NULL, AD_F64, x, label), AD_OK);
        for (int i = 0; i < 12; i++) cr_expect_eq(x[i], pixels[i] / 255.0);
        cr_expect(label[0] == 4 && label[1] == 1);
        ds_samples_free(s);
    }
    cr_assert_eq(ds_samples_open(&s, path, &(ds_samples_options){ .n = 1 }), AD_OK);
    cr_expect(s->n == 1 && !s->label);
    ds_samples_free(s);
    write_bytes(labels, "\0\0\10\1\0\0\0\3\4\1\0", 11);
    cr_expect_eq(ds_samples_read(&s, path, &(options){ .labels = labels }), AD_BAD_FILE);
    cr_expect(strstr(ad_message(), "holds 2 samples") && strstr(ad_message(), "3 labels"), "%s",
              ad_message());
    write_bytes(labels, y, array(y, "<f8", "(2,)", 16, (const double[]){ 0, 0.5 }));
    cr_expect_eq(ds_samples_read(&s, path, &(options){ .labels = labels }), AD_BAD_FILE);
    cr_expect(strstr(ad_message(), "label 2 is 0.5"), "%s", ad_message());
    cr_expect_eq(ds_samples_read(&s, path, &(options){ .label = "last" }), AD_INVALID);
    cr_expect_eq(ds_samples_read(&s, path, &(options){ .n = 3 }), AD_BAD_FILE);
    cr_expect(strstr(ad_message(), "holds 2 samples; n=3"), "%s", ad_message());
    cr_expect_eq(ds_samples_read(&s, "/nowhere.npy", NULL), AD_BAD_FILE);
    cr_expect_eq(ds_samples_open(&s, "/nowhere.npy", NULL), AD_INVALID);
    cr_expect_eq(ds_samples_read(&s, folder(), NULL), AD_BAD_FILE);
    remove_folder();
}

Test(samples_read, floats_and_idx)
{
    unsigned char b[512];
    char          path[128];
    ds_samples   *s;
    const float   x[3] = { 1.5f, -2, 3 }, bad[3] = { 1, NAN, 3 };
    write_bytes(in_folder("x.npy", path), b, array(b, "<f4", "(3,)", 12, x));
    cr_assert_eq(ds_samples_open(&s, path, NULL), AD_OK, "%s", ad_message());
    cr_expect(s->n == 3 && s->dim == 1 && s->real[1] == -2);
    ds_samples_free(s);
    write_bytes(path, b, array(b, "<f4", "(1, 3)", 12, bad));
    cr_expect_eq(ds_samples_read(&s, path, NULL), AD_BAD_FILE);
    cr_expect(strstr(ad_message(), "number 2 of sample 1 is NaN"), "%s", ad_message());
    write_bytes(path, b, array(b, "<f4", "(0, 3)", 0, x));
    cr_expect_eq(ds_samples_read(&s, path, NULL), AD_BAD_FILE);
    write_bytes(path, "\0\0\10\3\0\0\0\1\0\0\0\1\0\0\0\2\4\1", 18);
    cr_assert_eq(ds_samples_open(&s, path, NULL), AD_OK, "%s", ad_message());
    cr_expect(s->n == 1 && s->dim == 2 && s->byte[0] == 4);
    ds_samples_free(s);
    cr_expect_eq(ds_samples_read(&s, path, &(options){ .label = "last" }), AD_INVALID);
    cr_expect_eq(ds_samples_read(&s, path, &(options){ .n = -1 }), AD_INVALID);
    cr_expect(strstr(ad_message(), "n=-1"), "%s", ad_message());
    remove_folder();
}

/* --- broken files ------------------------------------------------------------------------------------------------ */

static int read_any(const void *bytes, size_t n, const options *o)
{
    ds_samples *s      = NULL;
    ad_status   status = ds_samples_read_memory(&s, "f", bytes, n, o);
    cr_assert_eq(status == AD_OK, s != NULL);
    if (status) cr_assert(*ad_message() && !strchr(ad_message(), '\n'), "%s", ad_message());
    for (long i = 0; s && s->label && i < s->n; i++)
        cr_assert(s->label[i] >= 0 && s->label[i] < s->classes);
    ds_samples_free(s);
    return !status;
}

static void break_it(const void *bytes, size_t n, const options *o, uint64_t seed)
{
    static const char alphabet[] = "0123456789.,;|\t -+eE\"\n\r#%:/NAnaxy@{\xff";
    for (size_t cut = 0; cut <= n; cut++) {
        char *exact = malloc(cut + 1);
        memcpy(exact, bytes, cut);
        int good = read_any(exact, cut, o);
        if (cut == n) cr_expect(good, "%s", ad_message());
        free(exact);
    }
    char *copy = malloc(n);
    for (int k = 0; k < 400; k++) {
        memcpy(copy, bytes, n);
        for (int i = 1 + (int)draw(&seed, 0, 4); i > 0; i--)
            copy[(size_t)draw(&seed, 0, (double)n)] =
                draw(&seed, 0, 1) < 0.8 ? alphabet[(size_t)draw(&seed, 0, sizeof alphabet - 1)]
                                        : (char)draw(&seed, 0, 256);
        read_any(copy, n, o);
    }
    free(copy);
}

Test(samples_read, cut_off_anywhere_and_changed)
{
    unsigned char b[512];
    size_t        n = array(b, "|u1", "(2, 2, 3)", 12, pixels);
    counting      c = { 0 };
    counting_start(&c);
    break_it(words, strlen(words), &(options){ .label = "2" }, 1);
    break_it("1 2 0\n3 4 1\n", 12, &(options){ .label = "last" }, 2);
    break_it(b, n, NULL, 3);
    counting_stop();
    cr_expect_eq(c.live, 0, "%zu bytes in %ld blocks are left", c.live, c.blocks);
}

static ad_status read_words(void *arg)
{
    ds_samples *s;
    ad_status   status = ds_samples_read_memory(&s, "f", words, strlen(words),
                                                &(options){ .label = "species" });
    (void)arg;
    ds_samples_free(s);
    return status;
}

static ad_status read_pair(void *arg)
{
    char(*path)[128] = arg;
    ds_samples *s;
    ad_status   status = ds_samples_read(&s, path[0], &(options){ .labels = path[1] });
    ds_samples_free(s);
    return status;
}

Test(samples_read, every_allocation_failing)
{
    unsigned char b[512];
    char          path[2][128];
    long          runs;
    cr_expect(every_allocation_fails_cleanly(read_words, NULL, &runs));
    cr_expect_gt(runs, 12);
    write_bytes(in_folder("x.npy", path[0]), b, array(b, "|u1", "(2, 2, 3)", 12, pixels));
    write_bytes(in_folder("y", path[1]), "\0\0\10\1\0\0\0\2\4\1", 10);
    cr_expect(every_allocation_fails_cleanly(read_pair, path, &runs));
    cr_expect_gt(runs, 8);
    remove_folder();
}
