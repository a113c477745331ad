/* table.h - a text or an array as rows of cells, before anything is known of time (internal).

   A table keeps the text and where its rows begin; cells are cut anew whenever a row is looked at, so that a table costs
   little more than its file. */
#ifndef COSTATE_DATASETS_TABLE_H
#define COSTATE_DATASETS_TABLE_H

#include <costate/datasets/npy.h>
#include <costate/datasets/read.h>

COSTATE_BEGIN_DECLS

typedef struct ds_cell {
    const char *s;
    int         n;
} ds_cell;

typedef struct ds_line {
    const char *s; /* not terminated */
    size_t      n;
    long        number; /* from 1 */
} ds_line;

typedef struct ds_table {
    const char *name;               /* for sentences                                      */
    char       *text;               /* owned; NULL for an array                           */
    char        delimiter, decimal; /* ' ' is white space                                 */
    int         cols;
    long        rows;
    char      **column;     /* [cols]                                                     */
    ds_line    *line;       /* [rows]                                                     */
    ds_cell    *cell;       /* [cols + 2], the row last looked at                         */
    long        looked_at;  /* its number, -1: none                                       */
    ds_npy      array;      /* rows of cols numbers                                       */
    long        per_series; /* an array of three dimensions: rows of each series, else 0  */
    int         runs;       /* the header left out a run number and a time, columns 0, 1  */
    char        note[1024];
} ds_table;

/* Takes over text (n bytes and a 0), on failure too. */
ad_status ds_table_text(ds_table *t, const char *name, char *text, size_t n,
                        const ds_read_options *o);
ad_status ds_table_array(ds_table *t, const char *name, const void *bytes, size_t n);
void      ds_table_clear(ds_table *t);

/* A cell of a text; of an array, the number. */
ds_cell ds_table_cell(ds_table *t, long row, int col);

typedef enum ds_value { DS_VALUE, DS_MISSING, DS_TEXT } ds_value;
ds_value ds_table_number(ds_table *t, long row, int col, double *x);

enum { DS_WHERE = 64 };

/* "line 7", "row 7". */
char *ds_table_where(const ds_table *t, long row, char text[DS_WHERE]);
void  ds_table_note(ds_table *t, const char *format, ...) COSTATE_PRINTF(2, 3);

/* By name, else by position from 1; AD_BAD_FILE with the nearest name. */
ad_status ds_table_find(const ds_table *t, const char *name, size_t n, int *col);

/* --- text: lines.c, detect.c, header.c --------------------------------------------------------------- */

/* Cuts a line; writes at most most cells, returns how many there are, -1 for a quote that is not closed. */
int ds_cut(ds_line line, char delimiter, ds_cell *cell, int most);

/* The next line with something on it from *at on, comments (# and %) included; 0 at the end. */
int ds_next_line(const char **at, const char *end, long *number, ds_line *line);
int ds_is_comment(ds_line line);

enum { DS_SAMPLE = 64 };

/* The delimiter that most of the n <= DS_SAMPLE lines agree on; not the decimal sign, where that is known. */
char ds_detect_delimiter(const ds_line *sample, int n, char decimal);

/* Finds t->cols and names the columns from the header line (if any) or the last comment before the data; *skip: the
   header is the first of t->line. */
ad_status ds_header(ds_table *t, const ds_line *comment, int forced, int *skip);

COSTATE_END_DECLS
#endif
