/* The registry of samplers, and what is common to their options. */
#include <ctype.h>
#include <string.h>

#include <costate/autodiff/text.h>

#include "method.h"

#define DPM_METHOD(name) extern const dpm_method dpm_method_##name;
#include "samplers.def"
#undef DPM_METHOD

static const dpm_method *const methods[] = {
#define DPM_METHOD(name) &dpm_method_##name,
#include "samplers.def"
#undef DPM_METHOD
    NULL
};

int dpm_method_count(void)
{
    return (int)(sizeof methods / sizeof *methods) - 1;
}

const dpm_method *dpm_method_row(int i)
{
    return methods[i];
}

/* a and b, but for case and with _ for - and . */
static int same(const char *a, const char *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int x = tolower((unsigned char)a[i]), y = tolower((unsigned char)b[i]);
        if (x == '_') x = '-';
        if (y == '_') y = '-';
        if (x != y) return 0;
        if (!x) return 0;
    }
    return a[n] == '\0';
}

static int among(const char *name, const char *list)
{
    while (*list) {
        size_t n = strcspn(list, " ");
        if (n && same(name, list, n)) return 1;
        list += n + (list[n] != '\0');
    }
    return 0;
}

enum { MOST_NAMES = 256 };

const dpm_method *dpm_method_find(const char *name)
{
    const char *known[MOST_NAMES];
    int         n = 0;
    for (int i = 0; methods[i]; i++) {
        const dpm_method *m = methods[i];
        if (same(name, m->name, strlen(m->name)) || among(name, m->aliases)) return m;
        if (n < MOST_NAMES) known[n++] = m->name;
    }
    const char *near = ad_nearest(name, n, known);
    ad_fail(AD_INVALID, "there is no sampler '%s'; %s%s%s`costate list samplers` names them", name,
            near ? "did you mean '" : "", near ? near : "", near ? "'? " : "");
    return NULL;
}

int dpm_is(const char *text, const char *standard, const char *name)
{
    return strcmp(text ? text : standard, name) == 0;
}

double dpm_or(double value, double standard)
{
    return value == 0 ? standard : value == DPM_ZERO ? 0 : value;
}
