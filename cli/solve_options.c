/* solve_options.c - the settings of a solve from the command line. */
#include <string.h>

#include "interrupt.h"
#include "solve.h"
#include "text.h"

/* Which of two words was given: 0 or 1; -1 with a sentence. */
static int choice(const cli_args *a, const char *key, const char *first, const char *second)
{
    const char *word = cli_text(a, key);
    if (strcmp(word, first) == 0) return 0;
    if (strcmp(word, second) == 0) return 1;
    ad_fail(AD_INVALID, "--%s: '%.60s' is neither %s nor %s", key, word, first, second);
    return -1;
}

/* A number that is greater than zero where it is given. */
static ad_status positive(const cli_args *a, const char *key, double *x)
{
    *x = cli_number(a, key);
    if (cli_given(a, key) && !(*x > 0))
        return ad_fail(AD_INVALID, "--%s: %s is not greater than 0", key, cli_text(a, key));
    return AD_OK;
}

static ad_status tolerance(const char *key, const char *text, double *x)
{
    if (!cli_parse_number(text, x) || *x < 0)
        return ad_fail(AD_INVALID, "--%s: '%.60s' is not a number >= 0", key, text);
    return AD_OK;
}

/* --atol: one number, or one for each state. */
static ad_status absolute(solve *s)
{
    int n = cli_list(s->args, "atol");
    AD_TRY(tolerance("atol", cli_item(s->args, "atol", 0), &s->o.atol));
    if (s->o.atol == 0) s->o.atol = NDE_ZERO;
    if (n == 1) return AD_OK;
    if (n != s->about->states)
        return ad_fail(AD_INVALID,
                       "--atol: %d numbers for %d states; give one, or one for each state", n,
                       s->about->states);
    double *each = solve_room(s, n, sizeof *each);
    if (!each) return AD_NO_MEMORY;
    for (int i = 0; i < n; i++) AD_TRY(tolerance("atol", cli_item(s->args, "atol", i), &each[i]));
    s->o.atol_each = each;
    return AD_OK;
}

static ad_status tolerances(solve *s)
{
    AD_TRY(tolerance("rtol", cli_text(s->args, "rtol"), &s->o.rtol));
    AD_TRY(absolute(s));
    if (s->o.rtol == 0 && s->o.atol == NDE_ZERO && !s->o.atol_each)
        return ad_fail(AD_INVALID, "--rtol and --atol are both 0: no step would be small enough");
    if (s->o.rtol == 0) s->o.rtol = NDE_ZERO;
    return AD_OK;
}

static int observe(const nde_attempt *a, void *ctx)
{
    solve_log *l = ctx;
    if (l->keep && a->accepted) {
        if (l->n == l->room) {
            long    room = l->room ? 2 * l->room : 256;
            double *t    = ad_realloc(l->t, (size_t)l->room * sizeof *t, (size_t)room * sizeof *t);
            if (!t) l->status = AD_NO_MEMORY;
            if (!t) return 1;
            l->t = t, l->room = room;
        }
        l->t[l->n++] = a->t;
    }
    return cli_interrupted();
}

ad_status solve_options(solve *s)
{
    const cli_args *a       = s->args;
    int             single  = choice(a, "precision", "float64", "float32");
    int             sample  = choice(a, "batching", "joint", "per-sample");
    int             compute = choice(a, "adjoint", "store-all", "recompute");
    if (single < 0 || sample < 0 || compute < 0) return AD_INVALID;
    s->ode.type     = single ? AD_F32 : AD_F64;
    s->o.batching   = sample ? NDE_PER_SAMPLE : NDE_JOINT;
    s->adjoint.mode = compute ? ADJ_RECOMPUTE : ADJ_STORE_ALL;
    s->gradient     = cli_flag(a, "gradient");
    s->o.method     = nde_method(cli_text(a, "method"));
    if (!s->o.method) return AD_INVALID;
    s->o.controller = nde_controller_named(cli_text(a, "controller"));
    if (!s->o.controller) return AD_INVALID;
    AD_TRY(tolerances(s));
    AD_TRY(positive(a, "h0", &s->o.h));
    AD_TRY(positive(a, "fixed-step", &s->o.fixed_step));
    s->o.max_steps = cli_integer(a, "max-steps");
    if (s->o.max_steps < 1)
        return ad_fail(AD_INVALID, "--max-steps: %s is less than 1", cli_text(a, "max-steps"));
    s->o.nbreaks     = s->about->breaks;
    s->o.breaks      = s->about->break_at;
    s->o.observe     = observe;
    s->o.observe_ctx = &s->log;
    cli_interrupt_install();
    return AD_OK;
}
