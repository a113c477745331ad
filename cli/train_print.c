/* train_print.c - what was read, what is trained, how good it is: for people, and as JSON. */
#include <math.h>
#include <string.h>

#include <jansson.h>

#include "json.h"
#include "text.h"
#include "train.h"

static void print_columns(const train *t, FILE *out)
{
    const ds_series_set *set = t->task->set;
    const mdl_data      *d   = t->task->data;
    fprintf(out, "columns   ");
    for (int j = 0; j < set->cols && j < 12; j++)
        fprintf(out, "%s%s", j ? ", " : "", set->column[j]);
    if (set->cols > 12) fprintf(out, ", ... (%d)", set->cols);
    fprintf(out, "\nrows      %ld in %d series", d->rows, d->count);
    if (d->missing) fprintf(out, ", %ld values missing", d->missing);
    fprintf(out, "; %ld train", d->train_rows);
    if (d->validates) {
        long fit = 0;
        for (int i = 0; i < d->count; i++) fit += d->track[i].fit;
        if (fit < d->train_rows)
            fprintf(out, " (%ld of them validate at first)", d->train_rows - fit);
    }
    fprintf(out, ", %ld are held out\n", d->rows - d->train_rows);
}

static void print_time(const train *t, FILE *out)
{
    const ds_series_set *set = t->task->set;
    const mdl_data      *d   = t->task->data;
    char                 a[DS_CLOCK_TEXT], b[DS_CLOCK_TEXT];
    double               from = INFINITY, to = -INFINITY;
    for (int i = 0; i < set->count; i++) {
        if (set->series[i].len == 0) continue;
        from = fmin(from, set->series[i].t[0]);
        to   = fmax(to, set->series[i].t[set->series[i].len - 1]);
    }
    fprintf(out, "time      %s: %s to %s, steps of %.4g%s%s (median)%s\n",
            set->time ? set->time : "row", ds_clock_text(&set->clock, from, a),
            ds_clock_text(&set->clock, to, b), d->spacing * d->units->t_scale,
            *ds_unit_name(set->clock.unit) ? " " : "", ds_unit_name(set->clock.unit),
            mdl_data_is_regular(d) ? "" : ", not all equal");
}

static void print_model(const train *t, FILE *out)
{
    const mdl_config *c = t->task->config;
    const mdl_model  *m = t->task->model;
    if (m->system)
        fprintf(out, "model     %s: %d states, %d of them hidden, %ld unknowns", c->system, m->dim,
                m->hidden, m->count);
    else
        fprintf(out, "model     network %d", m->dim + (c->time_input != 0));
    for (long i = 0; !m->system && i < c->depth; i++) fprintf(out, "-%ld", c->width);
    if (!m->system)
        fprintf(out, "-%d, %s%s%s; %ld parameters", m->dim, c->activation,
                c->linear ? ", beside a linear map" : "",
                m->hidden ? ", with hidden components" : "", m->count);
    fprintf(out, ", %s\n", c->precision);
    fprintf(
        out,
        "training  %ld iterations%s, windows of up to %ld rows from %s, %s steps by %s, seed %ld\n",
        c->iterations, c->time_budget > 0 ? " (fewer if time runs out)" : "",
        mdl_fit_window(t->fit), m->start >= 0 ? "fitted starts" : "smoothed data",
        mdl_fit_joint(t->fit) ? "joint" : "per-sample", c->method, c->seed);
}

void train_print_data(const train *t, FILE *out)
{
    const char *note = t->task->set->note;
    fprintf(out, "data      %s\n", t->task->set->source);
    for (; note && *note; note += strcspn(note, "\n"), note += *note == '\n')
        fprintf(out, "          %.*s\n", (int)strcspn(note, "\n"), note);
    print_time(t, out);
    print_columns(t, out);
    print_model(t, out);
}

const char *train_method_name(const train *t, int method, char *text, size_t size)
{
    if (method == MDL_AUTOREGRESSION)
        snprintf(text, size, "autoregression (%d)", t->linear->order);
    else if (method == MDL_MODEL)
        snprintf(text, size, "%s", t->task->model->system ? "equations" : "neural ODE");
    else
        snprintf(text, size, "persistence");
    return text;
}

static void print_constants(const train *t, FILE *out)
{
    const mdl_model *m = t->task->model;
    if (!m->system) return;
    const nde_system_info *a = nde_system_about(m->system);
    for (int i = 0; i < a->parameters; i++)
        fprintf(out, "%-9s %.6g%s\n", a->parameter[i].name,
                mdl_get(m->ode.type, m->theta, ad_params_view(m->params, i)->offset),
                a->parameter[i].fit ? "" : "  (known)");
}

static void print_scores(const train *t, FILE *out)
{
    char        text[64];
    const char *unit = ds_unit_name(t->task->set->clock.unit);
    double      step = t->task->data->spacing * t->task->data->units->t_scale;
    fprintf(out,
            "\nforecast error on the held-out part, in deviations (%ld rows = %.4g%s%s from %ld "
            "starts; %ld rows from one)\n",
            t->score->horizon, (double)t->score->horizon * step, *unit ? " " : "", unit,
            t->score->origins, t->whole->horizon);
    for (int m = 0; m < MDL_METHODS; m++)
        fprintf(out, "  %-20s %8.4f %8.4f\n", train_method_name(t, m, text, sizeof text),
                t->score->error[m], t->whole->error[m]);
    if (t->score->failed)
        fprintf(out, "  (%ld of the model's forecasts ended early)\n", t->score->failed);
}

void train_print_result(const train *t, FILE *out)
{
    const mdl_progress *p = mdl_fit_progress(t->fit);
    char                text[32];
    print_constants(t, out);
    if (p->failures)
        fprintf(out, "%ld solves failed on the way and were taken again over shorter windows\n",
                p->failures);
    if (t->score && t->whole && t->score->origins) print_scores(t, out);
    fprintf(out, "\ntrained in %s; the run is %s, its report %s/report.html\n",
            cli_seconds_text(p->seconds, text, sizeof text), t->directory, t->directory);
    fprintf(out, "forecast: costate forecast %s --until T\n", t->directory);
}

static json_t *scores(const mdl_score *s)
{
    static const char *const name[] = { "model", "persistence", "autoregression" };
    if (!s) return json_null();
    json_t *j = json_pack("{s:I, s:I, s:I}", "rows", (json_int_t)s->horizon, "starts",
                          (json_int_t)s->origins, "failed", (json_int_t)s->failed);
    for (int m = 0; m < MDL_METHODS; m++)
        json_object_set_new(j, name[m], cli_json_number(s->error[m]));
    return j;
}

ad_status train_print_json(const train *t, FILE *out)
{
    const mdl_progress *p = mdl_fit_progress(t->fit);
    json_t *j = json_pack("{s:s, s:I, s:f, s:I, s:I, s:I, s:o, s:o}", "run", t->directory,
                          "iterations", (json_int_t)p->iteration, "seconds", p->seconds, "failures",
                          (json_int_t)p->failures, "start_rows", (json_int_t)t->rows, "order",
                          (json_int_t)(t->linear ? t->linear->order : 0), "forecast",
                          scores(t->score), "whole", scores(t->whole));
    if (!j) return ad_fail(AD_NO_MEMORY, "out of memory");
    if (t->task->model->system) {
        const mdl_model       *m = t->task->model;
        const nde_system_info *a = nde_system_about(m->system);
        json_t                *c = json_object();
        for (int i = 0; i < a->parameters; i++)
            json_object_set_new(c, a->parameter[i].name,
                                cli_json_number(mdl_get(m->ode.type, m->theta,
                                                        ad_params_view(m->params, i)->offset)));
        json_object_set_new(j, "constants", c);
    }
    ad_status s = cli_json_print(j, out);
    json_decref(j);
    return s;
}
