#include <string.h>

#include <costate/datasets/choose.h>
#include <costate/datasets/dates.h>
#include <costate/datasets/number.h>

/* A name up to its unit: "Time (s)" is a time. */
static int is_named(const char *name, const char *const *words)
{
    size_t n = strcspn(name, "([");
    while (n && name[n - 1] == ' ') n--;
    if (n == 1 && *name == 'T')
        return !strcmp(*words, "year"); /* more often a temperature than a time */
    for (; *words; words++)
        if (ds_same_word(name, n, *words)) return 1;
    return 0;
}

/* These are times whatever is in them; the others only if they increase. */
static const char *const surely[]  = { "t",        "time",      "times",     "date",      "dates",
                                       "datetime", "date_time", "timestamp", "date time", "t_s",
                                       "time_s",   "seconds",   "time_ms",   "ds",        NULL };
static const char *const perhaps[] = { "year", "years", "month",  "week",    "day",    "days",
                                       "hour", "hours", "minute", "minutes", "second", "epoch",
                                       "step", "index", "tick",   NULL };

static int holds_dates(const ds_choice *c, ds_table *t, int col)
{
    ds_date d;
    double  x;
    if (!t->text || ds_table_number(t, c->row[0], col, &x) != DS_TEXT) return 0;
    ds_cell cell = ds_table_cell(t, c->row[0], col);
    return ds_date_split(cell.s, (size_t)cell.n, 0, &d);
}

static int increases(const ds_choice *c, ds_table *t, int col)
{
    for (int k = 0; k < c->count; k++) {
        double last = 0, x;
        for (long i = c->start[k]; i < c->start[k + 1]; i++) {
            if (ds_table_number(t, c->row[i], col, &x) != DS_VALUE) return 0;
            if (i > c->start[k] && !(x > last)) return 0;
            last = x;
        }
    }
    return 1;
}

static int find_name(const ds_choice *c, const ds_table *t, const char *name)
{
    const char *const only[] = { name, NULL };
    for (int i = 0; i < t->cols; i++)
        if (i != c->id && is_named(t->column[i], only)) return i;
    return -1;
}

/* Columns year, month, day and, as far as they are there, hour, minute, second. */
static int find_year_month_day(ds_choice *c, const ds_table *t)
{
    static const char *const part[DS_TIME_PARTS] = { "year", "month",  "day",
                                                     "hour", "minute", "second" };
    for (c->times = 0; c->times < DS_TIME_PARTS; c->times++) {
        c->time[c->times] = find_name(c, t, part[c->times]);
        if (c->time[c->times] < 0) break;
    }
    if (c->times >= 3) return 1;
    c->times = 0;
    return 0;
}

/* The first column whose cells are days alone (day = 1), or times of day alone; -1: none. */
static int find_part_of_date(const ds_choice *c, ds_table *t, int day)
{
    for (int i = 0; i < t->cols; i++) {
        ds_date d;
        if (i == c->id || !holds_dates(c, t, i)) continue;
        ds_cell cell = ds_table_cell(t, c->row[0], i);
        ds_date_split(cell.s, (size_t)cell.n, 0, &d);
        if (day ? d.parts == 3 && !d.fields : !d.parts) return i;
    }
    return -1;
}

static int find_date_and_time(ds_choice *c, ds_table *t)
{
    int day = find_part_of_date(c, t, 1), time = find_part_of_date(c, t, 0);
    if (day < 0 || time < 0) return 0;
    c->times   = 2;
    c->time[0] = day;
    c->time[1] = time;
    return 1;
}

const char *ds_find_time(ds_choice *c, ds_table *t)
{
    if (find_date_and_time(c, t)) return "a date and a time of day";
    if (t->text && find_year_month_day(c, t)) return "by their names";
    c->times = 1;
    for (int i = 0; i < t->cols; i++) {
        c->time[0] = i;
        if (i != c->id && is_named(t->column[i], surely)) return "by its name";
    }
    for (int i = 0; i < t->cols; i++) {
        c->time[0] = i;
        if (i != c->id && holds_dates(c, t, i)) return "it holds dates";
    }
    int others = t->cols - (c->id >= 0);
    for (int i = 0; i < t->cols && others > 1; i++) {
        c->time[0] = i;
        if (i != c->id && is_named(t->column[i], perhaps) && increases(c, t, i))
            return "by its name";
    }
    c->time[0] = c->id == 0;
    if (others > 1 && increases(c, t, c->time[0])) return "the first column, and it increases";
    c->times = 0;
    return NULL;
}
