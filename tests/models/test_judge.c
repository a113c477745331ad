/* The small classifier: it learns the digits, and its derivative by the input is right. */
#include <costate/models/judge.h>

#include <criterion/criterion.h>

#include "support.h"

Test(judge, digits)
{
    ds_samples *train, *test;
    mdl_judge  *j;
    double      accuracy, x[2 * 64], bar[2 * 10], x_bar[2 * 64], logits[2 * 10];
    cr_assert_eq(ds_samples_make(&train, "digits", NULL), AD_OK, "%s", ad_message());
    cr_assert_eq(ds_samples_make(&test, "digits", &(ds_samples_options){ .part = DS_TEST }), AD_OK);
    cr_assert_eq(
        mdl_judge_new(&j, train, &(mdl_judge_options){ .iterations = 300, .hidden = { 64, 32 } }),
        AD_OK, "%s", ad_message());
    cr_assert_eq(mdl_judge_accuracy(j, test, &accuracy), AD_OK);
    /* other writers than those of the training part; a linear classifier reaches 0.93 */
    cr_expect_gt(accuracy, 0.92, "%g", accuracy);
    cr_assert_eq(ds_samples_rows(test, 2, NULL, AD_F64, x, NULL), AD_OK);
    for (int i = 0; i < 20; i++) bar[i] = sin(i);
    cr_assert_eq(mdl_judge_pull(j, 2, x, bar, x_bar), AD_OK);
    for (int i = 0; i < 128; i += 9) {
        double f[2], x0 = x[i], h = 1e-6;
        for (int s = 0; s < 2; s++) {
            x[i] = x0 + (s ? h : -h);
            cr_assert_eq(mdl_judge_look(j, 2, x, logits, NULL), AD_OK);
            f[s] = 0;
            for (int k = 0; k < 20; k++) f[s] += bar[k] * logits[k];
        }
        x[i] = x0;
        /* piecewise linear: exact but where a relu turns within h; rounding 1e-15 * 10 / h */
        cr_expect_lt(fabs(x_bar[i] - (f[1] - f[0]) / (2 * h)), 1e-6);
    }
    mdl_judge_free(j);
    ds_samples_free(train);
    ds_samples_free(test);
}

Test(judge, needs_labels)
{
    ds_samples *s;
    mdl_judge  *j;
    cr_assert_eq(ds_samples_make(&s, "two-moons", NULL), AD_OK);
    if (!s->label) {
        cr_expect_eq(mdl_judge_new(&j, s, NULL), AD_INVALID);
        cr_expect(strstr(ad_message(), "labels"));
    }
    ds_samples_free(s);
}
