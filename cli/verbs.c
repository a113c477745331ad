#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <costate/autodiff/text.h>

#include "verbs.h"

static const cli_verb *const table[] = {
#define VERB(name) &cli_verb_##name,
#include "verbs.def"
#undef VERB
};

enum { VERBS = sizeof table / sizeof table[0] };

int cli_verbs(void)
{
    return VERBS;
}
const cli_verb *cli_verb_at(int i)
{
    return table[i];
}

static const cli_verb *named(const char *name)
{
    for (int i = 0; i < VERBS; i++)
        if (strcmp(table[i]->name, name) == 0) return table[i];
    return NULL;
}

static int overview(FILE *out)
{
    fputs("costate trains neural differential equations on time series, solves and forecasts with "
          "them.\n\n"
          "usage: costate VERB [options]\n\n",
          out);
    for (int i = 0; i < VERBS; i++) fprintf(out, "  %-10s %s\n", table[i]->name, table[i]->summary);
    fputs("\n`costate VERB --help` has each one's options and examples.\n", out);
    return CLI_DONE;
}

static int unknown_verb(const char *word)
{
    const char *names[VERBS];
    for (int i = 0; i < VERBS; i++) names[i] = table[i]->name;
    const char *near = ad_nearest(word, VERBS, names);
    fprintf(stderr, "costate: unknown verb '%.60s'", word);
    if (near) fprintf(stderr, "; did you mean `costate %s`?", near);
    fputs("\nType `costate --help` for what there is.\n", stderr);
    return CLI_USAGE;
}

static int run_verb(const cli_verb *verb, int argc, char **argv)
{
    cli_args *a;
    if (verb->narrow) verb = verb->narrow(argc, argv);
    if (!verb) return CLI_USAGE;
    ad_status s = cli_args_new(&a, verb, argc, argv, stderr);
    if (s == AD_INVALID) {
        fprintf(stderr, "costate %s: %s\nType `costate %s --help` for its options.\n", verb->name,
                ad_message(), verb->name);
        return CLI_USAGE;
    }
    if (s) {
        fprintf(stderr, "costate %s: %s\n", verb->name, ad_message());
        return CLI_FAILED;
    }
    int code = CLI_DONE;
    if (cli_help_wanted(a))
        cli_help(verb, stdout);
    else
        code = verb->run(a);
    cli_args_free(a);
    return code;
}

static int dispatch(int argc, char **argv)
{
    if (argc < 1) {
        fputs("costate needs a verb. Type `costate --help` for what there is.\n", stderr);
        return CLI_USAGE;
    }
    const char *word = argv[0];
    if (strcmp(word, "--version") == 0) word = "version";
    int help = strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0;
    if (help && argc == 1) return overview(stdout);
    const cli_verb *verb = named(help ? argv[1] : word);
    if (!verb) return unknown_verb(help ? argv[1] : word);
    if (!help) return run_verb(verb, argc - 1, argv + 1);
    if (verb->narrow && argc > 2) verb = verb->narrow(argc - 2, argv + 2);
    if (verb) cli_help(verb, stdout);
    return verb ? CLI_DONE : CLI_USAGE;
}

int cli_run(int argc, char **argv)
{
    int code = dispatch(argc, argv);
    if (fflush(stdout) != 0 || ferror(stdout)) { /* a full disk behind `>` */
        fprintf(stderr, "costate: the output could not be written: %s\n", strerror(errno));
        if (code == CLI_DONE) code = CLI_FAILED;
    }
    return code;
}
