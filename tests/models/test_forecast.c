/* Forecasts: the start is estimated, hidden components too; a run's directory gives the same numbers back. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <sys/stat.h>

#include <costate/models/run.h>

#include "task.h"

/* The state behind noisy rows of an oscillator whose equations are known: better than any single row. */
Test(forecast, the_start_is_better_than_a_row)
{
    char      ode[256], csv[256], system[300], data[300];
    uint64_t  state = 11;
    mdl_task *t;
    FILE     *f = fopen(scratch(ode, sizeof ode, "swing.ode"), "w");
    fputs("w = 2\nx' = v\nv' = -w*w*x\nfit = w\n", f);
    fclose(f);
    f = fopen(scratch(csv, sizeof csv, "swing.csv"), "w");
    fputs("t,x\n", f); /* v is hidden */
    for (int i = 0; i < 80; i++)
        fprintf(f, "%g,%.12g\n", 0.1 * i, cos(0.2 * i) + draw(&state, -0.2, 0.2));
    fclose(f);
    snprintf(system, sizeof system, "system=%s", ode);
    snprintf(data, sizeof data, "data=%s", csv);
    cr_assert_eq(TASK(&t, system, data, "holdout=0", "iterations=100"), AD_OK, "%s", ad_message());
    mdl_forecaster *fc;
    double          y0[2];
    cr_assert_eq(mdl_forecaster_new(&fc, t->model, t->data, t->config), AD_OK, "%s", ad_message());
    cr_assert_eq(t->model->hidden, 1);
    cr_assert_eq(mdl_forecast_start(fc, &t->data->track[0], 79, 64, y0), AD_OK);
    /* 64 rows with noise of deviation 0.2 / sqrt 3 leave some sqrt(2 / 64) of it: 0.02, in v twice that; three deviations */
    cr_assert_float_eq(y0[0], cos(15.8), 0.06, "%g", y0[0]);
    cr_assert_float_eq(y0[1], -2 * sin(15.8), 0.13, "%g", y0[1]);
    mdl_forecaster_free(fc);
    mdl_task_free(t);
    remove(ode);
    remove(csv);
}

static void save_json(mdl_task *t, long rows, const char *path)
{
    json_t *j = mdl_run_to_json(t, rows);
    cr_assert_not_null(j, "%s", ad_message());
    cr_assert_eq(json_dump_file(j, path, 0), 0);
    json_decref(j);
}

static void forecast_with(const mdl_model *m, const mdl_data *d, const mdl_config *c, long rows,
                          double y[20])
{
    mdl_forecaster  *f;
    const mdl_track *k = &d->track[0];
    double           y0[4], t[5];
    for (int i = 0; i < 5; i++) t[i] = k->t[k->len - 1] + (i + 1) * d->spacing;
    cr_assert_eq(mdl_forecaster_new(&f, m, d, c), AD_OK, "%s", ad_message());
    cr_assert_eq(mdl_forecast_start(f, k, k->len - 1, rows, y0), AD_OK);
    cr_assert_eq(mdl_forecast(f, k->t[k->len - 1], y0, 5, t, y, NULL), AD_OK, "%s", ad_message());
    mdl_forecaster_free(f);
}

Test(forecast, a_directory_gives_the_run_back)
{
    char      folder[256], config[300], checkpoint[300];
    mdl_task *t;
    mdl_fit  *fit;
    mdl_run  *run;
    double    a[20] = { 0 }, b[20] = { 0 };
    mkdir(scratch(folder, sizeof folder, "run"), 0777);
    snprintf(config, sizeof config, "%s/config.json", folder);
    snprintf(checkpoint, sizeof checkpoint, "%s/checkpoint.safetensors", folder);
    cr_assert_eq(TASK(&t, "data=lynx-hare", "iterations=40", "width=8", "augment=1"), AD_OK, "%s",
                 ad_message());
    cr_assert_eq(mdl_fit_new(&fit, t->model, t->data, t->config), AD_OK);
    cr_assert_eq(mdl_fit_run(fit, NULL, NULL), AD_OK, "%s", ad_message());
    cr_assert_eq(mdl_fit_finish(fit), AD_OK);
    cr_assert_eq(mdl_fit_save(fit, checkpoint, "{}"), AD_OK, "%s", ad_message());
    save_json(t, 8, config);
    cr_assert_eq(mdl_run_load(&run, folder), AD_OK, "%s", ad_message());
    cr_assert_eq(run->rows, 8);
    cr_assert_str_eq(run->column[1], "hare");
    cr_assert_str_eq(run->data->track[0].name, t->data->track[0].name);
    forecast_with(t->model, t->data, t->config, 8, a);
    forecast_with(run->model, run->data, run->config, 8, b);
    cr_assert(memcmp(a, b, 10 * sizeof *a) == 0);
    mdl_run_free(run);

    struct stat st;
    cr_assert_eq(stat(checkpoint, &st), 0);
    cr_assert_eq(truncate(checkpoint, st.st_size / 2), 0);
    cr_assert_eq(mdl_run_load(&run, folder), AD_BAD_FILE);
    cr_assert(strstr(ad_message(), "checkpoint.safetensors"), "%s", ad_message());
    cr_assert_eq(truncate(config, 100), 0);
    cr_assert_eq(mdl_run_load(&run, folder), AD_BAD_FILE);
    cr_assert(strstr(ad_message(), "config.json"), "%s", ad_message());
    mdl_fit_free(fit);
    mdl_task_free(t);
    remove(config);
    remove(checkpoint);
    remove(folder);
}

Test(forecast, no_run_at_all)
{
    mdl_run *run;
    cr_assert_neq(mdl_run_load(&run, "/nowhere/at/all"), AD_OK);
    cr_assert(strstr(ad_message(), "/nowhere/at/all/config.json"), "%s", ad_message());
    cr_assert_null(run);
}

static ad_status load_run(void *arg)
{
    mdl_run  *r = NULL;
    ad_status s = mdl_run_load(&r, arg);
    mdl_run_free(r);
    return s;
}

static ad_status go_ahead(void *arg)
{
    mdl_task       *t = arg;
    mdl_forecaster *f = NULL;
    double          y[10], y0[2], ahead[5];
    ad_status       s = mdl_forecaster_new(&f, t->model, t->data, t->config);
    for (int i = 0; i < 5; i++) ahead[i] = t->data->track[0].t[20] + (i + 1) * t->data->spacing;
    if (!s) s = mdl_forecast_start(f, &t->data->track[0], 20, 4, y0);
    if (!s) s = mdl_forecast(f, t->data->track[0].t[20], y0, 5, ahead, y, NULL);
    mdl_forecaster_free(f);
    return s;
}

Test(forecast, every_allocation_may_fail)
{
    char      folder[256], config[300], checkpoint[300];
    mdl_task *t;
    mdl_fit  *fit;
    long      runs;
    mkdir(scratch(folder, sizeof folder, "memory"), 0777);
    snprintf(config, sizeof config, "%s/config.json", folder);
    snprintf(checkpoint, sizeof checkpoint, "%s/checkpoint.safetensors", folder);
    cr_assert_eq(TASK(&t, "data=lynx-hare", "iterations=2", "width=2", "depth=1"), AD_OK, "%s",
                 ad_message());
    cr_assert_eq(mdl_fit_new(&fit, t->model, t->data, t->config), AD_OK);
    cr_assert_eq(mdl_fit_run(fit, NULL, NULL), AD_OK);
    cr_assert_eq(mdl_fit_save(fit, checkpoint, "{}"), AD_OK);
    save_json(t, 2, config);
    mdl_fit_free(fit);
    cr_assert(every_allocation_fails_cleanly(load_run, folder, &runs));
    cr_assert_gt(runs, 10);
    cr_assert(every_allocation_fails_cleanly(go_ahead, t, &runs));
    cr_assert_gt(runs, 10);
    mdl_task_free(t);
    remove(config);
    remove(checkpoint);
    remove(folder);
}
