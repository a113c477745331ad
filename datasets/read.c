#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <costate/autodiff/memory.h>
#include <costate/datasets/choose.h>
#include <costate/datasets/file.h>
#include <costate/datasets/npz.h>
#include <costate/datasets/number.h>
#include <costate/datasets/registry.h>

static ad_status not_a_number(ds_table *t, long row, int col)
{
    char    where[DS_WHERE];
    ds_cell c = ds_table_cell(t, row, col);
    return ad_fail(
        AD_BAD_FILE,
        "%s, %s, column '%s': '%.*s' is not a number; if the column is text leave it out with "
        "--drop or keep others with --columns, if the value is missing leave the cell empty",
        t->name, ds_table_where(t, row, where), t->column[col], c.n < 40 ? c.n : 40, c.s);
}

static ad_status read_row(ds_table *t, const ds_choice *c, long row, double *y)
{
    char where[DS_WHERE];
    for (int j = 0; j < c->cols; j++) {
        if (ds_table_number(t, row, c->value[j], &y[j]) == DS_TEXT)
            return not_a_number(t, row, c->value[j]);
        if (isinf(y[j]))
            return ad_fail(
                AD_BAD_FILE,
                "%s, %s, column '%s': the value is infinite; leave the cell empty if it is "
                "missing",
                t->name, ds_table_where(t, row, where), t->column[c->value[j]]);
    }
    return AD_OK;
}

static int is_short(const ds_choice *c, int k)
{
    return c->start[k + 1] - c->start[k] < 2;
}

static ad_status count_series(ds_table *t, const ds_choice *c, const ds_read_options *o, int *count)
{
    *count = 0;
    for (int k = 0; k < c->count; k++) *count += !is_short(c, k);
    long rows = c->start[c->count];
    if (*count == 0 && c->count == 1) {
        int cut = o->from > 1 || o->to || o->stride > 1;
        return ad_fail(AD_BAD_FILE, "%s has %ld row%s%s; a series needs at least two", t->name,
                       rows, rows == 1 ? "" : "s", cut ? " in the range asked for" : "");
    }
    if (*count == 0)
        return ad_fail(
            AD_BAD_FILE,
            "%s has %d series of less than two rows each; is column '%s' the right --id?", t->name,
            c->count, c->id >= 0 ? t->column[c->id] : "");
    if (*count < c->count)
        ds_table_note(t, "series: %d of %d have a single row and were left out", c->count - *count,
                      c->count);
    return AD_OK;
}

static void series_name(ds_table *t, const ds_choice *c, int k, char text[80])
{
    double x;
    if (c->id < 0) {
        snprintf(text, 80, "%d", k + 1);
        return;
    }
    ds_cell cell = ds_table_cell(t, c->row[c->start[k]], c->id);
    if (ds_number(cell.s, (size_t)cell.n, t->decimal, &x))
        ds_number_text(x, text); /* 0.0000e+000 is 0 */
    else
        snprintf(text, 80, "%.*s", cell.n < 79 ? cell.n : 79, cell.s);
}

static ad_status fill_series(ds_series_set *set, ds_table *t, const ds_choice *c)
{
    for (int k = 0, i = 0; k < c->count; k++) {
        if (is_short(c, k)) continue;
        char name[80];
        long first = c->start[k], len = c->start[k + 1] - first;
        series_name(t, c, k, name);
        AD_TRY(ds_series_new(set, i, name, len));
        ds_series *s = &set->series[i++];
        memcpy(s->t, c->t + first, (size_t)len * sizeof *s->t);
        for (long j = 0; j < len; j++)
            AD_TRY(read_row(t, c, c->row[first + j], s->y + j * c->cols));
    }
    return AD_OK;
}

static ad_status no_empty_columns(const ds_series_set *set, const char *name)
{
    for (int j = 0; j < set->cols; j++) {
        int any = 0;
        for (int i = 0; i < set->count && !any; i++)
            for (long k = 0; k < set->series[i].len && !any; k++)
                any = !isnan(set->series[i].y[k * set->cols + j]);
        if (!any)
            return ad_fail(
                AD_BAD_FILE,
                "%s: column '%s' has no value in any of %ld rows; leave it out with --drop", name,
                set->column[j], ds_rows(set));
    }
    return AD_OK;
}

/* A joined time is written as one date. */
static const char *time_title(const ds_choice *c)
{
    if (!c->times) return "time";
    return c->times == 1 ? c->time_name : "date";
}

/* A column that counts the rows is hardly meant to be modelled. */
static ad_status note_counters(ds_series_set *set)
{
    for (int j = 0; j < set->cols; j++) {
        int counts = 1;
        for (int i = 0; i < set->count && counts; i++)
            for (long k = 1; k < set->series[i].len && counts; k++) {
                const double *y = &set->series[i].y[k * set->cols + j];
                counts          = y[0] - y[-set->cols] == 1;
            }
        if (counts && set->cols > 1)
            AD_TRY(ds_note(set, "column '%s' only counts the rows; --drop leaves it out",
                           set->column[j]));
    }
    return AD_OK;
}

static ad_status check_options(const ds_read_options *o)
{
    if (o->dates && strcmp(o->dates, "dmy") && strcmp(o->dates, "mdy"))
        return ad_fail(AD_INVALID, "--dates is dmy or mdy, not '%s'", o->dates);
    if (o->from < 0 || o->to < 0 || o->stride < 0 || (o->to && o->to < o->from))
        return ad_fail(AD_INVALID, "rows %ld to %ld by %ld make no sense; rows are counted from 1",
                       o->from, o->to, o->stride);
    if (o->decimal && o->decimal != '.' && o->decimal != ',')
        return ad_fail(AD_INVALID, "the decimal sign is '.' or ',', not '%c'", o->decimal);
    return AD_OK;
}

static ad_status make_set(ds_series_set **out, ds_table *t, const ds_read_options *o)
{
    ds_choice      c;
    ds_series_set *set    = NULL;
    int            count  = 0;
    ad_status      status = ds_choose(&c, t, o);
    if (!status) status = count_series(t, &c, o, &count);
    if (!status) status = ds_series_set_new(&set, t->name, time_title(&c), c.cols, count);
    for (int j = 0; !status && j < c.cols; j++) {
        set->column[j] = ad_strdup(t->column[c.value[j]]);
        if (!set->column[j]) status = AD_NO_MEMORY;
    }
    if (!status) status = fill_series(set, t, &c);
    if (!status) status = no_empty_columns(set, t->name);
    if (!status) status = ds_note(set, "%s", t->note);
    if (!status) status = note_counters(set);
    if (!status) {
        set->clock = c.clock;
        *out       = set;
    } else {
        ds_series_set_free(set);
    }
    ds_choice_clear(&c);
    return status;
}

/* Takes over text. */
static ad_status read_bytes(ds_series_set **out, const char *name, char *text, size_t n,
                            const ds_read_options *o)
{
    static const ds_read_options plain = { 0 };
    ds_table                     t;
    ad_status                    status;
    if (!o) o = &plain;
    if (ds_npy_is(text, n) || ds_npz_is(text, n)) {
        status = ds_table_array(&t, name, text, n);
        ad_free(text);
    } else {
        status = ds_table_text(&t, name, text, n, o);
    }
    if (!status) status = make_set(out, &t, o);
    ds_table_clear(&t);
    return status;
}

ad_status ds_read(ds_series_set **out, const char *path, const ds_read_options *o)
{
    char  *text;
    size_t n;
    *out = NULL;
    if (o) AD_TRY(check_options(o));
    AD_TRY(ds_load(path, &text, &n));
    return read_bytes(out, path, text, n, o);
}

ad_status ds_read_memory(ds_series_set **out, const char *name, const void *bytes, size_t n,
                         const ds_read_options *o)
{
    *out = NULL;
    if (o) AD_TRY(check_options(o));
    if (!n)
        return ad_fail(AD_BAD_FILE, "%s is empty; a header line and at least two rows are needed",
                       name);
    char *text = ad_alloc(n + 1);
    if (!text) return AD_NO_MEMORY;
    memcpy(text, bytes, n);
    return read_bytes(out, name, text, n, o);
}

/* A folder holds no series: where it is named like a data set (the run on it, perhaps), the set is meant. */
static int is_data_set(const char *name)
{
    for (int i = 0; i < ds_dataset_count(); i++)
        if (!strcmp(ds_dataset_at(i)->name, name)) return 1;
    return 0;
}

ad_status ds_open(ds_series_set **out, const char *what, const ds_read_options *o)
{
    struct stat st;
    char        name[64];
    size_t      n = strcspn(what, ":");
    *out          = NULL;
    if (n >= sizeof name) return ds_read(out, what, o);
    memcpy(name, what, n);
    name[n] = 0;
    if (stat(what, &st) == 0 && (!S_ISDIR(st.st_mode) || !is_data_set(name)))
        return ds_read(out, what, o);
    if (strpbrk(name, "/.") == NULL) {
        AD_TRY(ds_make_spec(out, what));
        return AD_OK;
    }
    return ds_read(out, what, o);
}
