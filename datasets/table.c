#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <costate/autodiff/memory.h>
#include <costate/autodiff/text.h>
#include <costate/datasets/npz.h>
#include <costate/datasets/number.h>
#include <costate/datasets/table.h>

static ad_status must_be_text(const char *name, const unsigned char *s, size_t n)
{
    if (n >= 2 && ((s[0] == 0xff && s[1] == 0xfe) || (s[0] == 0xfe && s[1] == 0xff)))
        return ad_fail(AD_BAD_FILE, "%s is UTF-16 text; save it as UTF-8", name);
    size_t first = strspn((const char *)s, " \t\r\n");
    if (s[first] == '{' || (s[first] == '[' && strchr("[{\"", s[first + 1] ? s[first + 1] : ' ')))
        return ad_fail(AD_BAD_FILE, "%s looks like JSON; save the series as CSV or .npy", name);
    if (s[first] == '@')
        return ad_fail(AD_BAD_FILE,
                       "%s looks like a .ts or .arff file; save the series as CSV or .npy", name);
    for (size_t i = 0; i < n; i++)
        if ((s[i] < 32 && !strchr("\t\n\r\f\v", s[i])) || s[i] == 0 || s[i] == 127)
            return ad_fail(AD_BAD_FILE,
                           "%s is not a text file (byte 0x%02x at offset %zu); CSV, white-space "
                           "separated text and .npy are read, gzip'd or not",
                           name, s[i], i);
    return AD_OK;
}

/* All lines with data; the last comment before the first of them. */
static ad_status find_lines(ds_table *t, size_t n, ds_line *comment)
{
    const char *at = t->text, *end = at + n;
    if (n >= 3 && !memcmp(at, "\xef\xbb\xbf", 3)) at += 3; /* byte order mark */
    long    room = 0, number = 0;
    ds_line line;
    while (ds_next_line(&at, end, &number, &line)) {
        if (line.n > INT_MAX / 2)
            return ad_fail(AD_BAD_FILE, "%s, line %ld is %zu bytes long", t->name, number, line.n);
        if (ds_is_comment(line)) {
            if (!t->rows) *comment = line;
            continue;
        }
        if (t->rows == room) {
            long     more  = room ? 2 * room : 256;
            ds_line *grown = ad_realloc(t->line, (size_t)room * sizeof line,
                                        (size_t)more * sizeof line);
            if (!grown) return AD_NO_MEMORY;
            t->line = grown;
            room    = more;
        }
        t->line[t->rows++] = line;
    }
    if (!t->rows)
        return ad_fail(AD_BAD_FILE,
                       "%s has no rows, only %s; a header line and at least two rows are needed",
                       t->name, comment->n ? "comments" : "blank lines");
    return AD_OK;
}

/* The first cell with one '.' or ',' between digits decides. */
static char detect_decimal(const ds_table *t)
{
    if (t->delimiter == ',') return '.';
    for (long row = 0; row < t->rows; row++) {
        ds_line l = t->line[row];
        if (!memchr(l.s, ',', l.n) && !memchr(l.s, '.', l.n)) continue;
        ds_cell cell[64];
        int     n = ds_cut(l, t->delimiter, cell, 64);
        for (int i = 0; i < n && i < 64; i++) {
            double x;
            size_t m     = (size_t)cell[i].n;
            int    point = memchr(cell[i].s, '.', m) != NULL,
                comma    = memchr(cell[i].s, ',', m) != NULL;
            if (point && !comma && ds_number(cell[i].s, m, '.', &x)) return '.';
            if (comma && !point && ds_number(cell[i].s, m, ',', &x)) return ',';
        }
    }
    return '.';
}

static const char *delimiter_name(char c)
{
    switch (c) {
    case '\t': return "tabs";
    case ';': return "semicolons";
    case '|': return "bars";
    case ',': return "commas";
    default: return "white space";
    }
}

static ad_status check_rows(ds_table *t)
{
    for (long row = 0; row < t->rows; row++) {
        int n = ds_cut(t->line[row], t->delimiter, t->cell, t->cols + 1);
        if (n < 0)
            return ad_fail(AD_BAD_FILE, "%s, line %ld: a quote is not closed", t->name,
                           t->line[row].number);
        if (n == t->cols || (n == t->cols + 1 && t->delimiter != ' ' && !t->cell[t->cols].n))
            continue;
        return ad_fail(
            AD_BAD_FILE,
            "%s, line %ld has %d field%s and %d %s expected, with %s between them; an empty "
            "cell must keep its delimiter, and a missing value may be written NA",
            t->name, t->line[row].number, n, n == 1 ? "" : "s", t->cols,
            t->cols == 1 ? "was" : "were", delimiter_name(t->delimiter));
    }
    return AD_OK;
}

/* Spreadsheets end in rows of delimiters. */
static void drop_empty_rows(ds_table *t)
{
    long kept = 0;
    for (long row = 0; row < t->rows; row++) {
        int any = t->delimiter == ' ', n = 0;
        if (!any) n = ds_cut(t->line[row], t->delimiter, t->cell, t->cols);
        for (int i = 0; i < n && i < t->cols && !any; i++) any = t->cell[i].n > 0;
        if (any) t->line[kept++] = t->line[row];
    }
    t->rows = kept;
}

static ad_status make_text_table(ds_table *t, size_t n, const ds_read_options *o)
{
    ds_line comment = { 0 };
    int     skip;
    AD_TRY(must_be_text(t->name, (const unsigned char *)t->text, n));
    AD_TRY(find_lines(t, n, &comment));
    t->delimiter = o->delimiter;
    if (t->line[0].n == 5 && !memcmp(t->line[0].s, "sep=", 4) &&
        t->rows > 1) { /* Excel's first line */
        if (!t->delimiter) t->delimiter = t->line[0].s[4];
        memmove(t->line, t->line + 1, (size_t)--t->rows * sizeof *t->line);
    }
    if (!t->delimiter)
        t->delimiter = ds_detect_delimiter(t->line, t->rows < DS_SAMPLE ? (int)t->rows : DS_SAMPLE,
                                           o->decimal);
    t->decimal = o->decimal ? o->decimal : detect_decimal(t);
    AD_TRY(ds_header(t, comment.n ? &comment : NULL, o->header, &skip));
    ad_free(t->cell);
    t->cell = ad_alloc(((size_t)t->cols + 2) * sizeof *t->cell);
    if (!t->cell) return AD_NO_MEMORY;
    t->rows -= skip;
    memmove(t->line, t->line + skip, (size_t)t->rows * sizeof *t->line);
    AD_TRY(check_rows(t));
    drop_empty_rows(t);
    ds_table_note(t, "text: %ld rows of %d columns between %s, decimal %s%s", t->rows, t->cols,
                  delimiter_name(t->delimiter), t->decimal == ',' ? "comma" : "point",
                  skip || comment.n ? "" : ", no header (columns are named c1, c2, ...)");
    return AD_OK;
}

ad_status ds_table_text(ds_table *t, const char *name, char *text, size_t n,
                        const ds_read_options *o)
{
    *t = (ds_table){ .name = name, .text = text, .looked_at = -1 };
    return make_text_table(t, n, o);
}

/* The array of a .npy file, or the only one of an archive. */
static ad_status only_array(ds_npy *out, const char *name, const void *bytes, size_t n)
{
    ds_npz z;
    if (!ds_npz_is(bytes, n)) return ds_npy_parse(out, name, bytes, n);
    AD_TRY(ds_npz_parse(&z, name, bytes, n));
    ad_status s = AD_OK;
    if (z.count == 1) {
        *out       = z.array[0];
        z.array[0] = (ds_npy){ 0 };
    } else {
        s = ad_fail(
            AD_BAD_FILE,
            "%s holds %d arrays; a table is read from a .npy file or an archive of one array", name,
            z.count);
    }
    ds_npz_clear(&z);
    return s;
}

ad_status ds_table_array(ds_table *t, const char *name, const void *bytes, size_t n)
{
    *t = (ds_table){ .name = name, .looked_at = -1 };
    AD_TRY(only_array(&t->array, name, bytes, n));
    const ds_npy *a = &t->array;
    if (a->rank < 1 || a->rank > 3)
        return ad_fail(
            AD_BAD_FILE,
            "%s has %d dimensions; [time], [time, columns] and [series, time, columns] are "
            "read",
            name, a->rank);
    long cols = a->rank > 1 ? a->dim[a->rank - 1] : 1;
    if (a->count == 0 || cols > INT_MAX / 64 || (a->rank == 3 && a->dim[0] > INT_MAX / 64))
        return ad_fail(
            AD_BAD_FILE,
            "%s holds %ld numbers in rows of %ld; a table of at least two rows is needed", name,
            a->count, cols);
    t->cols       = (int)cols;
    t->rows       = a->count / cols;
    t->per_series = a->rank == 3 ? a->dim[1] : 0;
    t->column     = ad_alloc((size_t)t->cols * sizeof *t->column);
    for (int i = 0; t->column && i < t->cols; i++) {
        char text[16];
        snprintf(text, sizeof text, "c%d", i + 1);
        t->column[i] = ad_strdup(text);
        if (!t->column[i]) return AD_NO_MEMORY;
    }
    if (!t->column) return AD_NO_MEMORY;
    ds_table_note(t, ".npy: %ld rows of %d columns of type '%s'", t->rows, t->cols, a->dtype);
    return AD_OK;
}

void ds_table_clear(ds_table *t)
{
    for (int i = 0; t->column && i < t->cols; i++) ad_free(t->column[i]);
    ad_free(t->column);
    ad_free(t->line);
    ad_free(t->cell);
    ad_free(t->text);
    ds_npy_clear(&t->array);
    *t = (ds_table){ 0 };
}

ds_cell ds_table_cell(ds_table *t, long row, int col)
{
    if (t->looked_at != row) {
        ds_cut(t->line[row], t->delimiter, t->cell, t->cols + 1);
        t->looked_at = row;
    }
    return t->cell[col];
}

ds_value ds_table_number(ds_table *t, long row, int col, double *x)
{
    *x = NAN;
    if (!t->text) {
        *x = t->array.value[row * t->cols + col];
        return isnan(*x) ? DS_MISSING : DS_VALUE;
    }
    ds_cell c = ds_table_cell(t, row, col);
    if (ds_number(c.s, (size_t)c.n, t->decimal, x)) return DS_VALUE;
    return ds_is_missing(c.s, (size_t)c.n) ? DS_MISSING : DS_TEXT;
}

char *ds_table_where(const ds_table *t, long row, char text[DS_WHERE])
{
    if (t->text)
        snprintf(text, DS_WHERE, "line %ld", t->line[row].number);
    else if (t->per_series)
        snprintf(text, DS_WHERE, "series %ld, row %ld", row / t->per_series + 1,
                 row % t->per_series + 1);
    else
        snprintf(text, DS_WHERE, "row %ld", row + 1);
    return text;
}

void ds_table_note(ds_table *t, const char *format, ...)
{
    size_t  n = strlen(t->note);
    va_list args;
    if (n && n + 1 < sizeof t->note) t->note[n++] = '\n';
    va_start(args, format);
    vsnprintf(t->note + n, sizeof t->note - n, format, args);
    va_end(args);
}

static ad_status no_such_column(const ds_table *t, const char *name)
{
    char        list[512];
    size_t      used = 0;
    const char *near = ad_nearest(name, t->cols, (const char *const *)t->column);
    for (int i = 0; i < t->cols && used < 300; i++)
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%.60s", i ? ", " : "",
                                 t->column[i]);
    if (used >= 300) snprintf(list + 300, 6, ", ...");
    if (near)
        return ad_fail(AD_BAD_FILE, "%s has no column '%s'; did you mean '%s'? Its columns are %s",
                       t->name, name, near, list);
    return ad_fail(AD_BAD_FILE, "%s has no column '%s'; its columns are %s", t->name, name, list);
}

static int same_but_case(const char *a, const char *b)
{
    for (;; a++, b++) {
        int x = *a >= 'A' && *a <= 'Z' ? *a + 32 : *a, y = *b >= 'A' && *b <= 'Z' ? *b + 32 : *b;
        if (x != y) return 0;
        if (!x) return 1;
    }
}

ad_status ds_table_find(const ds_table *t, const char *s, size_t n, int *col)
{
    char   name[256];
    double position;
    snprintf(name, sizeof name, "%.*s", (int)(n < 255 ? n : 255), s);
    for (*col = 0; *col < t->cols; ++*col)
        if (!strcmp(t->column[*col], name)) return AD_OK;
    for (*col = 0; *col < t->cols; ++*col)
        if (same_but_case(t->column[*col], name)) return AD_OK;
    if (ds_number(name, strlen(name), '.', &position) && position >= 1 && position <= t->cols &&
        position == floor(position)) {
        *col = (int)position - 1;
        return AD_OK;
    }
    return no_such_column(t, name);
}
