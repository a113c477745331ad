/* reproduce_trials.c - which trials the options ask for: the product of their lists, seeds outermost, so that the whole table
   stands early with one seed. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <costate/autodiff/memory.h>
#include <costate/autodiff/text.h>

#include "reproduce.h"
#include "text.h"

enum { MOST_TRIALS = 10000 };

typedef struct lists {
    int              sets, rows, types, rtols, scales, seeds;
    int              set[REPRO_LIST];
    const repro_row *row[2 * REPRO_LIST];
    ad_type          type[2];
    double           rtol[REPRO_LIST], scale[REPRO_LIST];
    long             seed[REPRO_LIST];
    long             batch, iterations;
} lists;

static ad_status full(const char *option)
{
    return ad_fail(AD_INVALID, "--%s: %d are the most", option, REPRO_LIST);
}

/* --- the lists ----------------------------------------------------------------------------------------------------------- */

static ad_status unknown_row(const repro_experiment *e, const char *name)
{
    const char *names[REPRO_LIST], *near;
    char        all[REPRO_TEXT] = "";
    for (int i = 0; i < e->rows; i++) {
        size_t n = strlen(all);
        names[i] = e->row[i].name;
        snprintf(all + n, sizeof all - n, "%s%s", i ? ", " : "", names[i]);
    }
    near = ad_nearest(name, e->rows, names);
    return near
               ? ad_fail(AD_INVALID, "%s has no row '%.40s'; did you mean %s?", e->name, name, near)
               : ad_fail(AD_INVALID, "%s has no row '%.40s'; there are %s", e->name, name, all);
}

static ad_status choose_rows(const repro *r, lists *l)
{
    const repro_experiment *e     = r->e;
    int                     named = cli_list(r->args, "rows"), own = r->own.name != NULL;
    if (named > REPRO_LIST) return full("rows");
    for (int i = 0; i < named; i++) {
        const char *name = cli_item(r->args, "rows", i);
        int         k    = 0;
        while (k < e->rows && strcmp(e->row[k].name, name)) k++;
        if (k == e->rows) return unknown_row(e, name);
        l->row[l->rows++] = &e->row[k];
    }
    for (int k = 0; k < e->rows && !named && !own; k++)
        if (!e->row[k].extra) l->row[l->rows++] = &e->row[k];
    if (own) l->row[l->rows++] = &r->own;
    return AD_OK;
}

/* --data of an experiment with sets of its own: some of their names. */
static ad_status choose_sets(const repro *r, lists *l)
{
    const char *const *sets            = r->e->sets;
    char               all[REPRO_TEXT] = "";
    for (int i = 0; sets && sets[i]; i++) {
        const char *at = r->data_path;
        size_t      n = strlen(all), length = strlen(sets[i]);
        int         wanted = !at;
        snprintf(all + n, sizeof all - n, "%s%s", i ? ", " : "", sets[i]);
        for (; at && *at; at += strcspn(at, ","), at += *at == ',')
            wanted |= strcspn(at, ",") == length && !strncmp(at, sets[i], length);
        if (wanted) l->set[l->sets++] = i;
    }
    if (l->sets) return AD_OK;
    l->sets = 1;
    return sets ? ad_fail(AD_INVALID, "%s has no data '%.40s'; there are %s", r->e->name,
                          r->data_path, all)
                : AD_OK;
}

static ad_status choose_types(const repro *r, const repro_settings *s, lists *l)
{
    int n = cli_list(r->args, "precision");
    for (int i = 0; i < (n ? n : 1); i++) {
        const char *text = n ? cli_item(r->args, "precision", i) : s->precision;
        ad_type type = !strcmp(text, "float32") ? AD_F32 : !strcmp(text, "float64") ? AD_F64 : 0;
        if (!type)
            return ad_fail(AD_INVALID, "--precision %.40s is neither float32 nor float64", text);
        if (l->types == 2) return ad_fail(AD_INVALID, "--precision names one twice");
        l->type[l->types++] = type;
    }
    return AD_OK;
}

/* A list of numbers > 0. */
static ad_status choose_numbers(const repro *r, const char *key, double standard, double *x,
                                int *count)
{
    int n = cli_list(r->args, key);
    if (n > REPRO_LIST) return full(key);
    x[0]   = standard;
    *count = n ? n : 1;
    for (int i = 0; i < n; i++)
        if (!cli_parse_number(cli_item(r->args, key, i), &x[i]) || !(x[i] > 0))
            return ad_fail(AD_INVALID, "--%s %.40s is no number greater than 0", key,
                           cli_item(r->args, key, i));
    return AD_OK;
}

/* "0..2", "7" or both in a list. */
static ad_status choose_seeds(const char *text, lists *l)
{
    const char *at = text;
    do {
        char *end;
        long  from = strtol(at, &end, 10), to = from;
        int   read = end > at && isdigit((unsigned char)*at);
        if (read && !strncmp(end, "..", 2)) {
            at   = end + 2;
            to   = strtol(at, &end, 10);
            read = end > at && isdigit((unsigned char)*at);
        }
        if (!read || to < from || (*end && *end != ','))
            return ad_fail(AD_INVALID, "--seeds %.40s reads neither as 0..2 nor as 0,1,2", text);
        if (to - from >= REPRO_LIST - l->seeds) return full("seeds");
        for (long s = from; s <= to; s++) l->seed[l->seeds++] = s;
        at = *end ? end + 1 : end;
    } while (*at);
    return AD_OK;
}

static ad_status positive(const repro *r, const char *key, long standard, long *x)
{
    *x = cli_given(r->args, key) ? cli_integer(r->args, key) : standard;
    return *x > 0 ? AD_OK : ad_fail(AD_INVALID, "--%s %ld must be at least 1", key, *x);
}

/* --- a trial ------------------------------------------------------------------------------------------------------------- */

/* The row's regularizer with its coefficients times the scale. What steer takes is no coefficient but a width. */
static ad_status scaled(repro_trial *t)
{
    const char *text = t->row->regularizer ? t->row->regularizer : "";
    AD_TRY(reg_parse(text, REPRO_TERMS, t->term, &t->terms));
    snprintf(t->regularizer, sizeof t->regularizer, "%s", text);
    if (t->scale == 1) return AD_OK;
    t->regularizer[0] = 0;
    for (int i = 0; i < t->terms; i++) {
        char      one[128];
        size_t    n = strlen(t->regularizer);
        reg_term *k = &t->term[i];
        reg_term_text(k, one, sizeof one);
        if (strncmp(one, "steer", 5)) {
            k->lambda.from *= t->scale;
            k->lambda.to *= t->scale;
            reg_term_text(k, one, sizeof one);
        }
        snprintf(t->regularizer + n, sizeof t->regularizer - n, "%s%s", i ? "," : "", one);
    }
    return AD_OK;
}

static int can_scale(const repro_row *row)
{
    const char *text = row->regularizer;
    return text && (strncmp(text, "steer", 5) || strchr(text, ','));
}

const char *repro_precision(const repro_trial *t)
{
    return t->type == AD_F32 ? "float32" : "float64";
}

static void name_trial(repro_trial *t)
{
    const char *const *sets    = t->r->e->sets;
    char               own[64] = "", scale[32] = "";
    if (t->row == &t->r->own) {
        snprintf(own, sizeof own, "-%s", t->row->regularizer);
        for (char *p = own; *p; p++)
            if (!isalnum((unsigned char)*p) && !strchr("+-.", *p)) *p = '_';
    }
    if (t->scale != 1) snprintf(scale, sizeof scale, "-x%g", t->scale);
    snprintf(t->name, sizeof t->name, "%s%s%s%s%s-%s-%g-b%ld-n%ld-s%ld", sets ? sets[t->set] : "",
             sets ? "-" : "", t->row->name, own, scale, repro_precision(t), t->rtol, t->batch,
             t->iterations, t->seed);
}

static ad_status make_trial(repro *r, const lists *l, const repro_trial *what)
{
    repro_trial *t = &r->trial[r->trials];
    *t             = *what;
    t->r           = r;
    t->batch       = l->batch;
    t->iterations  = l->iterations;
    AD_TRY(scaled(t));
    name_trial(t);
    r->trials++;
    r->total += t->iterations;
    return AD_OK;
}

/* One seed, precision, tolerance and set: the rows, each with its coefficients. */
static ad_status make_rows(repro *r, const lists *l, repro_trial *t)
{
    for (int k = 0; k < l->rows; k++)
        for (int c = 0; c < (can_scale(l->row[k]) ? l->scales : 1); c++) {
            t->row   = l->row[k];
            t->scale = can_scale(l->row[k]) ? l->scale[c] : 1;
            AD_TRY(make_trial(r, l, t));
        }
    return AD_OK;
}

static ad_status make_trials(repro *r, const lists *l)
{
    long blocks = (long)l->seeds * l->types * l->rtols * l->sets,
         most   = blocks * l->rows * l->scales;
    if (most > MOST_TRIALS)
        return ad_fail(AD_INVALID, "that is %ld trials; %d are the most", most, MOST_TRIALS);
    r->trial = ad_alloc((size_t)most * sizeof *r->trial);
    if (!r->trial) return AD_NO_MEMORY;
    for (long i = 0; i < blocks; i++) {
        long        at = i;
        repro_trial t  = { 0 };
        t.set          = l->set[at % l->sets], at /= l->sets;
        t.rtol         = l->rtol[at % l->rtols], at /= l->rtols;
        t.type         = l->type[at % l->types], at /= l->types;
        t.seed         = l->seed[at];
        AD_TRY(make_rows(r, l, &t));
    }
    return AD_OK;
}

ad_status repro_choose(repro *r)
{
    const repro_settings *s     = r->quick ? &r->e->quick : &r->e->standard;
    const char           *own   = cli_text(r->args, "regularizer");
    const char           *seeds = cli_text(r->args, "seeds");
    lists                 l     = { 0 };
    if (own) r->own = (repro_row){ .name = "own", .title = own, .regularizer = own };
    AD_TRY(choose_sets(r, &l));
    AD_TRY(choose_rows(r, &l));
    AD_TRY(choose_types(r, s, &l));
    AD_TRY(choose_numbers(r, "rtol", s->rtol, l.rtol, &l.rtols));
    AD_TRY(choose_numbers(r, "coefficient", 1, l.scale, &l.scales));
    AD_TRY(choose_seeds(seeds ? seeds : s->seeds, &l));
    AD_TRY(positive(r, "batch", s->batch, &l.batch));
    AD_TRY(positive(r, "iterations", s->iterations, &l.iterations));
    long tenth = l.iterations > 10 ? l.iterations / 10 : 1;
    AD_TRY(positive(r, "every", s->every ? s->every : tenth, &r->every));
    r->train = cli_given(r->args, "train") ? cli_integer(r->args, "train") : s->train;
    r->test  = cli_given(r->args, "test") ? cli_integer(r->args, "test") : s->test;
    if (r->train < 0 || r->test < 0)
        return ad_fail(AD_INVALID, "--train and --test count samples; 0 takes all");
    return make_trials(r, &l);
}
