/* args.h - what stands behind `costate VERB`: words and options, from the command line and from a JSON file.

   A verb is a cli_verb: its name, its table of options, a function. The table is all there is to an option: parsing,
   defaults, the names that a mistake suggests and the help text come from it.

       --rtol 1e-8    --rtol=1e-8    rtol=1e-8          are the same
       --dry-run      --dry-run=no   --no-dry-run       flags; they never take the next word
       --set a=2 --set b=3           set=a=2,b=3        a list gathers; commas separate
       --config FILE.json            { "rtol": 1e-8, "set": ["a=2", "b=3"] }: what the command line does not say

   Underscores count as dashes. `--` ends the options. Every verb has --help and --config besides its own. */
#ifndef COSTATE_CLI_ARGS_H
#define COSTATE_CLI_ARGS_H

#include <stdio.h>

#include <costate/autodiff/status.h>

typedef enum cli_kind { CLI_FLAG, CLI_INTEGER, CLI_NUMBER, CLI_TEXT, CLI_LIST } cli_kind;

typedef struct cli_option {
    const char *key;      /* "max-steps"                                                    */
    cli_kind    kind;     /* numbers are finite                                             */
    const char *value;    /* what the help calls the value: "FILE"; NULL: N, X, TEXT, A,B   */
    const char *standard; /* the default, as it would be typed; NULL: none                  */
    const char *help;     /* one sentence                                                   */
    const char *group;    /* the heading that starts here; NULL: the one before goes on     */
} cli_option;

typedef struct cli_args cli_args;

/* Exit codes: a verb returns one. */
enum { CLI_DONE = 0, CLI_FAILED = 1, CLI_USAGE = 2 };

typedef struct cli_verb {
    const char       *name;
    const char       *summary;   /* "trains a model on a time series"                             */
    const char       *usage;     /* what follows `costate NAME`: "ode --data FILE [options]"      */
    const char       *examples;  /* whole lines                                                   */
    const cli_option *options;   /* the last row's key is NULL                                    */
    int               max_words; /* how many words beside options; more are a mistake             */
    int (*run)(const cli_args *a);
    /* The verb that these words make of it, where they do: `train cnf` has options of its own. Returns NULL for words that it cannot
       make anything of, and has said so on stderr. */
    const struct cli_verb *(*narrow)(int argc, char **argv);
    void (*more)(FILE *out); /* behind the usage in the help text; NULL: nothing */
} cli_verb;

/* Parses what follows the verb. argv must outlive *a. With --help nothing else is checked. Fails with AD_INVALID (a
   mistake of whoever typed), AD_BAD_FILE (the --config file) or AD_NO_MEMORY. Unknown keys of the file are ignored
   with a warning on `warnings` (NULL: none). */
ad_status cli_args_new(cli_args **a, const cli_verb *verb, int argc, char **argv, FILE *warnings);
void      cli_args_free(cli_args *a);

int             cli_help_wanted(const cli_args *a);
const cli_verb *cli_args_verb(const cli_args *a);

int         cli_words(const cli_args *a);
const char *cli_word(const cli_args *a, int i); /* NULL beyond the last */

/* Values by key, defaults included; the key must stand in the verb's table with that kind. */
const char *cli_text(const cli_args *a,
                     const char     *key); /* any kind, as typed; NULL: not given, no default */
double      cli_number(const cli_args *a, const char *key);
long        cli_integer(const cli_args *a, const char *key);
int         cli_flag(const cli_args *a, const char *key);
int         cli_list(const cli_args *a, const char *key); /* how many */
const char *cli_item(const cli_args *a, const char *key, int i);
int         cli_given(const cli_args *a, const char *key); /* by the command line or the file */

/* The options as they stand, defaults included: what --config reads back to the same. A new reference to a JSON object;
   NULL when there is no memory. */
struct json_t *cli_args_json(const cli_args *a);

/* The one way to end badly: the sentence on stderr (at most five lines), and the exit code to return. */
int cli_failed(const cli_args *a); /* ad_message(); CLI_FAILED */
int cli_mistake(const cli_args *a, const char *format, ...) COSTATE_PRINTF(2, 3); /* CLI_USAGE */

/* cli/help.c: the help text made of the table. */
void cli_help(const cli_verb *verb, FILE *out);

#endif
