/* schedule_search.c - tables, pictures and JSON of searched schedules. */
#include <math.h>
#include <string.h>

#include <jansson.h>

#include "json.h"
#include "schedule_search.h"

enum { COLUMNS = 9, ROWS = SEARCH_WAYS + 2, TEXT = 64 };

void search_cell_add(search_cell *x, const dpm_errors *e, const dpm_search_stats *s)
{
    x->least = x->seeds ? fmin(x->least, e->median) : e->median;
    x->most  = x->seeds ? fmax(x->most, e->median) : e->median;
    x->median += e->median;
    x->p90 += e->p90;
    x->rms += e->rms;
    x->evaluations += (double)s->evaluations;
    x->seeds++;
}

static void lambdas(const dpm_found *f, const dpm_schedule *s, double *out)
{
    for (long i = 0; i <= f->steps && i <= SEARCH_STEPS; i++)
        out[i] = dpm_schedule_at(s, f->times[i]).lambda;
}

void search_grid_add(search_results *r, const search_way_row *w, int budget, const dpm_found *f,
                     const dpm_schedule *s)
{
    dpm_options base = { .sampler = w->sampler, .schedule = s, .grid.steps = f->steps };
    lambdas(f, s, r->grid[budget][w - r->way]);
    for (int i = 0; i < SEARCH_GRIDS; i++) {
        dpm_found *g;
        if (dpm_standard(&base, i, &g)) continue;
        lambdas(g, s, r->standard[budget][i]);
        dpm_found_free(g);
    }
}

/* --- tables -------------------------------------------------------------------------------------------------------------- */

typedef struct table {
    int         rows;
    char        text[ROWS][COLUMNS][TEXT];
    const char *cell[ROWS * COLUMNS];
} table;

static void there_was(table *t, const char *title, const search_row *r)
{
    char(*x)[TEXT] = t->text[t->rows];
    if (!r->e.nfe) return;
    snprintf(x[0], TEXT, "%s", title);
    snprintf(x[1], TEXT, "%.40s, %.16s", r->what, r->grid);
    snprintf(x[2], TEXT, "%.2e", r->e.median);
    snprintf(x[3], TEXT, "%.2e", r->e.p90);
    snprintf(x[4], TEXT, "%.2e", r->e.rms);
    t->rows++;
}

/* "3.1 to 4.2", or one number where the seeds agree to its digits. */
static void ratio(char *text, double was, const search_cell *x)
{
    char a[16], b[16];
    snprintf(a, sizeof a, "%.1f", was / x->most);
    snprintf(b, sizeof b, "%.1f", was / x->least);
    snprintf(text, TEXT, strcmp(a, b) ? "%s to %s" : "%s", a, b);
}

static void found(table *t, const search_way_row *w, const search_cell *x)
{
    char(*text)[TEXT] = t->text[t->rows];
    double n          = x->seeds;
    if (!x->seeds) return;
    snprintf(text[0], TEXT, "%s", w->title);
    snprintf(text[1], TEXT, "%s", w->sampler);
    snprintf(text[2], TEXT, "%.2e", x->median / n);
    snprintf(text[3], TEXT, "%.2e", x->p90 / n);
    snprintf(text[4], TEXT, "%.2e", x->rms / n);
    ratio(text[5], x->same, x);
    ratio(text[6], x->all, x);
    snprintf(text[7], TEXT, "%.0f", x->evaluations / n);
    snprintf(text[8], TEXT, "%.1f", x->seconds / n);
    t->rows++;
}

static void show(repro_page *p, const search_results *r, int k, int b)
{
    static const char *const heads[COLUMNS] = {
        "schedule",        "sampler",           "median",      "p90",    "rms",
        "x its best grid", "x the best of all", "evaluations", "seconds"
    };
    const search_block *at = &r->block[k][b];
    table               t  = { 0 };
    char                caption[160];
    there_was(&t, "best grid", &at->there_was.same);
    there_was(&t, "best of all", &at->there_was.all);
    for (int i = 0; i < SEARCH_WAYS; i++) found(&t, &r->way[i], &at->cell[i]);
    for (int i = 0; i < t.rows * COLUMNS; i++) t.cell[i] = t.text[i / COLUMNS][i % COLUMNS];
    snprintf(caption, sizeof caption,
             "%s, %ld evaluations of the model: distance from the exact ends (%ld combinations "
             "tried for the best of all)",
             r->name[k], at->evaluations, at->there_was.tried);
    repro_page_table(p, &(cli_table){ caption, COLUMNS, t.rows, heads, t.cell, 0 });
}

/* --- pictures ------------------------------------------------------------------------------------------------------------ */

enum { CURVES = SEARCH_WAYS + 2 };

static void against(repro_page *p, const search_results *r)
{
    cli_panel panel[SEARCH_CASES];
    cli_curve curve[SEARCH_CASES][CURVES];
    char      title[SEARCH_WAYS][96];
    double    x[SEARCH_BUDGETS], y[SEARCH_CASES][CURVES][SEARCH_BUDGETS];
    for (int k = 0; k < r->cases; k++) {
        int n = 0;
        for (int b = 0; b < r->budgets; b++) {
            const search_block *at = &r->block[k][b];
            x[b]                   = (double)at->evaluations;
            y[k][0][b]             = at->there_was.same.e.median;
            y[k][1][b]             = at->there_was.all.e.median;
            for (int i = 0; i < SEARCH_WAYS; i++)
                y[k][2 + i][b] = at->cell[i].median / at->cell[i].seeds;
        }
        curve[k][n++] = (cli_curve){ "best grid, dpmpp-2m", CLI_DASHES, 0, r->budgets, x, y[k][0] };
        curve[k][n++] = (cli_curve){ "best of all", CLI_DASHES, 6, r->budgets, x, y[k][1] };
        for (int i = 0; i < SEARCH_WAYS; i++) {
            if (!r->block[k][0].cell[i].seeds) continue;
            snprintf(title[i], sizeof title[i], "%s, %s", r->way[i].name, r->way[i].sampler);
            curve[k][n++] = (cli_curve){ title[i], CLI_LINE, 1 + i, r->budgets, x, y[k][2 + i] };
        }
        panel[k] = (cli_panel){ .title   = r->name[k],
                                .x_label = "evaluations",
                                .y_label = k ? NULL : "median distance",
                                .curves  = n,
                                .curve   = curve[k],
                                .log_y   = 1 };
    }
    cli_figure f = {
        .panels = r->cases, .columns = r->cases, .panel = panel, .width = 1100, .height = 560
    };
    repro_page_figure(p, "errors", "Searched schedules and the best of what there was", &f);
}

/* Two standard grids, and of the ways every other one: more would hide each other. */
static int grid_curves(const search_results *r, int b, cli_curve *curve)
{
    long n     = r->block[0][b].evaluations + 1;
    int  count = 0;
    for (int i = 0; i < SEARCH_GRIDS; i += 2) {
        curve[count] = (cli_curve){ dpm_standard_grid(i), CLI_DASHES, count, n, NULL,
                                    r->standard[b][i] };
        count++;
    }
    for (int i = 1; i < SEARCH_WAYS; i += 2) {
        if (!r->block[0][b].cell[i].seeds) continue;
        curve[count] = (cli_curve){ r->way[i].name, CLI_LINE, count, n, NULL, r->grid[b][i] };
        count++;
    }
    return count;
}

static void grids(repro_page *p, const search_results *r)
{
    cli_panel panel[SEARCH_BUDGETS];
    cli_curve curve[SEARCH_BUDGETS][SEARCH_GRIDS + SEARCH_WAYS];
    char      title[SEARCH_BUDGETS][32];
    for (int b = 0; b < r->budgets; b++) {
        snprintf(title[b], sizeof title[b], "%ld steps", r->block[0][b].evaluations);
        panel[b] = (cli_panel){ .title   = title[b],
                                .x_label = "step",
                                .y_label = b ? NULL : "lambda = log(alpha / sigma)",
                                .curves  = grid_curves(r, b, curve[b]),
                                .curve   = curve[b] };
    }
    cli_figure f = {
        .panels = r->budgets, .columns = r->budgets, .panel = panel, .width = 1100, .height = 520
    };
    repro_page_figure(p, "grids", "Where the steps are, case A, the first seed", &f);
}

/* --- JSON ---------------------------------------------------------------------------------------------------------------- */

static json_t *cell_json(const search_way_row *w, const search_cell *x)
{
    json_t *j = json_object();
    double  n = x->seeds;
    json_object_set_new(j, "row", json_string(w->name));
    json_object_set_new(j, "sampler", json_string(w->sampler));
    json_object_set_new(j, "seeds", json_integer(x->seeds));
    json_object_set_new(j, "median", cli_json_number(x->median / n));
    json_object_set_new(j, "median_least", cli_json_number(x->least));
    json_object_set_new(j, "median_most", cli_json_number(x->most));
    json_object_set_new(j, "p90", cli_json_number(x->p90 / n));
    json_object_set_new(j, "rms", cli_json_number(x->rms / n));
    json_object_set_new(j, "best_grid_median", cli_json_number(x->same));
    json_object_set_new(j, "best_of_all_median", cli_json_number(x->all));
    json_object_set_new(j, "ratio_best_grid", cli_json_number(x->same / x->most));
    json_object_set_new(j, "ratio_best_of_all", cli_json_number(x->all / x->most));
    json_object_set_new(j, "evaluations", cli_json_number(x->evaluations / n));
    json_object_set_new(j, "seconds", cli_json_number(x->seconds / n));
    return j;
}

static json_t *block_json(const search_results *r, int k, int b)
{
    const search_block *at = &r->block[k][b];
    json_t             *j = json_object(), *rows = json_array();
    for (int i = 0; i < SEARCH_WAYS; i++)
        if (at->cell[i].seeds) json_array_append_new(rows, cell_json(&r->way[i], &at->cell[i]));
    json_object_set_new(j, "case", json_string(r->name[k]));
    json_object_set_new(j, "nfe", json_integer(at->evaluations));
    json_object_set_new(j, "there_was", search_comparison_json(&at->there_was));
    json_object_set_new(j, "found", rows);
    return j;
}

void search_page(repro_page *p, const search_results *r)
{
    json_t *list = json_array();
    for (int k = 0; k < r->cases; k++)
        for (int b = 0; b < r->budgets; b++) {
            json_array_append_new(list, block_json(r, k, b));
            show(p, r, k, b);
        }
    json_object_set_new(repro_page_json(p), "results", list);
    against(p, r);
    grids(p, r);
}
