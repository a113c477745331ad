/* report.h - one self-contained report.html: text, tables, figures inside.

   Building is sticky: the first failure is told by cli_report_save(). Everything given is copied and escaped. A figure
   that cannot be drawn (no gnuplot) is no failure: the report says which were left out, and why. */
#ifndef COSTATE_CLI_REPORT_H
#define COSTATE_CLI_REPORT_H

#include "plot.h"

typedef struct cli_report cli_report;

ad_status cli_report_new(cli_report **r, const char *title, const char *subtitle);
void      cli_report_free(cli_report *r);

void cli_report_section(cli_report *r, const char *title);
void cli_report_text(cli_report *r, const char *format, ...)
    COSTATE_PRINTF(2, 3);                              /* a paragraph       */
void cli_report_code(cli_report *r, const char *text); /* as it stands      */

/* cells[row * columns + column]; a column whose cells are all numbers is set flush right. NULL is an empty cell. */
typedef struct cli_table {
    const char        *caption; /* NULL: none */
    int                columns, rows;
    const char *const *heads;
    const char *const *cells;
    int                best; /* 1 + the row to stand out; 0: none */
} cli_table;
void cli_report_table(cli_report *r, const cli_table *t);

/* Draws the figure into the report, and as a picture of its own to path (.png or .svg; NULL: not). The name is what a left out
   figure is called. Returns 1 if it was drawn. */
int cli_report_figure(cli_report *r, const char *name, const char *caption, const cli_figure *f,
                      const char *path);

/* What comes until the second call stands side by side, as long as the page is wide enough. */
void cli_report_beside(cli_report *r, int begin);

/* The same with a picture that stands in an .svg or .png file already. */
int cli_report_picture(cli_report *r, const char *name, const char *caption, const char *path);

/* How many figures were left out, and why the first (NULL: none). */
int         cli_report_left_out(const cli_report *r);
const char *cli_report_reason(const cli_report *r);

ad_status cli_report_save(const cli_report *r, const char *path);

#endif
