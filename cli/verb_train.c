/* costate train MODEL: the models of models.def, each with options of its own. */
#include <string.h>

#include <costate/autodiff/text.h>

#include "models.h"
#include "text.h"
#include "verbs.h"

enum { MODELS = 16 };

static int names(const char **name)
{
    int n = cli_models() < MODELS ? cli_models() : MODELS;
    for (int i = 0; i < n; i++) name[i] = cli_model_at(i)->name;
    return n;
}

static void list(FILE *out)
{
    fputs("\nmodels\n", out);
    for (int i = 0; i < cli_models(); i++) {
        int n = fprintf(out, "  %s", cli_model_at(i)->name);
        fprintf(out, "%*s", 18 - n, "");
        cli_wrap(out, cli_model_at(i)->train->summary, 18);
    }
    fputs("\n`costate train MODEL --help` has each one's options and examples.\n", out);
}

static const cli_verb *mistake(const char *word)
{
    const char *name[MODELS], *near = NULL;
    int         n = names(name);
    if (word) near = ad_nearest(word, n, name);
    if (word)
        fprintf(stderr, "costate train: there is no model '%.60s' to train", word);
    else
        fputs("costate train: which model?", stderr);
    if (near) fprintf(stderr, "; did you mean %s?", near);
    for (int i = 0; i < n && !near; i++)
        fprintf(stderr, "%s%s", i ? ", " : word ? "; there are " : " There are ", name[i]);
    fputs("\nType `costate train --help` for them.\n", stderr);
    return NULL;
}

/* Is it an option of some model? */
static int known(const char *word)
{
    while (*word == '-') word++;
    size_t n = strcspn(word, "=");
    for (int i = 0; i < cli_models(); i++)
        for (const cli_option *o = cli_model_at(i)->train->options; o->key; o++)
            if (strlen(o->key) == n && !strncmp(o->key, word, n)) return 1;
    return 0;
}

/* The first word that names a model. Without one, an option that only models have says what is missing. */
static const cli_verb *narrow(int argc, char **argv)
{
    for (int i = 0; i < argc; i++)
        if (cli_model_find(argv[i])) return cli_model_find(argv[i])->train;
    for (int i = 0; i < argc; i++)
        if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) return &cli_verb_train;
    if (argc > 0 && argv[0][0] != '-' && !strchr(argv[0], '=')) return mistake(argv[0]);
    return argc == 0 || known(argv[0]) ? mistake(NULL) : &cli_verb_train;
}

static int run(const cli_args *a)
{
    (void)a;
    mistake(NULL);
    return CLI_USAGE;
}

const cli_verb cli_verb_train = {
    .name      = "train",
    .summary   = "trains a model: on time series, on labelled samples, on points",
    .usage     = "MODEL --data FILE [options]",
    .examples  = "costate train ode --data lynx-hare --output run\n"
                 "costate train ode-classifier --data digits --epochs 20\n"
                 "costate train cnf --data two-moons --regularizer kinetic:0.01",
    .max_words = 1,
    .run       = run,
    .narrow    = narrow,
    .more      = list,
};
