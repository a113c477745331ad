/* experiment_sampler_orders.c - with which power of the step does a sampler's error fall?

   The rms distance from the exact endpoint of the probability-flow ODE at N and at 2 N steps, grid logsnr; the order is log2 of
   their ratio. On one Gaussian, whose flow is known in closed form, and on a mixture, for Gaussians are too kind: the explicit midpoint
   rule is of order 3 there. */
#include <math.h>
#include <string.h>

#include <jansson.h>

#include "json.h"
#include "reproduce_page.h"
#include "sampler_cases.h"

enum { STEPS = 192, STEPS_LATE = 3072, POINTS = 64, POINTS_QUICK = 8, CASES = 2, COLUMNS = 7 };
enum { MOST_ROWS = 128, CURVE_POINTS = 6, CURVES = 8 };

static const char *const cases[CASES] = { "G16", "M3" };

typedef struct line {
    const dpm_method *m;
    int               published;
    double            stated, order[CASES], error[CASES]; /* error: rms at 2 N */
} line;

static int takes(const dpm_method *m, const char *option)
{
    return strstr(m->takes, option) != NULL;
}

/* "fast" ends in a step of first order, whose one local error is of order h^2: whole steps are judged. Rex's second state is forgotten
   after 1 / (1 - zeta) steps, a thousand by default: with zeta = 1/2 there are enough. */
static dpm_options options_of(const dpm_method *m, int published, long steps)
{
    return (dpm_options){ .sampler    = m->name,
                          .grid       = { .name = "logsnr", .steps = steps },
                          .singlestep = takes(m, "singlestep") ? "fixed" : NULL,
                          .zeta       = takes(m, "zeta") ? 0.5 : 0,
                          .published  = published };
}

/* Sums for integrals cost tAB's tables a ten-thousandth of the trapezoidal rule's error: seen when nothing else is left. */
static long steps_of(const line *l)
{
    return l->published && !strcmp(l->m->name, "deis-tab") ? STEPS_LATE : STEPS;
}

static ad_status observe(sampler_case *c, const line *l, double *order, double *error)
{
    double rms[2];
    long   nfe;
    for (int i = 0; i < 2; i++) {
        dpm_options   o = options_of(l->m, l->published, steps_of(l) << i);
        sampler_error e;
        AD_TRY(sampler_case_run(c, &o, &nfe));
        AD_TRY(sampler_case_judge(c, &e));
        rms[i] = e.rms;
    }
    *order = log2(rms[0] / rms[1]);
    *error = rms[1];
    return AD_OK;
}

static int lines_of(const repro *r, line *l)
{
    int n = 0;
    for (int i = 0; i < dpm_method_count(); i++) {
        const dpm_method *m = dpm_method_row(i);
        if (m->true_order == 0 || !m->make || !sampler_row_wanted(r->args, m)) continue;
        for (int p = 0; p < 1 + (m->published_order != 0) && n < MOST_ROWS; p++)
            l[n++] = (line){ .m         = m,
                             .published = p,
                             .stated    = p ? m->published_order : m->true_order };
    }
    return n;
}

/* --- the page ------------------------------------------------------------------------------------------------------------ */

static int agrees(const line *l)
{
    return fabs(l->order[1] - l->stated) <= 0.2;
}

static void add_table(repro_page *p, int n, const line *l)
{
    static const char *const heads[COLUMNS] = { "sampler",         "form",         "stated",
                                                "on one Gaussian", "on a mixture", "rms error",
                                                "within 0.2" };
    static char              text[MOST_ROWS][COLUMNS][32];
    static const char       *cell[MOST_ROWS * COLUMNS];
    for (int i = 0; i < n; i++) {
        snprintf(text[i][0], 32, "%s", l[i].m->name);
        snprintf(text[i][1], 32, "%s", l[i].published ? "as published" : "ours");
        snprintf(text[i][2], 32, "%g", l[i].stated);
        snprintf(text[i][3], 32, "%.2f", l[i].order[0]);
        snprintf(text[i][4], 32, "%.2f", l[i].order[1]);
        snprintf(text[i][5], 32, "%.1e", l[i].error[1]);
        snprintf(text[i][6], 32, "%s", agrees(&l[i]) ? "yes" : "NO");
        for (int c = 0; c < COLUMNS; c++) cell[i * COLUMNS + c] = text[i][c];
    }
    repro_page_table(p,
                     &(cli_table){ .columns = COLUMNS, .rows = n, .heads = heads, .cells = cell });
}

static void add_json(repro_page *p, int n, const line *l)
{
    json_t *list = json_array();
    for (int i = 0; i < n; i++) {
        json_t *j = json_object();
        json_object_set_new(j, "sampler", json_string(l[i].m->name));
        json_object_set_new(j, "published", json_boolean(l[i].published));
        json_object_set_new(j, "cite", json_string(l[i].m->cite));
        json_object_set_new(j, "steps", json_integer(2 * steps_of(&l[i])));
        json_object_set_new(j, "stated", cli_json_number(l[i].stated));
        json_object_set_new(j, "gaussian", cli_json_number(l[i].order[0]));
        json_object_set_new(j, "mixture", cli_json_number(l[i].order[1]));
        json_object_set_new(j, "rms", cli_json_number(l[i].error[1]));
        json_array_append_new(list, j);
    }
    json_object_set_new(repro_page_json(p), "results", list);
}

/* A few of every order, from 12 steps on. */
static ad_status add_picture(repro_page *p, sampler_case *c, int n, const line *l)
{
    static const char *const names[CURVES] = { "ddim",     "dpm-2m",  "dpmpp-2m", "dpm-3m",
                                               "dpmpp-3m", "ipndm-v", "deis-tab", "dpm-3m" };
    double                   x[CURVE_POINTS], y[CURVES][CURVE_POINTS];
    char                     title[CURVES][48];
    cli_curve                curve[CURVES];
    int                      curves = 0;
    long                     nfe;
    for (int k = 0; k < CURVES; k++)
        for (int i = 0; i < n; i++) {
            int published = k + 1 == CURVES;
            if (strcmp(l[i].m->name, names[k]) || l[i].published != published) continue;
            for (int j = 0; j < CURVE_POINTS; j++) {
                dpm_options   o = options_of(l[i].m, published, 12l << j);
                sampler_error e;
                AD_TRY(sampler_case_run(c, &o, &nfe));
                AD_TRY(sampler_case_judge(c, &e));
                x[j]         = (double)(12l << j);
                y[curves][j] = e.rms;
            }
            snprintf(title[curves], 48, "%s%s", names[k], published ? " as published" : "");
            curve[curves] = (cli_curve){
                title[curves], published ? CLI_DASHES : CLI_LINE, curves, CURVE_POINTS, x, y[curves]
            };
            curves++;
        }
    cli_panel panel = { .x_label = "steps",
                        .y_label = "rms error",
                        .curves  = curves,
                        .curve   = curve,
                        .log_x   = 1,
                        .log_y   = 1 };
    if (curves)
        repro_page_figure(p, "orders", "The error on the mixture M3: slopes are orders.",
                          &(cli_figure){ .panels = 1, .panel = &panel, .height = 420 });
    return AD_OK;
}

static ad_status compute(repro *r, repro_page *p, sampler_case *c)
{
    line l[MOST_ROWS];
    int  n = lines_of(r, l);
    for (int k = 0; k < CASES; k++)
        AD_TRY(sampler_case_new(&c[k], cases[k], r->quick ? POINTS_QUICK : POINTS));
    cli_progress_begin(&r->progress, "orders", cli_flag(r->args, "quiet"));
    for (int i = 0; i < n; i++) {
        for (int k = 0; k < CASES; k++)
            AD_TRY(observe(&c[k], &l[i], &l[i].order[k], &l[i].error[k]));
        cli_progress_state at = { .iteration     = i + 1,
                                  .iterations    = n,
                                  .loss          = NAN,
                                  .gradient_norm = NAN,
                                  .nfe           = -1,
                                  .rejected      = -1 };
        (i + 1 < n ? cli_progress_update : cli_progress_end)(&r->progress, &at);
    }
    repro_page_section(p, "Observed orders");
    add_table(p, n, l);
    add_json(p, n, l);
    return add_picture(p, &c[1], n, l);
}

static ad_status whole(repro *r, repro_page *p)
{
    sampler_case c[CASES] = { 0 };
    AD_TRY(sampler_rows_check(r->args));
    ad_status s = compute(r, p, c);
    for (int k = 0; k < CASES; k++) sampler_case_free(&c[k]);
    return s;
}

static const char *const notes[] = {
    "Deterministic samplers of the registry, float64, vp-linear from t = 1 to 1e-3, grid logsnr, "
    "192 against 384 steps; the "
    "published deis-tab at 3072 and 6144, for below that its sum of 10000 points is as good as the "
    "integral.",
    "G16: one Gaussian in 16 dimensions. M3: three overlapping Gaussians in the plane. Single-step "
    "methods take whole steps "
    "(--singlestep fixed): with fast, one step of lower order stands at the end. Rex runs with "
    "zeta 0.5.",
    "Multistep methods start with low order. That error is of order 2, but small here: the start "
    "is nearly a straight line in "
    "sigma / alpha. It is what bends fourth orders down at thousands of steps.",
    NULL,
};

const repro_experiment repro_experiment_sampler_orders = {
    .name  = "sampler-orders",
    .about = "observed orders of the deterministic samplers",
    .cite  = "the sources of every sampler: costate list samplers",
    .notes = notes,
    .whole = whole,
};
