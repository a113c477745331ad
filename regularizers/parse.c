/* parse.c - terms as they are typed.

       TERM[,TERM..],   TERM = NAME[+OPTION..]:FROM[..TO][@SHAPE][/epoch]                                      (1) */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <costate/autodiff/text.h>

#include "kind.h"

enum { WORD = 64, NAMES = 64 };

static const char *const shapes[] = { "constant", "linear", "exponential", "inverse" };

/* A term's text being read. */
typedef struct reader {
    const char *at, *end; /* what is left of it */
    const char *term;     /* where it begins    */
    int         length;   /* of the whole term  */
} reader;

static ad_status mistake(const reader *r, const char *what)
{
    return ad_fail(
        AD_INVALID,
        "the regularizer '%.*s' %s; a term reads NAME[+OPTION]:FROM[..TO][@SHAPE][/epoch], as in "
        "error:100..10 or taynode3:0.003",
        r->length, r->term, what);
}

/* The letters up to one of `stops`. */
static void word(reader *r, const char *stops, char out[WORD])
{
    size_t n = 0;
    for (; r->at < r->end && !strchr(stops, *r->at); r->at++)
        if (n + 1 < WORD) out[n++] = *r->at;
    out[n] = 0;
}

/* --- the name ---------------------------------------------------------------------------------------------------------- */

static ad_status unknown(const reader *r, const char *name)
{
    const char *names[NAMES];
    char        list[512] = "";
    int         n         = reg_kind_count();
    for (int i = 0; i < n; i++) {
        const reg_kind *k    = reg_kind_at(i);
        size_t          used = strlen(list);
        names[i]             = k->about.name;
        snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", k->about.name);
    }
    const char *near = ad_nearest(name, n, names);
    if (near)
        return ad_fail(AD_INVALID,
                       "no regularizer is called '%s' (in '%.*s'); did you mean '%s'? There are %s",
                       name, r->length, r->term, near, list);
    return ad_fail(AD_INVALID, "no regularizer is called '%s' (in '%.*s'); there are %s", name,
                   r->length, r->term, list);
}

static ad_status read_name(reader *r, reg_term *t)
{
    char name[WORD], *digit = name;
    word(r, "+:", name);
    for (int i = 0; i < reg_kind_count();
         i++) /* names that end in digits of their own come first */
        if (!strcmp(name, reg_kind_at(i)->about.name)) t->kind = reg_kind_at(i);
    if (!t->kind) {
        while (*digit && !isdigit((unsigned char)*digit)) digit++;
        char *rest = digit, stem[WORD];
        long  k    = *digit ? strtol(digit, &rest, 10) : 0;
        snprintf(stem, sizeof stem, "%.*s", (int)(digit - name), name);
        for (int i = 0; i < reg_kind_count() && *digit && !*rest; i++)
            if (!strcmp(stem, reg_kind_at(i)->about.name)) t->kind = reg_kind_at(i);
        t->order = (int)(k > 1000 ? 1000 : k);
    }
    if (!t->kind) return unknown(r, name);
    const reg_kind *k = t->kind;
    if (!k->order_most && t->order) return unknown(r, name);
    if (k->order_most && (t->order < k->order_least || t->order > k->order_most))
        return ad_fail(AD_INVALID, "%s needs its order in the name, %s%d to %s%d; '%.*s' has %s%d",
                       k->about.name, k->about.name, k->order_least, k->about.name, k->order_most,
                       r->length, r->term, t->order ? "" : "none: ", t->order);
    return AD_OK;
}

/* --- options ----------------------------------------------------------------------------------------------------------- */

/* The i-th of the space-separated words of list: 1, or 0 behind the last. */
static int option_at(const char *list, int i, char out[WORD])
{
    while (list && *list) {
        size_t n = strcspn(list, " ");
        if (i-- == 0) {
            snprintf(out, WORD, "%.*s", (int)n, list);
            return 1;
        }
        list += n + (list[n] == ' ');
    }
    return 0;
}

static ad_status read_options(reader *r, reg_term *t)
{
    while (r->at < r->end && *r->at == '+') {
        char typed[WORD], have[WORD];
        r->at++;
        word(r, "+:", typed);
        int i = 0;
        while (option_at(t->kind->about.options, i, have) && strcmp(have, typed)) i++;
        if (!option_at(t->kind->about.options, i, have))
            return ad_fail(AD_INVALID, "%s has no option '%s' (in '%.*s'); it has: %s",
                           t->kind->about.name, typed, r->length, r->term,
                           t->kind->about.options ? t->kind->about.options : "none");
        t->options |= 1u << i;
    }
    return AD_OK;
}

/* --- the coefficient --------------------------------------------------------------------------------------------------- */

static ad_status read_number(reader *r, double *x)
{
    char text[WORD], *rest;
    int  n = 0;
    /* "100..10": a number ends where two dots begin */
    while (r->at < r->end && n + 1 < WORD && !strchr("@/", *r->at) &&
           !(r->at[0] == '.' && r->at + 1 < r->end && r->at[1] == '.'))
        text[n++] = *r->at++;
    text[n] = 0;
    *x      = strtod(text, &rest);
    if (n == 0) return mistake(r, "lacks a number");
    if (*rest) {
        char what[3 * WORD];
        snprintf(what, sizeof what,
                 "has '%s' where a number is wanted (a change over training is FROM..TO)", text);
        return mistake(r, what);
    }
    if (!isfinite(*x) || *x < 0) return mistake(r, "needs a finite coefficient of at least 0");
    return AD_OK;
}

static ad_status read_shape(reader *r, reg_coefficient *c, int ranged)
{
    c->shape = ranged ? REG_EXPONENTIAL : REG_CONSTANT;
    if (r->at < r->end && *r->at == '@') {
        char name[WORD];
        r->at++;
        word(r, "/", name);
        int i = 0;
        while (i < 4 && strcmp(shapes[i], name)) i++;
        if (i == 4)
            return mistake(r, "has an unknown shape behind @; there are constant, linear, "
                              "exponential and inverse");
        c->shape = (reg_shape)i;
    }
    if (r->at < r->end) {
        if (strncmp(r->at, "/epoch", (size_t)(r->end - r->at)) || r->end - r->at != 6)
            return mistake(r, "has something behind its coefficient that is not /epoch");
        c->epochs = 1;
    }
    if (c->shape == REG_CONSTANT && ranged && c->from != c->to)
        return mistake(r, "is constant, yet goes FROM..TO");
    if (c->shape != REG_CONSTANT && !ranged)
        return mistake(r, "changes over training: write FROM..TO");
    if ((c->shape == REG_EXPONENTIAL || c->shape == REG_INVERSE) && (c->from <= 0 || c->to <= 0))
        return mistake(r, "cannot go from or to 0 that way: use @linear");
    return AD_OK;
}

static ad_status read_coefficient(reader *r, reg_term *t)
{
    reg_coefficient *c = &t->lambda;
    if (r->at >= r->end || *r->at != ':') return mistake(r, "lacks a coefficient");
    r->at++;
    AD_TRY(read_number(r, &c->from));
    c->to      = c->from;
    int ranged = r->at < r->end && *r->at == '.';
    if (ranged) {
        r->at += 2;
        AD_TRY(read_number(r, &c->to));
    }
    return read_shape(r, c, ranged);
}

/* --- all ------------------------------------------------------------------------------------------------------------------ */

static ad_status read_term(const char *from, const char *to, reg_term *t)
{
    while (from < to && *from == ' ') from++;
    while (to > from && to[-1] == ' ') to--;
    reader r = { from, to, from, (int)(to - from) };
    *t       = (reg_term){ 0 };
    if (from == to)
        return ad_fail(AD_INVALID,
                       "an empty regularizer between commas; write error:100..10,kinetic:0.01");
    AD_TRY(read_name(&r, t));
    AD_TRY(read_options(&r, t));
    return read_coefficient(&r, t);
}

ad_status reg_parse(const char *text, int most, reg_term *term, int *count)
{
    *count = 0;
    if (!text || !*text || !strcmp(text, "none")) return AD_OK;
    for (;;) {
        const char *to = text + strcspn(text, ",");
        if (*count == most) return ad_fail(AD_INVALID, "more than %d regularizers at once", most);
        AD_TRY(read_term(text, to, &term[*count]));
        for (int i = 0; i < *count; i++)
            if (term[i].kind == term[*count].kind && term[i].order == term[*count].order &&
                term[i].options == term[*count].options)
                return ad_fail(AD_INVALID, "the regularizer %s stands there twice",
                               term[i].kind->about.name);
        ++*count;
        if (!*to) return AD_OK;
        text = to + 1;
    }
}

char *reg_term_text(const reg_term *t, char *text, size_t size)
{
    char option[WORD], order[16] = "";
    if (t->order) snprintf(order, sizeof order, "%d", t->order);
    size_t n = (size_t)snprintf(text, size, "%s%s", t->kind->about.name, order);
    for (int i = 0; option_at(t->kind->about.options, i, option) && n < size; i++)
        if (t->options >> i & 1) n += (size_t)snprintf(text + n, size - n, "+%s", option);
    if (n < size) n += (size_t)snprintf(text + n, size - n, ":%.10g", t->lambda.from);
    if (n < size && t->lambda.shape != REG_CONSTANT)
        n += (size_t)snprintf(text + n, size - n, "..%.10g@%s", t->lambda.to,
                              shapes[t->lambda.shape]);
    if (n < size && t->lambda.epochs) snprintf(text + n, size - n, "/epoch");
    return text;
}
