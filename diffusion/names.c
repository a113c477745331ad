#include <ctype.h>
#include <string.h>

#include "names.h"

static int letter(char c)
{
    return c == '_' ? '-' : tolower((unsigned char)c);
}

/* name and the n letters at word */
static int same(const char *name, const char *word, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!name[i] || letter(name[i]) != letter(word[i])) return 0;
    return name[n] == '\0';
}

int dpm_name_same(const char *a, const char *b)
{
    return same(a, b, strlen(b));
}

int dpm_name_among(const char *name, const char *list)
{
    while (*list) {
        size_t n = strcspn(list, " ");
        if (n && same(name, list, n)) return 1;
        list += n + (list[n] != '\0');
    }
    return 0;
}
