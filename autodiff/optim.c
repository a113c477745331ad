#include <math.h>
#include <stdio.h>
#include <string.h>

#include <costate/autodiff/memory.h>
#include <costate/autodiff/optim.h>

#define OPTIMIZER(name) extern const ad_optimizer ad_optim_##name;
#include "optim/registry.def"
#undef OPTIMIZER

static const ad_optimizer *const rows[] = {
#define OPTIMIZER(name) &ad_optim_##name,
#include "optim/registry.def"
#undef OPTIMIZER
};

enum { ROWS = sizeof rows / sizeof rows[0] };

const ad_optimizer *ad_optimizer_row(int i)
{
    return i >= 0 && i < ROWS ? rows[i] : NULL;
}

const ad_optimizer *ad_optimizer_find(const char *name)
{
    char   known[256] = "";
    size_t at         = 0;
    for (int i = 0; i < ROWS; i++) {
        if (!strcmp(rows[i]->name, name)) return rows[i];
        at += (size_t)snprintf(known + at, sizeof known - at, " %s", rows[i]->name);
    }
    ad_fail(AD_INVALID, "no optimizer is called %s; there are%s", name, known);
    return NULL;
}

/* --- settings --- */

static void set_default(double *x, double standard)
{
    if (*x == 0)
        *x = standard;
    else if (*x == AD_OPTIM_ZERO)
        *x = 0;
}

static ad_status check_options(const ad_optimizer *m, const ad_optim_options *o)
{
    if (!(o->rate >= 0) || isinf(o->rate))
        return ad_fail(AD_INVALID, "%s: the rate is %g, it must be positive", m->name, o->rate);
    if (!(o->beta1 >= 0 && o->beta1 < 1) || !(o->beta2 >= 0 && o->beta2 < 1))
        return ad_fail(AD_INVALID, "%s: beta1 %g and beta2 %g must lie in [0, 1)", m->name,
                       o->beta1, o->beta2);
    if (!(o->eps >= 0) || !(o->weight_decay >= 0) || !(o->clip >= 0))
        return ad_fail(AD_INVALID, "%s: eps %g, weight_decay %g and clip %g must not be negative",
                       m->name, o->eps, o->weight_decay, o->clip);
    return AD_OK;
}

static ad_status settings(const ad_optimizer *m, const ad_optim_options *given, ad_optim_options *o)
{
    *o = given ? *given : (ad_optim_options){ 0 };
    set_default(&o->rate, m->defaults.rate);
    set_default(&o->beta1, m->defaults.beta1);
    set_default(&o->beta2, m->defaults.beta2);
    set_default(&o->eps, m->defaults.eps);
    set_default(&o->weight_decay, m->defaults.weight_decay);
    return check_options(m, o);
}

ad_status ad_optim_new(ad_optim **s, const ad_optimizer *method, ad_params *params,
                       const ad_optim_options *o)
{
    *s = NULL;
    if (!method) return ad_fail(AD_INVALID, "ad_optim_new: no method was given");
    ad_optim_options whole;
    AD_TRY(settings(method, o, &whole));
    ad_params_freeze(params);
    ad_optim *q = ad_alloc(sizeof *q);
    if (!q) return AD_NO_MEMORY;
    *q           = (ad_optim){ .method = method, .o = whole, .params = params };
    size_t bytes = (size_t)ad_params_count(params) * ad_type_size(ad_params_type(params));
    for (int i = 0; i < method->moments; i++) {
        q->moment[i] = ad_alloc(bytes);
        if (q->moment[i]) continue;
        ad_optim_free(q);
        return AD_NO_MEMORY;
    }
    *s = q;
    return AD_OK;
}

void ad_optim_free(ad_optim *s)
{
    if (!s) return;
    for (int i = 0; i < AD_OPTIM_MOMENTS; i++) ad_free(s->moment[i]);
    ad_free(s);
}

/* --- a step --- */

static double at(ad_type type, const void *g, long i)
{
    return type == AD_F32 ? (double)((const float *)g)[i] : ((const double *)g)[i];
}

/* Which number of which parameter, and how many more. */
static ad_status fail_nonfinite(const ad_optim *s, const void *theta_bar)
{
    ad_type     type = ad_params_type(s->params);
    long        n = ad_params_count(s->params), first = -1, bad = 0, index = 0;
    const char *name = "";
    for (long i = 0; i < n; i++) {
        if (isfinite(at(type, theta_bar, i))) continue;
        if (!bad++) first = i;
    }
    if (first < 0)
        return ad_fail(AD_NONFINITE_STATE,
                       "the gradient's norm is beyond 1e308 before step %ld; a "
                       "shorter horizon helps",
                       s->steps + 1);
    for (int i = 0; i < ad_params_views(s->params); i++) {
        const ad_param_view *v = ad_params_view(s->params, i);
        if (v->offset > first) break;
        name  = v->name;
        index = first - v->offset;
    }
    return ad_fail(AD_NONFINITE_STATE,
                   "the gradient of %s[%ld] is %g (%ld of %ld numbers are not finite) before step "
                   "%ld; the parameters were left alone. A smaller learning rate, a clipped "
                   "gradient or a shorter horizon helps",
                   name, index, at(type, theta_bar, first), bad, n, s->steps + 1);
}

ad_status ad_optim_step(ad_optim *s, double rate_factor, void *theta, const void *theta_bar)
{
    ad_type type = ad_params_type(s->params);
    long    n    = ad_params_count(s->params);
    double  norm = ad_norm(type, n, theta_bar);
    if (!isfinite(norm)) return fail_nonfinite(s, theta_bar);
    s->norm     = norm;
    int clipped = s->o.clip > 0 && norm > s->o.clip;
    s->steps++;
    ad_optim_step_args a = { .o          = &s->o,
                             .rate       = s->o.rate * rate_factor,
                             .grad_scale = clipped ? s->o.clip / norm : 1,
                             .step       = s->steps,
                             .type       = type,
                             .n          = n,
                             .theta      = theta,
                             .theta_bar  = theta_bar,
                             .moment     = s->moment };
    s->method->step(&a);
    return AD_OK;
}
