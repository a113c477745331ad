/* Tables and picture of sampler-errors. */
#include <math.h>
#include <string.h>

#include "sampler_errors.h"

enum { BEST = 8, GREY = 6, FAR = 10, HEADS = 1 + SAMPLER_BUDGETS, CELL = 48 };

static int draws(const sampler_line *l)
{
    return (l->m->flags & DPM_STOCHASTIC) != 0;
}

/* What cannot be compared comes last. */
static double rank_of(double x)
{
    return isfinite(x) ? x : INFINITY;
}

/* order[0 .. count): the lines that are judged by endpoints, by rising key. */
static int sorted(int n, const sampler_line *l, const double *key, int *order)
{
    int count = 0;
    for (int i = 0; i < n; i++) {
        if (draws(&l[i])) continue;
        int k = count++;
        for (; k > 0 && rank_of(key[order[k - 1]]) > rank_of(key[i]); k--) order[k] = order[k - 1];
        order[k] = i;
    }
    return count;
}

/* 1.2e-3 */
static char *short_number(double x, char text[16])
{
    snprintf(text, 16, "%.1e", x);
    char *e = strchr(text, 'e');
    if (e && e[2] == '0') memmove(e + 2, e + 3, strlen(e + 3) + 1);
    return text;
}

static void cell_text(const sampler_error *e, char *text)
{
    char a[16], b[16];
    if (isnan(e->median))
        strcpy(text, "-");
    else
        snprintf(text, CELL, "%s (%s) %.1f%%", short_number(e->median, a), short_number(e->p90, b),
                 100 * e->flips);
}

static void head_texts(const long *budgets, char (*text)[CELL], const char **heads)
{
    heads[0] = "sampler";
    for (int b = 0; b < SAMPLER_BUDGETS; b++) {
        snprintf(text[b], CELL, "%ld", budgets[b]);
        heads[1 + b] = text[b];
    }
}

void sampler_errors_table(repro_page *p, const char *name, int at, const long *budgets, int n,
                          const sampler_line *l)
{
    char        text[SAMPLER_LINES][SAMPLER_BUDGETS][CELL], head[SAMPLER_BUDGETS][CELL];
    const char *cell[SAMPLER_LINES * HEADS], *heads[HEADS];
    double      key[SAMPLER_LINES];
    int         order[SAMPLER_LINES];
    for (int i = 0; i < n; i++) key[i] = l[i].cell[at][1].e.median;
    int count = sorted(n, l, key, order);
    for (int i = 0; i < count; i++) {
        const sampler_line *line = &l[order[i]];
        cell[i * HEADS]          = line->m->name;
        for (int b = 0; b < SAMPLER_BUDGETS; b++) {
            cell_text(&line->cell[at][b].e, text[i][b]);
            cell[i * HEADS + 1 + b] = text[i][b];
        }
    }
    if (!count) return;
    char title[96];
    snprintf(title, sizeof title, "Case %s: median (90th percentile) flips, by evaluations", name);
    head_texts(budgets, head, heads);
    repro_page_section(p, title);
    repro_page_table(
        p, &(cli_table){ .columns = HEADS, .rows = count, .heads = heads, .cells = cell });
}

/* --- the picture --------------------------------------------------------------------------------------------------------- */

/* Mean log of the medians over all cases and budgets but the first, where few fit. */
static double all_over(const sampler_line *l)
{
    double sum = 0;
    for (int k = 0; k < SAMPLER_CASES; k++)
        for (int b = 1; b < SAMPLER_BUDGETS; b++) sum += log(l->cell[k][b].e.median);
    return sum;
}

/* Six colours, then dashes of the first; the others are grey. What has left the data far behind is not drawn. */
static cli_curve style_of(int place, const char *name)
{
    if (place >= BEST) return (cli_curve){ .style = CLI_FAINT, .color = GREY };
    return (cli_curve){ .title = name,
                        .style = place < GREY ? CLI_LINE : CLI_DASHES,
                        .color = place % GREY };
}

static cli_panel panel_of(const char *name, int at, const sampler_line *l, int count,
                          const int *order, double *x, double *y, cli_curve *curve)
{
    for (int i = count - 1, k = 0; i >= 0; i--, k++) { /* the best are drawn over the others */
        const sampler_line *line = &l[order[i]];
        double             *u = x + k * SAMPLER_BUDGETS, *v = y + k * SAMPLER_BUDGETS;
        for (int b = 0; b < SAMPLER_BUDGETS; b++) {
            double median = line->cell[at][b].e.median;
            u[b]          = (double)line->cell[at][b].nfe;
            v[b]          = median < FAR ? median : NAN;
        }
        curve[k]   = style_of(i, line->m->name);
        curve[k].n = SAMPLER_BUDGETS, curve[k].x = u, curve[k].y = v;
    }
    return (cli_panel){ .title   = name,
                        .x_label = "evaluations",
                        .y_label = "median error",
                        .curves  = count,
                        .curve   = curve,
                        .log_y   = 1 };
}

void sampler_errors_picture(repro_page *p, const char *const *names, const long *budgets, int n,
                            const sampler_line *l)
{
    double x[SAMPLER_CASES][SAMPLER_LINES * SAMPLER_BUDGETS],
        y[SAMPLER_CASES][SAMPLER_LINES * SAMPLER_BUDGETS], key[SAMPLER_LINES];
    cli_curve curve[SAMPLER_CASES][SAMPLER_LINES];
    cli_panel panel[SAMPLER_CASES];
    int       order[SAMPLER_LINES];
    (void)budgets;
    for (int i = 0; i < n; i++) key[i] = all_over(&l[i]);
    int count = sorted(n, l, key, order);
    if (!count) return;
    for (int k = 0; k < SAMPLER_CASES; k++)
        panel[k] = panel_of(names[k], k, l, count, order, x[k], y[k], curve[k]);
    repro_page_figure(p, "errors",
                      "Median distance from the exact endpoint; the eight that are best over all "
                      "three cases are named, those beyond 10 are left out.",
                      &(cli_figure){ .panels  = SAMPLER_CASES,
                                     .columns = SAMPLER_CASES,
                                     .panel   = panel,
                                     .width   = 1500,
                                     .height  = 480 });
}

/* --- those that draw noise ----------------------------------------------------------------------------------------------- */

void sampler_noise_table(repro_page *p, const char *const *names, const long *budgets,
                         const double *floor, int n, const sampler_line *l)
{
    static const char first[] = "sampler";
    char              text[SAMPLER_LINES][SAMPLER_CASES * SAMPLER_BUDGETS][CELL], head[16][CELL];
    const char       *cell[SAMPLER_LINES * (1 + SAMPLER_CASES * SAMPLER_BUDGETS)],
        *heads[1 + SAMPLER_CASES * SAMPLER_BUDGETS];
    int columns = 1 + SAMPLER_CASES * SAMPLER_BUDGETS, rows = 0;
    heads[0] = first;
    for (int c = 0; c < columns - 1; c++) {
        snprintf(head[c], CELL, "%s at %ld", names[c / SAMPLER_BUDGETS],
                 budgets[c % SAMPLER_BUDGETS]);
        heads[1 + c] = head[c];
    }
    for (int i = 0; i < n; i++) {
        if (!draws(&l[i])) continue;
        cell[rows * columns] = l[i].m->name;
        for (int c = 0; c < columns - 1; c++) {
            double d = l[i].cell[c / SAMPLER_BUDGETS][c % SAMPLER_BUDGETS].distance;
            snprintf(text[rows][c], CELL, isnan(d) ? "-" : "%.3f", d);
            cell[rows * columns + 1 + c] = text[rows][c];
        }
        rows++;
    }
    if (!rows) return;
    repro_page_section(p, "Samplers that draw noise: sliced Wasserstein-2 distance");
    repro_page_table(
        p, &(cli_table){ .columns = columns, .rows = rows, .heads = heads, .cells = cell });
    repro_page_text(p, "Floor: %s %.3f, %s %.3f, %s %.3f.", names[0], floor[0], names[1], floor[1],
                    names[2], floor[2]);
}
