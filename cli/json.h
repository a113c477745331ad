/* json.h - JSON in and out, over jansson.

   Numbers are written with the fewest digits that read back exactly; NaN and infinities become null. Arrays of numbers
   stand on one line. */
#ifndef COSTATE_CLI_JSON_H
#define COSTATE_CLI_JSON_H

#include <stdio.h>

#include <costate/autodiff/status.h>

struct json_t; /* jansson's */

/* New references; NULL when there is no memory. */
struct json_t *cli_json_number(double x);
struct json_t *cli_json_numbers(long n, const double *x);
struct json_t *cli_json_floats(long n, const float *x); /* as the doubles they are */

enum { CLI_JSON_LINE = 1 }; /* all on one line: for .jsonl */

/* The text, ended by a newline, in a block to ad_free(). Fails with AD_NO_MEMORY. */
ad_status cli_json_text(char **text, const struct json_t *j, int flags);
ad_status cli_json_print(const struct json_t *j, FILE *out);
/* Replaces the file whole (autodiff/file.h). */
ad_status cli_json_save(const struct json_t *j, const char *path);
/* A new reference. Mistakes: AD_BAD_FILE with file, line and column. */
ad_status cli_json_load(struct json_t **j, const char *path);

#endif
