/* reproduce_report.c - report.html: tables, curves over training, the Pareto picture. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <costate/autodiff/memory.h>

#include "reproduce.h"
#include "text.h"

enum { LINE = 4096, SERIES = 32, GROWTH = 2 };

/* Curves of one panel: a group each, the mean over its seeds. */
typedef struct series {
    long    n, room;
    double *x, *y, *count;
} series;

static void clear(series *s)
{
    ad_free(s->x);
    ad_free(s->y);
    ad_free(s->count);
    *s = (series){ 0 };
}

static ad_status grow(series *s)
{
    long     room     = s->room ? GROWTH * s->room : 256;
    double **column[] = { &s->x, &s->y, &s->count };
    for (int i = 0; i < 3; i++) {
        double *p = ad_realloc(*column[i], (size_t)s->room * sizeof *p, (size_t)room * sizeof *p);
        if (!p) return AD_NO_MEMORY;
        *column[i] = p;
    }
    s->room = room;
    return AD_OK;
}

/* Another seed's value at x. Lines come in order, so the place is sought from `from` on. */
static ad_status put(series *s, long *from, double x, double y)
{
    while (*from < s->n && s->x[*from] < x) ++*from;
    if (*from < s->n && s->x[*from] == x) {
        s->y[*from] += y;
        s->count[*from] += 1;
        return AD_OK;
    }
    if (*from < s->n) return AD_OK; /* measured elsewhere than the first seed was */
    if (s->n == s->room) AD_TRY(grow(s));
    s->x[s->n] = x, s->y[s->n] = y, s->count[s->n++] = 1;
    return AD_OK;
}

static ad_status read_seed(series *s, const char *path, const char *key)
{
    char      line[LINE];
    long      from   = 0;
    ad_status status = AD_OK;
    FILE     *in     = fopen(path, "r");
    if (!in) return AD_OK; /* a result without its metrics is one all the same */
    while (!status && fgets(line, sizeof line, in)) {
        if (!strstr(line, key)) continue;
        json_t       *j = json_loads(line, 0, NULL);
        const json_t *x = json_object_get(j, "iteration"), *y = json_object_get(j, key);
        if (json_is_number(x) && json_is_number(y))
            status = put(s, &from, json_number_value(x), json_number_value(y));
        json_decref(j);
    }
    fclose(in);
    return status;
}

/* Where there are many points: means of runs of them, some 200 in all. */
static void smooth(series *s)
{
    long run = s->n / 200;
    if (run < 2) return;
    long out = 0;
    for (long at = 0; at + run <= s->n; at += run, out++) {
        double x = 0, y = 0;
        for (long i = 0; i < run; i++) x += s->x[at + i], y += s->y[at + i];
        s->x[out] = x / (double)run, s->y[out] = y / (double)run;
    }
    s->n = out;
}

static ad_status read_group(const repro *r, const repro_group *g, const char *key, series *s)
{
    char path[REPRO_PATH];
    for (int i = 0; i < g->seeds && i < REPRO_LIST; i++) {
        AD_TRY(repro_path(r, g->trial[i], "metrics.jsonl", path));
        AD_TRY(read_seed(s, path, key));
    }
    for (long i = 0; i < s->n; i++) s->y[i] /= s->count[i];
    smooth(s);
    return AD_OK;
}

/* --- curves -------------------------------------------------------------------------------------------------------------- */

/* The rows as the papers have them: those with other coefficients are the Pareto picture's. */
static int in_curves(const repro_results *s, int i, int setting)
{
    return s->group[i].setting == setting && s->group[i].scale == 1;
}

static ad_status curves_of(const repro *r, const repro_results *s, int setting,
                           const repro_curve *c, series *data, cli_curve *curve, int *count)
{
    for (int i = 0; i < s->groups && *count < SERIES; i++) {
        if (!in_curves(s, i, setting)) continue;
        int n = *count;
        AD_TRY(read_group(r, &s->group[i], c->key, &data[n]));
        curve[n] = (cli_curve){
            s->group[i].title, n < 7 ? CLI_LINE : CLI_DASHES, n, data[n].n, data[n].x, data[n].y
        };
        ++*count;
    }
    return AD_OK;
}

static ad_status one_curve(const repro *r, const repro_results *s, int setting,
                           const repro_curve *c, cli_report *report)
{
    series    data[SERIES]  = { 0 };
    cli_curve curve[SERIES] = { 0 };
    int       count         = 0;
    ad_status status        = curves_of(r, s, setting, c, data, curve, &count);
    cli_panel panel         = { .x_label = "iteration",
                                .y_label = c->title,
                                .curves  = count,
                                .curve   = curve,
                                .log_y   = c->log_y };
    if (!status)
        cli_report_figure(
            report, c->title, NULL,
            &(cli_figure){ .panels = 1, .panel = &panel, .height = count > 6 ? 420 : 360 }, NULL);
    for (int i = 0; i < SERIES; i++) clear(&data[i]);
    return status;
}

/* --- the Pareto picture -------------------------------------------------------------------------------------------------- */

/* One line a row, its points the coefficients in order. */
static void pareto(const repro_results *s, int setting, cli_report *report)
{
    double    x[SERIES][REPRO_LIST], y[SERIES][REPRO_LIST];
    cli_curve curve[2 * SERIES];
    int       rows = 0, points[SERIES] = { 0 };
    for (int i = 0; i < s->groups; i++) {
        const repro_group *g = &s->group[i];
        if (g->setting != setting || isnan(g->nfe) || isnan(g->quality)) continue;
        int same = i > 0 && s->group[i - 1].setting == setting && g->row &&
                   g->row == s->group[i - 1].row;
        if (!same && rows == SERIES) break;
        int k = same ? rows - 1 : rows++;
        if (points[k] == REPRO_LIST) continue;
        x[k][points[k]]   = g->nfe;
        y[k][points[k]++] = g->quality;
        curve[2 * k]      = (cli_curve){ g->title, CLI_POINTS, k, points[k], x[k], y[k] };
        curve[2 * k + 1]  = (cli_curve){ NULL, CLI_FAINT, k, points[k], x[k], y[k] };
    }
    cli_panel panel = {
        .x_label = "NFE", .y_label = s->e->quality_title, .curves = 2 * rows, .curve = curve
    };
    if (rows)
        cli_report_figure(
            report, "quality against evaluations",
            "Evaluations against quality at the end, the mean over seeds; a line joins "
            "one row's coefficients.",
            &(cli_figure){ .panels = 1, .panel = &panel, .height = 420 }, NULL);
}

/* --- the page ------------------------------------------------------------------------------------------------------------ */

/* A table for the page while it grows: cells are texts of one block. */
typedef struct page_table {
    int columns, rows, room;
    char (*text)[96];
    const char **cell;
} page_table;

static char *next_cell(page_table *t, int *column)
{
    int i      = t->rows * t->columns + (*column)++;
    t->cell[i] = t->text[i];
    return t->text[i];
}

/* The paper's line, where it tells anything of the group, and ours. */
static void add_lines(page_table *t, const repro_results *s, const repro_group *g)
{
    const repro_experiment *e = s->e;
    char                    cell[48];
    int                     told = 0;
    for (int c = 0; c < e->columns; c++) told |= strcmp(repro_paper_cell(e, g, c, cell), "-") != 0;
    for (int ours = !told; ours < 2; ours++) {
        int n = 0, first = ours != told;
        repro_title(g, next_cell(t, &n));
        if (!first) t->cell[t->rows * t->columns] = NULL;
        strcpy(next_cell(t, &n), ours ? "ours" : "paper");
        for (int c = 0; c < e->columns; c++)
            strcpy(next_cell(t, &n), ours ? repro_cell(&e->column[c], g->figure[c], cell)
                                          : repro_paper_cell(e, g, c, cell));
        snprintf(next_cell(t, &n), 96, ours ? "%d" : "", g->seeds);
        t->rows++;
    }
}

static ad_status table(const repro_results *s, int setting, cli_report *report)
{
    const repro_experiment *e = s->e;
    page_table              t = { .columns = e->columns + 3, .room = 2 * s->groups };
    const char             *heads[REPRO_COLUMNS + 3] = { "", "" };
    size_t                  cells                    = (size_t)(t.columns * t.room);
    t.text                                           = ad_alloc(cells * sizeof *t.text);
    t.cell                                           = ad_alloc(cells * sizeof *t.cell);
    for (int c = 0; c < e->columns; c++) heads[c + 2] = e->column[c].title;
    heads[e->columns + 2] = "seeds";
    int all               = t.text && t.cell;
    for (int i = 0; i < s->groups && all; i++)
        if (s->group[i].setting == setting) add_lines(&t, s, &s->group[i]);
    if (all)
        cli_report_table(
            report,
            &(cli_table){ .columns = t.columns, .rows = t.rows, .heads = heads, .cells = t.cell });
    ad_free(t.text);
    ad_free(t.cell);
    return all ? AD_OK : AD_NO_MEMORY;
}

/* What each row's regularizer was, as it would be typed. */
static void terms(const repro_results *s, int setting, cli_report *report)
{
    cli_buffer b = { 0 };
    char       title[96];
    for (int i = 0; i < s->groups; i++)
        if (s->group[i].setting == setting && *s->group[i].regularizer)
            cli_buffer_format(&b, "%-28s %s\n", repro_title(&s->group[i], title),
                              s->group[i].regularizer);
    if (b.text) cli_report_code(report, b.text);
    cli_buffer_free(&b);
}

static ad_status setting(const repro *r, const repro_results *s, int k, cli_report *report)
{
    char text[REPRO_TEXT];
    cli_report_section(report, repro_setting_text(&s->setting[k], text));
    AD_TRY(table(s, k, report));
    terms(s, k, report);
    for (int c = 0; c < REPRO_CURVES && s->e->curve[c].key; c++)
        AD_TRY(one_curve(r, s, k, &s->e->curve[c], report));
    if (s->e->nfe) pareto(s, k, report);
    return AD_OK;
}

ad_status repro_report(const repro *r, const repro_results *s)
{
    char        path[REPRO_PATH], title[REPRO_TEXT];
    cli_report *report;
    snprintf(title, sizeof title, "%s: %s", s->e->name, s->e->about);
    AD_TRY(cli_report_new(&report, title, s->e->cite));
    for (int i = 0; s->e->notes[i]; i++) cli_report_text(report, "%s", s->e->notes[i]);
    ad_status status = AD_OK;
    for (int k = 0; k < s->settings && !status; k++) status = setting(r, s, k, report);
    if (s->e->show && !status) s->e->show(r, s, report);
    if (!status) status = repro_path(r, NULL, "report.html", path);
    if (!status) status = cli_report_save(report, path);
    cli_report_free(report);
    return status;
}
