/* learn_report.c - what the reports of classifiers and flows share: the course of training, the settings. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <costate/autodiff/memory.h>

#include "learn.h"

enum { SHOWN = 600, SETTINGS = 64, CELL = 48, TERMS = 8, KEY = 128 };

ad_status learn_figure(const learn *l, cli_report *r, const char *name, const char *caption,
                       const cli_figure *f)
{
    char path[RUN_PATH], file[64];
    snprintf(file, sizeof file, "%s.png", name);
    AD_TRY(run_path(l->directory, file, path));
    cli_report_figure(r, name, caption, f, path);
    return AD_OK;
}

ad_status learn_report_save(const learn *l, cli_report *r)
{
    char      path[RUN_PATH];
    ad_status s = run_path(l->directory, "report.html", path);
    if (!s && cli_report_left_out(r) && !cli_flag(l->args, "quiet"))
        fprintf(stderr, "%d figures were left out of the report: %s\n", cli_report_left_out(r),
                cli_report_reason(r));
    if (!s) s = cli_report_save(r, path);
    cli_report_free(r);
    return s;
}

void learn_settings(const learn *l, cli_report *r, const void *config)
{
    static const char *const heads[] = { "setting", "value", "what it is" };
    const char              *cells[3 * SETTINGS];
    char                     text[SETTINGS][CELL];
    int                      n = l->settings->rows < SETTINGS ? l->settings->rows : SETTINGS;
    for (int i = 0; i < n; i++) {
        cells[3 * i]     = l->settings->row[i].key;
        cells[3 * i + 1] = mdl_settings_text(l->settings, config, i, text[i], CELL);
        cells[3 * i + 2] = l->settings->row[i].about;
    }
    cli_report_section(r, "Configuration");
    cli_report_table(r, &(cli_table){ NULL, 3, n, heads, cells, 0 });
}

/* Means of neighbours, so that a long course stays readable; values that are rare (of tests) stay as they are. */
static long thin(const double *x, const double *y, long n, double *u, double *v)
{
    long there = 0, m = 0;
    for (long i = 0; i < n; i++) there += !isnan(y[i]);
    long   each = there / SHOWN + 1, k = 0;
    double sum = 0;
    for (long i = 0; i < n; i++) {
        if (isnan(y[i])) continue;
        sum += y[i];
        if (++k < each) continue;
        u[m] = x[i], v[m++] = sum / (double)k;
        sum = 0, k = 0;
    }
    return m;
}

/* The keys of a run's curves: five pairs of training and test, then each regularizer's. */
typedef struct keys {
    int         n, terms;
    const char *key[8 + 2 * TERMS];
    char        text[2 * TERMS][KEY], name[TERMS][KEY];
} keys;

enum { ITERATION, LOSS, TEST_LOSS, ACCURACY, TEST_ACCURACY, NFE, TEST_NFE, TERM };

static void choose_keys(const learn *l, keys *k)
{
    static const char *const first[] = { "iteration",     "loss", "test_loss", "accuracy",
                                         "test_accuracy", "nfe",  "test_nfe" };
    memset(k, 0, sizeof *k);
    for (; k->n < TERM; k->n++) k->key[k->n] = first[k->n];
    for (int i = 0; l->solver && i < TERMS && reg_result_of(l->solver, i); i++) {
        char name[KEY - 64];
        reg_term_text(reg_result_of(l->solver, i)->term, name, sizeof name);
        name[strcspn(name, ":")] = 0;
        memcpy(k->name[i], name, sizeof name);
        snprintf(k->text[2 * i], KEY, "regularizers/%s/coefficient", name);
        snprintf(k->text[2 * i + 1], KEY, "regularizers/%s/value", name);
        k->key[k->n++] = k->text[2 * i];
        k->key[k->n++] = k->text[2 * i + 1];
        k->terms++;
    }
}

typedef struct curves {
    ad_arena     *arena;
    learn_history h;
    keys          k;
    int           n, panels;
    cli_curve     curve[6 + TERMS];
    cli_panel     panel[4];
} curves;

/* One more curve, of values y against the iteration; 0 if there is none to draw. */
static int add_curve(curves *c, const char *title, int color, const double *y)
{
    double *u = ad_arena_alloc(c->arena, (size_t)(c->h.n + 1) * sizeof *u);
    double *v = ad_arena_alloc(c->arena, (size_t)(c->h.n + 1) * sizeof *v);
    if (!u || !v) return 0;
    long n = thin(c->h.column[ITERATION], y, c->h.n, u, v);
    if (n == 0) return 0;
    c->curve[c->n++] = (cli_curve){ title, CLI_LINE, color, n, u, v };
    return 1;
}

static void add_panel(curves *c, const char *title, int from, int log_y)
{
    if (c->n == from) return;
    c->panel[c->panels++] = (cli_panel){ .title   = title,
                                         .x_label = "iteration",
                                         .curves  = c->n - from,
                                         .curve   = c->curve + from,
                                         .log_y   = log_y };
}

/* Positive values over more than a decade. */
static int wide(const double *y, long n)
{
    double lo = INFINITY, hi = -INFINITY;
    for (long i = 0; i < n; i++) {
        lo = fmin(lo, y[i]);
        hi = fmax(hi, y[i]);
    }
    return lo > 0 && hi > 10 * lo;
}

static void add_pair(curves *c, const char *title, int key, int may_be_log)
{
    int from = c->n;
    add_curve(c, "training", 0, c->h.column[key]);
    add_curve(c, "test", 1, c->h.column[key + 1]);
    add_panel(c, title, from, may_be_log && wide(c->h.column[key], c->h.n));
}

/* lambda R */
static void add_terms(curves *c)
{
    int from = c->n;
    for (int i = 0; i < c->k.terms; i++) {
        double *lambda = c->h.column[TERM + 2 * i], *value = c->h.column[TERM + 2 * i + 1];
        for (long k = 0; k < c->h.n; k++) value[k] *= lambda[k];
        add_curve(c, c->k.name[i], 2 + i, value);
    }
    add_panel(c, "regularizers, with their coefficients", from, 1);
}

ad_status learn_curves(learn *l, cli_report *r)
{
    curves *c = ad_alloc(sizeof *c);
    if (!c) return AD_NO_MEMORY;
    c->arena    = ad_arena_new();
    ad_status s = c->arena ? AD_OK : AD_NO_MEMORY;
    choose_keys(l, &c->k);
    if (!s) s = learn_history_read(l->directory, c->k.n, c->k.key, &c->h);
    if (!s && c->h.n > 0) {
        add_pair(c, "loss", LOSS, 1);
        add_pair(c, "accuracy", ACCURACY, 0);
        add_pair(c, "evaluations of the field in a solve", NFE, 0);
        add_terms(c);
        s = learn_figure(l, r, "training",
                         "Training: means over neighbouring iterations. Test: samples that "
                         "training does not see.",
                         &(cli_figure){ .panels  = c->panels,
                                        .columns = c->panels > 1 ? 2 : 1,
                                        .panel   = c->panel });
    }
    learn_history_clear(&c->h);
    ad_arena_free(c->arena);
    ad_free(c);
    return s;
}
