/* text_check_more.c - what stands beside the equations: interval, start values, breaks, fit, observe. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "text_internal.h"

enum { BREAKS = 10000 };

#define FAIL(s, t, ...) nde_text_fail((s)->file, (t)->line, (t)->column, __VA_ARGS__)
#define PARAMETER_AT(s) ((nde_system_parameter *)(s)->parameters.item)
#define STATE_AT(s)     ((nde_system_state *)(s)->states.item)
#define STATEMENT(s, i) ((const text_statement *)(s)->statements.item + (i))

static const text_token *place_of(const nde_system *s, text_expr e)
{
    return &TEXT_NODES(s)[e.first].source;
}

ad_status nde_text_constant(nde_system *s, text_expr e, const char *what, double *value)
{
    unsigned depends;
    AD_TRY(nde_text_resolve(s, e, -1, &depends));
    const text_token *at = place_of(s, e);
    if (depends & TEXT_ON_PARAMETER)
        return FAIL(s, at, "%s must be a constant, but depends on a parameter; write its number",
                    what);
    if (depends) return FAIL(s, at, "%s must be a constant, but depends on t or a state", what);
    AD_TRY(nde_text_evaluate(s, 0, NULL, NULL, 1, &e, value));
    if (!isfinite(*value)) return FAIL(s, at, "%s is %g, expected a finite number", what, *value);
    return AD_OK;
}

static ad_status check_interval(nde_system *s, const text_statement *st)
{
    nde_system_info *a = &s->about;
    if (a->has_interval) return FAIL(s, &st->name, "a second interval; one is enough");
    a->has_interval = 1;
    AD_TRY(nde_text_constant(s, st->a, "the start of the interval", &a->t0));
    AD_TRY(nde_text_constant(s, st->b, "the end of the interval", &a->t1));
    if (a->t0 == a->t1) return FAIL(s, &st->name, "the interval %g .. %g is empty", a->t0, a->t1);
    return AD_OK;
}

static ad_status state_named(nde_system *s, const text_token *name, const char *use, int *state)
{
    const text_symbol *x = nde_text_symbol_find(s, name->at, name->length);
    char               hint[96];
    if (!x)
        return FAIL(s, name, "'%.*s' has no equation%s; %s", name->length, name->at,
                    nde_text_nearest(s, name->at, name->length, hint), use);
    if (x->meaning != TEXT_IS_STATE)
        return FAIL(s, name, "'%.*s' is no state: it has no equation, line %d defines it; %s",
                    name->length, name->at, x->name.line, use);
    *state = x->index;
    return AD_OK;
}

/* x(0) or x(the start of the interval); x(t0) says the same. Where the data bring the interval any number does. */
static ad_status check_start_time(nde_system *s, const text_statement *st)
{
    const text_node *n = TEXT_NODES(s) + st->a.first;
    double           at;
    if (st->a.end - st->a.first == 1 && n->op == TEXT_WORD && n->source.length == 2 &&
        !memcmp(n->source.at, "t0", 2))
        return AD_OK;
    AD_TRY(nde_text_constant(s, st->a, "the time of a start value", &at));
    if (at == 0 || !s->about.has_interval || at == s->about.t0) return AD_OK;
    return FAIL(s, place_of(s, st->a),
                "a start value at %g, but the interval starts at %g; write %.*s(%g) or %.*s(0)", at,
                s->about.t0, st->name.length, st->name.at, s->about.t0, st->name.length,
                st->name.at);
}

static ad_status check_start(nde_system *s, const text_statement *st)
{
    int      i       = 0;
    unsigned depends = 0;
    AD_TRY(state_named(s, &st->name, "a start value belongs to a state", &i));
    nde_system_state *x = STATE_AT(s) + i;
    if (x->start != NDE_START_NONE)
        return FAIL(s, &st->name, "a second start value of %s", x->name);
    AD_TRY(check_start_time(s, st));
    AD_TRY(nde_text_resolve(s, st->b, -1, &depends));
    if (depends & ~(unsigned)TEXT_ON_PARAMETER)
        return FAIL(s, place_of(s, st->b),
                    "a start value is a number or an expression of parameters; it cannot "
                    "depend on t, a state or a network");
    x->start = depends ? NDE_START_EXPRESSION : NDE_START_NUMBER;
    if (depends) {
        TEXT_STARTS(s)[i] = st->b;
        return AD_OK;
    }
    return nde_text_constant(s, st->b, "a start value", &x->y0);
}

static ad_status check_break(nde_system *s, const text_statement *st)
{
    double value;
    if (s->breaks.count == BREAKS) return FAIL(s, &st->name, "more than %d break points", BREAKS);
    AD_TRY(nde_text_constant(s, st->a, "a break point", &value));
    double *at = nde_text_list_add(&s->breaks);
    if (!at) return AD_NO_MEMORY;
    *at = value;
    return AD_OK;
}

static ad_status check_bounds(nde_system *s, const text_statement *st, nde_system_parameter *p)
{
    AD_TRY(nde_text_constant(s, st->a, "a bound", &p->lo));
    AD_TRY(nde_text_constant(s, st->b, "a bound", &p->hi));
    p->bounded = 1;
    if (p->lo >= p->hi)
        return FAIL(s, place_of(s, st->a), "the bounds %g .. %g are %s", p->lo, p->hi,
                    p->lo > p->hi ? "reversed; the smaller one comes first" : "one number");
    if (p->value < p->lo || p->value > p->hi)
        return FAIL(s, &st->name, "%s = %g lies outside its bounds %g .. %g", p->name, p->value,
                    p->lo, p->hi);
    return AD_OK;
}

static ad_status check_fit(nde_system *s, const text_statement *st)
{
    static const char *const what[] = { "a state", "a parameter", "an auxiliary",
                                        "a network, which is always fitted" };

    const text_token  *name = &st->name;
    const text_symbol *p    = nde_text_symbol_find(s, name->at, name->length);
    char               hint[96];
    if (!p)
        return FAIL(s, name, "nothing is called '%.*s'%s", name->length, name->at,
                    nde_text_nearest(s, name->at, name->length, hint));
    if (p->meaning != TEXT_IS_PARAMETER)
        return FAIL(s, name, "'%.*s' is %s; fit names parameters: names given one signed number",
                    name->length, name->at, what[p->meaning]);
    nde_system_parameter *q = PARAMETER_AT(s) + p->index;
    if (q->fit) return FAIL(s, name, "'%s' is fitted twice", q->name);
    q->fit = 1;
    return st->a.end ? check_bounds(s, st, q) : AD_OK;
}

static ad_status check_observe(nde_system *s, const text_statement *st)
{
    int state = 0;
    AD_TRY(state_named(s, &st->name, "a column shows a state", &state));
    for (int i = 0; i < s->columns.count; i++) {
        const nde_system_column *c = (nde_system_column *)s->columns.item + i;
        if ((int)strlen(c->name) == st->other.length &&
            !strncasecmp(c->name, st->other.at, (size_t)st->other.length))
            return FAIL(s, &st->other, "column %s is given to a state twice", c->name);
        if (c->state == state)
            return FAIL(s, &st->name, "'%s' is observed already, by column %s",
                        STATE_AT(s)[state].name, c->name);
    }
    nde_system_column *c    = nde_text_list_add(&s->columns);
    char              *name = c ? ad_arena_alloc(s->arena, (size_t)st->other.length + 1) : NULL;
    if (!name) return AD_NO_MEMORY;
    memcpy(name, st->other.at, (size_t)st->other.length);
    *c = (nde_system_column){ name, state };
    return AD_OK;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void tidy(nde_system *s)
{
    double *at = s->breaks.item;
    int     n = 0, any = 0;
    if (s->breaks.count) qsort(at, (size_t)s->breaks.count, sizeof *at, ascending);
    for (int i = 0; i < s->breaks.count; i++)
        if (n == 0 || at[i] != at[n - 1]) at[n++] = at[i];
    s->breaks.count = n;
    for (int i = 0; i < s->parameters.count; i++) any |= PARAMETER_AT(s)[i].fit;
    for (int i = 0; !any && i < s->parameters.count; i++) PARAMETER_AT(s)[i].fit = 1;
}

ad_status nde_text_check_statements(nde_system *s)
{
    static ad_status (*const check[])(nde_system *,
                                      const text_statement *) = { [TEXT_START]   = check_start,
                                                                  [TEXT_BREAK]   = check_break,
                                                                  [TEXT_FIT]     = check_fit,
                                                                  [TEXT_OBSERVE] = check_observe };

    for (int i = 0; i < s->statements.count; i++)
        if (STATEMENT(s, i)->verb == TEXT_INTERVAL) AD_TRY(check_interval(s, STATEMENT(s, i)));
    for (int i = 0; i < s->statements.count; i++) {
        text_verb verb = STATEMENT(s, i)->verb;
        if (check[verb]) AD_TRY(check[verb](s, STATEMENT(s, i)));
    }
    tidy(s);
    return AD_OK;
}

ad_status nde_text_refresh(nde_system *s)
{
    const text_expr *e = TEXT_STARTS(s);
    for (int i = 0; i < s->states.count; i++) {
        nde_system_state *x = STATE_AT(s) + i;
        if (x->start == NDE_START_EXPRESSION)
            AD_TRY(nde_text_evaluate(s, 0, NULL, NULL, 1, &e[i], &x->y0));
    }
    return AD_OK;
}
