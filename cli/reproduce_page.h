/* reproduce_page.h - what an experiment without trials fills: the same tables and pictures on the terminal, in table.md, results.json and
   report.html.

   Building is sticky: the first failure is told by repro_page_save(). */
#ifndef COSTATE_CLI_REPRODUCE_PAGE_H
#define COSTATE_CLI_REPRODUCE_PAGE_H

#include "reproduce.h"

typedef struct repro_page repro_page;

ad_status repro_page_new(repro_page **p, const repro *r);
void      repro_page_free(repro_page *p);

void repro_page_section(repro_page *p, const char *title);
void repro_page_text(repro_page *p, const char *format, ...) COSTATE_PRINTF(2, 3);
/* A table, everywhere but in results.json. */
void repro_page_table(repro_page *p, const cli_table *t);
/* The report's; and NAME.svg beside it. */
void repro_page_figure(repro_page *p, const char *name, const char *caption, const cli_figure *f);
/* The same of a .png that stands there, by its path under the output. */
void repro_page_picture(repro_page *p, const char *name, const char *caption, const char *path);
/* The object of results.json, beside "experiment" and "cite"; what is put there is the page's. */
struct json_t *repro_page_json(repro_page *p);

/* Writes the files, and tells: tables, or with --json the object. */
ad_status repro_page_save(repro_page *p);

#endif
