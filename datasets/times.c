#include <math.h>
#include <stdio.h>
#include <string.h>

#include <costate/datasets/choose.h>
#include <costate/datasets/dates.h>
#include <costate/datasets/number.h>

ds_cell ds_time_cell(const ds_choice *c, ds_table *t, long row, char text[DS_TIME_CELL])
{
    static const char *const between[] = { "", "-", "-", " ", ":", ":" };
    if (c->times == 1) return ds_table_cell(t, row, c->time[0]);
    int used = 0;
    for (int i = 0; i < c->times; i++) {
        ds_cell     cell = ds_table_cell(t, row, c->time[i]);
        const char *sep  = c->times == 2 ? (i ? " " : "") : between[i];
        const char *zero = c->times > 2 && i > 3 && cell.n == 1 ? "0" : ""; /* 7:5 is 7:05 */
        int         n    = cell.n < 24 ? cell.n : 24;
        used += snprintf(text + used, (size_t)(DS_TIME_CELL - used), "%s%s%.*s", sep, zero,
                         n < 9 || c->times == 2 ? n : 9, cell.s);
    }
    if (c->times == 4) used += snprintf(text + used, (size_t)(DS_TIME_CELL - used), ":00");
    return (ds_cell){ text, used };
}

ad_status ds_bad_time(const ds_choice *c, ds_table *t, long row, const char *why)
{
    char    where[DS_WHERE], text[DS_TIME_CELL];
    ds_cell cell = ds_time_cell(c, t, row, text);
    return ad_fail(AD_BAD_FILE, "%s, %s, column '%s': '%.*s' %s", t->name,
                   ds_table_where(t, row, where), c->time_name, cell.n < 40 ? cell.n : 40, cell.s,
                   why);
}

static int is_date_name(const char *name)
{
    static const char *const names[] = { "date", "ds", "yyyymmdd", "day", NULL };
    for (int i = 0; names[i]; i++)
        if (ds_same_word(name, strlen(name), names[i])) return 1;
    return 0;
}

/* YYYYMMDD is a date only in a column that says so, and only if all are. */
static int all_compact(const ds_choice *c, ds_table *t)
{
    if (!t->text || c->times != 1 || !is_date_name(c->time_name)) return 0;
    for (long i = 0; i < c->start[c->count]; i++) {
        ds_cell cell = ds_table_cell(t, c->row[i], c->time[0]);
        ds_date a;
        if (cell.n != 8 || !ds_date_split(cell.s, 8, 1, &a) || a.parts != 3) return 0;
    }
    return 1;
}

static ad_status read_numbers(ds_choice *c, ds_table *t)
{
    char where[DS_WHERE];
    for (long i = 0; i < c->start[c->count]; i++) {
        ds_value v = ds_table_number(t, c->row[i], c->time[0], &c->t[i]);
        if (v == DS_TEXT)
            return ds_bad_time(c, t, c->row[i], "is not a number, as the times before it are");
        if (v == DS_MISSING)
            return ad_fail(
                AD_BAD_FILE,
                "%s, %s, column '%s': the time is missing, but every row needs one; take the "
                "row out, or use --time none to number the rows",
                t->name, ds_table_where(t, c->row[i], where), c->time_name);
        if (isinf(c->t[i]))
            return ad_fail(AD_BAD_FILE, "%s, %s, column '%s': the time is infinite", t->name,
                           ds_table_where(t, c->row[i], where), c->time_name);
    }
    return AD_OK;
}

static void time_text(ds_table *t, const ds_choice *c, long i, char text[48])
{
    if (t->text) {
        char    joined[DS_TIME_CELL];
        ds_cell cell = ds_time_cell(c, t, c->row[i], joined);
        int     n    = cell.n < 40 ? cell.n : 40;
        memcpy(text, cell.s, (size_t)n);
        text[n] = 0;
    } else {
        ds_number_text(c->t[i], text);
    }
}

static ad_status check_times(const ds_choice *c, ds_table *t)
{
    for (int k = 0; k < c->count; k++)
        for (long i = c->start[k] + 1; i < c->start[k + 1]; i++) {
            char here[48], before[48], where[DS_WHERE], there[DS_WHERE];
            if (c->t[i] > c->t[i - 1]) continue;
            time_text(t, c, i, here);
            time_text(t, c, i - 1, before);
            ds_table_where(t, c->row[i], where);
            ds_table_where(t, c->row[i - 1], there);
            const char *advice =
                c->id < 0
                    ? "sort the rows, name another time column with --time, or the column that "
                      "tells several series apart with --id"
                    : "sort each series' rows by time";
            if (c->t[i] == c->t[i - 1])
                return ad_fail(
                    AD_BAD_FILE,
                    "%s, %s, column '%s': the time %s stands on %s already; keep one row a time, "
                    "or %s",
                    t->name, where, c->time_name, here, there, advice);
            return ad_fail(AD_BAD_FILE,
                           "%s, %s, column '%s': the times do not increase (%s after %s on %s); %s",
                           t->name, where, c->time_name, here, before, there, advice);
        }
    return AD_OK;
}

ad_status ds_read_times(ds_choice *c, ds_table *t, const ds_read_options *o)
{
    double x;
    int    compact = all_compact(c, t);
    c->clock       = (ds_clock){ DS_NUMBER };
    if (compact || c->times > 1 || ds_table_number(t, c->row[0], c->time[0], &x) == DS_TEXT)
        AD_TRY(ds_read_dates(c, t, o, compact));
    else
        AD_TRY(read_numbers(c, t));
    if (o->clock && o->clock->unit != c->clock.unit)
        return ad_fail(AD_BAD_FILE, "%s, column '%s': the times are %s, but %s are expected",
                       t->name, c->time_name,
                       c->clock.unit ? ds_unit_name(c->clock.unit) : "plain numbers",
                       o->clock->unit ? ds_unit_name(o->clock->unit) : "plain numbers");
    return check_times(c, t);
}
