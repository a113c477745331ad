/* args_internal.h - what args.c and args_config.c share. */
#ifndef COSTATE_CLI_ARGS_INTERNAL_H
#define COSTATE_CLI_ARGS_INTERNAL_H

#include <costate/autodiff/memory.h>

#include "args.h"

typedef enum cli_source { CLI_UNSET, CLI_FROM_TABLE, CLI_FROM_FILE, CLI_FROM_COMMAND } cli_source;

typedef struct cli_value {
    const char  *text;
    int          items; /* of a list */
    const char **item;
    cli_source   source;
} cli_value;

struct cli_args {
    const cli_verb *verb;
    ad_arena       *arena;
    int             options;
    cli_value      *value;
    int             words;
    const char    **word;
};

const cli_option *cli_verb_option(const cli_verb *verb,
                                  int i); /* common ones behind the verb's; NULL: no more */
int               cli_find(const cli_args *a, const char *typed, size_t n); /* -1: no such option */
ad_status         cli_set(cli_args *a, int i, const char *text, cli_source source);
ad_status         cli_args_config(cli_args *a, const char *path, FILE *warnings);

#endif
