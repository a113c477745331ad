#include <stdio.h>
#include <string.h>

#include <costate/autodiff/memory.h>
#include <costate/datasets/dates.h>
#include <costate/datasets/number.h>
#include <costate/datasets/table.h>

static int is_text(const ds_table *t, ds_cell c)
{
    double  x;
    ds_date d;
    size_t  n = (size_t)c.n;
    return !ds_is_missing(c.s, n) && !ds_number(c.s, n, t->decimal, &x) &&
           !ds_number(c.s, n, '.', &x) && !ds_date_split(c.s, n, 1, &d);
}

/* A line is a header when more of its cells are words than numbers. */
static int looks_like_header(const ds_table *t, const ds_cell *cell, int n)
{
    int words = 0, others = 0;
    for (int i = 0; i < n; i++) {
        if (!cell[i].n) continue;
        if (is_text(t, cell[i]))
            words++;
        else
            others++;
    }
    return words > others;
}

/* A cell as a name: doubled quotes single; "c3" for an empty one. */
static char *name_of(ds_cell c, int position)
{
    char *name = ad_alloc((size_t)c.n + 16);
    int   n    = 0;
    if (!name) return NULL;
    for (int i = 0; i < c.n; i++) {
        name[n++] = c.s[i];
        if (c.s[i] == '"' && i + 1 < c.n && c.s[i + 1] == '"') i++;
    }
    if (!n) snprintf(name, 16, "c%d", position + 1);
    return name;
}

static int taken(const ds_table *t, int k)
{
    for (int i = 0; i < k; i++)
        if (!strcmp(t->column[i], t->column[k])) return 1;
    return 0;
}

/* Column shift + i is called cell[i], those before it first[i], the others by position. */
static ad_status name_columns(ds_table *t, int shift, const char *const *first, const ds_cell *cell,
                              int n)
{
    t->column = ad_alloc((size_t)t->cols * sizeof *t->column);
    if (!t->column) return AD_NO_MEMORY;
    for (int i = 0; i < t->cols; i++) {
        ds_cell c = { "", 0 };
        if (i < shift) c = (ds_cell){ first[i], (int)strlen(first[i]) };
        if (i >= shift && i - shift < n) c = cell[i - shift];
        t->column[i] = name_of(c, i);
        if (!t->column[i]) return AD_NO_MEMORY;
        if (!taken(t, i)) continue;
        size_t room   = strlen(t->column[i]) + 16;
        char  *unique = ad_alloc(room);
        if (!unique) return AD_NO_MEMORY;
        snprintf(unique, room, "%s_%d", t->column[i], i + 1);
        ad_free(t->column[i]);
        t->column[i] = unique;
    }
    return AD_OK;
}

/* What two columns in front of the named ones may be: a run number that stays for some rows, and a time that increases
   within each run. run = 0: the time alone. */
static int are_times(ds_table *t, int run)
{
    double last = 0, last_run = 0;
    for (long row = 0; row < t->rows; row++) {
        ds_cell cell[2] = { { 0 } };
        double  x = 0, r = 0;
        if (ds_cut(t->line[row], t->delimiter, cell, 2) <= run) return 0;
        if (run && !ds_number(cell[0].s, (size_t)cell[0].n, t->decimal, &r)) return 0;
        if (!ds_number(cell[run].s, (size_t)cell[run].n, t->decimal, &x)) return 0;
        if (row && (!run || r == last_run) && !(x > last)) return 0;
        last     = x;
        last_run = r;
    }
    return t->rows > 1;
}

/* By the delimiter that gives a name for every column; else as the data are cut. */
static int cut_words(const ds_table *t, ds_line words, ds_cell *cell, int room)
{
    for (const char *d = " ,\t;|"; *d; d++)
        if (ds_cut(words, *d, cell, room) == t->cols) return t->cols;
    int n = ds_cut(words, t->delimiter, cell, room);
    return n > 1 ? n : ds_cut(words, ' ', cell, room);
}

/* A comment may name only the last columns, or the ones after a run number and a time, as the motion data of
   Schmidt and Lipson 2009 do. */
static ad_status names_from_comment(ds_table *t, const ds_line *comment)
{
    static const char *const run_and_time[] = { "trial", "t" }, *const time_only[] = { "t" };
    ds_line words = *comment;
    while (words.n && (strchr("#% \t", *words.s))) words.s++, words.n--;
    int      room = (int)(words.n < 1 << 20 ? words.n : 1 << 20) + 1;
    ds_cell *cell = ad_alloc((size_t)room * sizeof *cell);
    if (!cell) return AD_NO_MEMORY;
    int       n = cut_words(t, words, cell, room);
    ad_status status;
    if (n == t->cols) {
        status = name_columns(t, 0, NULL, cell, n);
    } else if (n > 0 && n <= t->cols - 2 && are_times(t, 1)) {
        status  = name_columns(t, 2, run_and_time, cell, n);
        t->runs = 1;
        ds_table_note(
            t, "header: line %ld names %d of %d columns; a run number and a time stand before them",
            comment->number, n, t->cols);
    } else if (n > 0 && n == t->cols - 1 && are_times(t, 0)) {
        status = name_columns(t, 1, time_only, cell, n);
        ds_table_note(t, "header: line %ld names all columns but the first, a time",
                      comment->number);
    } else {
        status = name_columns(t, 0, NULL, NULL, 0);
        ds_table_note(t, "header: none; the comment on line %ld was taken as a remark",
                      comment->number);
    }
    ad_free(cell);
    return status;
}

/* An empty cell behind the last delimiter is no column if the header and the first row both have it. */
static void forget_empty_end(ds_table *t, const ds_cell *header, int n, int next_row)
{
    if (n < 2 || header[n - 1].n || t->delimiter == ' ' || next_row >= t->rows) return;
    ds_cell *cell = t->cell;
    int      m    = ds_cut(t->line[next_row], t->delimiter, cell, n);
    if (m == n - 1 || (m == n && !cell[n - 1].n)) t->cols = n - 1;
}

static ad_status names_from_line(ds_table *t, ds_cell *cell, int n)
{
    static const char *const row_name[] = { "row" };
    t->cols                             = n;
    forget_empty_end(t, cell, n, 1);
    if (t->rows < 2)
        return ad_fail(AD_BAD_FILE,
                       "%s has a header on line %ld and no rows; at least two are needed", t->name,
                       t->line[0].number);
    ds_cell *probe = ad_alloc(((size_t)n + 2) * sizeof *probe);
    if (!probe) return AD_NO_MEMORY;
    int m     = ds_cut(t->line[1], t->delimiter, probe, n + 2);
    int blank = m > t->cols && !probe[t->cols].n;
    ad_free(probe);
    if (m == t->cols + 1 && !blank) { /* R's row names have no header */
        t->cols = m;
        ds_table_note(t, "header: line %ld leaves out the first column", t->line[0].number);
        return name_columns(t, 1, row_name, cell, n);
    }
    return name_columns(t, 0, NULL, cell, n);
}

ad_status ds_header(ds_table *t, const ds_line *comment, int forced, int *skip)
{
    int n = ds_cut(t->line[0], t->delimiter, NULL, 0);
    *skip = 0;
    if (n < 0)
        return ad_fail(AD_BAD_FILE, "%s, line %ld: a quote is not closed", t->name,
                       t->line[0].number);
    t->cell          = ad_alloc(((size_t)n + 2) * sizeof *t->cell);
    ds_cell  *cell   = ad_alloc(((size_t)n + 2) * sizeof *cell);
    ad_status status = t->cell && cell ? AD_OK : AD_NO_MEMORY;
    if (!status) {
        ds_cut(t->line[0], t->delimiter, cell, n);
        t->cols = n;
        *skip   = forced > 0 || (!forced && looks_like_header(t, cell, n));
        if (*skip) {
            status = names_from_line(t, cell, n);
        } else {
            forget_empty_end(t, cell, n, 1);
            status = comment ? names_from_comment(t, comment) : name_columns(t, 0, NULL, NULL, 0);
        }
    }
    ad_free(cell);
    return status;
}
