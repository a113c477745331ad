/* classifier_report.c - report.html of a classifier. */
#include <math.h>
#include <string.h>

#include <costate/autodiff/memory.h>

#include "classifier.h"
#include "text.h"

enum { CELL = 32, COLUMNS = 6 };

static void row(const char *name, const mdl_evaluation *e, char text[COLUMNS][CELL],
                const char **cells)
{
    snprintf(text[1], CELL, "%ld", e->n);
    snprintf(text[2], CELL, "%.2f %%", 100 * (double)e->right / (double)e->n);
    snprintf(text[3], CELL, "%.4f", e->loss);
    snprintf(text[4], CELL, "%.1f", e->nfe);
    cli_seconds_text(e->seconds, text[5], CELL);
    cells[0] = name;
    for (int i = 1; i < COLUMNS; i++) cells[i] = text[i];
}

static void result(const classify *c, cli_report *r)
{
    static const char *const heads[] = { "", "samples", "right", "loss", "NFE", "time of a solve" };
    char                     text[2][COLUMNS][CELL];
    const char              *cells[2 * COLUMNS];
    int                      rows = 1;
    row("training part", &c->train, text[0], cells);
    if (c->test.n) row("test part", &c->test, text[rows++], cells + COLUMNS);
    cli_report_section(r, "The result");
    cli_report_table(r, &(cli_table){ "NFE: evaluations of the field in a solve of a batch, the "
                                      "mean.",
                                      COLUMNS, rows, heads, cells, 0 });
    if (!c->test.n)
        cli_report_text(r, "Nothing was held out, so nothing tells how it does on new samples.");
}

/* Rows: what a sample is, columns: what it is taken for; of the test part. */
static ad_status confusion(const classify *c, cli_report *r)
{
    mdl_classifier_task *t = c->task;
    const ds_samples    *s = t->test ? t->test : t->train;
    long                 k = mdl_classifier_about(t->classifier)->classes, total = k * k;
    if (k > 12) return AD_OK;
    long        *count    = ad_alloc((size_t)total * sizeof *count);
    const char **cells    = ad_alloc((size_t)((k + 1) * (k + 1)) * sizeof *cells);
    char(*text)[CELL]     = ad_alloc((size_t)((k + 1) * (k + 1)) * CELL);
    ad_status   e         = count && cells && text ? mdl_classifier_task_confusion(t, s, count)
                                                   : AD_NO_MEMORY;
    const char *heads[13] = { "" };
    for (long i = 0; !e && i < k; i++) {
        snprintf(text[i], CELL, "%.20s", s->class_name ? s->class_name[i] : "");
        if (!s->class_name) snprintf(text[i], CELL, "%ld", i);
        heads[i + 1] = cells[i * (k + 1)] = text[i];
        for (long j = 0; j < k; j++) {
            char *cell = text[k + i * k + j];
            if (count[i * k + j]) snprintf(cell, CELL, "%ld", count[i * k + j]);
            cells[i * (k + 1) + 1 + j] = cell;
        }
    }
    if (!e)
        cli_report_table(
            r, &(cli_table){ "What a sample is (rows) and what it is taken for (columns).",
                             (int)k + 1, (int)k, heads, cells, 0 });
    ad_free(count);
    ad_free(cells);
    ad_free(text);
    return e;
}

static void about(const classify *c, cli_report *r)
{
    const mdl_classifier_task *t = c->task;
    char                       shape[64], seconds[32];
    cli_report_section(r, "Data and training");
    cli_report_text(r, "%s: %ld samples of %s numbers in %d classes to train on, %ld to test.",
                    t->train->name, t->train->n,
                    ds_samples_shape_text(t->train, shape, sizeof shape), t->train->classes,
                    t->test ? t->test->n : 0);
    if (*t->train->note) cli_report_code(r, t->train->note);
    cli_report_text(
        r, "%ld iterations in %s; %ld parameters.", mdl_training_at(t->training)->iteration,
        cli_seconds_text(mdl_training_at(t->training)->seconds, seconds, sizeof seconds),
        mdl_classifier_learner(t->classifier)->count);
}

ad_status classify_report(classify *c)
{
    cli_report *r;
    AD_TRY(cli_report_new(&r, c->task->train->name,
                          "a neural ODE that classifies, trained by costate"));
    result(c, r);
    ad_status s = learn_curves(&c->l, r);
    if (!s) s = confusion(c, r);
    about(c, r);
    learn_settings(&c->l, r, c->task->config);
    if (!s) return learn_report_save(&c->l, r);
    cli_report_free(r);
    return s;
}
