#include <stdio.h>

#include "verbs.h"

static int run(const cli_args *a)
{
    (void)a;
    puts("costate " COSTATE_VERSION);
    return CLI_DONE;
}

const cli_verb cli_verb_version = {
    .name     = "version",
    .summary  = "tells which costate this is",
    .usage    = "",
    .examples = "costate version",
    .run      = run,
};
