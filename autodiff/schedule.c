#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <costate/autodiff/schedule.h>

/* One row a schedule: the factor at step i of T after the warm-up. */
typedef struct ad_schedule_kind {
    const char *name, *usage;
    int         args, must;                     /* numbers behind the name; at least     */
    double      standard[3], least[3], most[3]; /* of the arguments                  */
    int         needs_total;                    /* 1: without arguments; 2: always   */
    double (*factor)(const ad_schedule *s, double i, double T);
    int listens;
} ad_schedule_kind;

static double constant(const ad_schedule *s, double i, double T)
{
    (void)s, (void)i, (void)T;
    return 1;
}

static double cosine(const ad_schedule *s, double i, double T)
{
    double last = s->arg[0];
    return i >= T ? last : last + (1 - last) * (1 + cos(M_PI * i / T)) / 2;
}

static double exponential(const ad_schedule *s, double i, double T)
{
    return s->arg[0] > 0 ? pow(s->arg[0], i) : pow(0.01, i / (T > 1 ? T - 1 : 1));
}

static double plateau(const ad_schedule *s, double i, double T)
{
    (void)i, (void)T;
    return s->cut;
}

static double step(const ad_schedule *s, double i, double T)
{
    (void)T;
    return pow(s->arg[0], floor(i / s->arg[1]));
}

static double inverse(const ad_schedule *s, double i, double T)
{
    (void)T;
    return 1 / (1 + s->arg[0] * i);
}

// clang-format off
static const ad_schedule_kind table[] = {
    { "constant", "constant", 0, 0, { 0 }, { 0 }, { 0 }, 0, constant, 0 },
    { "cosine", "cosine[:LAST]", 1, 0, { 0 }, { 0 }, { 1 }, 2, cosine, 0 },
    { "exponential", "exponential[:GAMMA]", 1, 0, { 0 }, { 1e-300 }, { 1 }, 1, exponential, 0 },
    { "plateau", "plateau[:CUT[,PATIENCE[,TOL]]]", 3, 0, { 0.5, 20, 1e-4 }, { 1e-300 }, { 1, 1e9, 1 }, 0, plateau, 1 },
    { "step", "step:FACTOR,EVERY", 2, 2, { 0 }, { 1e-300, 1 }, { 1, 1e9 }, 0, step, 0 },
    { "inverse", "inverse:DECAY", 1, 1, { 0 }, { 0 }, { 1e300 }, 0, inverse, 0 },
};
// clang-format on

enum { KINDS = sizeof table / sizeof table[0] };

const char *ad_schedule_usage(int i)
{
    return i >= 0 && i < KINDS ? table[i].usage : NULL;
}

/* --- reading --- */

static ad_status fail_name(const char *text)
{
    char   known[256] = "";
    size_t at         = 0;
    for (int i = 0; i < KINDS; i++)
        at += (size_t)snprintf(known + at, sizeof known - at, " %s", table[i].usage);
    return ad_fail(AD_INVALID, "no schedule is called %s; there are%s, each with +warmup:STEPS",
                   text, known);
}

static const ad_schedule_kind *find(const char *text, size_t length)
{
    for (int i = 0; i < KINDS; i++)
        if (strlen(table[i].name) == length && !strncmp(table[i].name, text, length))
            return &table[i];
    return NULL;
}

/* ":a,b,c" up to + or the end */
static ad_status arguments(ad_schedule *s, const char *whole, const char **at)
{
    const ad_schedule_kind *k    = s->kind;
    int                     read = 0;
    for (char mark = ':'; **at == mark; mark = ',', read++) {
        char  *end;
        double x = strtod(*at + 1, &end);
        if (read == k->args)
            return ad_fail(AD_INVALID, "schedule %s: too many numbers, it is %s", whole, k->usage);
        if (end == *at + 1)
            return ad_fail(AD_INVALID, "schedule %s: a number was expected at \"%s\", it is %s",
                           whole, *at + 1, k->usage);
        if (!(x >= k->least[read] && x <= k->most[read]))
            return ad_fail(AD_INVALID, "schedule %s: %g is not between %g and %g", whole, x,
                           k->least[read], k->most[read]);
        s->arg[read] = x;
        *at          = end;
    }
    if (read < k->must)
        return ad_fail(AD_INVALID, "schedule %s: %d of %d numbers were given, it is %s", whole,
                       read, k->must, k->usage);
    if (k->needs_total > 1 || (k->needs_total && !read))
        if (s->total <= 0)
            return ad_fail(AD_INVALID, "schedule %s needs the number of steps of the run", whole);
    return AD_OK;
}

static ad_status warmup(ad_schedule *s, const char *whole, const char **at)
{
    if (strncmp(*at, "+warmup:", 8)) return AD_OK;
    char *end;
    s->warmup = strtol(*at + 8, &end, 10);
    if (end == *at + 8 || s->warmup < 0)
        return ad_fail(AD_INVALID, "schedule %s: a number of steps was expected at \"%s\"", whole,
                       *at + 8);
    if (s->total > 0 && s->warmup > s->total)
        return ad_fail(AD_INVALID, "schedule %s: the warm-up is longer than the run of %ld steps",
                       whole, s->total);
    *at = end;
    return AD_OK;
}

ad_status ad_schedule_parse(ad_schedule *s, const char *text, long total)
{
    const char *at = text + strcspn(text, ":+");
    *s             = (ad_schedule){ .kind = find(text, (size_t)(at - text)), .total = total };
    if (!s->kind) return fail_name(text);
    memcpy(s->arg, s->kind->standard, sizeof s->arg);
    s->best = INFINITY;
    s->cut  = 1;
    AD_TRY(arguments(s, text, &at));
    AD_TRY(warmup(s, text, &at));
    if (*at)
        return ad_fail(AD_INVALID,
                       "schedule %s: \"%s\" was not understood; it is %s, then +warmup:STEPS", text,
                       at, s->kind->usage);
    return AD_OK;
}

/* --- using --- */

double ad_schedule_factor(const ad_schedule *s, long i)
{
    double rise = i < s->warmup ? (double)(i + 1) / (double)s->warmup : 1;
    long   past = i > s->warmup ? i - s->warmup : 0;
    return rise * s->kind->factor(s, (double)past, (double)(s->total - s->warmup));
}

void ad_schedule_observe(ad_schedule *s, double loss)
{
    if (!s->kind->listens) return;
    double tolerance = isinf(s->best) ? 0 : s->arg[2] * fabs(s->best);
    if (loss < s->best - tolerance) {
        s->best = loss;
        s->bad  = 0;
    } else if ((double)++s->bad > s->arg[1]) {
        s->cut *= s->arg[0];
        s->bad = 0;
    }
}

char *ad_schedule_state(const ad_schedule *s, char *text, size_t size)
{
    snprintf(text, size, "%s best %a cut %a bad %ld", s->kind->name, s->best, s->cut, s->bad);
    return text;
}

ad_status ad_schedule_restore(ad_schedule *s, const char *state)
{
    size_t n = strlen(s->kind->name);
    double best, cut;
    long   bad;
    if (strncmp(state, s->kind->name, n) || state[n] != ' ')
        return ad_fail(AD_INVALID, "the stored schedule \"%s\" is not of the kind %s", state,
                       s->kind->name);
    if (sscanf(state + n, " best %la cut %la bad %ld", &best, &cut, &bad) != 3)
        return ad_fail(AD_INVALID, "the stored schedule \"%s\" was not understood", state);
    s->best = best;
    s->cut  = cut;
    s->bad  = bad;
    return AD_OK;
}
