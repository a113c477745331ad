/* dates.h - the parts of a written date or time of day (internal). */
#ifndef COSTATE_DATASETS_DATES_H
#define COSTATE_DATASETS_DATES_H

#include <costate/datasets/clock.h>

COSTATE_BEGIN_DECLS

typedef struct ds_date {
    int    parts, part[3], width[3]; /* 0, 2 or 3 numbers in written order, and their digits */
    int    month_at, named; /* the part that is a month's name, -1: none; 1: Jan, 2: January */
    char   separator, gap;
    int    padded;
    int    fields; /* of the time of day: 0, 2 or 3 */
    long   hour;
    int    minute, digits;
    double second;
    int    zone, offset;
} ds_date;

/* Whether all n characters have the shape of a date, a date with a time of day, or a time of day. A bare YYYYMMDD only
   counts with compact. */
int ds_date_split(const char *s, size_t n, int compact, ds_date *d);

/* The unit that dates of this shape are counted in. */
ds_unit ds_date_unit(const ds_date *d);

/* The time on the unit's axis with the parts in this order; NULL, or what is wrong with it. */
const char *ds_date_value(const ds_date *d, ds_date_order order, ds_unit unit, double *t);

/* Days from 1970-01-01 in the Gregorian calendar, and back. */
long ds_days_from_civil(long year, int month, int day);
void ds_civil_from_days(long days, long *year, int *month, int *day);
int  ds_days_in_month(long year, int month);

extern const char *const ds_month_name[12]; /* "January" */

COSTATE_END_DECLS
#endif
