#include <math.h>
#include <string.h>

#include <costate/autodiff/loss.h>
#include <costate/autodiff/random.h>

#include "points.h"

static const uint64_t stream_of_points = 0x706f696e7473u; /* "points" */

static ad_status trace(mdl_points *p, ad_var *in, ad_var *out)
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

static ad_status compile(mdl_points *p)
{
    AD_TRY(ad_graph_new(&p->g));
    ad_var   *in = ad_alloc((size_t)(2 * p->nparts + 1) * sizeof *in), *out = in + 1 + p->nparts;
    char     *none = ad_alloc((size_t)p->nparts + 1);
    ad_status s    = in && none ? trace(p, in, out) : AD_NO_MEMORY;
    if (!s) {
        ad_pullback  pull = { .want_in = none, .want_params = 1 };
        ad_pair_spec spec = { p->nparts + 1, p->nparts, in, out, 1, &pull };
        s                 = ad_plan_pair(&p->forward, &p->backward, &spec,
                                         &(ad_plan_options){ .name = "collocation", .capacity = MDL_POINTS });
    }
    ad_free(in);
    ad_free(none);
    if (!s) s = ad_work_new(&p->fw, p->forward);
    if (!s) s = ad_work_new(&p->bw, p->backward);
    return s;
}

static ad_status room(mdl_points *p)
{
    size_t n = (size_t)MDL_POINTS * (size_t)p->m->dim, k = (size_t)p->nparts;
    p->residual  = ad_alloc(ad_plan_residual_bytes(p->forward) + 1);
    p->t         = ad_alloc(MDL_POINTS * sizeof(double));
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

void mdl_points_clear(mdl_points *p)
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
/* Rows of a track that points come from: its fitted part, or the one that validates. */
static long rows_of(const mdl_points *p, const mdl_track *k)
{
    return p->validating ? k->train - k->fit : k->fit;
}

long mdl_points_draw(mdl_points *p, const mdl_data *d, long iteration)
{
    long total = 0;
    for (int i = 0; i < d->count; i++) total += rows_of(p, &d->track[i]);
    long       n = total < MDL_POINTS ? total : MDL_POINTS;
    mdl_model *m = p->m;
    for (long i = 0; i < n; i++) {
        uint64_t bits = ad_random_bits((uint64_t)m->config->seed, stream_of_points,
                                       (uint64_t)(iteration * n + i));
        long     r    = total <= MDL_POINTS ? i : (long)(bits % (uint64_t)total);
        int      s    = 0;
        while (r >= rows_of(p, &d->track[s])) r -= rows_of(p, &d->track[s++]);
        if (p->validating) r += d->track[s].fit;
        double *slope = p->slope + i * m->dim;
        mdl_collocation_point(m, d, &d->track[s], r, p->state + i * m->dim, slope);
        ((double *)p->t)[i] = d->track[s].t[r];
        for (int k = 0; k < m->dim; k++) {
            p->weight[i * m->dim + k] = !isnan(slope[k]);
            slope[k] *= d->pace / m->size[k];
        }
    }
    mdl_pack(m, n, p->state, p->y);
    return n;
}

static void aim(mdl_points *p, long n)
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

ad_status mdl_points_field(mdl_points *p, const mdl_data *d, long n)
{
    mdl_model *m = p->m;
    aim(p, n);
    AD_TRY(ad_execute(
        p->forward, p->fw,
        &(ad_args){
            .n = n, .in = p->in, .out = p->out, .theta = m->theta, .residual = p->residual }));
    mdl_unpack(m, n, p->f, p->value);
    for (long i = 0; i < n * m->dim; i++) p->value[i] *= d->pace / m->size[i % m->dim];
    return AD_OK;
}

ad_status mdl_points_gradient(mdl_points *p, const mdl_data *d, long n, double *loss)
{
    mdl_model *m   = p->m;
    long       all = n * m->dim;
    AD_TRY(mdl_points_field(p, d, n));
    memset(p->theta_bar, 0, (size_t)m->count * ad_type_size(m->ode.type));
    *loss = ad_loss_value(&(ad_loss_args){ .loss  = AD_LOSS_MSE,
                                           .type  = AD_F64,
                                           .n     = all,
                                           .y     = p->value,
                                           .want  = p->slope,
                                           .w     = p->weight,
                                           .y_bar = p->bar });
    for (long i = 0; i < all; i++) p->bar[i] *= d->pace / m->size[i % m->dim];
    mdl_pack(m, n, p->bar, p->f_bar);
    return ad_execute(p->backward, p->bw,
                      &(ad_args){ .n         = n,
                                  .in        = p->in,
                                  .out       = p->out + p->nparts,
                                  .theta     = m->theta,
                                  .theta_bar = p->theta_bar,
                                  .residual  = p->residual });
}

ad_status mdl_points_new(mdl_points *p, mdl_model *m)
{
    *p = (mdl_points){ .m = m, .nparts = m->parts ? m->dim : 1 };
    AD_TRY(compile(p));
    return room(p);
}
