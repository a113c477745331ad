/* The registry of schedules, and what is common to their options. */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include <costate/autodiff/memory.h>
#include <costate/autodiff/text.h>

#include "names.h"
#include "schedule.h"

#define DPM_SCHEDULE(name) extern const dpm_schedule_kind dpm_schedule_##name;
#include "schedules.def"
#undef DPM_SCHEDULE

static const dpm_schedule_kind *const kinds[] = {
#define DPM_SCHEDULE(name) &dpm_schedule_##name,
#include "schedules.def"
#undef DPM_SCHEDULE
};

enum { KINDS = sizeof kinds / sizeof *kinds };

/* what others call them: ours first */
static const char *const others[][2] = {
    { "vp-linear", "vp vpsde linear-continuous" },
    { "sub-vp", "subvp subvpsde" },
    { "ve", "vesde geometric" },
    { "edm", "karras" },
    { "flow", "rf rectified-flow flow-matching" },
    { "mean-reverting", "ir-sde irsde mr" },
    { "ddpm", "linear ddpm-linear" },
    { "scaled-linear", "stable-diffusion sd" },
    { "cosine-discrete", "squaredcos-cap-v2" },
};

int dpm_schedule_count(void)
{
    return KINDS;
}

const dpm_schedule_kind *dpm_schedule_row(int i)
{
    return i >= 0 && i < KINDS ? kinds[i] : NULL;
}

static const char *ours(const char *name)
{
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (dpm_name_among(name, others[i][1])) return others[i][0];
    return name;
}

const dpm_schedule_kind *dpm_schedule_find(const char *name)
{
    const char *known[KINDS];
    for (int i = 0; i < KINDS; i++) {
        known[i] = kinds[i]->name;
        if (dpm_name_same(ours(name), known[i])) return kinds[i];
    }
    const char *near = ad_nearest(name, KINDS, known);
    ad_fail(AD_INVALID,
            "there is no noise schedule '%s'; %s%s%s`costate list schedules` names them", name,
            near ? "did you mean '" : "", near ? near : "", near ? "'? " : "");
    return NULL;
}

/* --- options: a number that a kind has no default for is one that it does not take -------------------------------- */

static const struct {
    const char *name;
    size_t      at;
} numbers[] = {
#define NUMBER(name)                                \
    {                                               \
#name, offsetof(dpm_schedule_options, name) \
    }
    NUMBER(beta_min),  NUMBER(beta_max),  NUMBER(sigma_min),
    NUMBER(sigma_max), NUMBER(sigma_inf), NUMBER(shift),
#undef NUMBER
};

static ad_status fill_number(const dpm_schedule_kind *kind, int i, const dpm_schedule_options *from,
                             dpm_schedule_options *to)
{
    size_t at       = numbers[i].at;
    double standard = *(const double *)((const char *)&kind->defaults + at);
    double given    = *(const double *)((const char *)from + at);
    if (given != 0 && standard == 0)
        return ad_fail(AD_INVALID, "the schedule '%s' has no %s", kind->name, numbers[i].name);
    if (!isfinite(given) || (given < 0 && given != DPM_ZERO))
        return ad_fail(AD_INVALID, "the schedule '%s': %s = %g; it is a number from 0 on",
                       kind->name, numbers[i].name, given);
    *(double *)((char *)to + at) = given == 0 ? standard : given == DPM_ZERO ? 0 : given;
    return AD_OK;
}

/* NaN: the kind's prepare() knows */
static double end_time(double given, double standard)
{
    double t = given == 0 ? standard : given;
    return t == 0 ? NAN : t == DPM_ZERO ? 0 : t;
}

static ad_status fill(const dpm_schedule_kind *kind, const dpm_schedule_options *from,
                      dpm_schedule_options *to)
{
    const dpm_schedule_options *d = &kind->defaults;
    *to                           = *from;
    to->name                      = kind->name;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        AD_TRY(fill_number(kind, (int)i, from, to));
    if (!d->train_steps && (from->train_steps || from->betas || from->zero_terminal_snr))
        return ad_fail(AD_INVALID,
                       "the schedule '%s' is continuous: train_steps, betas and zero_terminal_snr "
                       "are for ddpm, scaled-linear and cosine-discrete",
                       kind->name);
    to->train_steps = from->train_steps ? from->train_steps : d->train_steps;
    to->t_begin     = end_time(from->t_begin, d->t_begin);
    to->t_end       = end_time(from->t_end, d->t_end);
    return AD_OK;
}

static ad_status check_ends(const dpm_schedule *s)
{
    double a = s->o.t_begin, b = s->o.t_end;
    double noise = dpm_schedule_at(s, a).lambda, data = dpm_schedule_at(s, b).lambda;
    if (noise < data) return AD_OK;
    return ad_fail(AD_INVALID,
                   "the schedule '%s' goes from noise to data: lambda = log(alpha / sigma) must "
                   "grow from t_begin = %g to t_end = %g, but it is %g and %g there",
                   s->kind->name, a, b, noise, data);
}

ad_status dpm_schedule_new(dpm_schedule **out, const dpm_schedule_options *o)
{
    *out                          = NULL;
    const dpm_schedule_kind *kind = dpm_schedule_find(o->name ? o->name : "vp-linear");
    if (!kind) return AD_INVALID;
    dpm_schedule_options filled;
    AD_TRY(fill(kind, o, &filled));
    dpm_schedule *s = ad_alloc(sizeof *s);
    if (!s) return AD_NO_MEMORY;
    s->kind          = kind;
    s->o             = filled;
    ad_status status = kind->prepare ? kind->prepare(s) : AD_OK;
    if (!status) status = check_ends(s);
    if (status)
        dpm_schedule_free(s);
    else
        *out = s;
    return status;
}

void dpm_schedule_free(dpm_schedule *s)
{
    if (!s) return;
    ad_free(s->table);
    ad_free(s);
}

dpm_point dpm_schedule_at(const dpm_schedule *s, double t)
{
    return s->kind->at(s, t);
}

double dpm_schedule_time(const dpm_schedule *s, double lambda)
{
    return s->kind->time(s, lambda);
}

dpm_point dpm_schedule_at_lambda(const dpm_schedule *s, double lambda)
{
    return dpm_schedule_at(s, dpm_schedule_time(s, lambda));
}
