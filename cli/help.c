#include <string.h>

#include "args_internal.h"
#include "text.h"

enum { HELP_COLUMN = 28 };

static const char *placeholder(const cli_option *o)
{
    static const char *const of_kind[] = { "", "N", "X", "TEXT", "A,B,..." };
    if (o->kind == CLI_FLAG && o->standard) return "yes|no";
    return o->value ? o->value : of_kind[o->kind];
}

static void one_option(const cli_option *o, FILE *out)
{
    char text[512];
    if (o->group) fprintf(out, "\n%s\n", o->group);
    int n = fprintf(out, "  --%s %s", o->key, placeholder(o));
    if (n < HELP_COLUMN - 1)
        fprintf(out, "%*s", HELP_COLUMN - n, "");
    else
        fprintf(out, "\n%*s", HELP_COLUMN, "");
    snprintf(text, sizeof text, o->standard ? "%s [%s]" : "%s", o->help,
             o->standard ? o->standard : "");
    cli_wrap(out, text, HELP_COLUMN);
}

void cli_help(const cli_verb *verb, FILE *out)
{
    fprintf(out, "costate %s %s.\n\nusage: costate %s %s\n", verb->name, verb->summary, verb->name,
            verb->usage);
    if (verb->more) verb->more(out);
    if (verb->examples) {
        fputs("\nexamples\n", out);
        for (const char *line = verb->examples; *line;) {
            size_t n = strcspn(line, "\n");
            fprintf(out, "  %.*s\n", (int)n, line);
            line += n + (line[n] == '\n');
        }
    }
    for (int i = 0; cli_verb_option(verb, i); i++) one_option(cli_verb_option(verb, i), out);
}
