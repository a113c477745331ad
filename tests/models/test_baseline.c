/* The two forecasts that know nothing, on series whose answer is known. */
#include <criterion/criterion.h>

#include <costate/models/baseline.h>

#include "task.h"

static void write_waves(const char *path, int jitter)
{
    FILE *f = fopen(path, "w");
    fprintf(f, "t,a,b\n");
    for (int i = 0; i < 160; i++) {
        double t = 0.1 * i;
        if (jitter && i % 9 == 4) continue;
        fprintf(f, "%.17g,%.17g,%.17g\n", t, 3 + cos(t), 100 * sin(2 * t));
    }
    fclose(f);
}

/* cos(t + h) = 2 cos(h) cos(t) - cos(t - h): two waves with a constant are a linear recurrence of order 2. */
Test(baseline, an_autoregression_knows_waves)
{
    char      path[256];
    mdl_task *t;
    write_waves(scratch(path, sizeof path, "waves.csv"), 0);
    char data[300];
    snprintf(data, sizeof data, "data=%s", path);
    cr_assert_eq(TASK(&t, data, "holdout=0.25"), AD_OK, "%s", ad_message());
    mdl_autoregression *a;
    cr_assert_eq(mdl_autoregression_fit(&a, t->data), AD_OK, "%s", ad_message());
    const mdl_track *k = &t->data->track[0];
    double           y[2 * 40], last[2 * 40];
    cr_assert_eq(mdl_autoregression_forecast(a, t->data, k, 119, 40, k->t + 120, y), AD_OK);
    for (int i = 0; i < 80; i++)
        cr_assert_float_eq(y[i], k->y[240 + i], 1e-3, "%d: %g, %g (order %d)", i, y[i],
                           k->y[240 + i], a->order);
    mdl_persistence_forecast(t->data, k, 119, 40, last);
    for (int i = 0; i < 80; i++) cr_assert_eq(last[i], k->y[238 + i % 2]);
    mdl_autoregression_free(a);
    mdl_task_free(t);
    remove(path);
}

Test(baseline, gaps_are_bridged)
{
    char      path[256], data[300];
    mdl_task *t;
    write_waves(scratch(path, sizeof path, "gaps.csv"), 1);
    snprintf(data, sizeof data, "data=%s", path);
    cr_assert_eq(TASK(&t, data), AD_OK, "%s", ad_message());
    mdl_autoregression *a;
    cr_assert_eq(mdl_autoregression_fit(&a, t->data), AD_OK);
    const mdl_track *k = &t->data->track[0];
    double           y[20];
    cr_assert_eq(mdl_autoregression_forecast(a, t->data, k, k->train - 1, 10, k->t + k->train, y),
                 AD_OK);
    /* bridging a gap of 0.2 linearly is off by up to h^2 / 8 |y''| = 0.02 deviations of the faster wave */
    for (int i = 0; i < 20; i++) cr_assert_float_eq(y[i], k->y[k->train * 2 + i], 0.2);
    mdl_autoregression_free(a);
    mdl_task_free(t);
    remove(path);
}
