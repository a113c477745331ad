/* Sets of samples by name: what each makes, specifications, rows, parts; and the digits that are built in. */
#include <costate/datasets/samples.h>

#include "texts.h"

static ds_samples *make(const char *spec, const ds_samples_options *o)
{
    ds_samples *s = NULL;
    cr_assert_eq(ds_samples_make_spec(&s, spec, o), AD_OK, "%s: %s", spec, ad_message());
    return s;
}

static void refused_spec(const char *spec, const char *word)
{
    ds_samples *s = (void *)&s;
    cr_expect_eq(ds_samples_make_spec(&s, spec, NULL), AD_INVALID, "%s", spec);
    cr_expect(strstr(ad_message(), word), "'%s' is not in: %s", word, ad_message());
    cr_expect_null(s);
}

Test(samples, every_row)
{
    cr_assert_geq(ds_samples_count(), 10);
    for (int i = 0; i < ds_samples_count(); i++) {
        const ds_samples_row *r = ds_samples_at(i);
        cr_expect(*r->name && strlen(r->description) > 10 && strlen(r->source) > 5);
        cr_expect_eq(ds_samples_find(r->name), r);
        if (r->files) continue;
        ds_samples *s = make(r->name, NULL), *few = make(r->name, &(ds_samples_options){ .n = 7 }),
                   *test = make(r->name, &(ds_samples_options){ .part = DS_TEST, .n = 7 });
        double x[7 * 64], y[7 * 64];
        long   dim = 1;
        for (int k = 0; k < s->rank; k++) dim *= s->shape[k];
        cr_assert(s->dim == dim && dim <= 64 && few->n == 7 && *s->note);
        cr_expect_str_eq(s->name, r->name);
        cr_expect_eq(s->classes > 0, s->label != NULL);
        for (long k = 0; s->label && k < s->n; k++)
            cr_assert(s->label[k] >= 0 && s->label[k] < s->classes);
        cr_assert_eq(ds_samples_rows(s, 7, NULL, AD_F64, x, NULL), AD_OK);
        cr_assert_eq(ds_samples_rows(few, 7, NULL, AD_F64, y, NULL), AD_OK);
        cr_expect_arr_eq(x, y, 7 * (size_t)dim * sizeof *x, "%s depends on n", r->name);
        cr_assert_eq(ds_samples_rows(test, 7, NULL, AD_F64, y, NULL), AD_OK);
        cr_expect(memcmp(x, y, 7 * (size_t)dim * sizeof *x), "%s: the parts are equal", r->name);
        ds_samples_free(s);
        ds_samples_free(few);
        ds_samples_free(test);
    }
    cr_expect_null(ds_samples_at(-1));
    cr_expect_null(ds_samples_at(ds_samples_count()));
}

/* Classes as the data set's description counts them; the test part's pixels add up to 561718. */
Test(samples, digits)
{
    static const long per_class[2][10] = {
        { 376, 389, 380, 389, 387, 376, 377, 387, 380, 382 },
        { 178, 182, 177, 183, 181, 182, 181, 179, 174, 180 },
    };
    static const int first[64] = { 0, 1, 6,  15, 12, 1,  0, 0, 0, 7, 16, 6,  6, 10, 0, 0,
                                   0, 8, 16, 2,  0,  11, 2, 0, 0, 5, 16, 3,  0, 5,  7, 0,
                                   0, 7, 13, 3,  0,  8,  7, 0, 0, 4, 12, 0,  1, 13, 5, 0,
                                   0, 0, 14, 9,  15, 9,  0, 0, 0, 0, 6,  14, 7, 1,  0, 0 };
    for (int part = 0; part < 2; part++) {
        ds_samples *s         = make("digits", &(ds_samples_options){ .part = part });
        long        count[10] = { 0 }, sum = 0;
        char        text[32];
        cr_assert(s->n == (part ? 1797 : 3823) && s->classes == 10 && s->unit == 16);
        cr_expect_str_eq(ds_samples_shape_text(s, text, sizeof text), "1x8x8");
        for (long i = 0; i < s->n; i++) count[s->label[i]]++;
        for (long i = 0; i < 64 * s->n; i++) {
            cr_assert_leq(s->byte[i], 16);
            sum += s->byte[i];
        }
        for (int k = 0; k < 10; k++)
            cr_expect_eq(count[k], per_class[part][k], "%d: %ld", k, count[k]);
        if (part) cr_expect_eq(sum, 561718);
        for (int j = 0; !part && j < 64; j++) cr_expect_eq(s->byte[j], first[j]);
        ds_samples_free(s);
    }
    ds_samples *s;
    cr_expect_eq(ds_samples_make(&s, "digits", &(ds_samples_options){ .n = 3824 }), AD_INVALID);
    cr_expect(strstr(ad_message(), "digits has 3823 samples to train; n=3824"), "%s", ad_message());
    cr_expect_eq(ds_samples_make(&s, "digits", &(ds_samples_options){ .noise = 1 }), AD_INVALID);
    cr_expect(strstr(ad_message(), "noise=1 does not apply"), "%s", ad_message());
}

Test(samples, specifications)
{
    ds_samples *a = make("rings:n=50,noise=0.2,seed=3,part=test", NULL),
               *b = make(
                   "rings",
                   &(ds_samples_options){ .n = 50, .noise = 0.2, .seed = 3, .part = DS_TEST }),
               *c = make("rings:seed=4", &(ds_samples_options){ .n = 50, .noise = 0.2 }),
               *d = make("circles:noise=0", NULL);
    cr_expect(a->n == 50 && b->n == 50 && c->n == 50);
    cr_expect_arr_eq(a->real, b->real, 100 * sizeof(double));
    cr_expect(memcmp(a->real, c->real, 100 * sizeof(double)));
    for (long i = 0; i < d->n; i++) /* two roundings of a cosine and of a sine */
        cr_expect_float_eq(hypot(d->real[2 * i], d->real[2 * i + 1]), d->label[i] ? 0.5 : 1, 1e-15);
    ds_samples_free(a);
    ds_samples_free(b);
    ds_samples_free(c);
    ds_samples_free(d);
    refused_spec("two-mons", "did you mean 'two-moons'?");
    refused_spec("nothing-like-it-at-all", "there are digits, mnist");
    refused_spec("rings:n", "'n' is not key=value");
    refused_spec("rings:,", "'' is not key=value");
    refused_spec("rings:n=many", "n=many is not a number");
    refused_spec("rings:m=3", "no option 'm'");
    refused_spec("rings:n=2.5", "n must be a whole number from 1");
    refused_spec("rings:n=0", "n must be a whole number from 1");
    refused_spec("rings:seed=-1", "seed must be a whole number from 0");
    refused_spec("rings:noise=-1", "at least 0");
    refused_spec("rings:noise=nan", "noise");
    refused_spec("rings:noise=inf", "noise");
    refused_spec("rings:part=both", "no part 'both'");
    refused_spec("mnist", "--data DIR");
    refused_spec("cifar10:n=5", "data_batch_1.bin");
    ds_samples *s;
    cr_expect_eq(ds_samples_make(&s, "rings", &(ds_samples_options){ .n = -2 }), AD_INVALID);
    cr_expect_eq(ds_samples_make_spec(&s, "mnist:dir=/nowhere,n=3", NULL), AD_BAD_FILE);
    cr_expect(strstr(ad_message(), "no folder /nowhere"), "%s", ad_message());
}

Test(samples, rows_take_and_split)
{
    ds_samples *s        = make("digits:n=20", NULL), *t, *u, *v;
    long        index[3] = { 19, 0, 7 }, bad[2] = { 3, 20 };
    double      x[192], y[192];
    float       f[192];
    int         label[3], again[3];
    cr_assert_eq(ds_samples_rows(s, 3, index, AD_F64, x, label), AD_OK);
    cr_assert_eq(ds_samples_rows(s, 3, index, AD_F32, f, NULL), AD_OK);
    for (int i = 0; i < 192; i++) {
        cr_expect_eq(x[i], s->byte[64 * index[i / 64] + i % 64] / 16.0);
        cr_expect_eq(f[i], (float)x[i]);
    }
    cr_assert_eq(ds_samples_take(&t, s, 3, index), AD_OK);
    cr_assert_eq(ds_samples_rows(t, 3, NULL, AD_F64, y, again), AD_OK);
    cr_expect_arr_eq(x, y, sizeof x);
    cr_expect_arr_eq(label, again, sizeof label);
    ds_samples_free(t);
    cr_expect_eq(ds_samples_rows(s, 2, bad, AD_F64, x, NULL), AD_INVALID);
    cr_expect(strstr(ad_message(), "samples 0 to 19; index[1] is 20"), "%s", ad_message());
    bad[0] = -1;
    cr_expect_eq(ds_samples_take(&t, s, 2, bad), AD_INVALID);
    cr_expect_eq(ds_samples_rows(s, 21, NULL, AD_F64, x, NULL), AD_INVALID);
    cr_expect_eq(ds_samples_rows(s, 0, NULL, AD_F64, x, label), AD_OK);

    int seen[20] = { 0 };
    cr_assert_eq(ds_samples_split(s, 0.25, 5, &t, &u), AD_OK);
    cr_assert(t->n == 15 && u->n == 5 && t->classes == 10 && u->classes == 10);
    for (long i = 0; i < 20; i++) {
        const ds_samples *part = i < 15 ? t : u;
        long              k    = i < 15 ? i : i - 15;
        for (long j = 0; j < 20; j++)
            seen[j] += !memcmp(part->byte + 64 * k, s->byte + 64 * j, 64) &&
                       part->label[k] == s->label[j];
    }
    for (long j = 0; j < 20; j++) cr_expect_eq(seen[j], 1, "sample %ld: %d times", j, seen[j]);
    ds_samples_free(t);
    ds_samples_free(u);
    for (double part = 0; part <= 1; part += 0.5 + 0.49 * (part == 0.5))
        if (part != 0.5) {
            cr_expect_eq(ds_samples_split(s, part, 5, &t, &u), AD_INVALID, "%g", part);
            cr_expect(!t && !u);
        }
    ds_samples_free(s);

    v = make("checkerboard:n=5", NULL);
    cr_expect_eq(ds_samples_rows(v, 3, NULL, AD_F64, x, label), AD_INVALID);
    cr_expect(strstr(ad_message(), "has no labels"), "%s", ad_message());
    cr_assert_eq(ds_samples_rows(v, 3, NULL, AD_F32, f, NULL), AD_OK);
    for (int i = 0; i < 6; i++) cr_expect_eq(f[i], (float)v->real[i]);
    ds_samples_free(v);
}

static ad_status make_and_split(void *arg)
{
    ds_samples *s, *a = NULL, *b = NULL;
    ad_status   status = ds_samples_make_spec(&s, arg, NULL);
    if (!status) status = ds_samples_split(s, 0.5, 0, &a, &b);
    ds_samples_free(s);
    ds_samples_free(a);
    ds_samples_free(b);
    return status;
}

Test(samples, every_allocation_failing)
{
    static const char *const specs[] = { "digits:n=4", "two-moons:n=4", "checkerboard:n=4" };
    long                     runs;
    for (int i = 0; i < 3; i++) {
        cr_expect(every_allocation_fails_cleanly(make_and_split, (void *)specs[i], &runs), "%s",
                  specs[i]);
        cr_expect_gt(runs, 10);
    }
}
