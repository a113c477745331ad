#include <string.h>

#include <costate/datasets/choose.h>
#include <costate/datasets/dates.h>
#include <costate/datasets/number.h>

/* What a column of dates has shown so far. */
typedef struct date_column {
    ds_date first;       /* the shape all must have, with the finest time of day seen */
    long    day_first;   /* a row that can only be d/m/y; -1: none                    */
    long    month_first; /* a row that can only be m/d/y                              */
    int     compact;
} date_column;

static int same_shape(const ds_date *a, const ds_date *b)
{
    return a->parts == b->parts && a->separator == b->separator &&
           (a->width[0] == 4) == (b->width[0] == 4) && !a->zone == !b->zone &&
           a->month_at == b->month_at;
}

static ad_status look_at_dates(date_column *d, const ds_choice *c, ds_table *t)
{
    long rows = c->start[c->count];
    for (long i = 0; i < rows; i++) {
        char    text[DS_TIME_CELL];
        ds_cell cell = ds_time_cell(c, t, c->row[i], text);
        ds_date a;
        if (!ds_date_split(cell.s, (size_t)cell.n, d->compact, &a))
            return ds_bad_time(c, t, c->row[i],
                               cell.n ? "is neither a date nor a number; name the time column with "
                                        "--time, or --time none "
                                        "to number the rows"
                                      : "is empty, but every row needs a time");
        if (i == 0) d->first = a;
        if (!same_shape(&a, &d->first))
            return ds_bad_time(c, t, c->row[i],
                               "is written in another way than the first date of the file");
        if (a.fields > d->first.fields) d->first.fields = a.fields;
        if (a.digits > d->first.digits) d->first.digits = a.digits;
        if (a.gap) d->first.gap = a.gap;
        if (!a.padded) d->first.padded = 0;
        if (a.named > d->first.named) d->first.named = a.named; /* May is both */
        if (a.parts < 3 || a.width[0] == 4) continue;
        if (a.part[0] > 12) d->day_first = c->row[i];
        if (a.part[1] > 12) d->month_first = c->row[i];
    }
    return AD_OK;
}

/* d.m.y with points; d/m/y and m/d/y by a part above 12, else by the option. */
static ad_status find_order(const date_column *d, const ds_choice *c, ds_table *t,
                            const ds_read_options *o, ds_date_order *order)
{
    const ds_date *a = &d->first;
    if (a->parts == 0)
        *order = DS_NO_DATE;
    else if (a->parts == 2)
        *order = a->width[0] == 4 ? DS_YM : DS_MY;
    else if (a->width[0] == 4)
        *order = DS_YMD;
    else if (a->month_at >= 0)
        *order = a->month_at ? DS_DMY : DS_MDY;
    else if (o->dates && ds_same_word(o->dates, strlen(o->dates), "mdy"))
        *order = DS_MDY;
    else if (o->dates || a->separator == '.')
        *order = DS_DMY;
    else if (d->day_first >= 0 && d->month_first >= 0)
        return ds_bad_time(c, t, d->month_first,
                           "is month first, but other dates of the file are day first");
    else if (d->day_first >= 0)
        *order = DS_DMY;
    else if (d->month_first >= 0)
        *order = DS_MDY;
    else if (o->clock && (o->clock->order == DS_DMY || o->clock->order == DS_MDY))
        *order = o->clock->order;
    else
        return ds_bad_time(c, t, c->row[0],
                           "may be day first or month first; say --dates dmy or --dates mdy");
    return AD_OK;
}

ad_status ds_read_dates(ds_choice *c, ds_table *t, const ds_read_options *o, int compact)
{
    date_column   d     = { .day_first = -1, .month_first = -1, .compact = compact };
    long          rows  = c->start[c->count];
    ds_date_order order = DS_NO_DATE;
    AD_TRY(look_at_dates(&d, c, t));
    AD_TRY(find_order(&d, c, t, o, &order));
    ds_unit unit = ds_date_unit(&d.first);
    c->clock     = (ds_clock){ .unit      = unit,
                               .order     = order,
                               .separator = d.first.separator,
                               .padded    = d.first.padded || c->times > 2,
                               .named     = d.first.named,
                               .gap       = d.first.gap,
                               .fields    = d.first.fields,
                               .digits    = d.first.digits,
                               .zone      = d.first.zone,
                               .offset    = d.first.offset };
    for (long i = 0; i < rows; i++) {
        char    text[DS_TIME_CELL];
        ds_cell cell = ds_time_cell(c, t, c->row[i], text);
        ds_date a;
        ds_date_split(cell.s, (size_t)cell.n, compact, &a);
        const char *wrong   = ds_date_value(&a, order, unit, &c->t[i]);
        char        why[80] = "is no date: ";
        if (wrong) return ds_bad_time(c, t, c->row[i], strncat(why, wrong, 60));
    }
    return AD_OK;
}
