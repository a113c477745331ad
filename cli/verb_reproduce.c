/* costate reproduce EXPERIMENT: a paper's table beside ours. */
#include <string.h>

#include <costate/autodiff/memory.h>
#include <costate/autodiff/text.h>

#include "folder.h"
#include "reproduce.h"
#include "reproduce_page.h"
#include "run_files.h"
#include "verbs.h"

static int find(const cli_args *a, const repro_experiment **e)
{
    const char *word            = cli_word(a, 0), *names[REPRO_LIST], *near;
    char        all[REPRO_TEXT] = "";
    int         n               = repro_experiments();
    for (int i = 0; i < n; i++) {
        *e       = repro_experiment_at(i);
        names[i] = (*e)->name;
        if (word && !strcmp(word, names[i])) return CLI_DONE;
        snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s", i ? ", " : "", names[i]);
    }
    if (!word) return cli_mistake(a, "reproduce what? There are %s", all);
    near = ad_nearest(word, n, names);
    return near ? cli_mistake(a, "there is no experiment '%.60s'; did you mean %s?", word, near)
                : cli_mistake(a, "there is no experiment '%.60s'; there are %s", word, all);
}

static void dry_run(const repro *r)
{
    printf("%s: %d trial%s of %ld iterations in all; %s\n", r->e->name, r->trials,
           r->trials > 1 ? "s" : "", r->total, *r->about_data ? r->about_data : "no data needed");
    for (int i = 0; i < r->trials; i++)
        printf("  %s  %s\n", r->trial[i].name,
               *r->trial[i].regularizer ? r->trial[i].regularizer : "no regularizer");
}

static ad_status tell(const repro *r, const repro_results *s)
{
    char path[REPRO_PATH];
    if (!s->groups)
        return ad_fail(AD_INVALID, "%s holds no result of %s", r->directory, r->e->name);
    AD_TRY(repro_path(r, NULL, "table.md", path));
    AD_TRY(repro_markdown(s, path));
    AD_TRY(repro_report(r, s));
    if (cli_flag(r->args, "json")) return repro_print_json(s, stdout);
    repro_print(s, stdout);
    printf("\n%s/report.html has the curves, table.md the table for a page.\n", r->directory);
    return AD_OK;
}

static ad_status conclude(const repro *r)
{
    repro_results *s;
    AD_TRY(repro_gather(r, &s));
    ad_status status = s->groups || !r->failed ? tell(r, s) : AD_OK;
    repro_results_free(s);
    if (status) return status;
    if (r->held && !cli_flag(r->args, "quiet"))
        fprintf(stderr, "costate reproduce: %d trial%s left to another process that has them\n",
                r->held, r->held > 1 ? "s are" : " is");
    if (!r->failed) return AD_OK;
    return ad_fail(AD_NONFINITE_STATE, "%d of %d trials failed; the first: %s", r->failed,
                   r->trials, r->sentence);
}

static ad_status go(repro *r)
{
    int report = cli_flag(r->args, "report");
    if (!report && r->e->open) AD_TRY(r->e->open(r));
    if (cli_flag(r->args, "dry-run")) {
        dry_run(r);
        return AD_OK;
    }
    if (!report) AD_TRY(cli_make_folder(r->directory));
    ad_status s = report ? AD_OK : repro_run(r);
    if (s == AD_CANCELLED)
        return ad_fail(s,
                       "stopped; everything is in %s\nThe same command goes on from there; with "
                       "--report it shows what is done.",
                       r->directory);
    return s ? s : conclude(r);
}

/* --- without trials ------------------------------------------------------------------------------------------------------ */

static const char *const of_trials[] = { "data",        "seeds",       "precision", "rtol",
                                         "batch",       "iterations",  "train",     "test",
                                         "coefficient", "regularizer", "every",     "checkpoint",
                                         "report" };

static ad_status whole(repro *r)
{
    repro_page *page;
    if (cli_flag(r->args, "dry-run")) {
        printf("%s: no trials; %s\n", r->e->name, r->e->about);
        return AD_OK;
    }
    AD_TRY(cli_make_folder(r->directory));
    AD_TRY(repro_page_new(&page, r));
    ad_status s = r->e->whole(r, page);
    if (!s) s = repro_page_save(page);
    repro_page_free(page);
    return s;
}

static int run_whole(repro *r)
{
    for (size_t i = 0; i < sizeof of_trials / sizeof *of_trials; i++)
        if (cli_given(r->args, of_trials[i]))
            return cli_mistake(r->args, "%s trains nothing: --%s means nothing to it", r->e->name,
                               of_trials[i]);
    ad_status s = run_options(r->args);
    if (!s) s = whole(r);
    return s == AD_INVALID ? cli_mistake(r->args, "%s", ad_message())
           : s             ? cli_failed(r->args)
                           : CLI_DONE;
}

static int run(const cli_args *a)
{
    char  directory[REPRO_NAME];
    repro r    = { .args       = a,
                   .directory  = cli_text(a, "output"),
                   .data_path  = cli_text(a, "data"),
                   .quick      = cli_flag(a, "quick"),
                   .checkpoint = cli_number(a, "checkpoint") };
    int   code = find(a, &r.e);
    if (code) return code;
    snprintf(directory, sizeof directory, "reproduce-%s", r.e->name);
    if (!r.directory) r.directory = directory;
    if (r.e->whole) return run_whole(&r);
    ad_status s = run_options(a);
    if (!s) s = repro_choose(&r);
    if (s == AD_INVALID)
        code = cli_mistake(a, "%s", ad_message());
    else if (s || (s = go(&r)))
        code = cli_failed(a);
    if (r.e->close) r.e->close(&r);
    ad_free(r.trial);
    return code;
}

#include "options.h"
// clang-format off
static const cli_option options[] = {
    { "data", CLI_TEXT, "DIR", NULL, "the folder with the data (mnist-node: MNIST's four files)", "what" },
    { "rows", CLI_LIST, "ROW,...", NULL, "rows of the table; all but variants", NULL },
    { "seeds", CLI_TEXT, "0..2", NULL, "a range or a list; 0..2 unless the experiment says otherwise", NULL },
    { "precision", CLI_LIST, "TYPE,...", NULL, "float32, float64 or both; the experiment's own", NULL },
    { "rtol", CLI_LIST, "X,...", NULL, "tolerances, relative and absolute; the experiment's own", NULL },
    { "batch", CLI_INTEGER, NULL, NULL, "samples an iteration; the experiment's own", NULL },
    { "iterations", CLI_INTEGER, NULL, NULL, "the experiment's own", NULL },
    { "coefficient", CLI_LIST, "X,...", NULL, "factors of the rows' coefficients: a trial each", NULL },
    { "regularizer", CLI_TEXT, "TERMS", NULL, "a row of your own, as error+sum:10..1 (costate list regularizers)", NULL },
    { "train", CLI_INTEGER, NULL, NULL, "the first so many training samples; 0: all", NULL },
    { "test", CLI_INTEGER, NULL, NULL, "the first so many test samples; 0: all", NULL },
    { "quick", CLI_FLAG, NULL, NULL, "seconds: few samples and iterations, to try the machinery", NULL },
    { "output", CLI_TEXT, "DIR", NULL, "where trials, table and report go; reproduce-EXPERIMENT", "how" },
    { "every", CLI_INTEGER, NULL, NULL, "iterations between two measurements; a tenth of them", NULL },
    { "checkpoint", CLI_NUMBER, "SECONDS", "60", "time between two checkpoints of a trial", NULL },
    THREADS_OPTION,
    { "report", CLI_FLAG, NULL, NULL, "trains nothing: table and report of what is there", NULL },
    { "dry-run", CLI_FLAG, NULL, NULL, "lists the trials and stops", NULL },
    { "quiet", CLI_FLAG, NULL, NULL, "no progress", NULL },
    { "json", CLI_FLAG, NULL, NULL, "the table as one JSON object", NULL },
    { NULL, CLI_FLAG, NULL, NULL, NULL, NULL },
};
// clang-format on

const cli_verb cli_verb_reproduce = {
    .name      = "reproduce",
    .summary   = "computes a paper's table again, beside the paper's own",
    .usage     = "EXPERIMENT [options]",
    .examples  = "costate reproduce spiral-node\n"
                 "costate reproduce mnist-node --data mnist --output table --precision float64\n"
                 "costate reproduce mnist-node --data mnist --output table --rows ernode "
                 "--coefficient 0.1,1,10\n"
                 "costate reproduce mnist-node --output table --report",
    .options   = options,
    .max_words = 1,
    .run       = run,
};
