/* solve_values.c - the numbers a solve starts from: of the file, of --seed, of a trained run, of --set. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <costate/autodiff/checkpoint.h>

#include "solve.h"
#include "text.h"

size_t solve_size(const solve *s)
{
    return ad_type_size(s->ode.type);
}

double solve_get(const solve *s, const void *array, long i)
{
    return ad_get(s->ode.type, array, i);
}

void solve_put(const solve *s, void *array, long i, double x)
{
    ad_put(s->ode.type, array, i, x);
}

void *solve_room(solve *s, long n, size_t size)
{
    return ad_arena_alloc(s->arena, (size_t)(n + 1) * size);
}

/* "a=2", "x(0)=3" */
static ad_status set_one(solve *s, const char *item)
{
    char        name[128];
    double      x;
    const char *equals = strchr(item, '=');
    size_t      n      = equals ? (size_t)(equals - item) : 0;
    while (n && item[n - 1] == ' ') n--;
    if (n == 0 || n >= sizeof name)
        return ad_fail(AD_INVALID, "--set: '%.60s' is not NAME=NUMBER", item);
    memcpy(name, item, n);
    name[n] = 0;
    if (!cli_parse_number(equals + 1 + strspn(equals + 1, " "), &x))
        return ad_fail(AD_INVALID, "--set %s: '%.60s' is not a finite number", name, equals + 1);
    ad_status e = nde_system_set(s->system, name, x);
    if (e) return ad_fail_at(e, "--set: ");
    int view = s->theta ? ad_params_find(s->layout, name) : -1;
    if (view >= 0) solve_put(s, s->theta, ad_params_view(s->layout, view)->offset, x);
    return AD_OK;
}

/* A run's precision need not be this solve's: the numbers are read as they are and rounded. */
static ad_status load(solve *s, const char *path, ad_tensor_type stored)
{
    ad_type    type   = stored == AD_TENSOR_F32 ? AD_F32 : AD_F64;
    ad_params *params = nde_system_params(s->system, type);
    void      *values = params ? solve_room(s, s->weights, ad_type_size(type)) : NULL;
    if (!values) return AD_NO_MEMORY;
    AD_TRY(ad_checkpoint_load(path, &(ad_checkpoint){ .params = params, .theta = values }));
    for (long i = 0; i < s->weights; i++)
        solve_put(s, s->theta, i, type == AD_F32 ? ((float *)values)[i] : ((double *)values)[i]);
    return AD_OK;
}

/* A run with fitted start states keeps those ("start") beside the system's own numbers, which are taken by name. */
static ad_status load_by_name(solve *s, const char *path, const ad_tensors *f)
{
    for (int i = 0; i < ad_params_views(s->layout); i++) {
        const ad_param_view *v = ad_params_view(s->layout, i);
        const ad_tensor     *t = ad_tensors_find(f, v->name);
        long                 n = ad_elements(v->shape), m = 1;
        for (int r = 0; t && r < t->rank; r++) m *= t->dim[r];
        if (!t || m != n || (t->type != AD_TENSOR_F32 && t->type != AD_TENSOR_F64))
            return ad_fail(AD_BAD_FILE,
                           "%s: checkpoint from another model: %s is not as the system has it",
                           path, v->name);
        for (long k = 0; k < n; k++)
            solve_put(s, s->theta, v->offset + k,
                      t->type == AD_TENSOR_F32 ? ((const float *)t->data)[k]
                                               : ((const double *)t->data)[k]);
    }
    return AD_OK;
}

/* Trained parameters are the system's own from here on: start values may be expressions of them. */
static ad_status adopt(solve *s)
{
    for (int i = 0; i < s->about->parameters; i++)
        AD_TRY(nde_system_set(s->system, s->about->parameter[i].name,
                              solve_get(s, s->theta, ad_params_view(s->layout, i)->offset)));
    return AD_OK;
}

static ad_status take_run(solve *s, const char *folder)
{
    char        path[4096];
    ad_tensors *f;
    if (!s->layout)
        return ad_fail(AD_BAD_FILE, "--run: the system has neither parameters nor networks");
    snprintf(path, sizeof path, "%s/checkpoint.safetensors", folder);
    AD_TRY(ad_tensors_read(&f, path));
    const ad_tensor *first  = ad_tensors_find(f, ad_params_view(s->layout, 0)->name);
    ad_tensor_type   stored = first ? first->type : AD_TENSOR_F64;
    ad_status        status = ad_tensors_find(f, "start") ? load_by_name(s, path, f)
                                                          : load(s, path, stored);
    ad_tensors_free(f);
    return status ? status : adopt(s);
}

static ad_status start_values(solve *s)
{
    double *theta = s->layout ? solve_room(s, s->weights, sizeof *theta) : NULL;
    double *y0    = solve_room(s, s->about->states, sizeof *y0);
    s->y0         = solve_room(s, s->about->states, solve_size(s));
    if (!y0 || !s->y0 || (s->layout && !theta)) return AD_NO_MEMORY;
    for (long i = 0; i < s->weights; i++) theta[i] = solve_get(s, s->theta, i);
    AD_TRY(nde_system_start_values(s->system, theta, y0));
    for (int i = 0; i < s->about->states; i++) solve_put(s, s->y0, i, y0[i]);
    return AD_OK;
}

ad_status solve_values(solve *s)
{
    for (int i = 0; i < cli_list(s->args, "set"); i++)
        AD_TRY(set_one(s, cli_item(s->args, "set", i)));
    AD_TRY(nde_system_problem(s->system, &s->ode));
    s->layout  = s->ode.theta;
    s->weights = s->layout ? ad_params_count(s->layout) : 0;
    s->theta   = s->layout ? solve_room(s, s->weights, solve_size(s)) : NULL;
    if (s->layout && !s->theta) return AD_NO_MEMORY;
    if (s->layout)
        AD_TRY(nde_system_theta(s->system, s->ode.type, (uint64_t)cli_integer(s->args, "seed"),
                                s->theta));
    const char *run = cli_text(s->args, "run");
    if (run) AD_TRY(take_run(s, run));
    for (int i = 0; run && i < cli_list(s->args, "set"); i++) /* --set wins over the run */
        AD_TRY(set_one(s, cli_item(s->args, "set", i)));
    return start_values(s);
}
