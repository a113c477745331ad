#include <stdio.h>
#include <string.h>

#include <costate/autodiff/memory.h>
#include <costate/datasets/choose.h>

static ad_status number_the_rows(ds_choice *c, ds_table *t, const ds_read_options *o)
{
    if (o->clock && o->clock->unit != DS_NUMBER)
        return ad_fail(AD_BAD_FILE,
                       "%s has no time column, but times in %s are expected; name it with --time",
                       t->name, ds_unit_name(o->clock->unit));
    long from = o->from > 1 ? o->from - 1 : 0, stride = o->stride > 1 ? o->stride : 1;
    for (int k = 0; k < c->count; k++)
        for (long i = c->start[k]; i < c->start[k + 1]; i++)
            c->t[i] = (double)(from + stride * (i - c->start[k]));
    return AD_OK;
}

/* "name", or several as "date+time", "year+month+day+hour". */
static ad_status time_as_asked(ds_choice *c, ds_table *t, const char *asked)
{
    if (!strcmp(asked, "none")) return AD_OK;
    if (!ds_table_find(t, asked, strlen(asked), &c->time[0])) {
        c->times = 1;
        return AD_OK;
    }
    if (!strchr(asked, '+')) return AD_BAD_FILE;
    for (const char *s = asked; *s;) {
        size_t n = strcspn(s, "+");
        if (c->times == DS_TIME_PARTS)
            return ad_fail(AD_INVALID, "--time %s names more than %d columns", asked,
                           DS_TIME_PARTS);
        AD_TRY(ds_table_find(t, s, n, &c->time[c->times++]));
        s += n + (s[n] == '+');
    }
    return AD_OK;
}

static void name_time(ds_choice *c, const ds_table *t)
{
    size_t used = 0;
    for (int i = 0; i < c->times && used < sizeof c->time_name; i++)
        used += (size_t)snprintf(c->time_name + used, sizeof c->time_name - used, "%s%s",
                                 i ? "+" : "", t->column[c->time[i]]);
}

static ad_status choose_time(ds_choice *c, ds_table *t, const ds_read_options *o)
{
    const char *why = "as asked";
    c->t            = ad_alloc((size_t)c->start[c->count] * sizeof *c->t);
    if (!c->t) return AD_NO_MEMORY;
    if (c->start[c->count] == 0) return AD_OK; /* no rows are left: the caller says so */
    if (o->time)
        AD_TRY(time_as_asked(c, t, o->time));
    else
        why = ds_find_time(c, t);
    if (!c->times) {
        ds_table_note(t, "time: the row number, from 0%s",
                      o->time ? "" : " (no column looks like a time; --time names one)");
        return number_the_rows(c, t, o);
    }
    name_time(c, t);
    for (int i = 0; i < c->times; i++)
        if (c->time[i] == c->id)
            return ad_fail(AD_BAD_FILE, "%s: column '%s' cannot be both time and id", t->name,
                           t->column[c->id]);
    AD_TRY(ds_read_times(c, t, o));
    ds_table_note(t, "time: column '%s' (%s)%s%s", c->time_name, why,
                  c->clock.unit ? ", counted in " : "", ds_unit_name(c->clock.unit));
    return AD_OK;
}

static int is_time(const ds_choice *c, int col)
{
    for (int i = 0; i < c->times; i++)
        if (c->time[i] == col) return 1;
    return 0;
}

/* Marks the columns of a list "a,b" in mark[]. */
static ad_status mark_list(ds_table *t, const char *list, int *mark)
{
    for (const char *s = list; *s;) {
        size_t n = strcspn(s, ","), skip = 0;
        while (skip < n && s[skip] == ' ') skip++;
        size_t m = n;
        while (m > skip && s[m - 1] == ' ') m--;
        int col;
        if (m > skip) {
            AD_TRY(ds_table_find(t, s + skip, m - skip, &col));
            mark[col] = 1;
        }
        s += n + (s[n] == ',');
    }
    return AD_OK;
}

static ad_status choose_values(ds_choice *c, ds_table *t, const ds_read_options *o)
{
    int *keep        = ad_alloc((size_t)t->cols * sizeof *keep),
        *drop        = ad_alloc((size_t)t->cols * sizeof *drop);
    c->value         = ad_alloc((size_t)t->cols * sizeof *c->value);
    ad_status status = keep && drop && c->value ? AD_OK : AD_NO_MEMORY;
    if (!status && o->columns) status = mark_list(t, o->columns, keep);
    if (!status && o->drop) status = mark_list(t, o->drop, drop);
    for (int i = 0; i < t->cols && !status; i++)
        if (!is_time(c, i) && i != c->id && (!o->columns || keep[i]) && !drop[i])
            c->value[c->cols++] = i;
    if (!status && c->cols == 0)
        status = ad_fail(AD_BAD_FILE, "%s: no column of values is left beside time%s", t->name,
                         c->id >= 0 ? " and id" : "");
    ad_free(keep);
    ad_free(drop);
    return status;
}

ad_status ds_choose(ds_choice *c, ds_table *t, const ds_read_options *o)
{
    *c = (ds_choice){ .id = -1 };
    if (o->id)
        AD_TRY(ds_table_find(t, o->id, strlen(o->id), &c->id));
    else if (t->runs && (!o->time || strcmp(o->time, t->column[0])))
        c->id = 0;
    if (c->id >= 0 && !t->text)
        return ad_fail(AD_UNSUPPORTED,
                       "%s: an array has no id column; save the series as [series, time, columns]",
                       t->name);
    AD_TRY(ds_group_rows(c, t, o));
    AD_TRY(choose_time(c, t, o));
    return choose_values(c, t, o);
}

void ds_choice_clear(ds_choice *c)
{
    ad_free(c->value);
    ad_free(c->start);
    ad_free(c->row);
    ad_free(c->t);
    *c = (ds_choice){ 0 };
}
