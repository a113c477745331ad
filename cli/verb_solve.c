/* costate solve FILE.ode: a system as text, solved; its loss and the exact gradient of that. */
#include <string.h>

#include "solve.h"
#include "verbs.h"

/* The sentence of the first failure, which others may have followed. */
static int failed(const solve *s)
{
    ad_fail(s->status, "%s", s->message);
    return cli_failed(s->args);
}

static ad_status note(solve *s, ad_status e)
{
    if (e && !s->status) {
        s->status = e;
        snprintf(s->message, sizeof s->message, "%s", ad_message());
    }
    return e;
}

static ad_status read_system(solve *s)
{
    AD_TRY(nde_system_read(&s->system, cli_word(s->args, 0)));
    s->about = nde_system_about(s->system);
    return AD_OK;
}

static ad_status prepare(solve *s)
{
    AD_TRY(nde_system_solvable(s->system));
    if (s->gradient && !s->about->has_loss)
        return ad_fail(AD_BAD_FILE, "%s has no loss = ... line, and --gradient needs one",
                       cli_word(s->args, 0));
    AD_TRY(solve_grid(s));
    return s->gradient ? solve_gradient_room(s) : AD_OK;
}

static ad_status write_files(solve *s)
{
    const char *csv = cli_text(s->args, "output"), *picture = cli_text(s->args, "plot");
    if (csv) AD_TRY(solve_save(s, csv));
    return picture && s->rows ? solve_plot(s, picture) : AD_OK;
}

static ad_status print(solve *s)
{
    if (cli_flag(s->args, "json")) return solve_print_json(s, stdout);
    if (s->rows) solve_print(s, stdout);
    return AD_OK;
}

/* The options, checked before anything is solved. */
static ad_status settings(solve *s)
{
    AD_TRY(solve_options(s));
    AD_TRY(solve_values(s));
    if (!s->about->has_interval) return AD_OK; /* told by prepare() */
    return solve_times(s->args, s->about->t0, s->about->t1, &s->ats, &s->at);
}

static int go(solve *s)
{
    if (!note(s, read_system(s))) {
        ad_status e = settings(s);
        if (e == AD_INVALID) return cli_mistake(s->args, "%s", ad_message());
        if (!note(s, e) && !note(s, prepare(s))) {
            solve_run(s);
            note(s, write_files(s));
        }
    }
    note(s, print(s));
    return s->status ? failed(s) : CLI_DONE;
}

static int run(const cli_args *a)
{
    if (!cli_word(a, 0)) return cli_mistake(a, "which system? Give a file: costate solve FILE.ode");
    solve s = { .args = a, .arena = ad_arena_new() };
    int   code;
    if (s.arena) {
        code = go(&s);
    } else {
        code = cli_failed(a);
    }
    nde_solver_free(s.solver);
    adj_solver_free(s.recorder);
    nde_system_free(s.system);
    ad_free(s.log.t);
    ad_free(s.at);
    ad_arena_free(s.arena);
    return code;
}

// clang-format off
static const cli_option options[] = {
    { "method", CLI_TEXT, "NAME", "tsit5", "`costate list methods` names them", "solver" },
    { "rtol", CLI_NUMBER, NULL, "1e-3", "relative tolerance", NULL },
    { "atol", CLI_LIST, "X,...", "1e-6", "absolute tolerance; or one for each state, in the file's order", NULL },
    { "controller", CLI_TEXT, "NAME", "i", "of the step size; `costate list controllers` names them", NULL },
    { "fixed-step", CLI_NUMBER, "H", NULL, "steps of this size, no error control", NULL },
    { "h0", CLI_NUMBER, "H", NULL, "the first step, instead of one chosen", NULL },
    { "max-steps", CLI_INTEGER, NULL, "100000", "attempts before giving up", NULL },
    { "precision", CLI_TEXT, "TYPE", "float64", "float32 or float64", NULL },
    { "batching", CLI_TEXT, "KIND", "joint", "joint or per-sample", NULL },
    { "at", CLI_LIST, "TIMES", NULL, "0,1,4 or 0:0.5:10 (both ends included); else every accepted step", "what is asked for" },
    { "gradient", CLI_FLAG, NULL, NULL, "the exact gradient of the file's loss: at the end, or summed over --at", NULL },
    { "adjoint", CLI_TEXT, "KIND", "store-all", "store-all or recompute", NULL },
    { "set", CLI_LIST, "NAME=X,...", NULL, "other values of parameters and start values: a=2, x(0)=1", "values" },
    { "seed", CLI_INTEGER, NULL, "0", "initialises the weights of networks", NULL },
    { "run", CLI_TEXT, "DIR", NULL, "trained parameters and weights, of a run's checkpoint", NULL },
    { "json", CLI_FLAG, NULL, NULL, "one JSON object, numbers in full", "output" },
    { "output", CLI_TEXT, "FILE.csv", NULL, "t and the states, numbers in full", NULL },
    { "plot", CLI_TEXT, "FILE.png", NULL, "a picture (.png or .svg)", NULL },
    { NULL, CLI_FLAG, NULL, NULL, NULL, NULL },
};
// clang-format on

const cli_verb cli_verb_solve = {
    .name      = "solve",
    .summary   = "solves a system of differential equations written as text",
    .usage     = "FILE.ode [options]",
    .examples  = "costate solve lotka-volterra.ode --at 0:0.5:10\n"
                 "costate solve lotka-volterra.ode --method dop853 --rtol 1e-10 --gradient --json",
    .options   = options,
    .max_words = 1,
    .run       = run,
};
