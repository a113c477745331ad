/* clock.h - times as numbers and as people write them.

   Plain numbers stay as they are. Dates become a number on a fixed axis, so that two files of one kind agree:

       2021-03-04                 days since 1970-01-01
       1749-01                    months since 1970-01
       2021-03-04 15:00           hours since 1970-01-01 00:00 UTC (whatever the number of fields)
       13:45, 13:45:10            minutes, seconds

   The clock remembers the form, and ds_clock_text() writes it back. */
#ifndef COSTATE_DATASETS_CLOCK_H
#define COSTATE_DATASETS_CLOCK_H

#include <costate/autodiff/status.h>

COSTATE_BEGIN_DECLS

typedef enum ds_unit {
    DS_NUMBER, /* no dates: all other members of the clock are 0 */
    DS_SECONDS,
    DS_MINUTES,
    DS_HOURS,
    DS_DAYS,
    DS_MONTHS
} ds_unit;

typedef enum ds_date_order {
    DS_NO_DATE, /* a time of day, or a number      */
    DS_YMD,
    DS_DMY,
    DS_MDY,
    DS_YM,
    DS_MY
} ds_date_order;

typedef struct ds_clock {
    ds_unit       unit;
    ds_date_order order;
    char          separator; /* '-' '/' '.' ' ', 0: YYYYMMDD                        */
    int           padded;    /* 04 rather than 4                                    */
    char          gap;       /* 'T' or ' ' between date and time of day             */
    int           fields;    /* of the time of day: 0, 2 (HH:MM) or 3 (HH:MM:SS)    */
    int           digits;    /* after the second's point                            */
    int           zone;      /* 0: none, 1: Z, 2: +HH:MM                            */
    int           offset;    /* minutes east of UTC                                 */
    int           named;     /* the month is written 1: Jan, 2: January             */
} ds_clock;

enum { DS_CLOCK_TEXT = 64 }; /* room that ds_clock_text() needs at most */

const char *ds_unit_name(ds_unit unit); /* "days"; "" for plain numbers */

/* Writes time t in the clock's form. Where the form is too coarse for t it is continued by the next finer fields
   (a day's half becomes 12:00), which ds_clock_read() takes too. Returns text. */
char *ds_clock_text(const ds_clock *clock, double t, char text[DS_CLOCK_TEXT]);

/* Reads one time, such as forecast's --until: a number or a date as the data has them, or an ISO 8601 date. */
ad_status ds_clock_read(const ds_clock *clock, const char *text, double *t);

/* The form itself as text, to be kept with a run: "2033-09-23", "23.9.2033 13:44", "number". */
char     *ds_clock_form(const ds_clock *clock, char text[DS_CLOCK_TEXT]);
ad_status ds_clock_from_form(ds_clock *clock, const char *text);

COSTATE_END_DECLS
#endif
