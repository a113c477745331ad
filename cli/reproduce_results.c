/* reproduce_results.c - every result.json under a directory, gathered: by settings, by rows, over seeds. */
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <costate/autodiff/memory.h>

#include "folder.h"
#include "json.h"
#include "reproduce.h"

/* One result.json. */
typedef struct result {
    repro_setting setting;
    int           row; /* of the experiment; its number of rows: an own one */
    char          trial[REPRO_NAME], row_name[32], title[64], regularizer[REPRO_TEXT];
    double        scale, figure[REPRO_COLUMNS], nfe, quality;
    long          seed;
} result;

typedef struct pile {
    int     n, room;
    result *at;
} pile;

/* --- reading ------------------------------------------------------------------------------------------------------------- */

static double number(const json_t *j, const char *key)
{
    const json_t *v = json_object_get(j, key);
    return json_is_number(v) ? json_number_value(v) : NAN;
}

static long integer(const json_t *j, const char *key)
{
    return (long)json_integer_value(json_object_get(j, key));
}

static void text(const json_t *j, const char *key, char *out, size_t size)
{
    const char *t = json_string_value(json_object_get(j, key));
    snprintf(out, size, "%s", t ? t : "");
}

/* What a term does when nothing is said need not be said: FROM..TO goes exponentially. Files keep the long form, so that trials
   are the same whoever wrote them. */
static void shorten(char *regularizer)
{
    static const char shape[] = "@exponential";
    for (char *at; (at = strstr(regularizer, shape));)
        memmove(at, at + strlen(shape), strlen(at + strlen(shape)) + 1);
}

static void fill(result *x, const repro_experiment *e, const json_t *j)
{
    const json_t *f = json_object_get(j, "figures");
    *x              = (result){ .setting = { .rtol       = number(j, "rtol"),
                                             .batch      = integer(j, "batch"),
                                             .iterations = integer(j, "iterations"),
                                             .train      = integer(j, "train"),
                                             .test       = integer(j, "test"),
                                             .quick      = json_is_true(json_object_get(j, "quick")) },
                                .scale   = number(j, "coefficient"),
                                .seed    = integer(j, "seed") };
    text(j, "precision", x->setting.precision, sizeof x->setting.precision);
    text(j, "data", x->setting.data, sizeof x->setting.data);
    text(j, "row", x->row_name, sizeof x->row_name);
    text(j, "title", x->title, sizeof x->title);
    text(j, "regularizer", x->regularizer, sizeof x->regularizer);
    shorten(x->regularizer);
    while (x->row < e->rows && strcmp(e->row[x->row].name, x->row_name)) x->row++;
    for (int c = 0; c < e->columns; c++) x->figure[c] = number(f, e->column[c].key);
    x->nfe     = e->nfe ? number(f, e->nfe) : NAN;
    x->quality = e->quality ? number(f, e->quality) : NAN;
}

static ad_status add(pile *p, const repro *r, const char *trial, const char *path)
{
    json_t *j;
    AD_TRY(cli_json_load(&j, path));
    const char *of = json_string_value(json_object_get(j, "experiment"));
    if (of && !strcmp(of, r->e->name)) {
        if (p->n == p->room) {
            int     room = p->room ? 2 * p->room : 64;
            result *at = ad_realloc(p->at, (size_t)p->room * sizeof *at, (size_t)room * sizeof *at);
            if (!at) {
                json_decref(j);
                return AD_NO_MEMORY;
            }
            p->at = at, p->room = room;
        }
        fill(&p->at[p->n], r->e, j);
        snprintf(p->at[p->n++].trial, REPRO_NAME, "%.*s", REPRO_NAME - 1, trial);
    }
    json_decref(j);
    return AD_OK;
}

static ad_status read_all(pile *p, const repro *r)
{
    char      path[REPRO_PATH];
    DIR      *d = opendir(r->directory);
    ad_status s = AD_OK;
    if (!d) return ad_fail(AD_IO, "%s: %s", r->directory, strerror(errno));
    for (struct dirent *entry; !s && (entry = readdir(d));) {
        if (entry->d_name[0] == '.' || strlen(entry->d_name) >= REPRO_NAME) continue;
        s = repro_path(r, entry->d_name, "result.json", path);
        if (!s && cli_exists(path)) s = add(p, r, entry->d_name, path);
    }
    closedir(d);
    return s;
}

/* --- order --------------------------------------------------------------------------------------------------------------- */

static int sign(double x)
{
    return (x > 0) - (x < 0);
}

static int by_setting(const repro_setting *a, const repro_setting *b)
{
    int c = strcmp(a->data, b->data);
    if (!c) c = a->quick - b->quick;
    if (!c) c = sign((double)(a->train - b->train));
    if (!c) c = sign((double)(a->test - b->test));
    if (!c) c = sign((double)(a->batch - b->batch));
    if (!c) c = sign((double)(a->iterations - b->iterations));
    if (!c) c = sign(a->rtol - b->rtol);
    return c ? c : strcmp(a->precision, b->precision);
}

static int by_group(const result *a, const result *b)
{
    int c = by_setting(&a->setting, &b->setting);
    if (!c) c = a->row - b->row;
    if (!c) c = sign(a->scale - b->scale);
    return c ? c : strcmp(a->regularizer, b->regularizer);
}

static int by_seed(const void *a, const void *b)
{
    const result *x = a, *y = b;
    int           c = by_group(x, y);
    return c ? c : sign((double)(x->seed - y->seed));
}

/* --- groups -------------------------------------------------------------------------------------------------------------- */

/* Mean and sample deviation of column c (-1: the NFE, -2: the quality) over n results; those without it do not count. */
static repro_figure over_seeds(const result *x, int n, int c)
{
    double sum = 0, squares = 0;
    int    count = 0;
    for (int i = 0; i < n; i++) {
        double v = c == -1 ? x[i].nfe : c == -2 ? x[i].quality : x[i].figure[c];
        if (!isnan(v)) sum += v, count++;
    }
    if (!count) return (repro_figure){ NAN, NAN };
    double mean = sum / count;
    for (int i = 0; i < n; i++) {
        double v = c == -1 ? x[i].nfe : c == -2 ? x[i].quality : x[i].figure[c];
        if (!isnan(v)) squares += (v - mean) * (v - mean);
    }
    return (repro_figure){ mean, count > 1 ? sqrt(squares / (count - 1)) : NAN };
}

static void make_group(repro_group *g, const repro_experiment *e, const result *x, int n)
{
    *g = (repro_group){ .row   = x->row < e->rows ? &e->row[x->row] : NULL,
                        .scale = x->scale,
                        .seeds = n };
    snprintf(g->row_name, sizeof g->row_name, "%s", x->row_name);
    snprintf(g->title, sizeof g->title, "%s", x->title);
    snprintf(g->regularizer, sizeof g->regularizer, "%s", x->regularizer);
    for (int i = 0; i < n && i < REPRO_LIST; i++)
        snprintf(g->trial[i], REPRO_NAME, "%s", x[i].trial);
    for (int c = 0; c < e->columns; c++) g->plain[c] = g->figure[c] = over_seeds(x, n, c);
    g->nfe     = over_seeds(x, n, -1).value;
    g->quality = over_seeds(x, n, -2).value;
}

/* Over the mean of the first row's at the same settings. */
static void take_ratios(repro_results *s)
{
    for (int i = 0; i < s->groups; i++) {
        const repro_group *base = NULL;
        for (int k = 0; k < s->groups; k++)
            if (s->group[k].setting == s->group[i].setting && s->group[k].row == &s->e->row[0])
                base = &s->group[k];
        for (int c = 0; c < s->e->columns; c++) {
            double one = base ? base->plain[c].value : NAN;
            if (!s->e->column[c].ratio) continue;
            s->group[i].figure[c].value /= one;
            s->group[i].figure[c].spread /= one;
        }
    }
}

static ad_status group(repro_results *s, pile *p)
{
    if (p->n) qsort(p->at, (size_t)p->n, sizeof *p->at, by_seed);
    s->group   = ad_alloc((size_t)(p->n + 1) * sizeof *s->group);
    s->setting = ad_alloc((size_t)(p->n + 1) * sizeof *s->setting);
    if (!s->group || !s->setting) return AD_NO_MEMORY;
    for (int from = 0, to; from < p->n; from = to) {
        for (to = from + 1; to < p->n && !by_group(&p->at[from], &p->at[to]);) to++;
        if (!from || by_setting(&p->at[from].setting, &p->at[from - 1].setting))
            s->setting[s->settings++] = p->at[from].setting;
        make_group(&s->group[s->groups], s->e, &p->at[from], to - from);
        s->group[s->groups++].setting = s->settings - 1;
    }
    take_ratios(s);
    return AD_OK;
}

ad_status repro_gather(const repro *r, repro_results **out)
{
    pile           p = { 0 };
    repro_results *x = *out = ad_alloc(sizeof *x);
    if (!x) return AD_NO_MEMORY;
    x->e        = r->e;
    ad_status s = read_all(&p, r);
    if (!s) s = group(x, &p);
    ad_free(p.at);
    if (!s) return AD_OK;
    repro_results_free(x);
    *out = NULL;
    return s;
}

void repro_results_free(repro_results *s)
{
    if (!s) return;
    ad_free(s->setting);
    ad_free(s->group);
    ad_free(s);
}

int repro_paper(const repro_experiment *e, const repro_row *row, int c, repro_figure *f)
{
    *f = row ? row->paper[c] : (repro_figure){ 0, 0 };
    if (f->value == 0) return 0;
    if (!e->column[c].ratio) return 1;
    f->spread /= e->row[0].paper[c].value;
    f->value /= e->row[0].paper[c].value;
    return 1;
}
