#include <math.h>
#include <string.h>

#include <costate/autodiff/memory.h>
#include <costate/autodiff/random.h>
#include <costate/models/density.h>
#include <costate/models/model.h>
#include <costate/regularizers/fokker_planck.h>

#include "score_network.h"

enum { ARGS = 8, T = 0, ALPHA = 1, SIGMA = 2, PLACE = 3 };

static const uint64_t stream_of_probes = 0x70726f626573u;
static const double   half_log_two_pi = 0.91893853320467274178, least_rho = 1e-4, most_rho = 1e4;

struct mdl_density {
    dpm_model           m;
    const dpm_schedule *schedule;
    mdl_density_options o;
    nde_options         solve;
    nde_part            part[2];
    nde_arg             arg[ARGS];
    ad_callback         place;
    nde_solver         *solver;
    double              t[2]; /* l_0, l_T          */
    void               *y0, *y, *probe;
};

static size_t number(const mdl_density *d)
{
    return ad_type_size(d->m.type);
}

/* l, a row each, to t, alpha and sigma. */
static ad_status place(long n, const void *const in[], void *out, void *ctx)
{
    const mdl_density *d = ctx;
    const double      *l = in[0];
    for (long i = 0; i < n; i++) {
        dpm_point p = dpm_schedule_at_lambda(d->schedule, -l[i]);
        double   *x = (double *)out + i * PLACE;
        x[T] = p.t, x[ALPHA] = p.alpha, x[SIGMA] = p.sigma;
    }
    return AD_OK;
}

static ad_var coordinate(ad_var both, int i)
{
    if (both.id < 0) return both;
    return ad_slice(both, ad_shape_of(both).rank - 1, i, i + 1);
}

/* (1) */
static void field(const nde_point *at, ad_var *dy, void *ctx)
{
    mdl_density *d     = ctx;
    ad_shape     shape = ad_shape_of(at->t).batched ? ad_rows(PLACE) : ad_vector(PLACE);
    ad_var       where = ad_call(&d->place, 1, &at->t, AD_F64, shape);
    ad_var       alpha = coordinate(where, ALPHA), rho = ad_exp(at->t);
    dpm_at       in    = { .g      = at->g,
                           .x      = mdl_times(at->y, alpha),
                           .t      = coordinate(where, T),
                           .alpha  = alpha,
                           .sigma  = coordinate(where, SIGMA),
                           .lambda = ad_neg(at->t),
                           .rho    = rho,
                           .nargs  = d->m.nargs,
                           .args   = at->args,
                           .theta  = at->theta,
                           .type   = at->type };
    ad_var       e     = mdl_epsilon(&d->m, &in);
    ad_var       probe = d->o.estimate ? at->args[d->m.nargs] : AD_NONE;
    dy[0]              = mdl_times(e, rho);
    dy[1]              = mdl_times(reg_divergence(in.x, e, probe), ad_mul(rho, alpha));
}

static double log_rho(double rho)
{
    return log(fmin(fmax(rho, least_rho), most_rho));
}

static ad_status build(mdl_density *d)
{
    const dpm_schedule *s = d->schedule;
    if (!d->o.capacity) d->o.capacity = 256;
    d->solve = d->o.solve ? *d->o.solve : (nde_options){ .rtol = 1e-5, .atol = 1e-5 };
    d->t[0]  = log_rho(dpm_schedule_at(s, s->o.t_end).rho);
    d->t[1]  = log_rho(dpm_schedule_at(s, s->o.t_begin).rho);
    if (d->m.nargs + 1 > ARGS)
        return ad_fail(AD_UNSUPPORTED, "a model with %d arguments; a density takes %d", d->m.nargs,
                       ARGS - 1);
    for (int i = 0; i < d->m.nargs; i++) d->arg[i] = d->m.args[i];
    d->arg[d->m.nargs] = (nde_arg){ .name = "probe", .shape = ad_rows(d->m.dim) };
    d->part[0]         = (nde_part){ .name = "y", .shape = ad_rows(d->m.dim) };
    d->part[1]         = (nde_part){ .name = "log_density", .shape = ad_rows(1) };
    d->place           = (ad_callback){ .name = "schedule", .value = place, .ctx = d };
    nde_ode ode        = { .field_parts = field,
                           .ctx         = d,
                           .type        = d->m.type,
                           .parts       = 2,
                           .part        = d->part,
                           .nargs       = d->m.nargs + (d->o.estimate != 0),
                           .args        = d->arg,
                           .theta       = d->m.theta };
    AD_TRY(nde_solver_new(&d->solver, &ode, &d->solve, d->o.capacity));
    size_t rows = number(d) * (size_t)d->o.capacity, dim = (size_t)d->m.dim;
    d->y0    = ad_alloc(rows * (dim + 1));
    d->y     = ad_alloc(2 * rows * (dim + 1));
    d->probe = ad_alloc(rows * dim);
    return d->y0 && d->y && d->probe ? AD_OK : AD_NO_MEMORY;
}

ad_status mdl_density_new(mdl_density **out, const dpm_model *m, const dpm_schedule *s,
                          const mdl_density_options *o)
{
    *out           = NULL;
    mdl_density *d = ad_alloc(sizeof *d);
    if (!d) return AD_NO_MEMORY;
    d->m             = *m;
    d->schedule      = s;
    d->o             = o ? *o : (mdl_density_options){ 0 };
    ad_status status = build(d);
    d->o.solve       = NULL; /* the caller's */
    if (status)
        mdl_density_free(d);
    else
        *out = d;
    return status;
}

void mdl_density_free(mdl_density *d)
{
    if (!d) return;
    nde_solver_free(d->solver);
    ad_free(d->y0);
    ad_free(d->y);
    ad_free(d->probe);
    ad_free(d);
}

/* (2) of n <= capacity rows. */
static ad_status densities(mdl_density *d, long n, const double *x, const void *theta,
                           const void *const *args, double *log_p)
{
    long    dim   = d->m.dim;
    ad_type type  = d->m.type;
    double  alpha = dpm_schedule_at_lambda(d->schedule, -d->t[0]).alpha, rho = exp(d->t[1]);
    for (long i = 0; i < n * (dim + 1); i++)
        mdl_put(type, d->y0, i, i < n * dim ? x[i] / alpha : 0);
    AD_TRY(nde_solve(
        d->solver,
        &(nde_solve_args){
            .n = n, .times = 2, .t = d->t, .y0 = d->y0, .args = args, .theta = theta, .y = d->y }));
    const void *end = (char *)d->y + number(d) * (size_t)(n * (dim + 1));
    for (long i = 0; i < n; i++) {
        log_p[i] = mdl_get(type, end, n * dim + i) -
                   (double)dim * (half_log_two_pi + log(rho) + log(alpha));
        for (long j = 0; j < dim; j++) {
            double z = mdl_get(type, end, i * dim + j) / rho;
            log_p[i] -= 0.5 * z * z;
        }
    }
    return AD_OK;
}

ad_status mdl_density_log(mdl_density *d, long n, const double *x, const void *theta,
                          const void *const *args, uint64_t seed, double *log_p, double *nfe)
{
    long        dim = d->m.dim, solves = 0;
    double      sum = 0;
    const void *part[ARGS];
    for (long at = 0; at < n; at += d->o.capacity, solves++) {
        long m = n - at < d->o.capacity ? n - at : d->o.capacity;
        for (int i = 0; i < d->m.nargs; i++) {
            ad_shape s    = d->arg[i].shape;
            ad_type  type = d->arg[i].type ? d->arg[i].type : d->m.type;
            size_t   row  = s.batched ? ad_type_size(type) * (size_t)ad_elements(s) : 0;
            part[i]       = (const char *)args[i] + row * (size_t)at;
        }
        part[d->m.nargs] = d->probe;
        ad_random_rademacher(d->m.type, seed, stream_of_probes, (uint64_t)(at * dim), m * dim,
                             d->probe);
        AD_TRY(densities(d, m, x + at * dim, theta, part, log_p + at));
        sum += (double)nde_solver_stats(d->solver)->nfe;
    }
    if (nfe) *nfe = solves ? sum / (double)solves : 0;
    return AD_OK;
}
