/* choose.h - which columns and rows of a table are series, and their times (internal). */
#ifndef COSTATE_DATASETS_CHOOSE_H
#define COSTATE_DATASETS_CHOOSE_H

#include <costate/datasets/table.h>

COSTATE_BEGIN_DECLS

enum { DS_TIME_PARTS = 6, DS_TIME_CELL = 80 };

typedef struct ds_choice {
    int times; /* columns that make up the time: none, one, or date and time, or year, month, day ... */
    int      time[DS_TIME_PARTS];
    char     time_name[80];
    int      id; /* column; -1: none                                               */
    int      cols;
    int     *value; /* [cols]                                                         */
    int      count; /* series                                                         */
    long    *start; /* [count + 1]: series i is row[start[i]] .. row[start[i + 1] - 1] */
    long    *row;   /* rows of the table, series by series                            */
    double  *t;     /* [start[count]], along row                                      */
    ds_clock clock;
} ds_choice;

/* Every step of it, in order. */
ad_status ds_choose(ds_choice *c, ds_table *t, const ds_read_options *o);
void      ds_choice_clear(ds_choice *c);

/* groups.c: fills count, start and row: rows of one id in file order, ids in order of appearance, cut to
   o->from .. o->to by o->stride. */
ad_status ds_group_rows(ds_choice *c, ds_table *t, const ds_read_options *o);

/* find_time.c: fills times and time[] and says why: "by its name"; NULL: no column looks like a time. */
const char *ds_find_time(ds_choice *c, ds_table *t);

/* times.c: reads the times along c->row into c->t, finds their clock, and sees that each series' increase. */
ad_status ds_read_times(ds_choice *c, ds_table *t, const ds_read_options *o);

/* date_column.c: the same for times that are dates. compact: YYYYMMDD. */
ad_status ds_read_dates(ds_choice *c, ds_table *t, const ds_read_options *o, int compact);

/* The text of a row's time; several columns are joined, as "2010-1-1 0:00". */
ds_cell ds_time_cell(const ds_choice *c, ds_table *t, long row, char text[DS_TIME_CELL]);

/* "FILE, line 7, column 'Date': '2010-13-01' " + why. */
ad_status ds_bad_time(const ds_choice *c, ds_table *t, long row, const char *why);

COSTATE_END_DECLS
#endif
