/* costate evaluate RUN: how good a trained model is on other data, in other precision, at other tolerances. */
#include "models.h"
#include "run_files.h"
#include "verbs.h"

static int run(const cli_args *a)
{
    const char *directory = cli_word(a, 0);
    if (!directory) return cli_mistake(a, "which run? costate evaluate RUN");
    if (run_threads(a)) return cli_mistake(a, "%s", ad_message());
    const cli_model *m = cli_model_of_run(directory);
    if (!m) return cli_failed(a);
    if (m->evaluate) return m->evaluate(a, directory);
    return cli_mistake(a, "runs of %s cannot be evaluated; ode-classifier's and score's can",
                       m->name);
}

#include "options.h"
static const cli_option options[] = {
    { "data", CLI_TEXT, "NAME|FILE|DIR", NULL,
      "other samples than the run's own: a whole file, or the part of a set", "data" },
    { "data-dir", CLI_TEXT, "DIR", NULL, "where the files of a set are that does not come along",
      NULL },
    { "part", CLI_TEXT, "train|test", "test", "of the run's own data, as it was split", NULL },
    { "rows", CLI_INTEGER, NULL, "0", "samples that are looked at, the first; 0: all", NULL },
    { "precision", CLI_LIST, "A,B", NULL, "float32, float64; a classifier in both", "solver" },
    { "tolerance", CLI_LIST, "X,Y,..", NULL, "rtol and atol; the run's own", NULL },
    THREADS_OPTION,
    { "json", CLI_FLAG, NULL, NULL, "a JSON list", "output" },
    { NULL, CLI_FLAG, NULL, NULL, NULL, NULL },
};

const cli_verb cli_verb_evaluate = {
    .name    = "evaluate",
    .summary = "judges a trained classifier, or data by the likelihood of a score run",
    .usage   = "RUN [options]",
    .examples =
        "costate evaluate run-digits\n"
        "costate evaluate run-two-moons --tolerance 1e-5,1e-8\n"
        "costate evaluate run --precision float64 --tolerance 1e-5,1.4e-8 --rows 512 --part train",
    .options   = options,
    .max_words = 1,
    .run       = run,
};
