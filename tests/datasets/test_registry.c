/* Every row of the registry, and the trajectories against closed forms and invariants. */
#include <costate/datasets/registry.h>

#include "texts.h"

static ds_series_set *make(const char *spec)
{
    ds_series_set *set = NULL;
    cr_assert_eq(ds_make_spec(&set, spec), AD_OK, "%s: %s", spec, ad_message());
    return set;
}

Test(registry, every_row)
{
    cr_assert_geq(ds_dataset_count(), 6);
    for (int i = 0; i < ds_dataset_count(); i++) {
        const ds_dataset *d = ds_dataset_at(i);
        cr_expect(*d->name && strlen(d->description) > 10 && strlen(d->source) > 5);
        cr_expect_eq(ds_dataset_find(d->name), d);
        ds_series_set *set = make(d->name);
        cr_expect_str_eq(set->source, d->name);
        cr_expect(*set->note);
        cr_expect_eq(ds_missing(set), 0);
        for (long k = 1; k < set->series[0].len; k++)
            cr_assert_gt(set->series[0].t[k], set->series[0].t[k - 1]);
        for (int j = 0; j < set->cols; j++) cr_expect(*set->column[j]);
        ds_series_set_free(set);
    }
    cr_expect_null(ds_dataset_at(-1));
    cr_expect_null(ds_dataset_at(ds_dataset_count()));
}

Test(registry, lynx_and_hare_as_recorded)
{
    char           path[512];
    ds_series_set *built = make("lynx-hare"), *file;
    cr_expect_eq(built->series[0].len, 21);
    cr_expect_eq(built->series[0].t[20], 1920);
    if (!shared_file("data/series/hudson-bay-lynx-hare.csv", path, sizeof path)) {
        ds_series_set_free(built);
        cr_skip("no shared data: the record was not compared");
    }
    cr_assert_eq(ds_read(&file, path, NULL), AD_OK, "%s", ad_message());
    cr_expect_arr_eq(built->series[0].t, file->series[0].t, 21 * sizeof(double));
    cr_expect_arr_eq(built->series[0].y, file->series[0].y, 42 * sizeof(double));
    ds_series_set_free(file);
    ds_series_set_free(built);
}

/* Each step is good to 1e-13 of 1 + |y|; some thousand of them stay below 1e-9 where the flow does not expand. */
Test(registry, damped_oscillator_is_its_closed_form)
{
    ds_series_set *set = make("damped-oscillator");
    double         w   = sqrt(0.99);
    for (long k = 0; k < set->series[0].len; k++) {
        double t = set->series[0].t[k], e = exp(-t / 10);
        cr_expect_float_eq(set->series[0].y[2 * k], e * (cos(w * t) + sin(w * t) / (10 * w)), 1e-9);
        cr_expect_float_eq(set->series[0].y[2 * k + 1], -e * sin(w * t) / w, 1e-9);
    }
    ds_series_set_free(set);
}

/* End points known to 20 digits from extrapolation in quadruple precision at a tolerance of 1e-26; the orbit of Lotka and
   Volterra agrees with SUNDIALS' ark_lotka_volterra_ASA (1.02634, 0.909691) too. Lorenz's flow multiplies errors of
   1e-13 (1 + |y|) a step by up to e^(0.906 16) = 2e6. */
Test(registry, end_points_are_the_published_ones)
{
    static const struct {
        const char *spec;
        double      y[3], tolerance;
    } known[] = {
        { "spiral:n=5", { -0.4436234866986349454, 0.2794406416189389983 }, 1e-8 },
        { "lotka-volterra:n=5", { 1.026344767575089319, 0.9096910781360416175 }, 1e-8 },
        { "lorenz63:n=5,t1=16",
          { -9.131313027368752928, -12.47617881107825334, 22.84333896098238821 },
          1e-3 },
    };
    for (int i = 0; i < 3; i++) {
        ds_series_set *set = make(known[i].spec);
        const double  *y   = set->series[0].y + 4 * set->cols;
        for (int j = 0; j < set->cols; j++)
            cr_expect_float_eq(y[j], known[i].y[j], known[i].tolerance, "%s: %.17g", known[i].spec,
                               y[j]);
        ds_series_set_free(set);
    }
}

/* u - 3 log u + v - 1.5 log v does not change along Lotka and Volterra's orbits. */
Test(registry, lotka_volterra_keeps_its_invariant)
{
    ds_series_set *set = make("lotka-volterra:series=5,t1=30");
    for (int i = 0; i < 5; i++) {
        double first = 0;
        for (long k = 0; k < set->series[i].len; k++) {
            double u = set->series[i].y[2 * k], v = set->series[i].y[2 * k + 1];
            double now = u - 3 * log(u) + v - 1.5 * log(v);
            if (k == 0) first = now;
            cr_expect_float_eq(now, first, 1e-7);
        }
    }
    ds_series_set_free(set);
}

/* A step's error of 1e-13 (1 + |y|), |y| up to 50, grows by e^(0.9 t) on Lorenz's attractor, 90 times to t = 5; two
   thousand of them give 1e-6 at the very worst. */
Test(registry, trajectories_do_not_depend_on_the_output_times)
{
    static const char *const names[] = { "spiral", "van-der-pol", "lorenz63" };
    for (int s = 0; s < 3; s++) {
        char coarse[64], fine[64];
        snprintf(coarse, sizeof coarse, "%s:n=11,t1=5,series=2", names[s]);
        snprintf(fine, sizeof fine, "%s:n=101,t1=5,series=2", names[s]);
        ds_series_set *a = make(coarse), *b = make(fine);
        for (int i = 0; i < 2; i++)
            for (long k = 0; k < 11; k++)
                for (int j = 0; j < a->cols; j++)
                    cr_expect_float_eq(
                        a->series[i].y[k * a->cols + j], b->series[i].y[10 * k * a->cols + j], 1e-6,
                        "%s, t = %g: %.12g, %.12g", names[s], a->series[i].t[k],
                        a->series[i].y[k * a->cols + j], b->series[i].y[10 * k * a->cols + j]);
        cr_expect_neq(a->series[0].y[0], a->series[1].y[0]);
        ds_series_set_free(a);
        ds_series_set_free(b);
    }
}

Test(registry, noise_has_the_deviation_asked_for)
{
    ds_series_set *clean = make("spiral:n=20000"), *noisy = make("spiral:n=20000,noise=0.1,seed=5"),
                  *again = make("spiral:n=20000,noise=0.1,seed=5");
    for (int j = 0; j < 2; j++) {
        double mean = 0, var = 0, noise = 0;
        for (long k = 0; k < 20000; k++) mean += clean->series[0].y[2 * k + j] / 20000;
        for (long k = 0; k < 20000; k++) {
            var += pow(clean->series[0].y[2 * k + j] - mean, 2) / 20000;
            noise += pow(noisy->series[0].y[2 * k + j] - clean->series[0].y[2 * k + j], 2) / 20000;
        }
        /* the deviation of 20000 normal numbers is known to 1 / sqrt(40000) = 0.5 %: five of those */
        cr_expect_float_eq(sqrt(noise / var), 0.1, 0.0025);
    }
    cr_expect_arr_eq(noisy->series[0].y, again->series[0].y, 40000 * sizeof(double));
    ds_series_set_free(clean);
    ds_series_set_free(noisy);
    ds_series_set_free(again);
}

Test(registry, noise_differs_between_series)
{
    ds_series_set *clean = make("spiral:n=20,series=2"),
                  *noisy = make("spiral:n=20,series=2,noise=0.1");
    double ratio[2];
    for (int i = 0; i < 2; i++) {
        const double *a = noisy->series[i].y, *b = clean->series[i].y;
        cr_assert_neq(a[0], b[0]);
        ratio[i] = (a[2] - b[2]) / (a[0] - b[0]);
    }
    cr_expect_gt(fabs(ratio[0] - ratio[1]),
                 1e-6 * fabs(ratio[0])); /* the same draws would agree to rounding */
    ds_series_set_free(clean);
    ds_series_set_free(noisy);
}

static void refused_spec(const char *spec, const char *word)
{
    ds_series_set *set;
    cr_expect_eq(ds_make_spec(&set, spec), AD_INVALID, "%s", spec);
    cr_expect(strstr(ad_message(), word), "'%s' is not in: %s", word, ad_message());
    cr_expect_null(set);
}

Test(registry, refusals)
{
    refused_spec("lorenz36", "did you mean 'lorenz63'?");
    refused_spec("nothing-like-it-at-all", "built in are lynx-hare, spiral");
    refused_spec("spiral:n", "'n' is not key=number");
    refused_spec("spiral:n=many", "'n=many' is not key=number");
    refused_spec("spiral:m=3", "no option 'm'");
    refused_spec("spiral:n=2.5", "n must be a whole number");
    refused_spec("spiral:n=1", "n=1");
    refused_spec("spiral:t1=-1", "t1=-1");
    refused_spec("spiral:noise=-1", "noise=-1");
    refused_spec("lynx-hare:n=5", "a record of 21 years");
}
