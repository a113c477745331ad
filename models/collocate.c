#include <math.h>
#include <string.h>

#include <costate/autodiff/loss.h>
#include <costate/autodiff/optim.h>
#include <costate/autodiff/plan.h>
#include <costate/autodiff/random.h>
#include <costate/autodiff/schedule.h>

#include "collocate.h"

enum { ROWS = 256 }; /* points in a step */

static const uint64_t stream_of_points = 0x706f696e7473u; /* "points" */

void mdl_to_steps(const mdl_model *m, void *theta, void *theta_bar)
{
    ad_type type = m->ode.type;
    for (long i = 0; i < m->count; i++) {
        double s = m->step[i];
        if (s != 0 && s != 1) mdl_put(type, theta, i, mdl_get(type, theta, i) / s);
        if (s != 1) mdl_put(type, theta_bar, i, mdl_get(type, theta_bar, i) * s);
    }
}

void mdl_from_steps(const mdl_model *m, void *theta)
{
    ad_type type = m->ode.type;
    for (long i = 0; i < m->count; i++) {
        double s = m->step[i], x = mdl_get(type, theta, i);
        if (s != 0 && s != 1) x *= s;
        if (x < m->lo[i]) x = m->lo[i];
        if (x > m->hi[i]) x = m->hi[i];
        mdl_put(type, theta, i, x);
    }
}

void mdl_collocation_point(const mdl_model *m, const mdl_data *d, const mdl_track *k, long r,
                           double *state, double *slope)
{
    const double *s = k->smooth + r * d->cols, *ds = k->slope + r * d->cols;
    mdl_model_start(m, s, ds, state);
    for (int c = 0; c < m->dim; c++) slope[c] = NAN;
    for (int j = 0; j < m->cols; j++) {
        slope[m->shown[j]] = ds[j];
        if (!m->system && m->cols + j < m->dim) slope[m->cols + j] = k->curve[r * d->cols + j];
    }
}

typedef struct points {
    mdl_model   *m;
    ad_graph    *g;
    ad_plan     *forward, *backward;
    ad_work     *fw, *bw;
    void        *residual, *t, *y, *f, *f_bar, *theta_bar;
    double      *state, *slope, *value, *bar, *weight; /* [ROWS][dim] */
    const void **in;
    void       **out;
    const void **back_in;
    int          nparts;
} points;

static int part_count(const mdl_model *m)
{
    return m->parts ? m->dim : 1;
}

static ad_status trace(points *p, ad_var *in, ad_var *out)
{
    mdl_model *m    = p->m;
    ad_type    type = m->ode.type;
    in[0]           = ad_input(p->g, "t", AD_F64, ad_rows(1));
    for (int i = 0; i < p->nparts; i++)
        in[1 + i] = ad_input(p->g, "y", type, ad_rows(m->parts ? 1 : m->dim));
    nde_point at = { .g     = p->g,
                     .t     = in[0],
                     .y     = in[1],
                     .parts = p->nparts,
                     .part  = in + 1,
                     .theta = m->ode.theta,
                     .type  = type };
    if (m->ode.field)
        out[0] = m->ode.field(&at, m->ode.ctx);
    else
        m->ode.field_parts(&at, out, m->ode.ctx);
    return ad_graph_status(p->g);
}

static ad_status compile(points *p)
{
    AD_TRY(ad_graph_new(&p->g));
    ad_var   *in = ad_alloc((size_t)(2 * p->nparts + 1) * sizeof *in), *out = in + 1 + p->nparts;
    char     *none = ad_alloc((size_t)p->nparts + 1);
    ad_status s    = in && none ? trace(p, in, out) : AD_NO_MEMORY;
    if (!s) {
        ad_pullback  pull = { .want_in = none, .want_params = 1 };
        ad_pair_spec spec = { p->nparts + 1, p->nparts, in, out, 1, &pull };
        s                 = ad_plan_pair(&p->forward, &p->backward, &spec,
                                         &(ad_plan_options){ .name = "collocation", .capacity = ROWS });
    }
    ad_free(in);
    ad_free(none);
    if (!s) s = ad_work_new(&p->fw, p->forward);
    if (!s) s = ad_work_new(&p->bw, p->backward);
    return s;
}

static ad_status room(points *p)
{
    size_t n = (size_t)ROWS * (size_t)p->m->dim, k = (size_t)p->nparts;
    p->residual  = ad_alloc(ad_plan_residual_bytes(p->forward) + 1);
    p->t         = ad_alloc(ROWS * sizeof(double));
    p->y         = ad_alloc(n * sizeof(double));
    p->f         = ad_alloc(n * sizeof(double));
    p->f_bar     = ad_alloc(n * sizeof(double));
    p->theta_bar = ad_alloc((size_t)p->m->count * sizeof(double));
    p->state     = ad_alloc(5 * n * sizeof(double));
    p->in        = ad_alloc((3 * k + 2) * sizeof(void *));
    p->out       = ad_alloc((2 * k + 1) * sizeof(void *));
    if (!p->residual || !p->t || !p->y || !p->f || !p->f_bar || !p->theta_bar || !p->state ||
        !p->in || !p->out)
        return AD_NO_MEMORY;
    p->slope  = p->state + n;
    p->value  = p->slope + n;
    p->bar    = p->value + n;
    p->weight = p->bar + n;
    return AD_OK;
}

static void clear(points *p)
{
    ad_work_free(p->fw);
    ad_work_free(p->bw);
    ad_plan_free(p->forward);
    ad_plan_free(p->backward);
    ad_graph_free(p->g);
    ad_free(p->residual);
    ad_free(p->t);
    ad_free(p->y);
    ad_free(p->f);
    ad_free(p->f_bar);
    ad_free(p->theta_bar);
    ad_free(p->state);
    ad_free(p->in);
    ad_free(p->out);
}

/* n points, scaled so that every component counts alike. */
static void draw(points *p, const mdl_data *d, long iteration, long n, long total)
{
    mdl_model *m = p->m;
    for (long i = 0; i < n; i++) {
        uint64_t bits = ad_random_bits((uint64_t)m->config->seed, stream_of_points,
                                       (uint64_t)(iteration * n + i));
        long     r    = total <= ROWS ? i : (long)(bits % (uint64_t)total);
        int      s    = 0;
        while (r >= d->track[s].fit) r -= d->track[s++].fit;
        double *slope = p->slope + i * m->dim;
        mdl_collocation_point(m, d, &d->track[s], r, p->state + i * m->dim, slope);
        ((double *)p->t)[i] = d->track[s].t[r];
        for (int k = 0; k < m->dim; k++) {
            p->weight[i * m->dim + k] = !isnan(slope[k]);
            slope[k] *= d->pace / m->size[k];
        }
    }
    mdl_pack(m, n, p->state, p->y);
}

static void aim(points *p, long n)
{
    mdl_model *m    = p->m;
    size_t     part = (size_t)(m->parts ? n : n * m->dim) * ad_type_size(m->ode.type);
    p->in[0]        = p->t;
    for (int i = 0; i < p->nparts; i++) {
        p->in[1 + i]             = (char *)p->y + (size_t)i * part;
        p->out[i]                = (char *)p->f + (size_t)i * part;
        p->in[1 + p->nparts + i] = (char *)p->f_bar + (size_t)i * part;
        p->out[p->nparts + i]    = NULL;
    }
    p->out[2 * p->nparts] = NULL;
}

/* (1) over n points and its gradient. */
static ad_status evaluate(points *p, const mdl_data *d, long n, double *loss)
{
    mdl_model *m    = p->m;
    ad_type    type = m->ode.type;
    long       all  = n * m->dim;
    aim(p, n);
    memset(p->theta_bar, 0, (size_t)m->count * ad_type_size(type));
    ad_args a = { .n = n, .in = p->in, .out = p->out, .theta = m->theta, .residual = p->residual };
    AD_TRY(ad_execute(p->forward, p->fw, &a));
    mdl_unpack(m, n, p->f, p->value);
    for (long i = 0; i < all; i++) p->value[i] *= d->pace / m->size[i % m->dim];
    *loss = ad_loss_value(&(ad_loss_args){ .loss  = AD_LOSS_MSE,
                                           .type  = AD_F64,
                                           .n     = all,
                                           .y     = p->value,
                                           .want  = p->slope,
                                           .w     = p->weight,
                                           .y_bar = p->bar });
    for (long i = 0; i < all; i++) p->bar[i] *= d->pace / m->size[i % m->dim];
    mdl_pack(m, n, p->bar, p->f_bar);
    a.out       = p->out + p->nparts;
    a.theta_bar = p->theta_bar;
    return ad_execute(p->backward, p->bw, &a);
}

static ad_status descend(points *p, const mdl_data *d, ad_optim *optim, long iterations,
                         double *loss)
{
    long        total = 0;
    ad_schedule schedule;
    for (int i = 0; i < d->count; i++) total += d->track[i].fit;
    long n = total < ROWS ? total : ROWS;
    AD_TRY(ad_schedule_parse(&schedule, "cosine:0.01", iterations));
    for (long i = 0; i < iterations; i++) {
        draw(p, d, i, n, total);
        AD_TRY(evaluate(p, d, n, loss));
        mdl_to_steps(p->m, p->m->theta, p->theta_bar);
        ad_status s = ad_optim_step(optim, ad_schedule_factor(&schedule, i), p->m->theta,
                                    p->theta_bar);
        mdl_from_steps(p->m, p->m->theta);
        if (s == AD_NONFINITE_STATE)
            return AD_OK; /* theta is what it was: the solves go on from there */
        AD_TRY(s);
    }
    return AD_OK;
}

ad_status mdl_collocate(mdl_model *m, const mdl_data *d, long iterations, double *loss)
{
    ad_optim *optim = NULL;
    points    p     = { .m = m, .nparts = part_count(m) };
    *loss           = NAN;
    if (iterations <= 0 || (m->system && m->hidden)) return AD_OK;
    if (!m->system && m->config->linear) AD_TRY(mdl_fit_linear_map(m, d));
    ad_status s = compile(&p);
    if (!s) s = room(&p);
    if (!s)
        s = ad_optim_new(&optim, ad_optimizer_find("adam"), m->params,
                         &(ad_optim_options){ .rate = 0.01, .clip = 10 });
    if (!s) s = descend(&p, d, optim, iterations, loss);
    ad_optim_free(optim);
    clear(&p);
    if (!s) mdl_model_rescale(m);
    return s;
}
