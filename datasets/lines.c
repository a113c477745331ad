#include <string.h>

#include <costate/datasets/table.h>

static int is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

int ds_next_line(const char **at, const char *end, long *number, ds_line *line)
{
    while (*at < end) {
        const char *s = *at, *e = s;
        while (e < end && *e != '\n' && *e != '\r') e++;
        *at = e < end ? e + 1 : e;
        if (e + 1 < end && e[0] == '\r' && e[1] == '\n') ++*at;
        ++*number;
        while (e > s && is_space(e[-1]) && e[-1] != '\t') e--;
        const char *first = s;
        while (first < e && is_space(*first)) first++;
        if (first == e) continue;
        *line = (ds_line){ s, (size_t)(e - s), *number };
        return 1;
    }
    return 0;
}

int ds_is_comment(ds_line line)
{
    size_t i = 0;
    while (i < line.n && is_space(line.s[i])) i++;
    return i < line.n && (line.s[i] == '#' || line.s[i] == '%');
}

static ds_cell trimmed(const char *s, const char *e)
{
    while (s < e && is_space(*s)) s++;
    while (e > s && is_space(e[-1])) e--;
    return (ds_cell){ s, (int)(e - s) };
}

/* The cell inside the quotes that open at *at; NULL if they do not close. A doubled quote is part of the text. */
static const char *quoted(const char *s, const char *end, ds_cell *cell)
{
    const char *e = s + 1;
    for (; e < end; e++) {
        if (*e != '"') continue;
        if (e + 1 < end && e[1] == '"')
            e++;
        else
            break;
    }
    if (e >= end) return NULL;
    *cell = trimmed(s + 1, e);
    return e + 1;
}

static int cut_spaces(const char *s, const char *end, ds_cell *cell, int most)
{
    for (int n = 0;; n++) {
        ds_cell c;
        while (s < end && is_space(*s)) s++;
        if (s == end) return n;
        const char *e = s;
        if (*s == '"') {
            e = quoted(s, end, &c);
            if (!e) return -1;
        } else {
            while (e < end && !is_space(*e)) e++;
            c = (ds_cell){ s, (int)(e - s) };
        }
        if (n < most) cell[n] = c;
        s = e;
    }
}

int ds_cut(ds_line line, char delimiter, ds_cell *cell, int most)
{
    const char *s = line.s, *end = s + line.n;
    if (delimiter == ' ') return cut_spaces(s, end, cell, most);
    for (int n = 1;; n++) {
        ds_cell c;
        while (s < end && is_space(*s) && *s != delimiter) s++;
        const char *e = s;
        if (s < end && *s == '"') {
            e = quoted(s, end, &c);
            if (!e) return -1;
            while (e < end && *e != delimiter) e++;
        } else {
            while (e < end && *e != delimiter) e++;
            c = trimmed(s, e);
        }
        if (n <= most) cell[n - 1] = c;
        if (e == end) return n;
        s = e + 1;
    }
}
