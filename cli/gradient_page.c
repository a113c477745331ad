/* Tables, a picture and JSON of gradients through sampling. */
#include <math.h>

#include <jansson.h>

#include "gradient_page.h"
#include "json.h"

enum { COLUMNS = 9, TEXT = 48, PANELS = 3 };

typedef struct table {
    char        text[GRADIENT_ROWS][COLUMNS][TEXT], head[COLUMNS][TEXT];
    const char *cell[GRADIENT_ROWS * COLUMNS], *heads[COLUMNS];
} table;

static void show(repro_page *p, table *t, const char *caption, int rows, int columns)
{
    for (int c = 0; c < columns; c++) t->heads[c] = t->head[c];
    for (int i = 0; i < rows; i++)
        for (int c = 0; c < columns; c++) t->cell[i * columns + c] = t->text[i][c];
    repro_page_table(p, &(cli_table){ caption, columns, rows, t->heads, t->cell, 0 });
}

static void tell(char to[TEXT], double x)
{
    snprintf(to, TEXT, x == 0 ? "0" : "%.1e", x);
}

/* The heads of a table whose columns are numbers of steps; how many there are. */
static int begin(table *t, const gradient_results *r)
{
    snprintf(t->head[0], TEXT, "mode");
    for (int i = 0; i < r->sizes; i++) snprintf(t->head[1 + i], TEXT, "%ld steps", r->size[i]);
    for (int k = 0; k < r->modes; k++) snprintf(t->text[k][0], TEXT, "%s", r->mode[k].title);
    return 1 + r->sizes;
}

/* Bytes between the fewest and the most steps, over the steps between them. */
static double a_step(const gradient_results *r, int mode)
{
    int last = r->sizes - 1;
    return (r->cell[mode][last].kept - r->cell[mode][0].kept) /
           (double)(r->size[last] - r->size[0]);
}

static void memory_table(repro_page *p, const gradient_results *r)
{
    table t;
    int   more = begin(&t, r);
    snprintf(t.head[more], TEXT, "bytes a step");
    snprintf(t.head[more + 1], TEXT, "evaluations again");
    for (int k = 0; k < r->modes; k++) {
        const gradient_cell *x = r->cell[k];
        for (int i = 0; i < r->sizes; i++)
            snprintf(t.text[k][1 + i], TEXT, "%.1f", x[i].kept / 1024);
        snprintf(t.text[k][more], TEXT, "%.0f", a_step(r, k));
        snprintf(t.text[k][more + 1], TEXT, "%ld of %ld", x[r->sizes - 1].again,
                 x[r->sizes - 1].nfe);
    }
    show(p, &t, "KiB kept for the pullback, at their most", r->modes, more + 2);
}

/* of_ode: of what the sampler approximates; else of the numbers that it computed, with the weights' in the last column. */
static void error_table(repro_page *p, const gradient_results *r, int of_ode)
{
    table t;
    int   more = begin(&t, r), last = r->sizes - 1, weights = isfinite(r->cell[0][0].weights);
    snprintf(t.head[more], TEXT, "weights, %ld steps", r->size[last]);
    for (int k = 0; k < r->modes; k++) {
        for (int i = 0; i < r->sizes; i++)
            tell(t.text[k][1 + i], of_ode ? r->cell[k][i].ode : r->cell[k][i].tape);
        tell(t.text[k][more], r->cell[k][last].weights);
    }
    show(p, &t,
         of_ode ? "Distance of dL/dx_T from the ODE's gradient"
                : "Distance of dL/dx_T from the sampler's own gradient",
         r->modes, more + (weights && !of_ode));
}

static void pan_table(repro_page *p, const gradient_results *r)
{
    static const char *const heads[] = { "method",         "steps",  "continuous adjoint",
                                         "over the batch", "cosine", "discrete to ODE",
                                         "x_T solved back" };
    enum { HEADS = sizeof heads / sizeof *heads };
    table t;
    for (int c = 0; c < HEADS; c++) snprintf(t.head[c], TEXT, "%s", heads[c]);
    for (int i = 0; i < r->pans; i++) {
        const gradient_pan *x = &r->pan[i];
        snprintf(t.text[i][0], TEXT, "%s", x->method->name);
        snprintf(t.text[i][1], TEXT, "%ld", x->steps);
        tell(t.text[i][2], x->continuous);
        tell(t.text[i][3], x->batch);
        snprintf(t.text[i][4], TEXT, "%.3f", x->cosine);
        tell(t.text[i][5], x->discrete);
        tell(t.text[i][6], x->back);
    }
    show(p, &t,
         "AdjointDPM's setting: the same method there and back in rho, steps even in t. Distances "
         "of dL/dx_T: of the continuous "
         "adjoint from the sampler's own gradient (median over starts; of the whole batch; its "
         "cosine), of the sampler's own from "
         "the ODE's; rms distance of the start that the way back ends in",
         r->pans, HEADS);
}

static void picture(repro_page *p, const gradient_results *r)
{
    double    at[GRADIENT_SIZES], y[PANELS][GRADIENT_MODES][GRADIENT_SIZES];
    cli_curve curve[PANELS][GRADIENT_MODES];
    for (int i = 0; i < r->sizes; i++) at[i] = (double)r->size[i];
    for (int k = 0; k < r->modes; k++) {
        for (int i = 0; i < r->sizes; i++) {
            const gradient_cell *x = &r->cell[k][i];
            y[0][k][i] = x->kept, y[1][k][i] = x->ode, y[2][k][i] = x->tape > 0 ? x->tape : NAN;
        }
        for (int j = 0; j < PANELS; j++)
            curve[j][k] = (cli_curve){ j ? NULL : r->mode[k].title,
                                       r->mode[k].method ? CLI_DASHES : CLI_LINE,
                                       k,
                                       r->sizes,
                                       at,
                                       y[j][k] };
    }
    cli_panel panel[PANELS] = { { .title = "bytes kept" },
                                { .title = "distance from the ODE's gradient" },
                                { .title = "distance from the sampler's own" } };
    for (int j = 0; j < PANELS; j++) {
        panel[j].x_label = "steps";
        panel[j].curves  = r->modes;
        panel[j].curve   = curve[j];
        panel[j].log_x = panel[j].log_y = 1;
    }
    repro_page_figure(p, r->name, r->title,
                      &(cli_figure){ .panels = PANELS, .panel = panel, .height = 1080 });
}

static json_t *cell_json(const gradient_mode *m, long steps, const gradient_cell *x)
{
    json_t *j = json_object();
    json_object_set_new(j, "mode", json_string(m->title));
    json_object_set_new(j, "sampler", json_string(m->sampler));
    json_object_set_new(j, "steps", json_integer(steps));
    json_object_set_new(j, "bytes_kept", cli_json_number(x->kept));
    json_object_set_new(j, "bytes_slots", cli_json_number(x->slots));
    json_object_set_new(j, "bytes_model", cli_json_number(x->model));
    json_object_set_new(j, "nfe", json_integer(x->nfe));
    json_object_set_new(j, "nfe_again", json_integer(x->again));
    json_object_set_new(j, "nvjp", json_integer(x->vjps));
    json_object_set_new(j, "from_sampler", cli_json_number(x->tape));
    json_object_set_new(j, "from_ode", cli_json_number(x->ode));
    if (isfinite(x->weights))
        json_object_set_new(j, "weights_from_sampler", cli_json_number(x->weights));
    return j;
}

static json_t *pan_json(const gradient_pan *x)
{
    json_t *j = json_object();
    json_object_set_new(j, "method", json_string(x->method->name));
    json_object_set_new(j, "steps", json_integer(x->steps));
    json_object_set_new(j, "continuous", cli_json_number(x->continuous));
    json_object_set_new(j, "continuous_over_batch", cli_json_number(x->batch));
    json_object_set_new(j, "cosine", cli_json_number(x->cosine));
    json_object_set_new(j, "discrete_from_ode", cli_json_number(x->discrete));
    json_object_set_new(j, "start_solved_back", cli_json_number(x->back));
    return j;
}

static void add_json(repro_page *p, const gradient_results *r)
{
    json_t *j = json_object(), *modes = json_array(), *pans = json_array();
    for (int k = 0; k < r->modes; k++)
        for (int i = 0; i < r->sizes; i++)
            json_array_append_new(modes, cell_json(&r->mode[k], r->size[i], &r->cell[k][i]));
    for (int i = 0; i < r->pans; i++) json_array_append_new(pans, pan_json(&r->pan[i]));
    json_object_set_new(j, "modes", modes);
    json_object_set_new(j, "adjoint_dpm", pans);
    json_object_set_new(repro_page_json(p), r->name, j);
}

void gradient_page(repro_page *p, const gradient_case *c, const gradient_results *r)
{
    repro_page_section(p, r->title);
    repro_page_text(p,
                    "%ld starts in float64: a state has %ld bytes, what an evaluation keeps for "
                    "its pullback %.0f.",
                    c->n, c->n * c->base.dim * (long)sizeof(double), r->cell[0][0].model);
    memory_table(p, r);
    error_table(p, r, 0);
    error_table(p, r, 1);
    pan_table(p, r);
    picture(p, r);
    add_json(p, r);
}
