/* train_metrics.c - metrics.jsonl: one object an iteration. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <costate/autodiff/file.h>
#include <costate/autodiff/memory.h>

#include "json.h"
#include "run_files.h"
#include "train.h"

enum { PATH = 4096, LINE = 4096 };

ad_status train_metrics_open(train *t, long keep)
{
    return run_metrics_open(t->directory, keep, &t->metrics);
}

static void field(json_t *j, const char *key, double x)
{
    if (!isnan(x)) json_object_set_new(j, key, cli_json_number(x));
}

static void terms(json_t *j, const mdl_progress *p)
{
    json_t *all = p->terms ? json_object() : NULL;
    for (int i = 0; all && i < p->terms; i++) run_metrics_term(all, &p->term[i]);
    if (all) json_object_set_new(j, "regularizers", all);
}

static char *line_of(const mdl_progress *p)
{
    json_t *j    = json_object();
    char   *text = NULL;
    if (!j) return NULL;
    json_object_set_new(j, "iteration", json_integer(p->iteration));
    json_object_set_new(j, "loss", cli_json_number(p->loss));
    field(j, "validation", p->validation);
    json_object_set_new(j, "nfe", json_integer(p->nfe));
    json_object_set_new(j, "accepted", json_integer(p->accepted));
    json_object_set_new(j, "rejected", json_integer(p->rejected));
    field(j, "gradient_norm", p->gradient_norm);
    field(j, "lr", p->rate);
    json_object_set_new(j, "horizon", json_integer(p->horizon));
    json_object_set_new(j, "failures", json_integer(p->failures));
    field(j, "seconds", p->seconds);
    terms(j, p);
    if (p->status) json_object_set_new(j, "failed", json_string(ad_message()));
    if (cli_json_text(&text, j, CLI_JSON_LINE)) text = NULL;
    json_decref(j);
    return text;
}

void train_metrics_write(train *t, const mdl_progress *p)
{
    char *text = line_of(p);
    if (text && fputs(text, t->metrics) >= 0 && (p->iteration % 50 || fflush(t->metrics) == 0)) {
        ad_free(text);
        return;
    }
    ad_free(text);
    t->failed = AD_IO;
    snprintf(t->sentence, sizeof t->sentence,
             "%s/metrics.jsonl could not be written: %s; the checkpoint is safe", t->directory,
             strerror(errno));
}

static ad_status grow(train_history *h)
{
    long     room     = h->room ? 2 * h->room : 1024;
    double **column[] = { &h->iteration, &h->loss,     &h->validation,
                          &h->nfe,       &h->rejected, &h->horizon };
    for (int i = 0; i < 6; i++) {
        double *p = ad_realloc(*column[i], (size_t)h->room * sizeof *p, (size_t)room * sizeof *p);
        if (!p) return AD_NO_MEMORY;
        *column[i] = p;
    }
    h->room = room;
    return AD_OK;
}

static double get(const json_t *j, const char *key)
{
    const json_t *v = json_object_get(j, key);
    return json_is_number(v) ? json_number_value(v) : NAN;
}

ad_status train_metrics_read(const train *t, train_history *h)
{
    char path[PATH], line[LINE];
    AD_TRY(train_path(t, "metrics.jsonl", path, sizeof path));
    FILE *in = fopen(path, "r");
    if (!in) return ad_fail(AD_IO, "%s: %s", path, strerror(errno));
    ad_status s = AD_OK;
    while (!s && fgets(line, sizeof line, in)) {
        json_t *j = json_loads(line, 0, NULL);
        if (!j) continue;
        if (h->n == h->room) s = grow(h);
        if (!s) {
            h->iteration[h->n]  = get(j, "iteration");
            h->loss[h->n]       = get(j, "loss");
            h->validation[h->n] = get(j, "validation");
            h->nfe[h->n]        = get(j, "nfe");
            h->rejected[h->n]   = get(j, "rejected");
            h->horizon[h->n++]  = get(j, "horizon");
        }
        json_decref(j);
    }
    fclose(in);
    return s;
}

void train_history_clear(train_history *h)
{
    ad_free(h->iteration);
    ad_free(h->loss);
    ad_free(h->validation);
    ad_free(h->nfe);
    ad_free(h->rejected);
    ad_free(h->horizon);
}
