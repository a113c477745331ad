#include <string.h>

#include <costate/autodiff/memory.h>
#include <costate/autodiff/random.h>
#include <costate/models/model.h>

#include "cnf_internal.h"
#include "pass.h"

static const uint64_t stream_of_eps   = 0x657073u; /* "eps" */
static const double   log_two_pi_half = 0.91893853320467274178;

struct mdl_cnf {
    mdl_cnf_options o;
    nde_options     solve;
    mdl_cnf_field  *field;
    reg_solver     *solver;
    mdl_learner    *learner;
    double          t[2];
    void           *y0;        /* z [n, dim] and a [n] behind it */
    void           *y, *y_bar; /* two such states                */
    void           *eps;       /* [batch, dim]                   */
};

static ad_status buffers(mdl_cnf *c)
{
    size_t rows = ad_type_size(c->o.type) * (size_t)c->o.batch, dim = (size_t)c->o.dim;
    c->y0    = ad_alloc(rows * (dim + 1));
    c->y     = ad_alloc(2 * rows * (dim + 1));
    c->y_bar = ad_alloc(2 * rows * (dim + 1));
    c->eps   = ad_alloc(rows * dim);
    return c->y0 && c->y && c->y_bar && c->eps ? AD_OK : AD_NO_MEMORY;
}

static ad_status build(mdl_cnf *c)
{
    AD_TRY(mdl_cnf_defaults(&c->o, &c->solve));
    AD_TRY(mdl_cnf_field_new(&c->field, &c->o));
    c->t[1]              = c->o.t1;
    reg_solver_spec spec = { .ode      = &c->field->flow,
                             .solve    = &c->solve,
                             .adjoint  = c->o.adjoint,
                             .terms    = c->o.terms,
                             .term     = c->o.term,
                             .parts    = 1,
                             .capacity = c->o.batch };
    AD_TRY(reg_solver_new(&c->solver, &spec));
    AD_TRY(mdl_learner_new(&c->learner, c->field->params, &c->o.learn));
    return buffers(c);
}

ad_status mdl_cnf_new(mdl_cnf **out, const mdl_cnf_options *o)
{
    *out       = NULL;
    mdl_cnf *c = ad_alloc(sizeof *c);
    if (!c) return AD_NO_MEMORY;
    c->o        = *o;
    ad_status s = build(c);
    c->o.term = NULL, c->o.adjoint = NULL; /* the caller's */
    if (s)
        mdl_cnf_free(c);
    else
        *out = c;
    return s;
}

void mdl_cnf_free(mdl_cnf *c)
{
    if (!c) return;
    reg_solver_free(c->solver);
    mdl_learner_free(c->learner);
    mdl_cnf_field_free(c->field);
    ad_free(c->y0);
    ad_free(c->y);
    ad_free(c->y_bar);
    ad_free(c->eps);
    ad_free(c);
}

mdl_learner *mdl_cnf_learner(const mdl_cnf *c)
{
    return c->learner;
}
reg_solver *mdl_cnf_solver(const mdl_cnf *c)
{
    return c->solver;
}
const mdl_cnf_options *mdl_cnf_about(const mdl_cnf *c)
{
    return &c->o;
}

/* -mean log p from the end state, and its cotangent: z_bar = z / n, a_bar = -1 / n. */
static double negative_log_density(const mdl_cnf *c, long n, const void *end, void *end_bar)
{
    ad_type type = c->o.type;
    long    d    = c->o.dim;
    double  sum  = (double)(n * d) * log_two_pi_half;
    for (long i = 0; i < n * d; i++) {
        double z = mdl_get(type, end, i);
        sum += 0.5 * z * z;
        mdl_put(type, end_bar, i, z / (double)n);
    }
    for (long i = n * d; i < n * (d + 1); i++) {
        sum -= mdl_get(type, end, i);
        mdl_put(type, end_bar, i, -1 / (double)n);
    }
    return sum / (double)n;
}

static void draw_eps(mdl_cnf *c, long n, uint64_t draw)
{
    long count = n * c->o.dim;
    if (c->field->trace == MDL_CNF_RADEMACHER)
        ad_random_rademacher(c->o.type, draw, stream_of_eps, 0, count, c->eps);
    if (c->field->trace == MDL_CNF_GAUSSIAN)
        ad_random_normal(c->o.type, draw, stream_of_eps, 0, count, c->eps);
}

/* What a step is taken on. */
typedef struct pass {
    mdl_cnf     *c;
    long         n;
    const void  *x;
    reg_progress p;
    uint64_t     draw;
} pass;

static ad_status forward(void *ctx, mdl_step *step)
{
    pass    *q    = ctx;
    mdl_cnf *c    = q->c;
    size_t   size = ad_type_size(c->o.type), z = size * (size_t)(q->n * c->o.dim);
    size_t   a = size * (size_t)q->n;
    memcpy(c->y0, q->x, z);
    memset((char *)c->y0 + z, 0, a);
    draw_eps(c, q->n, q->draw);
    const void    *eps  = c->eps;
    nde_solve_args args = { .n     = q->n,
                            .times = 2,
                            .t     = c->t,
                            .y0    = c->y0,
                            .args  = &eps,
                            .theta = c->learner->theta,
                            .seed  = q->draw,
                            .y     = c->y };
    ad_status      s    = reg_solve(c->solver, &args, q->p, q->draw);
    step->solve         = *adj_solver_stats(reg_adjoint(c->solver));
    if (s) return s;
    memset(c->y_bar, 0, z + a);
    step->penalty = reg_value(c->solver);
    step->loss    = negative_log_density(c, q->n, (char *)c->y + z + a, (char *)c->y_bar + z + a);
    return AD_OK;
}

static ad_status backward(void *ctx)
{
    mdl_cnf *c = ((pass *)ctx)->c;
    return reg_pullback(c->solver,
                        &(adj_cotangents){ .y_bar = c->y_bar, .theta_bar = c->learner->theta_bar });
}

static mdl_pass pass_of(const mdl_cnf *c)
{
    return (mdl_pass){ "flow", c->o.batch, c->learner, c->solver, c->o.measure, forward, backward };
}

ad_status mdl_cnf_gradient(mdl_cnf *c, long n, const void *x, reg_progress p, uint64_t draw,
                           mdl_step *step)
{
    mdl_pass way = pass_of(c);
    *step        = (mdl_step){ .n = n, .right = -1 };
    return mdl_pass_gradient(&way, &(pass){ c, n, x, p, draw }, step);
}

ad_status mdl_cnf_step(mdl_cnf *c, long n, const void *x, reg_progress p, uint64_t draw,
                       mdl_step *step)
{
    mdl_pass way = pass_of(c);
    *step        = (mdl_step){ .n = n, .right = -1 };
    return mdl_pass_step(&way, &(pass){ c, n, x, p, draw }, step);
}
