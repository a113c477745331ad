/* learn_metrics.c - metrics.jsonl of a training on samples: one object an iteration. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include <jansson.h>

#include <costate/autodiff/memory.h>

#include "json.h"
#include "learn.h"

enum { LINE = 8192 };

static void field(json_t *j, const char *key, double x)
{
    if (!isnan(x)) json_object_set_new(j, key, cli_json_number(x));
}

static void terms(json_t *j, const reg_solver *s)
{
    json_t *all = reg_result_of(s, 0) ? json_object() : NULL;
    for (int i = 0; all && reg_result_of(s, i); i++) run_metrics_term(all, reg_result_of(s, i));
    if (all) json_object_set_new(j, "regularizers", all);
}

static char *line_of(const learn *l, const mdl_training_progress *p)
{
    json_t *j    = json_object();
    char   *text = NULL;
    if (!j) return NULL;
    json_object_set_new(j, "iteration", json_integer(p->iteration));
    json_object_set_new(j, "epoch", json_integer(p->epoch));
    field(j, "loss", p->step.loss);
    if (p->step.right >= 0) field(j, "accuracy", (double)p->step.right / (double)p->step.n);
    if (p->step.penalty != 0) field(j, "penalty", p->step.penalty);
    if (l->solver) {
        json_object_set_new(j, "nfe", json_integer(p->step.solve.nfe));
        json_object_set_new(j, "accepted", json_integer(p->step.solve.accepted));
        json_object_set_new(j, "rejected", json_integer(p->step.solve.rejected));
    }
    field(j, "gradient_norm", p->step.norm);
    field(j, "lr", p->step.rate);
    field(j, "test_loss", p->test.loss);
    field(j, "test_accuracy", p->test.accuracy);
    field(j, "test_nfe", p->test.nfe);
    field(j, "seconds_forward", p->step.seconds_forward);
    field(j, "seconds_backward", p->step.seconds_backward);
    field(j, "seconds", p->seconds);
    if (l->solver) terms(j, l->solver);
    if (cli_json_text(&text, j, CLI_JSON_LINE)) text = NULL;
    json_decref(j);
    return text;
}

void learn_metrics_write(learn *l, const mdl_training_progress *p)
{
    char *text = line_of(l, p);
    if (text && fputs(text, l->metrics) >= 0 && (p->iteration % 20 || fflush(l->metrics) == 0)) {
        ad_free(text);
        return;
    }
    ad_free(text);
    l->failed = AD_IO;
    snprintf(l->sentence, sizeof l->sentence,
             "%s/metrics.jsonl could not be written: %s; the checkpoint is safe", l->directory,
             strerror(errno));
}

/* --- read back --------------------------------------------------------------------------------------------------------- */

static ad_status grow(learn_history *h)
{
    long room = h->room ? 2 * h->room : 1024;
    for (int k = 0; k < h->keys; k++) {
        double *p = ad_realloc(h->column[k], (size_t)h->room * sizeof *p, (size_t)room * sizeof *p);
        if (!p) return AD_NO_MEMORY;
        h->column[k] = p;
    }
    h->room = room;
    return AD_OK;
}

/* "a/b/c": members of members */
static double get(const json_t *j, const char *key)
{
    char part[96];
    while (j && *key) {
        size_t n = strcspn(key, "/");
        snprintf(part, sizeof part, "%.*s", (int)n, key);
        j = json_object_get(j, part);
        key += n + (key[n] == '/');
    }
    return json_is_number(j) ? json_number_value(j) : NAN;
}

ad_status learn_history_read(const char *directory, int keys, const char *const *key,
                             learn_history *h)
{
    char path[RUN_PATH], line[LINE];
    *h        = (learn_history){ .keys = keys };
    h->column = ad_alloc((size_t)keys * sizeof *h->column);
    if (!h->column) return AD_NO_MEMORY;
    AD_TRY(run_path(directory, "metrics.jsonl", path));
    FILE *in = fopen(path, "r");
    if (!in) return ad_fail(AD_IO, "%s: %s", path, strerror(errno));
    ad_status s = AD_OK;
    while (!s && fgets(line, sizeof line, in)) {
        json_t *j = json_loads(line, 0, NULL);
        if (!j) continue;
        if (h->n == h->room) s = grow(h);
        for (int k = 0; k < keys && !s; k++) h->column[k][h->n] = get(j, key[k]);
        h->n += !s;
        json_decref(j);
    }
    fclose(in);
    return s;
}

void learn_history_clear(learn_history *h)
{
    for (int k = 0; h->column && k < h->keys; k++) ad_free(h->column[k]);
    ad_free(h->column);
}
