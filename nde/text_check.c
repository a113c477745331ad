/* text_check.c - statements into a system: definitions, equations, loss; what stands beside them is in text_check_more.c. */
#include <stdio.h>
#include <string.h>

#include "text_internal.h"

enum { PARAMETERS = 10000, DEFINITIONS = 10000, NETWORKS = 1000 };

#define FAIL(s, t, ...) nde_text_fail((s)->file, (t)->line, (t)->column, __VA_ARGS__)

static char *name_of(nde_system *s, const text_token *t)
{
    char *name = ad_arena_alloc(s->arena, (size_t)t->length + 1);
    if (name) memcpy(name, t->at, (size_t)t->length);
    return name;
}

/* --- networks ----------------------------------------------------------------------------------------------------- */

text_nn_view nde_text_nn(const nde_system *s, int place)
{
    const int *pool = TEXT_POOL(s) + place;
    return (text_nn_view){ pool[0], pool[1], pool + 2, pool + 2 + pool[0] };
}

/* Do two pieces of text agree but for blanks? Blanks never separate two names in an expression. */
static int same_text(const text_token *a, const text_token *b)
{
    const char *p = a->at, *q = b->at, *p_end = p + a->length, *q_end = q + b->length;
    for (;; p++, q++) {
        while (p < p_end && (*p == ' ' || *p == '\t')) p++;
        while (q < q_end && (*q == ' ' || *q == '\t')) q++;
        if (p == p_end || q == q_end) return p == p_end && q == q_end;
        if (*p != *q) return 0;
    }
}

/* "nn", "nn2", ...: the first that no symbol has. */
static char *inline_name(nde_system *s, int number)
{
    char name[32] = "nn";
    for (; number > 1; number++) {
        int n = snprintf(name, sizeof name, "nn%d", number);
        if (!nde_text_symbol_find(s, name, n)) break;
    }
    for (int i = 0; i < s->networks.count; i++)
        if (strcmp(TEXT_NETWORKS(s)[i].about.name, name) == 0) return inline_name(s, number + 1);
    return ad_arena_strdup(s->arena, name);
}

static ad_status network_fill(nde_system *s, text_network *f)
{
    text_nn_view v     = nde_text_nn(s, f->place);
    long        *width = ad_arena_alloc(s->arena, ((size_t)v.hidden + 1) * sizeof *width);
    if (!width || !f->about.name) return AD_NO_MEMORY;
    for (int i = 0; i < v.hidden; i++) width[i] = v.width[i];
    f->about.inputs = v.inputs;
    f->about.hidden = v.hidden;
    f->about.widths = width;
    return AD_OK;
}

/* definition >= 0: a named one; else the inline network of that text, an old one if there is. */
ad_status nde_text_network_add(nde_system *s, text_token source, int place, int definition,
                               int *index)
{
    int inlined = 0;
    for (int i = 0; definition < 0 && i < s->networks.count; i++) {
        text_network *f = TEXT_NETWORKS(s) + i;
        if (f->definition >= 0) continue;
        inlined++;
        *index = i;
        if (same_text(&f->source, &source)) return AD_OK;
    }
    if (s->networks.count == NETWORKS) return FAIL(s, &source, "more than %d networks", NETWORKS);
    text_network f = { .place = place, .definition = definition, .source = source };
    if (definition >= 0)
        f.about.name = name_of(s, &TEXT_DEFINITIONS(s)[definition].name);
    else
        f.about.name = inline_name(s, inlined + 1);
    AD_TRY(network_fill(s, &f));
    text_network *at = nde_text_list_add(&s->networks);
    if (!at) return AD_NO_MEMORY;
    *at    = f;
    *index = s->networks.count - 1;
    return AD_OK;
}

/* --- first pass: what the names are -------------------------------------------------------------------------------- */

static ad_status add_parameter(nde_system *s, const text_statement *st)
{
    int i = s->parameters.count;
    if (i == PARAMETERS) return FAIL(s, &st->name, "more than %d parameters", PARAMETERS);
    AD_TRY(nde_text_symbol_add(s, &st->name, TEXT_IS_PARAMETER, i, -1));
    nde_system_parameter *p = nde_text_list_add(&s->parameters);
    if (!p) return AD_NO_MEMORY;
    p->name  = name_of(s, &st->name);
    p->value = st->value;
    return p->name ? AD_OK : AD_NO_MEMORY;
}

static ad_status add_definition(nde_system *s, const text_statement *st)
{
    int d = s->definitions.count;
    if (d == DEFINITIONS) return FAIL(s, &st->name, "more than %d auxiliaries", DEFINITIONS);
    text_definition *at = nde_text_list_add(&s->definitions);
    if (!at) return AD_NO_MEMORY;
    *at = (text_definition){ .name = st->name, .a = st->a, .network = -1 };

    const text_node *root = TEXT_NODES(s) + st->a.end - 1;
    if (root->op != TEXT_NN || root->ref >= 0)
        return nde_text_symbol_add(s, &st->name, TEXT_IS_AUXILIARY, d, d);
    int network;
    AD_TRY(nde_text_network_add(s, root->source, root->in[0], d, &network));
    TEXT_DEFINITIONS(s)[d].network = network;
    return nde_text_symbol_add(s, &st->name, TEXT_IS_NETWORK, network, d);
}

static ad_status add_state(nde_system *s, const text_statement *st)
{
    int i = s->states.count;
    if (i == NDE_SYSTEM_STATES)
        return FAIL(s, &st->name, "more than %d equations in one system", NDE_SYSTEM_STATES);
    AD_TRY(nde_text_symbol_add(s, &st->name, TEXT_IS_STATE, i, -1));
    nde_system_state *x        = nde_text_list_add(&s->states);
    text_expr        *equation = nde_text_list_add(&s->equations);
    if (!x || !equation || !nde_text_list_add(&s->starts)) return AD_NO_MEMORY;
    *equation = st->a;
    x->name   = name_of(s, &st->name);
    return x->name ? AD_OK : AD_NO_MEMORY;
}

static ad_status add_names(nde_system *s)
{
    for (int i = 0; i < s->statements.count; i++) {
        const text_statement *st = (text_statement *)s->statements.item + i;
        if (st->verb == TEXT_EQUATION) AD_TRY(add_state(s, st));
        if (st->verb == TEXT_DEFINE && st->number) AD_TRY(add_parameter(s, st));
        if (st->verb == TEXT_DEFINE && !st->number) AD_TRY(add_definition(s, st));
    }
    return AD_OK;
}

/* --- second pass: what the expressions mean ------------------------------------------------------------------------ */

static ad_status resolve_all(nde_system *s)
{
    unsigned          depends;
    const text_token *loss = NULL;
    for (int i = 0, d = 0; i < s->statements.count; i++) {
        const text_statement *st = (text_statement *)s->statements.item + i;
        if (st->verb == TEXT_EQUATION) AD_TRY(nde_text_resolve(s, st->a, -1, &depends));
        if (st->verb == TEXT_DEFINE && !st->number) {
            AD_TRY(nde_text_resolve(s, st->a, d, &depends));
            TEXT_DEFINITIONS(s)[d++].depends = depends;
        }
        if (st->verb != TEXT_LOSS) continue;
        if (loss) return FAIL(s, &st->name, "a second loss; the first is on line %d", loss->line);
        loss    = &st->name;
        s->loss = st->a;
        AD_TRY(nde_text_resolve(s, st->a, -1, &depends));
    }
    return AD_OK;
}

/* Numbers of weights; each layer's product fits a double exactly. */
static ad_status check_networks(nde_system *s)
{
    enum { WEIGHTS = 100000000 };
    double all = 0;
    for (int i = 0; i < s->networks.count; i++) {
        text_network *f  = TEXT_NETWORKS(s) + i;
        double        in = f->about.inputs;
        if (f->about.outputs == 0)
            return FAIL(s, &f->source, "network %s is never used; its first output is %s[0]",
                        f->about.name, f->about.name);
        for (int l = 0; l <= f->about.hidden; l++) {
            double out = l < f->about.hidden ? (double)f->about.widths[l] : f->about.outputs;
            all += (in + 1) * out;
            in = out;
        }
        if (all > WEIGHTS)
            return FAIL(s, &f->source,
                        "the networks have more than %d weights; narrow the hidden layers",
                        WEIGHTS);
        f->offset = s->outputs;
        s->outputs += f->about.outputs;
    }
    return AD_OK;
}

static ad_status publish(nde_system *s)
{
    size_t networks = (size_t)s->networks.count, states = (size_t)s->states.count;
    s->network_info = ad_alloc((networks + 1) * sizeof *s->network_info);
    s->part         = ad_alloc((states + 1) * sizeof *s->part);
    if (!s->network_info || !s->part) return AD_NO_MEMORY;
    for (size_t i = 0; i < networks; i++) s->network_info[i] = TEXT_NETWORKS(s)[i].about;
    for (size_t i = 0; i < states; i++) {
        const nde_system_state *x = (nde_system_state *)s->states.item + i;
        s->part[i]                = (nde_part){ .name = x->name, .shape = ad_rows(1) };
    }
    nde_system_info *a = &s->about;
    a->states = s->states.count, a->state = s->states.item;
    a->parameters = s->parameters.count, a->parameter = s->parameters.item;
    a->networks = s->networks.count, a->network = s->network_info;
    a->columns = s->columns.count, a->column = s->columns.item;
    a->breaks = s->breaks.count, a->break_at = s->breaks.item;
    a->has_loss = s->loss.end > 0;
    return AD_OK;
}

ad_status nde_text_check(nde_system *s)
{
    AD_TRY(add_names(s));
    if (s->states.count == 0)
        return ad_fail(AD_BAD_FILE, "%s: found no equation, expected at least one, such as x' = -x",
                       s->file);
    AD_TRY(resolve_all(s));
    AD_TRY(nde_text_check_statements(s));
    AD_TRY(check_networks(s));
    AD_TRY(publish(s));
    return nde_text_refresh(s);
}
