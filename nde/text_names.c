/* text_names.c - what names mean: a hash table, and the walk that gives every name of an expression its meaning. */
#include <stdio.h>
#include <string.h>

#include <costate/autodiff/text.h>

#include "text_internal.h"

static uint64_t hash(const char *name, int length)
{
    uint64_t h = 14695981039346656037u; /* FNV-1a */
    for (int i = 0; i < length; i++) h = (h ^ (unsigned char)name[i]) * 1099511628211u;
    return h;
}

/* The slot of a name, or the empty one where it belongs. */
static int *slot_of(const nde_system *s, const char *name, int length)
{
    const text_symbol *symbol = s->symbols.item;
    for (uint64_t h = hash(name, length);; h++) {
        int *slot = &s->slot[h & (uint64_t)(s->slots - 1)];
        if (*slot == 0) return slot;
        const text_token *t = &symbol[*slot - 1].name;
        if (t->length == length && memcmp(t->at, name, (size_t)length) == 0) return slot;
    }
}

static ad_status grow_slots(nde_system *s)
{
    int  slots = s->slots ? 2 * s->slots : 64;
    int *slot  = ad_alloc((size_t)slots * sizeof *slot);
    if (!slot) return AD_NO_MEMORY;
    ad_free(s->slot);
    s->slot  = slot;
    s->slots = slots;
    for (int i = 0; i < s->symbols.count; i++) {
        const text_token *t           = &((text_symbol *)s->symbols.item)[i].name;
        *slot_of(s, t->at, t->length) = i + 1;
    }
    return AD_OK;
}

text_symbol *nde_text_symbol_find(const nde_system *s, const char *name, int length)
{
    int i = s->slots ? *slot_of(s, name, length) : 0;
    return i ? (text_symbol *)s->symbols.item + i - 1 : NULL;
}

ad_status nde_text_symbol_add(nde_system *s, const text_token *name, text_meaning m, int index,
                              int definition)
{
    const text_symbol *old = nde_text_symbol_find(s, name->at, name->length);
    if (old)
        return nde_text_fail(s->file, name->line, name->column,
                             "'%.*s' is defined twice; first on line %d", name->length, name->at,
                             old->name.line);
    if (2 * (s->symbols.count + 1) > s->slots) AD_TRY(grow_slots(s));
    text_symbol *at = nde_text_list_add(&s->symbols);
    if (!at) return AD_NO_MEMORY;
    *at = (text_symbol){ .name = *name, .meaning = m, .index = index, .definition = definition };
    *slot_of(s, name->at, name->length) = s->symbols.count;
    return AD_OK;
}

static void consider(const char *word, const char *name, int length, char best[64], int *fewest)
{
    char        text[64];
    const char *one = text;
    if (length > 63) return;
    snprintf(text, sizeof text, "%.*s", length, name);
    int edits = ad_edit_distance(word, text);
    if (edits >= *fewest || !ad_nearest(word, 1, &one)) return;
    memcpy(best, text, sizeof text);
    *fewest = edits;
}

/* s: among its names; functions always. A word of one letter has no near one. */
const char *nde_text_nearest(const nde_system *s, const char *name, int length, char hint[96])
{
    enum { MANY = 100000 };
    char word[64], best[64] = "";
    int  fewest = MANY;
    if (length > 63) return "";
    snprintf(word, sizeof word, "%.*s", length, name);
    for (int i = 0; s && i < s->symbols.count && i < MANY; i++) {
        const text_token *t = &((text_symbol *)s->symbols.item)[i].name;
        consider(word, t->at, t->length, best, &fewest);
    }
    for (int i = 0; nde_text_function_at(i); i++) {
        const char *f = nde_text_function_at(i)->name;
        consider(word, f, (int)strlen(f), best, &fewest);
    }
    if (!*best) return "";
    snprintf(hint, 96, "; did you mean '%s'?", best);
    return hint;
}

#define FAIL(s, n, ...) nde_text_fail((s)->file, (n)->source.line, (n)->source.column, __VA_ARGS__)

static int word_is(const text_token *t, const char *word)
{
    return (int)strlen(word) == t->length && memcmp(t->at, word, (size_t)t->length) == 0;
}

/* pi, t; what is reserved without being a number */
static ad_status resolve_reserved(nde_system *s, text_node *n, int *done)
{
    const text_token *t = &n->source;
    *done               = 1;
    if (word_is(t, "pi")) {
        n->op    = TEXT_VALUE;
        n->value = 3.14159265358979323846;
    } else if (word_is(t, "t")) {
        n->op = TEXT_TIME;
    } else if (nde_text_reserved(t->at, t->length)) {
        return FAIL(s, n, "'%.*s' is reserved and has no value in an expression", t->length, t->at);
    } else {
        *done = 0;
    }
    return AD_OK;
}

static ad_status use_output(nde_system *s, text_node *n, int network, int output)
{
    text_network *f = TEXT_NETWORKS(s) + network;
    if (f->about.outputs < output + 1) f->about.outputs = output + 1;
    n->op    = TEXT_OUTPUT;
    n->ref   = network;
    n->in[1] = output;
    return AD_OK;
}

/* The auxiliary or network of definition d is used in definition `user`: it must stand before it. */
static ad_status in_order(nde_system *s, const text_node *n, const text_symbol *to, int user)
{
    if (user < 0 || to->definition < user) return AD_OK;
    if (to->definition == user)
        return FAIL(s, n, "'%.*s' is defined by itself", n->source.length, n->source.at);
    return FAIL(s, n,
                "'%.*s' is used before line %d defines it; auxiliaries are evaluated in order",
                n->source.length, n->source.at, to->name.line);
}

static ad_status resolve_name(nde_system *s, text_node *n, int user)
{
    static const text_op op[] = { TEXT_STATE, TEXT_PARAMETER, TEXT_AUXILIARY };

    const text_token  *t  = &n->source;
    const text_symbol *to = nde_text_symbol_find(s, t->at, t->length);
    if (!to) {
        char hint[96];
        if (nde_text_reserved(t->at, t->length))
            return FAIL(s, n, "'%.*s' is no network; only networks have numbered outputs",
                        t->length, t->at);
        return FAIL(s, n, "nothing is called '%.*s'%s", t->length, t->at,
                    nde_text_nearest(s, t->at, t->length, hint));
    }
    int network = to->meaning == TEXT_IS_NETWORK;
    if (network != (n->op == TEXT_ITEM))
        return network ? FAIL(s, n, "'%.*s' is a network; write %.*s[0] for its first output",
                              t->length, t->at, t->length, t->at)
                       : FAIL(s, n, "'%.*s' is no network; only networks have numbered outputs",
                              t->length, t->at);
    if (network || to->meaning == TEXT_IS_AUXILIARY) AD_TRY(in_order(s, n, to, user));
    if (network) return use_output(s, n, to->index, n->ref);
    n->op  = op[to->meaning];
    n->ref = to->meaning == TEXT_IS_AUXILIARY ? to->definition : to->index;
    return AD_OK;
}

static ad_status resolve_nn(nde_system *s, text_node *n)
{
    int network, output = n->ref;
    if (output < 0) return AD_OK; /* a definition of its own */
    AD_TRY(nde_text_network_add(s, n->source, n->in[0], -1, &network));
    return use_output(s, n, network, output);
}

static unsigned depends_on(const nde_system *s, const text_node *n)
{
    switch (n->op) {
    case TEXT_TIME: return TEXT_ON_TIME;
    case TEXT_STATE: return TEXT_ON_STATE;
    case TEXT_PARAMETER: return TEXT_ON_PARAMETER;
    case TEXT_OUTPUT:
    case TEXT_NN: return TEXT_ON_NETWORK;
    case TEXT_AUXILIARY: return TEXT_DEFINITIONS(s)[n->ref].depends;
    default: return 0;
    }
}

ad_status nde_text_resolve(nde_system *s, text_expr e, int definition, unsigned *depends)
{
    unsigned all = 0;
    for (int i = e.first; i < e.end; i++) {
        text_node *n    = TEXT_NODES(s) + i;
        int        done = 0;
        if (n->op == TEXT_WORD) AD_TRY(resolve_reserved(s, n, &done));
        if (!done && (n->op == TEXT_WORD || n->op == TEXT_ITEM))
            AD_TRY(resolve_name(s, n, definition));
        if (n->op == TEXT_NN) AD_TRY(resolve_nn(s, n));
        all |= depends_on(s, n);
    }
    *depends = all;
    return AD_OK;
}
