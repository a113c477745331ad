/* reproduce.h - a paper's table computed again: experiments, trials, results.

   An experiment is a table of rows (a method each: its regularizer and the paper's figures) and five functions. Every (row,
   coefficient, precision, tolerance, batch, iterations, seed) is a trial with a directory of its own under --output:

       config.json              what it is
       metrics.jsonl            an object an iteration, measured ones with more keys
       checkpoint.safetensors   where it stands
       result.json              its figures; a trial that has one is done

   What is done is skipped, what is half done is gone on with, bit for bit; so an experiment may be killed at any time, widened
   later, and shared by several processes (a trial that another holds is left to it). Tables and the report are made of all
   result.json under --output, whoever wrote them.

   Adding an experiment: cli/experiment_NAME.c and a line in experiments.def. */
#ifndef COSTATE_CLI_REPRODUCE_H
#define COSTATE_CLI_REPRODUCE_H

#include <costate/models/learner.h>
#include <costate/regularizers/regularizer.h>

#include "args.h"
#include "buffer.h"
#include "progress.h"
#include "report.h"

struct json_t; /* jansson's */

enum {
    REPRO_COLUMNS = 8,
    REPRO_CURVES  = 4,
    REPRO_TERMS   = 8,
    REPRO_LIST    = 16,
    REPRO_NAME    = 160,
    REPRO_TEXT    = 256,
    REPRO_PATH    = 4096
};

/* --- what an experiment is ------------------------------------------------------------------------------------------- */

typedef struct repro_figure {
    double value, spread; /* both 0: not told */
} repro_figure;

typedef struct repro_row {
    const char  *name, *title;
    const char  *regularizer; /* as reg_parse() reads it; NULL: none                 */
    int          extra;       /* 1: only when --rows names it                        */
    repro_figure paper[REPRO_COLUMNS];
} repro_row;

typedef struct repro_column {
    const char *key, *title; /* key: of the figures in result.json */
    int         decimals;
    int ratio; /* 1: told over the first row's mean at the same settings, ours and the paper's */
} repro_column;

/* Columns that every experiment has: what training and prediction cost, over the first row's. */
// clang-format off
#define REPRO_COSTS                                          \
    { "training_cpu_seconds", "training", 2, 1 },            \
    { "prediction_cpu_seconds", "prediction", 2, 1 },        \
    { "training_evaluations", "evaluations", 2, 1 }
// clang-format on

typedef struct repro_curve {
    const char *key, *title; /* key: of the lines in metrics.jsonl */
    int         log_y;
} repro_curve;

typedef struct repro_settings {
    const char *precision;
    double      rtol;
    long        batch, iterations;
    const char *seeds;
    long        every;       /* iterations between measurements; 0: a tenth of them */
    long        train, test; /* samples that are used; 0: all, or the experiment has none     */
} repro_settings;

typedef struct repro_trial   repro_trial;
typedef struct repro         repro;
typedef struct repro_results repro_results;
struct repro_page; /* reproduce_page.h */

typedef struct repro_experiment {
    const char *name, *about, *cite;
    const char *const
        *notes; /* what the sources leave open, what was scaled down; NULL behind the last */
    const char *const  *sets; /* names of data sets, a table each; NULL: one for all */
    int                 rows;
    const repro_row    *row;
    int                 columns;
    const repro_column *column;
    repro_curve    curve[REPRO_CURVES]; /* key NULL behind the last                           */
    const char    *nfe, *quality; /* keys of the Pareto picture's axes (figures); NULL: none */
    const char    *quality_title;
    repro_settings standard, quick;
    /* Data of all trials into r->data; `about` tells what they are. NULL: none. */
    ad_status (*open)(repro *r);
    void (*close)(repro *r);
    /* Fills t->state and t->learner. What it has made is ended by stop(), whether it failed or not. */
    ad_status (*start)(repro_trial *t);
    /* Iteration t->iteration, 0 first. Adds to line and to t->nfe. */
    ad_status (*step)(repro_trial *t, struct json_t *line);
    /* Judges what stands now: keys into a line of the metrics, or, at the end, into the figures. */
    ad_status (*measure)(repro_trial *t, int last, struct json_t *into);
    void (*stop)(repro_trial *t);
    /* Pictures of a trial's own at its end, into its directory, and their place in the report; NULL: none. */
    ad_status (*pictures)(repro_trial *t);
    void (*show)(const repro *r, const repro_results *s, cli_report *report);
    /* An experiment without trials: computes, and fills the page. --rows may choose of `row`, or of whatever it calls a row. Of what
       stands above it has name, about, cite and notes alone. NULL: trials. */
    ad_status (*whole)(repro *r, struct repro_page *page);
} repro_experiment;

int                     repro_experiments(void);
const repro_experiment *repro_experiment_at(int i);

/* --- a trial --------------------------------------------------------------------------------------------------------------- */

struct repro_trial {
    repro           *r;
    const repro_row *row;
    int              set;              /* of e->sets */
    char             name[REPRO_NAME]; /* of its directory */
    char             regularizer[REPRO_TEXT];
    double           scale; /* of the row's coefficient */
    ad_type          type;
    double           rtol;
    long             batch, iterations, seed;
    int              terms;
    reg_term         term[REPRO_TERMS];
    /* while it runs */
    void        *state;               /* the experiment's */
    mdl_learner *learner;             /* what a checkpoint holds */
    double       loss, gradient_norm; /* of the last step, for the progress; rejected, steps' too */
    long         solve_nfe;
    int64_t      iteration, cpu, wall, nfe, nvjp; /* done; nanoseconds of steps; sums */
};

const char *repro_precision(const repro_trial *t);
/* What every step tells: into the line, the progress and the trial's sums. */
typedef struct repro_step {
    double loss, penalty, norm;
    long   told;      /* evaluations of the solve, counted as the experiment counts */
    long   nfe, nvjp; /* of f and its vjp, all there were                           */
} repro_step;
void repro_note_step(repro_trial *t, const repro_step *s, struct json_t *line);
/* The p of regularizers' coefficients: iterations, and the epochs of `per_epoch` iterations where there are two at least. */
reg_progress repro_progress(const repro_trial *t, long per_epoch);
/* Of this iteration's random choices. */
uint64_t repro_draw(const repro_trial *t, uint64_t stream);
int64_t  repro_cpu(void); /* nanoseconds of this process, all its threads */

/* --- the whole ------------------------------------------------------------------------------------------------------------- */

struct repro {
    const cli_args         *args;
    const repro_experiment *e;
    const char             *directory, *data_path;
    int                     quick;
    long                    train, test, every;
    double                  checkpoint; /* seconds between two                          */
    void                   *data;
    char                    about_data[REPRO_TEXT];
    repro_row               own; /* --regularizer */
    int                     trials;
    repro_trial            *trial;
    cli_progress            progress;
    long total, done, before; /* iterations: of all trials, done, done before this process */
    int  failed, held;        /* trials that failed; that another process has */
    char sentence[512];       /* of the first that failed */
};

/* reproduce_trials.c: what the options ask for. AD_INVALID: a mistake of whoever typed. */
ad_status repro_choose(repro *r);
/* reproduce_run.c: all trials. A trial that fails is told on stderr and left. AD_CANCELLED: Ctrl-C. */
ad_status repro_run(repro *r);

/* reproduce_files.c */
ad_status repro_path(const repro *r, const char *trial, const char *file, char path[REPRO_PATH]);
struct json_t *repro_config(const repro_trial *t);
/* Writes config.json, or sees that the one there says the same. */
ad_status repro_claim(const repro_trial *t);
ad_status repro_save(repro_trial *t);
ad_status repro_load(repro_trial *t); /* nothing there: iteration 0 */

/* --- results ---------------------------------------------------------------------------------------------------------------- */

/* Trials that differ by their seeds alone. */
typedef struct repro_group {
    const repro_row *row; /* of the experiment, or NULL: an own one */
    char             row_name[32], title[64], regularizer[REPRO_TEXT];
    double           scale;
    int              setting; /* of repro_results */
    int              seeds;
    char             trial[REPRO_LIST][REPRO_NAME];
    repro_figure     figure
        [REPRO_COLUMNS]; /* mean and deviation over the seeds; NaN: none has it. Of a ratio column: the ratio */
    repro_figure plain[REPRO_COLUMNS]; /* before the ratio was taken */
    double       nfe, quality;
} repro_group;

typedef struct repro_setting {
    char   precision[16];
    double rtol;
    long   batch, iterations, train, test;
    char   data[REPRO_TEXT];
    int    quick;
} repro_setting;

struct repro_results {
    const repro_experiment *e;
    int                     settings, groups;
    repro_setting          *setting;
    repro_group            *group; /* by setting, then as the rows stand, then by coefficient */
};

/* reproduce_results.c: all result.json of the experiment under the directory. */
ad_status repro_gather(const repro *r, repro_results **out);
void      repro_results_free(repro_results *s);
/* The paper's figure as it is told (a ratio for ratio columns); 1 if there is one. */
int repro_paper(const repro_experiment *e, const repro_row *row, int column, repro_figure *f);

/* reproduce_table.c */
char *repro_cell(const repro_column *c, repro_figure f, char text[48]); /* "97.9 ± 0.2", "-" */
char *repro_title(const repro_group *g, char text[96]);                 /* "ERNODE x 0.1" */
char *repro_paper_cell(const repro_experiment *e, const repro_group *g, int column, char text[48]);
/* The row of a wide table: title, regularizer, each column's figure and, where the paper tells any, the paper's; seeds. cell points
   into text or the group. */
void      repro_row_cells(const repro_results *s, const repro_group *g, char (*text)[64],
                          const char **cell);
char     *repro_setting_text(const repro_setting *s, char text[REPRO_TEXT]);
void      repro_print(const repro_results *s, FILE *out);
ad_status repro_print_json(const repro_results *s, FILE *out);
ad_status repro_markdown(const repro_results *s, const char *path);
/* reproduce_report.c */
ad_status repro_report(const repro *r, const repro_results *s);

#endif
