#include <math.h>

#include <jansson.h>

#include "json.h"
#include "ode_sde_gap.h"

enum { COLUMNS = 6, CELL = 48 };

static void tell(const gap_laws *l, const char *weight, const char *seed, char text[COLUMNS][CELL],
                 const char *cell[COLUMNS])
{
    const double value[] = { l->gap, l->ode, l->sde };
    snprintf(text[0], CELL, "%s", weight);
    snprintf(text[1], CELL, "%s", seed);
    snprintf(text[2], CELL, "%.3g", l->residual);
    for (int i = 0; i < 3; i++) snprintf(text[3 + i], CELL, "%.4f", value[i]);
    for (int i = 0; i < COLUMNS; i++) cell[i] = text[i];
}

static void put(json_t *list, const gap_laws *l, const char *weight, const char *seed)
{
    json_array_append_new(list, json_pack("{s:s, s:s, s:o, s:o, s:o, s:o}", "weight", weight,
                                          "seed", seed, "residual", cli_json_number(l->residual),
                                          "gap", cli_json_number(l->gap), "ode",
                                          cli_json_number(l->ode), "sde", cli_json_number(l->sde)));
}

/* Of all seeds of a weight. */
static gap_laws mean_of(const gap_work *w, int i)
{
    gap_laws m = { 0 };
    for (int k = 0; k < w->seeds; k++) {
        const gap_laws *l = &w->at[i][k];
        m.residual += l->residual / w->seeds, m.gap += l->gap / w->seeds;
        m.ode += l->ode / w->seeds, m.sde += l->sde / w->seeds;
    }
    return m;
}

static void tables(repro_page *p, const gap_work *w)
{
    static const char *const heads[COLUMNS] = { "W",   "seed",          "residual",
                                                "gap", "ODE from data", "SDE from data" };
    static const char *const shown[]        = { "exact score", "mean" };
    char                     text[GAP_WEIGHTS * GAP_SEEDS + GAP_WEIGHTS + 1][COLUMNS][CELL];
    const char              *cell[(GAP_WEIGHTS * GAP_SEEDS + GAP_WEIGHTS + 1) * COLUMNS];
    int                      n    = 0;
    json_t                  *list = json_array(), *means = json_array(), *j = repro_page_json(p);
    tell(&w->exact, shown[0], "", text[0], cell);
    put(list, &w->exact, shown[0], "");
    for (int i = 0; i < w->weights; i++)
        for (int k = 0; k < w->seeds; k++) {
            n++;
            tell(&w->at[i][k], w->weight[i], w->seed[k], text[n], cell + n * COLUMNS);
            put(list, &w->at[i][k], w->weight[i], w->seed[k]);
        }
    for (int i = 0; i < w->weights; i++) {
        gap_laws m = mean_of(w, i);
        n++;
        tell(&m, w->weight[i], shown[1], text[n], cell + n * COLUMNS);
        put(means, &m, w->weight[i], shown[1]);
    }
    repro_page_table(p, &(cli_table){ "Residual of the Fokker-Planck equation; sliced W2 between "
                                      "the laws of the ODE's and the SDE's samples (the gap), and "
                                      "of each from the data.",
                                      COLUMNS, n + 1, heads, cell, 0 });
    repro_page_text(
        p,
        "Two sets of %ld exact samples are %.4f apart, root mean square of %d pairs: the "
        "floor. Squares add up: a gap of g is sqrt(g^2 - floor^2) without it.",
        w->ends.n, w->floor, GAP_PAIRS);
    json_object_set_new(j, "samples", json_integer(w->ends.n));
    json_object_set_new(j, "floor", cli_json_number(w->floor));
    json_object_set_new(j, "rows", list);
    json_object_set_new(j, "means", means);
}

static void picture(repro_page *p, const gap_work *w)
{
    double x[GAP_WEIGHTS][GAP_SEEDS], y[4][GAP_WEIGHTS * GAP_SEEDS], all[GAP_WEIGHTS * GAP_SEEDS],
        ends[2], floor[2];
    cli_curve gap[GAP_WEIGHTS + 1], far[3];
    int       n = 0;
    for (int i = 0; i < w->weights; i++)
        for (int k = 0; k < w->seeds; k++, n++) {
            const gap_laws *l = &w->at[i][k];
            x[i][k] = all[n] = l->residual;
            y[0][n] = l->gap, y[1][n] = l->ode, y[2][n] = l->sde;
            ends[0] = n ? fmin(ends[0], all[n]) : all[n];
            ends[1] = n ? fmax(ends[1], all[n]) : all[n];
        }
    floor[0] = floor[1] = w->floor;
    for (int i = 0; i < w->weights; i++)
        gap[i] = (cli_curve){ w->weight[i], CLI_POINTS, i, w->seeds, x[i], y[0] + i * w->seeds };
    gap[w->weights]         = (cli_curve){ "floor", CLI_DASHES, w->weights, 2, ends, floor };
    far[0]                  = (cli_curve){ "ODE", CLI_POINTS, 0, n, all, y[1] };
    far[1]                  = (cli_curve){ "SDE", CLI_POINTS, 1, n, all, y[2] };
    far[2]                  = (cli_curve){ "floor", CLI_DASHES, 2, 2, ends, floor };
    const cli_panel panel[] = { { .title   = "ODE from SDE, by W",
                                  .x_label = "residual",
                                  .y_label = "sliced W2",
                                  .curves  = w->weights + 1,
                                  .curve   = gap,
                                  .log_x   = 1 },
                                { .title   = "from the data",
                                  .x_label = "residual",
                                  .y_label = "sliced W2",
                                  .curves  = 3,
                                  .curve   = far,
                                  .log_x   = 1 } };
    repro_page_figure(
        p, "gap", "Distances against the residual, a point a network",
        &(cli_figure){ .panels = 2, .columns = 2, .panel = panel, .width = 960, .height = 380 });
}

void gap_page(repro_page *p, const gap_work *w)
{
    tables(p, w);
    picture(p, w);
}
