/* read.h - data sets from files: CSV and its relatives, whitespace-separated text, .npy; gzip'd or not.

   The delimiter (tab ; | , or white space), the decimal comma, the header line, the time column, dates and their form
   are found; set->note says what was decided. Missing values are empty cells, NA, NaN, null, none, ? and -.

       ds_series_set *set;
       AD_TRY(ds_read(&set, "lynx.csv", &(ds_read_options){ .columns = "lynx,hare" }));

   A failure is AD_BAD_FILE with file, line, column and text in its sentence. */
#ifndef COSTATE_DATASETS_READ_H
#define COSTATE_DATASETS_READ_H

#include <stdio.h>

#include <costate/datasets/series.h>

COSTATE_BEGIN_DECLS

/* Columns are named by name or, where no name fits, by position from 1. */
typedef struct ds_read_options {
    const char *
        time; /* found: a column named t, time, date, ...; one of dates; the first, if it increases.
                            "date+time", "year+month+day+hour": several that make one;
                            "none": the row number, from 0                                             */
    const char *id; /* none: one series; else rows are told apart by this column, in any order    */
    const char
        *columns; /* all: names to keep, "a,b"                                                  */
    const char
        *drop; /* none: names to leave out                                                   */
    long from, to, stride; /* rows of each series, from 1 and inclusive: 1, last, 1             */
    char delimiter;        /* found; ' ' is white space                                         */
    char decimal;          /* found: '.' or ','                                                 */
    int  header;           /* found: +1 there is a header line, -1 there is none                */
    const char     *dates; /* found: "dmy" or "mdy" where a file leaves it open                 */
    const ds_clock *clock; /* found: the times must be written on this axis (a run's own)       */
} ds_read_options;

/* options may be NULL. */
ad_status ds_read(ds_series_set **out, const char *path, const ds_read_options *o);

/* The same for n bytes in memory (not gzip'd); name stands for the file in sentences. */
ad_status ds_read_memory(ds_series_set **out, const char *name, const void *bytes, size_t n,
                         const ds_read_options *o);

/* A file if there is one of that name, else a built-in data set "NAME" or "NAME:n=200,noise=0.05,seed=1"
   (registry.h). */
ad_status ds_open(ds_series_set **out, const char *what, const ds_read_options *o);

/* Writes the time column and all others as CSV, so that reading it again gives the same numbers; a set of several
   series gets an id column "series" in front (read it with .id = "series"). Written beside the file and renamed. */
ad_status ds_write_csv(const char *path, const ds_series_set *set);

/* The same to an open stream, which stays open. */
ad_status ds_print_csv(FILE *f, const ds_series_set *set);

COSTATE_END_DECLS
#endif
