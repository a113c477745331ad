/* train_report.c - report.html of a run. */
#include <math.h>
#include <string.h>

#include <costate/autodiff/file.h>
#include <costate/autodiff/memory.h>

#include "report.h"
#include "text.h"
#include "train.h"

enum { PATH = 4096, CELL = 48, SETTINGS = 80 };

static void scores(train *t, cli_report *r)
{
    char        text[MDL_METHODS][3][CELL];
    const char *cells[3 * MDL_METHODS], *heads[3], *unit = ds_unit_name(t->task->set->clock.unit);
    char        many[96], one[96];
    double      step = t->task->data->spacing * t->task->data->units->t_scale;
    int         best = 0;
    if (!t->score || !t->whole || !t->score->origins) {
        cli_report_text(r, "Nothing was held out, so nothing tells how good the forecast is.");
        return;
    }
    snprintf(many, sizeof many, "%ld rows (%.4g %s) from %ld starts", t->score->horizon,
             (double)t->score->horizon * step, unit, t->score->origins);
    snprintf(one, sizeof one, "%ld rows from one start", t->whole->horizon);
    heads[0] = "forecast", heads[1] = many, heads[2] = one;
    for (int m = 0; m < MDL_METHODS; m++) {
        train_method_name(t, m, text[m][0], CELL);
        snprintf(text[m][1], CELL, "%.4f", t->score->error[m]);
        snprintf(text[m][2], CELL, "%.4f", t->whole->error[m]);
        for (int c = 0; c < 3; c++) cells[3 * m + c] = text[m][c];
        if (t->score->error[m] < t->score->error[best]) best = m;
    }
    cli_report_table(r, &(cli_table){ "Root mean square error on the held-out part, in deviations "
                                      "of the training part's columns.",
                                      3, MDL_METHODS, heads, cells, 1 + best });
    if (t->score->failed)
        cli_report_text(r, "%ld of the model's forecasts ended early.", t->score->failed);
}

static void constants(train *t, cli_report *r)
{
    const mdl_model *m = t->task->model;
    if (!m->system) return;
    const nde_system_info   *a       = nde_system_about(m->system);
    static const char *const heads[] = { "constant", "value", "" };
    char                     text[64][CELL];
    const char              *cells[3 * 64];
    int                      n = a->parameters < 64 ? a->parameters : 64;
    cli_report_section(r, "The equations");
    for (int i = 0; i < n; i++) {
        snprintf(text[i], CELL, "%.6g",
                 mdl_get(m->ode.type, m->theta, ad_params_view(m->params, i)->offset));
        cells[3 * i]     = a->parameter[i].name;
        cells[3 * i + 1] = text[i];
        cells[3 * i + 2] = a->parameter[i].fit ? "fitted" : "known";
    }
    if (n) cli_report_table(r, &(cli_table){ NULL, 3, n, heads, cells, 0 });
    void  *file;
    size_t size;
    if (ad_file_read(t->task->config->system, &file, &size)) return;
    cli_report_code(r, file);
    ad_free(file);
}

static void training(train *t, cli_report *r)
{
    const mdl_progress *p = mdl_fit_progress(t->fit);
    char                seconds[32];
    cli_report_text(
        r,
        "%ld iterations in %s; windows of up to %ld rows, %s; %ld solves failed and were taken "
        "again over shorter "
        "windows. A forecast starts at a state fitted to the last %ld rows.",
        p->iteration, cli_seconds_text(p->seconds, seconds, sizeof seconds), mdl_fit_window(t->fit),
        mdl_fit_joint(t->fit) ? "one step size for all" : "a step size each", p->failures, t->rows);
}

static void settings(train *t, cli_report *r)
{
    static const char *const heads[] = { "setting", "value", "what it is" };
    const char              *cells[3 * SETTINGS];
    char                     text[SETTINGS][CELL];
    int                      n = 0;
    for (int i = 0; mdl_setting_at(i) && n < SETTINGS; i++) {
        const mdl_setting *s     = mdl_setting_at(i);
        const char        *at    = (const char *)t->task->config + s->offset;
        const char        *value = text[n];
        if (s->kind == MDL_IS_TEXT) value = *(const char *const *)(const void *)at;
        if (s->kind == MDL_IS_NUMBER)
            snprintf(text[n], CELL, "%g", *(const double *)(const void *)at);
        if (s->kind == MDL_IS_INTEGER)
            snprintf(text[n], CELL, "%ld", *(const long *)(const void *)at);
        if (s->kind == MDL_IS_FLAG)
            snprintf(text[n], CELL, "%s", *(const int *)(const void *)at ? "yes" : "no");
        cells[3 * n]     = s->key;
        cells[3 * n + 1] = value;
        cells[3 * n + 2] = s->about;
        n++;
    }
    cli_report_section(r, "Configuration");
    cli_report_table(r, &(cli_table){ NULL, 3, n, heads, cells, 0 });
}

static void data(train *t, cli_report *r)
{
    const mdl_data *d = t->task->data;
    cli_report_text(r, "%s: %ld rows in %d series, %ld of them held out, %ld values missing.",
                    t->task->set->source, d->rows, d->count, d->rows - d->train_rows, d->missing);
    if (t->task->set->note && *t->task->set->note) cli_report_code(r, t->task->set->note);
}

ad_status train_report(train *t)
{
    char        path[PATH], subtitle[256];
    cli_report *r;
    AD_TRY(train_path(t, "report.html", path, sizeof path));
    snprintf(subtitle, sizeof subtitle, "%.100s, trained by costate",
             t->task->config->system ? t->task->config->system
                                     : "a neural ordinary differential equation");
    const char *source = t->task->set->source, *slash = strrchr(source, '/');
    AD_TRY(cli_report_new(&r, slash ? slash + 1 : source, subtitle));
    cli_report_section(r, "The forecast");
    scores(t, r);
    ad_status s = train_figures(t, r);
    cli_report_section(r, "Training");
    training(t, r);
    constants(t, r);
    cli_report_section(r, "The data");
    data(t, r);
    settings(t, r);
    t->figures_left_out = cli_report_left_out(r);
    if (!s && t->figures_left_out && !cli_flag(t->args, "quiet"))
        fprintf(stderr, "%d figures were left out of the report: %s\n", t->figures_left_out,
                cli_report_reason(r));
    if (!s) s = cli_report_save(r, path);
    cli_report_free(r);
    return s;
}
