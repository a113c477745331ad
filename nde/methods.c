/* methods.c - the registry of Runge-Kutta methods, by name. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include <costate/autodiff/text.h>
#include <costate/nde/tableau.h>

#define X(name) extern const nde_tableau nde_##name;
#include "methods/registry.def"
#undef X

static const nde_tableau *const methods[] = {
#define X(name) &nde_##name,
#include "methods/registry.def"
#undef X
};

enum { METHODS = sizeof methods / sizeof *methods, WORDS = 16 * METHODS, WORD = 48 };

int nde_method_count(void)
{
    return METHODS;
}

const nde_tableau *nde_method_at(int i)
{
    return i >= 0 && i < METHODS ? methods[i] : NULL;
}

static int same(const char *a, const char *b, size_t n) /* the first n letters, case ignored */
{
    for (size_t i = 0; i < n; i++)
        if (tolower((unsigned char)a[i]) != tolower((unsigned char)b[i])) return 0;
    return 1;
}

/* The next of the space-separated words at *at: its letters, and *at moved behind it; 0 at the end. */
static size_t next_word(const char **at, const char **word)
{
    *word    = *at + strspn(*at, " ");
    size_t n = strcspn(*word, " ");
    *at      = *word + n;
    return n;
}

static int answers_to(const nde_tableau *m, const char *name, size_t n)
{
    const char *word, *rest = m->aliases ? m->aliases : "";
    if (strlen(m->name) == n && same(m->name, name, n)) return 1;
    for (size_t k; (k = next_word(&rest, &word)) > 0;)
        if (k == n && same(word, name, n)) return 1;
    return 0;
}

/* Every name and alias as a string of its own, for ad_nearest. */
typedef struct vocabulary {
    int         n;
    const char *at[WORDS];
    char        text[WORDS][WORD];
} vocabulary;

static void learn(vocabulary *v, const char *word, size_t n)
{
    if (v->n == WORDS || n >= WORD) return;
    memcpy(v->text[v->n], word, n);
    v->text[v->n][n] = 0;
    v->at[v->n]      = v->text[v->n];
    v->n++;
}

static void unknown(const char *name)
{
    vocabulary v = { .n = 0 };
    char       all[16 * METHODS];
    size_t     end = 0;
    for (int i = 0; i < METHODS; i++) {
        learn(&v, methods[i]->name, strlen(methods[i]->name));
        end += (size_t)snprintf(all + end, sizeof all - end, "%s%s", i ? ", " : "",
                                methods[i]->name);
        if (end >= sizeof all) end = sizeof all - 1;
    }
    for (int i = 0; i < METHODS; i++) {
        const char *word, *rest = methods[i]->aliases ? methods[i]->aliases : "";
        for (size_t k; (k = next_word(&rest, &word)) > 0;) learn(&v, word, k);
    }
    const char *near = ad_nearest(name, v.n, v.at);
    if (near)
        ad_fail(AD_INVALID, "no method is called \"%s\"; did you mean \"%s\"? There are %s", name,
                near, all);
    else
        ad_fail(AD_INVALID, "no method is called \"%s\"; there are %s", name, all);
}

const nde_tableau *nde_method(const char *name)
{
    if (!name || !*name) {
        ad_fail(AD_INVALID, "a method needs a name, such as tsit5");
        return NULL;
    }
    for (int i = 0; i < METHODS; i++)
        if (answers_to(methods[i], name, strlen(name))) return methods[i];
    unknown(name);
    return NULL;
}
