/* Normalisation: moments, constant columns, missing values, the way back, the units of time. */
#include <costate/datasets/normalise.h>
#include <costate/datasets/registry.h>

#include "texts.h"

Test(normalise, moments_leave_missing_values_out)
{
    ds_series_set *set = must_read(
        "t,a,b,c\n10,1,5,NA\n11,NA,5,1e9\n12,3,5,1000000002\n13,5,5,1000000004\n", NULL);
    ds_normalise *n;
    cr_assert_eq(ds_normalise_fit(&n, set, DS_TIME_AS_IS), AD_OK);
    cr_expect_eq(n->mean[0], 3);
    cr_expect_float_eq(n->std[0], sqrt(8.0 / 3), 1e-15); /* three values, rounding only */
    cr_expect_eq(n->mean[1], 5);
    cr_expect_eq(n->std[1], 1); /* never changes */
    cr_expect_float_eq(n->mean[2], 1000000002, 1e-6);
    cr_expect_float_eq(n->std[2], sqrt(8.0 / 3), 1e-6); /* the rounding of numbers of 1e9 */
    cr_expect_eq(n->t_shift, 10);
    cr_expect_eq(n->t_scale, 1);
    ds_normalise_free(n);
    ds_series_set_free(set);
}

/* Squares of 1e300 overflow, of 1e-300 vanish. */
Test(normalise, numbers_of_any_size)
{
    static const char *const text[] = { "t,a\n0,1e300\n1,-1e300\n", "t,a\n0,1e-300\n1,-1e-300\n",
                                        "t,a\n0,1e308\n1,-1e308\n" };
    static const double      size[] = { 1e300, 1e-300, 1e308 };
    for (int i = 0; i < 3; i++) {
        ds_series_set *set = must_read(text[i], NULL);
        ds_normalise  *n;
        cr_assert_eq(ds_normalise_fit(&n, set, DS_TIME_AS_IS), AD_OK);
        cr_expect_eq(n->mean[0], 0);
        cr_expect_float_eq(n->std[0] / size[i], 1, 1e-15);
        ds_normalise_free(n);
        ds_series_set_free(set);
    }
}

Test(normalise, there_and_back)
{
    ds_series_set *set, *same;
    ds_normalise  *n;
    cr_assert_eq(ds_make_spec(&set, "lotka-volterra:series=3,noise=0.1"), AD_OK);
    cr_assert_eq(ds_make_spec(&same, "lotka-volterra:series=3,noise=0.1"), AD_OK);
    set->series[1].y[5] = same->series[1].y[5] = NAN;
    cr_assert_eq(ds_normalise_fit(&n, set, DS_TIME_SPEED), AD_OK);
    cr_assert_eq(ds_normalise_apply(n, set), AD_OK);
    for (int j = 0; j < 2; j++) {
        double sum = 0, square = 0, k = 0;
        for (int i = 0; i < 3; i++)
            for (long r = 0; r < set->series[i].len; r++) {
                double z = set->series[i].y[2 * r + j];
                if (isnan(z)) continue;
                sum += z;
                square += z * z;
                k++;
            }
        cr_expect_float_eq(sum / k, 0, 1e-13); /* 303 rounding errors of 1e-16 */
        cr_expect_float_eq(square / k, 1, 1e-13);
    }
    cr_expect(isnan(set->series[1].y[5]));
    cr_assert_eq(ds_normalise_undo(n, set), AD_OK);
    for (int i = 0; i < 3; i++) {
        cr_expect_lt(distance(2 * set->series[i].len, set->series[i].y, same->series[i].y),
                     1e-15 * 8);
        cr_expect_lt(distance(set->series[i].len, set->series[i].t, same->series[i].t), 1e-15 * 8);
    }
    ds_normalise_free(n);
    ds_series_set_free(set);
    ds_series_set_free(same);
}

Test(normalise, units_of_time)
{
    ds_series_set *set;
    ds_normalise  *n;
    double         want[] = { [DS_TIME_SPACING] = 0.25, [DS_TIME_SPAN] = 5, [DS_TIME_AS_IS] = 1 };
    cr_assert_eq(ds_make_spec(&set, "damped-oscillator:n=21,t1=5,series=2"), AD_OK);
    for (int scale = DS_TIME_SPACING; scale <= DS_TIME_AS_IS; scale++) {
        cr_assert_eq(ds_normalise_fit(&n, set, (ds_time_scale)scale), AD_OK);
        cr_expect_float_eq(n->t_scale, want[scale], 1e-14);
        ds_normalise_free(n);
    }
    cr_assert_eq(ds_normalise_fit(&n, set, DS_TIME_SPEED), AD_OK);
    cr_assert_eq(ds_normalise_apply(n, set), AD_OK);
    double square = 0, k = 0;
    for (int i = 0; i < 2; i++)
        for (long r = 1; r < 21; r++)
            for (int j = 0; j < 2; j++, k++)
                square += pow((set->series[i].y[2 * r + j] - set->series[i].y[2 * r - 2 + j]) /
                                  (set->series[i].t[r] - set->series[i].t[r - 1]),
                              2);
    cr_expect_float_eq(square / k, 1,
                       1e-12); /* differences of numbers near 1 lose two digits of 1e-16 */
    ds_normalise_free(n);
    ds_series_set_free(set);
    set = must_read("t,x\n0,1\n2,1\n4,1\n", NULL); /* nothing moves: the spacing */
    cr_assert_eq(ds_normalise_fit(&n, set, DS_TIME_SPEED), AD_OK);
    cr_expect_eq(n->t_scale, 2);
    cr_expect_eq(ds_normalise_undo_time(n, ds_normalise_time(n, 3)), 3);
    ds_normalise *other;
    cr_assert_eq(ds_normalise_new(&other, 2), AD_OK);
    cr_expect_eq(ds_normalise_apply(other, set), AD_BAD_SHAPE);
    cr_expect(strstr(ad_message(), "1 columns, but the normalisation was fitted on 2"), "%s",
              ad_message());
    ds_normalise_free(other);
    ds_normalise_free(n);
    ds_series_set_free(set);
}

Test(normalise, spacing_is_the_median_step)
{
    ds_series_set *set = must_read("t,x\n0,1\n0.1,2\n0.2,4\n5,3\n5.1,1\n105,1\n", NULL);
    cr_expect_eq(ds_spacing(set),
                 0.2 - 0.1); /* steps 0.1, 0.1, 4.8, 0.1, 99.9, each of its own rounding */
    ds_series_set_free(set);
    set = must_read("id,t,x\na,0,1\na,1,2\nb,0,1\nb,3,1\nb,9,1\n",
                    &(ds_read_options){ .id = "id" });
    cr_expect_eq(ds_spacing(set), 3);
    ds_series_set_free(set);
}
