/* costate forecast RUN --until T: a trained run's future as CSV and as a picture. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <costate/autodiff/file.h>
#include <costate/autodiff/memory.h>
#include <costate/models/run.h>

#include "buffer.h"
#include "json.h"
#include "plot.h"
#include "text.h"
#include "verbs.h"

enum { MOST = 10000000, PICTURE = 6 };

typedef struct forecast {
    const cli_args  *args;
    mdl_run         *run;
    mdl_forecaster  *forecaster;
    const mdl_track *track;
    long             n;
    double          *t, *y; /* [n], [n][cols], in the data's own units */
    ad_status        ended; /* early */
    char             why[512];
} forecast;

static ad_status choose_series(forecast *f)
{
    const char     *name = cli_text(f->args, "series");
    const mdl_data *d    = f->run->data;
    f->track             = &d->track[d->count - 1];
    if (!name) return AD_OK;
    for (int i = 0; i < d->count; i++)
        if (d->track[i].name && !strcmp(d->track[i].name, name)) {
            f->track = &d->track[i];
            return AD_OK;
        }
    return ad_fail(AD_INVALID, "the run has no series '%.60s'; it has %d, the last is '%s'", name,
                   d->count, f->track->name ? f->track->name : "");
}

/* From the last observed time, at the median spacing or every H, the last snapped to T. */
static ad_status choose_times(forecast *f)
{
    const ds_normalise *u     = f->run->data->units;
    const char         *until = cli_text(f->args, "until");
    double              last  = ds_normalise_undo_time(u, f->track->t[f->track->len - 1]), end;
    double              h     = cli_given(f->args, "every") ? cli_number(f->args, "every")
                                                            : f->run->data->spacing * u->t_scale;
    char                a[DS_CLOCK_TEXT], b[DS_CLOCK_TEXT];
    AD_TRY(ds_clock_read(&f->run->clock, until, &end));
    if (!(h > 0)) return ad_fail(AD_INVALID, "--every is %g, it must be positive", h);
    if (!(end > last))
        return ad_fail(AD_INVALID, "--until %s is not after the last observed time, %s",
                       ds_clock_text(&f->run->clock, end, a),
                       ds_clock_text(&f->run->clock, last, b));
    double n = ceil((end - last) / h - 1e-9);
    if (n > MOST) return ad_fail(AD_INVALID, "that would be %.3g rows; choose a larger --every", n);
    f->n = (long)n;
    f->t = ad_alloc((size_t)f->n * sizeof *f->t);
    f->y = ad_alloc((size_t)(f->n * f->run->data->cols) * sizeof *f->y);
    if (!f->t || !f->y) return AD_NO_MEMORY;
    for (long i = 0; i < f->n; i++) f->t[i] = i == f->n - 1 ? end : last + (double)(i + 1) * h;
    return AD_OK;
}

static ad_status solve(forecast *f)
{
    const ds_normalise *u    = f->run->data->units;
    long                last = f->track->len - 1;
    double             *y0   = ad_alloc((size_t)f->run->model->dim * sizeof *y0),
           *s                = ad_alloc((size_t)f->n * sizeof *s);
    ad_status status         = y0 && s ? AD_OK : AD_NO_MEMORY;
    for (long i = 0; !status && i < f->n; i++) s[i] = ds_normalise_time(u, f->t[i]);
    if (!status) status = mdl_forecast_start(f->forecaster, f->track, last, f->run->rows, y0);
    if (!status) f->ended = mdl_forecast(f->forecaster, f->track->t[last], y0, f->n, s, f->y, NULL);
    if (f->ended) snprintf(f->why, sizeof f->why, "%s", ad_message());
    if (!status) ds_normalise_undo_rows(u, f->n, f->y, f->y);
    ad_free(y0);
    ad_free(s);
    return status ? status : f->ended == AD_NO_MEMORY ? f->ended : AD_OK;
}

/* A cell with a comma, quote or line break stands in quotes. */
static void cell(cli_buffer *b, const char *text)
{
    if (!strpbrk(text, ",\"\n\r")) {
        cli_buffer_text(b, text);
        return;
    }
    cli_buffer_text(b, "\"");
    for (; *text; text++) {
        if (*text == '"') cli_buffer_text(b, "\"");
        cli_buffer_add(b, text, 1);
    }
    cli_buffer_text(b, "\"");
}

static ad_status compose(const forecast *f, cli_buffer *b)
{
    char text[DS_CLOCK_TEXT + CLI_NUMBER_TEXT];
    int  cols = f->run->data->cols;
    cli_buffer_text(b, "time");
    for (int j = 0; j < cols; j++) {
        cli_buffer_text(b, ",");
        cell(b, f->run->column[j]);
    }
    cli_buffer_text(b, "\n");
    for (long i = 0; i < f->n && !isnan(f->y[i * cols]); i++) {
        cell(b, ds_clock_text(&f->run->clock, f->t[i], text));
        for (int j = 0; j < cols; j++) {
            cli_buffer_text(b, ",");
            cli_buffer_text(b, cli_number_text(f->y[i * cols + j], text));
        }
        cli_buffer_text(b, "\n");
    }
    return b->status;
}

static ad_status write_csv(const forecast *f)
{
    cli_buffer  b    = { 0 };
    const char *path = cli_text(f->args, "output");
    ad_status   s    = compose(f, &b);
    if (!s && path) {
        ad_file file;
        s = ad_file_create(&file, path);
        if (!s) {
            ad_file_write(&file, b.text, b.size);
            s = ad_file_commit(&file);
        }
    } else if (!s && !cli_flag(f->args, "json")) {
        fwrite(b.text, 1, b.size, stdout);
    }
    cli_buffer_free(&b);
    return s;
}

static ad_status print_json(const forecast *f)
{
    json_t   *j = json_object(), *y = json_object();
    int       cols = f->run->data->cols;
    double   *x    = ad_alloc((size_t)f->n * sizeof *x);
    ad_status s    = j && y && x ? AD_OK : AD_NO_MEMORY;
    for (int c = 0; !s && c < cols; c++) {
        for (long i = 0; i < f->n; i++) x[i] = f->y[i * cols + c];
        json_object_set_new(y, f->run->column[c], cli_json_numbers(f->n, x));
    }
    if (!s) {
        json_object_set_new(j, "t", cli_json_numbers(f->n, f->t));
        json_object_set(j, "y", y);
        json_object_set_new(j, "status", json_string(ad_status_name(f->ended)));
        json_object_set_new(j, "message", json_string(f->why));
        s = cli_json_print(j, stdout);
    }
    ad_free(x);
    json_decref(j);
    json_decref(y);
    return s;
}

static ad_status draw(const forecast *f, const char *path)
{
    const mdl_data *d     = f->run->data;
    int             n     = d->cols < PICTURE ? d->cols : PICTURE;
    long            m     = f->track->len;
    double         *block = ad_alloc((size_t)((m + f->n) * (n + 1)) * sizeof *block), *t = block,
           *z = block + m;
    if (!block) return AD_NO_MEMORY;
    cli_panel panel[PICTURE];
    cli_curve c[PICTURE][2];
    memset(panel, 0, sizeof panel);
    for (long i = 0; i < m; i++) t[i] = ds_normalise_undo_time(d->units, f->track->t[i]);
    for (int j = 0; j < n; j++) {
        double *a = z, *b = z + m;
        for (long i = 0; i < m; i++)
            a[i] = f->track->y[i * d->cols + j] * d->units->std[j] + d->units->mean[j];
        for (long i = 0; i < f->n; i++) b[i] = f->y[i * d->cols + j];
        z += m + f->n;
        c[j][0]  = (cli_curve){ j ? NULL : "data", CLI_POINTS, 6, m, t, a };
        c[j][1]  = (cli_curve){ j ? NULL : "forecast", CLI_LINE, 1, f->n, f->t, b };
        panel[j] = (cli_panel){ .x_label = j == n - 1 ? f->run->time : NULL,
                                .y_label = f->run->column[j],
                                .curves  = 2,
                                .curve   = c[j],
                                .x_line  = t[m - 1] };
    }
    ad_status s = cli_plot(
        &(cli_figure){ .panels = n, .panel = panel, .height = n == 1 ? 360 : 220 * n }, path);
    ad_free(block);
    return s;
}

static ad_status go(forecast *f)
{
    AD_TRY(mdl_run_load(&f->run, cli_word(f->args, 0)));
    AD_TRY(choose_series(f));
    AD_TRY(choose_times(f));
    AD_TRY(mdl_forecaster_new(&f->forecaster, f->run->model, f->run->data, f->run->config));
    AD_TRY(solve(f));
    AD_TRY(write_csv(f));
    if (cli_flag(f->args, "json")) AD_TRY(print_json(f));
    if (cli_text(f->args, "plot")) AD_TRY(draw(f, cli_text(f->args, "plot")));
    return f->ended ? ad_fail(f->ended, "the forecast ends early: %s", f->why) : AD_OK;
}

static int run(const cli_args *a)
{
    if (!cli_word(a, 0)) return cli_mistake(a, "of which run? costate forecast RUN --until T");
    if (!cli_text(a, "until"))
        return cli_mistake(a, "how far? --until T, a time as the data has them");
    forecast  f = { .args = a };
    ad_status s = go(&f);
    int code = s == AD_INVALID ? cli_mistake(a, "%s", ad_message()) : s ? cli_failed(a) : CLI_DONE;
    mdl_forecaster_free(f.forecaster);
    mdl_run_free(f.run);
    ad_free(f.t);
    ad_free(f.y);
    return code;
}

// clang-format off
static const cli_option options[] = {
    { "until", CLI_TEXT, "T", NULL, "the last time: a number or a date, as the data has them", "forecast" },
    { "every", CLI_NUMBER, "H", NULL, "time from row to row; the data's median spacing", NULL },
    { "series", CLI_TEXT, "NAME", NULL, "which series goes on, where the data had several; the last", NULL },
    { "output", CLI_TEXT, "FILE.csv", NULL, "where the rows go, instead of being printed", "output" },
    { "plot", CLI_TEXT, "FILE.png", NULL, "a picture (.png or .svg)", NULL },
    { "json", CLI_FLAG, NULL, NULL, "one JSON object, numbers in full", NULL },
    { NULL, CLI_FLAG, NULL, NULL, NULL, NULL },
};
// clang-format on

const cli_verb cli_verb_forecast = {
    .name      = "forecast",
    .summary   = "goes on from the last observed time with a trained run",
    .usage     = "RUN --until T [options]",
    .examples  = "costate forecast run --until 1930\n"
                 "costate forecast run --until 2024-06-30 --every 7 --output forecast.csv --plot "
                 "forecast.png",
    .options   = options,
    .max_words = 1,
    .run       = run,
};
