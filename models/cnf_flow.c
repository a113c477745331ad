/* cnf_flow.c - densities, samples and paths of a flow whose weights are given. */
#include <math.h>

#include <costate/autodiff/memory.h>
#include <costate/autodiff/random.h>
#include <costate/models/model.h>

#include "cnf_internal.h"

static const uint64_t stream_of_samples = 0x73616d706c65u; /* "sample" */
static const double   log_two_pi_half   = 0.91893853320467274178;

struct mdl_flow {
    mdl_cnf_options o;
    nde_options     solve;
    mdl_cnf_field  *field;
    nde_solver     *flow, *paths;
    long            capacity;
    void           *theta, *y0, *y; /* y: room for y_times states */
    size_t          y_room;
};

static size_t number(const mdl_flow *f)
{
    return ad_type_size(f->o.type);
}

static ad_status build(mdl_flow *f)
{
    AD_TRY(mdl_cnf_defaults(&f->o, &f->solve));
    AD_TRY(mdl_cnf_field_new(&f->field, &f->o));
    AD_TRY(nde_solver_new(&f->flow, &f->field->flow, &f->solve, f->capacity));
    AD_TRY(nde_solver_new(&f->paths, &f->field->paths, &f->solve, f->capacity));
    ad_params_freeze(f->field->params);
    size_t state = number(f) * (size_t)(f->capacity * (f->o.dim + 1));
    f->theta     = ad_alloc(number(f) * (size_t)ad_params_count(f->field->params));
    f->y0        = ad_alloc(state);
    f->y_room    = 2 * state;
    f->y         = ad_alloc(f->y_room);
    return f->theta && f->y0 && f->y ? AD_OK : AD_NO_MEMORY;
}

ad_status mdl_flow_new(mdl_flow **out, const mdl_cnf_options *o, ad_type type,
                       const nde_options *solve, long capacity)
{
    *out        = NULL;
    mdl_flow *f = ad_alloc(sizeof *f);
    if (!f) return AD_NO_MEMORY;
    f->o = *o;
    if (type) f->o.type = type;
    if (solve) f->o.solve = solve;
    f->o.trace  = "exact";
    f->o.batch  = capacity;
    f->capacity = capacity;
    ad_status s = build(f);
    if (s)
        mdl_flow_free(f);
    else
        *out = f;
    return s;
}

void mdl_flow_free(mdl_flow *f)
{
    if (!f) return;
    nde_solver_free(f->flow);
    nde_solver_free(f->paths);
    mdl_cnf_field_free(f->field);
    ad_free(f->theta);
    ad_free(f->y0);
    ad_free(f->y);
    ad_free(f);
}

void mdl_flow_set(mdl_flow *f, const void *theta, ad_type theta_type)
{
    for (long i = 0; i < ad_params_count(f->field->params); i++)
        mdl_put(f->o.type, f->theta, i, mdl_get(theta_type, theta, i));
}

/* log p of n <= capacity rows: both parts, t from 0 to t1. */
static ad_status densities(mdl_flow *f, long n, const double *x, double *log_p)
{
    long    d    = f->o.dim;
    ad_type type = f->o.type;
    double  t[]  = { 0, f->o.t1 };
    for (long i = 0; i < n * (d + 1); i++) mdl_put(type, f->y0, i, i < n * d ? x[i] : 0);
    AD_TRY(nde_solve(f->flow,
                     &(nde_solve_args){
                         .n = n, .times = 2, .t = t, .y0 = f->y0, .theta = f->theta, .y = f->y }));
    const void *end = (char *)f->y + number(f) * (size_t)(n * (d + 1));
    for (long i = 0; i < n; i++) {
        log_p[i] = mdl_get(type, end, n * d + i) - (double)d * log_two_pi_half;
        for (long j = 0; j < d; j++) {
            double z = mdl_get(type, end, i * d + j);
            log_p[i] -= 0.5 * z * z;
        }
    }
    return AD_OK;
}

ad_status mdl_flow_log_density(mdl_flow *f, long n, const double *x, double *log_p, double *nfe)
{
    long   solves = 0;
    double sum    = 0;
    for (long at = 0; at < n; at += f->capacity, solves++) {
        long m = n - at < f->capacity ? n - at : f->capacity;
        AD_TRY(densities(f, m, x + at * f->o.dim, log_p + at));
        sum += (double)nde_solver_stats(f->flow)->nfe;
    }
    if (nfe) *nfe = solves ? sum / (double)solves : 0;
    return AD_OK;
}

static ad_status room(mdl_flow *f, size_t bytes)
{
    if (bytes <= f->y_room) return AD_OK;
    void *y = ad_alloc(bytes);
    if (!y) return AD_NO_MEMORY;
    ad_free(f->y);
    f->y = y, f->y_room = bytes;
    return AD_OK;
}

ad_status mdl_flow_paths(mdl_flow *f, long n, const double *x, int times, const double *t,
                         double *z)
{
    long count = n * f->o.dim;
    if (n < 1 || n > f->capacity)
        return ad_fail(AD_INVALID, "paths of %ld points; the flow was made for 1 to %ld", n,
                       f->capacity);
    AD_TRY(room(f, number(f) * (size_t)(count * times)));
    for (long i = 0; i < count; i++) mdl_put(f->o.type, f->y0, i, x[i]);
    AD_TRY(nde_solve(
        f->paths, &(nde_solve_args){
                      .n = n, .times = times, .t = t, .y0 = f->y0, .theta = f->theta, .y = f->y }));
    for (long i = 0; i < count * times; i++) z[i] = mdl_get(f->o.type, f->y, i);
    return AD_OK;
}

ad_status mdl_flow_sample(mdl_flow *f, long n, uint64_t seed, double *x)
{
    long    d    = f->o.dim;
    double  t[]  = { f->o.t1, 0 };
    double *both = ad_alloc(2 * (size_t)(f->capacity * d) * sizeof *both);
    if (!both) return AD_NO_MEMORY;
    ad_status s = AD_OK;
    ad_random_normal(AD_F64, seed, stream_of_samples, 0, n * d, x);
    for (long at = 0; at < n && !s; at += f->capacity) {
        long m = n - at < f->capacity ? n - at : f->capacity;
        s      = mdl_flow_paths(f, m, x + at * d, 2, t, both);
        for (long i = 0; i < m * d && !s; i++) x[at * d + i] = both[m * d + i];
    }
    ad_free(both);
    return s;
}
