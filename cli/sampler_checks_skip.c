/* SADA: how much it skips, what that costs, and what its criterion knows. */
#include <math.h>
#include <string.h>

#include <jansson.h>

#include <costate/autodiff/memory.h>

#include "json.h"
#include "sampler_checks.h"

enum { CASES = 8 };

typedef struct skipping {
    const char *sampler, *base, *grid;
    long        steps;
} skipping;

static const skipping cases[CASES] = {
    { "sada", "dpmpp-2m", "time-uniform", 25 },     { "sada", "dpmpp-2m", "time-uniform", 50 },
    { "sada", "dpmpp-2m", "time-uniform", 100 },    { "sada", "dpmpp-2m", "logsnr", 50 },
    { "sada-euler", "euler", "time-uniform", 25 },  { "sada-euler", "euler", "time-uniform", 50 },
    { "sada-euler", "euler", "time-uniform", 100 }, { "sada-euler", "euler", "logsnr", 50 },
};

typedef struct outcome {
    long   nfe;
    double own, skipped, unskipped,
        equal; /* medians: to its own unskipped output; to the exact one, and of the base at equal nfe */
    double says_skip, change_skip, change_not; /* the criterion along the unskipped path */
} outcome;

/* --- what the criterion says along an unskipped path ---------------------------------------------------------------------- */

/* Of the three newest eps [3][all], newest first, and y, y_next: the mean that is not positive where SADA skips. */
static double criterion(long all, const double *f[3], const double *y, const double *y_next,
                        double h)
{
    double sum = 0;
    for (long i = 0; i < all; i++) {
        double jump = 0.625 * f[0][i] + 0.75 * f[1][i] - 0.375 * f[2][i];
        sum += (y_next[i] - y[i] - h * jump) * (f[0][i] - 2 * f[1][i] + f[2][i]);
    }
    return sum / (double)all;
}

static double change(long all, const double *now, const double *next)
{
    double d = 0, size = 0;
    for (long i = 0; i < all; i++) {
        d += (next[i] - now[i]) * (next[i] - now[i]);
        size += next[i] * next[i];
    }
    return sqrt(d / size);
}

/* y and eps at every point of a path [steps + 1, n, dim], in place of the path's x and into f. */
static void along(const sampler_case *a, const dpm_point *p, long steps, double *path, double *f)
{
    double score[SAMPLER_DIM_MOST];
    for (long i = 0; i <= steps * a->n + a->n - 1; i++) {
        const dpm_point *at = &p[i / a->n];
        double          *x  = path + i * a->dim;
        dpm_mixture_log_density(a->mixture, at, x, score);
        for (long k = 0; k < a->dim; k++) {
            f[i * a->dim + k] = -at->sigma * score[k];
            x[k] /= at->alpha;
        }
    }
}

static void tally(const sampler_case *a, const dpm_point *p, long steps, const double *y,
                  const double *f, outcome *out)
{
    const long all   = a->n * a->dim;
    long       skips = 0, others = 0;
    for (long i = 2; i + 1 < steps; i++) {
        const double *last[3] = { f + i * all, f + (i - 1) * all, f + (i - 2) * all };
        double c = criterion(all, last, y + i * all, y + (i + 1) * all, p[i + 1].rho - p[i].rho);
        double d = change(all, f + i * all, f + (i + 1) * all);
        if (c <= 0)
            skips++, out->change_skip += d;
        else
            others++, out->change_not += d;
    }
    out->says_skip   = (double)skips / (double)(skips + others);
    out->change_skip = skips ? out->change_skip / (double)skips : NAN;
    out->change_not  = others ? out->change_not / (double)others : NAN;
}

static ad_status ask_criterion(const sampler_case *a, const skipping *s, outcome *out)
{
    const size_t bytes = (size_t)(s->steps + 1) * (size_t)(a->n * a->dim) * sizeof(double);
    double      *path = ad_alloc(bytes), *f = ad_alloc(bytes);
    dpm_model    m       = dpm_mixture_model(a->mixture, AD_F64);
    dpm_options  o       = { .sampler  = s->base,
                             .schedule = a->schedule,
                             .grid     = { .name = s->grid, .steps = s->steps } };
    dpm_sampler *sampler = NULL;
    ad_status    code    = path && f ? dpm_sampler_new(&sampler, &m, &o, a->n) : AD_NO_MEMORY;
    if (!code)
        code = dpm_sample(sampler,
                          &(dpm_run){ .n = a->n, .x = a->start, .out = a->out, .path = path });
    if (!code) {
        along(a, dpm_sampler_points(sampler), s->steps, path, f);
        tally(a, dpm_sampler_points(sampler), s->steps, path, f, out);
    }
    dpm_sampler_free(sampler);
    ad_free(path);
    ad_free(f);
    return code;
}

/* --- what skipping costs -------------------------------------------------------------------------------------------------- */

static ad_status error_of(sampler_case *a, const char *sampler, const char *grid, long steps,
                          double *median, long *nfe)
{
    dpm_options   o = { .sampler = sampler, .grid = { .name = grid, .steps = steps } };
    sampler_error e;
    AD_TRY(sampler_case_run(a, &o, nfe));
    AD_TRY(sampler_case_judge(a, &e));
    *median = e.median;
    return AD_OK;
}

/* The distance of what SADA returns from what it returns without skipping: the case's exact end is lent for it. */
static ad_status own_distance(sampler_case *a, const skipping *s, double *kept, outcome *out)
{
    const size_t  bytes = (size_t)(a->n * a->dim) * sizeof(double);
    dpm_options   o     = { .sampler   = s->sampler,
                            .grid      = { .name = s->grid, .steps = s->steps },
                            .skip_most = -1 };
    double       *exact = a->exact;
    long          nfe;
    sampler_error e;
    AD_TRY(sampler_case_run(a, &o, &nfe));
    memcpy(kept, a->out, bytes);
    AD_TRY(error_of(a, s->sampler, s->grid, s->steps, &out->skipped, &out->nfe));
    a->exact       = kept;
    ad_status code = sampler_case_judge(a, &e);
    a->exact       = exact;
    out->own       = e.median;
    return code;
}

static ad_status measure(checks *k, const skipping *s, outcome *out)
{
    sampler_case *a    = &k->a;
    double       *kept = ad_alloc((size_t)(a->n * a->dim) * sizeof *kept);
    long          nfe;
    ad_status     code = kept ? own_distance(a, s, kept, out) : AD_NO_MEMORY;
    if (!code) code = error_of(a, s->base, s->grid, s->steps, &out->unskipped, &nfe);
    if (!code) code = error_of(a, s->base, s->grid, out->nfe, &out->equal, &nfe);
    if (!code) code = ask_criterion(a, s, out);
    ad_free(kept);
    return code;
}

static void tell(checks *k, check_table *t, const skipping *s, const outcome *o)
{
    double part = 1 - (double)o->nfe / (double)s->steps;
    check_row(t);
    check_cell(t, 0, "%s, %s, %ld", s->sampler, s->grid, s->steps);
    check_cell(t, 1, "%ld", o->nfe);
    check_cell(t, 2, "%.0f %%", 100 * part);
    check_cell(t, 3, "%.1e", o->own);
    check_cell(t, 4, "%.1e", o->unskipped);
    check_cell(t, 5, "%.1e", o->skipped);
    check_cell(t, 6, "%.1e", o->equal);
    check_cell(t, 7, "%.0f %%", 100 * o->says_skip);
    check_cell(t, 8, "%.3f", o->change_skip);
    check_cell(t, 9, isnan(o->change_not) ? "-" : "%.3f", o->change_not);
    json_t *j = check_json(k, "sada");
    json_object_set_new(j, "sampler", json_string(s->sampler));
    json_object_set_new(j, "grid", json_string(s->grid));
    json_object_set_new(j, "steps", json_integer(s->steps));
    json_object_set_new(j, "nfe", json_integer(o->nfe));
    json_object_set_new(j, "skipped", cli_json_number(part));
    json_object_set_new(j, "to_own_unskipped", cli_json_number(o->own));
    json_object_set_new(j, "error_unskipped", cli_json_number(o->unskipped));
    json_object_set_new(j, "error", cli_json_number(o->skipped));
    json_object_set_new(j, "error_base_at_equal_nfe", cli_json_number(o->equal));
    json_object_set_new(j, "says_skip", cli_json_number(o->says_skip));
    json_object_set_new(j, "change_where_it_skips", cli_json_number(o->change_skip));
    json_object_set_new(j, "change_where_not", cli_json_number(o->change_not));
}

ad_status check_skipping(checks *k)
{
    static const char *const heads[] = { "SADA",           "evaluations", "skipped",
                                         "to unskipped",   "unskipped",   "skipped, error",
                                         "base, same NFE", "says skip",   "change, skip",
                                         "change, not",    NULL };
    check_table             *t       = check_table_new(
                          k, "SADA's skipping",
                          "Medians over points: distance from its own output without skipping, "
                                            "and "
                                            "errors from the exact flow: without skipping, with it, and of the base sampler with as "
                                            "many "
                                            "evaluations as SADA used. Says skip: where the criterion is met along the unskipped path; "
                                            "change: of eps to the next step, relative, where it is met and where not.",
                          heads);
    for (int i = 0; i < CASES; i++) {
        outcome o = { 0 };
        AD_TRY(measure(k, &cases[i], &o));
        tell(k, t, &cases[i], &o);
        if (cases[i].steps != 50 || !strcmp(cases[i].grid, "logsnr")) continue;
        check_below(k, cases[i].sampler, "evaluations of 50 steps (the paper's speed-up is 1.8)",
                    (double)o.nfe, 50 / 1.8);
        check_below(k, cases[i].sampler, "its error over its base's at as many evaluations",
                    o.skipped / o.equal, 1);
    }
    return k->status;
}
