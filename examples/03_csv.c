/* 03_csv.c - from a CSV to a forecast: 03_csv [FILE]. A neural ODE learns from the first three quarters of the rows how
   the columns move, then goes on alone; the forecast goes to stdout as a CSV, beside it how far off it is. */
#include <stdio.h>
#include <stdlib.h>

#include <costate/costate.h>

static void must(ad_status status)
{
    if (status) fprintf(stderr, "%s\n", ad_message()), exit(1);
}

static int watch(const mdl_progress *p, void *ctx) /* after each iteration; not 0: stop */
{
    (void)ctx;
    if (p->iteration % 100 == 0)
        fprintf(stderr, "%ld: windows of %ld rows, loss %.1e\n", p->iteration, p->horizon, p->loss);
    return 0;
}

int main(int argc, char **argv)
{
    mdl_config     *config; /* the settings of costate train, models/config.def */
    mdl_task       *task;
    mdl_fit        *fit;
    mdl_forecaster *forecaster;
    must(mdl_config_new(&config));
    must(mdl_config_set(config, "data", argc > 1 ? argv[1] : "examples/pendulum.csv"));
    must(mdl_config_set(config, "iterations", "400"));
    must(mdl_config_set(config, "width", "16"));
    must(mdl_task_new(&task, config));

    must(mdl_fit_new(&fit, task->model, task->data, task->config));
    must(mdl_fit_run(fit, watch, NULL));
    must(mdl_fit_finish(fit));

    const mdl_data  *data  = task->data;
    const mdl_track *track = data->track;
    const long       last = track->train - 1, n = track->len - track->train; /* held out: n rows */
    must(mdl_forecaster_new(&forecaster, task->model, data, task->config));
    double *start = ad_alloc(sizeof *start * mdl_forecaster_dim(forecaster));
    double *y     = ad_alloc(sizeof *y * n * data->cols);
    must(mdl_forecast_start(forecaster, track, last, 1, start));
    must(mdl_forecast(forecaster, track->t[last], start, n, track->t + last + 1, y, NULL));
    fprintf(stderr, "mean square error %.1e deviations\n",
            ad_mse(AD_F64, n * data->cols, y, track->y + (last + 1) * data->cols, NULL));

    ds_series_set *train, *rest;
    must(ds_split_fraction(task->set, task->config->holdout, &train, &rest));
    ds_normalise_undo_rows(data->units, n, y, rest->series->y);
    must(ds_print_csv(stdout, rest)); /* in the data's own units and times */
    ds_series_set_free(train), ds_series_set_free(rest), ad_free(y), ad_free(start);
    mdl_forecaster_free(forecaster), mdl_fit_free(fit), mdl_task_free(task);
}
