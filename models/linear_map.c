/* linear_map.c - the network's linear map [A b] by least squares on slopes, a little ridge against columns that move alike. */
#include <math.h>
#include <stdio.h>

#include "collocate.h"
#include "linear.h"

typedef struct moments {
    int     q; /* terms: state, time, 1 */
    double *xx, *xs, *x, *slope;
} moments;

static void add_row(moments *s, const mdl_model *m, double t)
{
    int dim = m->dim;
    if (m->config->time_input) s->x[dim] = t;
    s->x[s->q - 1] = 1;
    for (int i = 0; i < s->q; i++) {
        for (int j = 0; j <= i; j++) s->xx[i * s->q + j] += s->x[i] * s->x[j];
        for (int k = 0; k < dim; k++)
            s->xs[i * dim + k] += isnan(s->slope[k]) ? 0 : s->x[i] * s->slope[k];
    }
}

static void store(const moments *s, mdl_model *m)
{
    ad_type type = m->ode.type;
    int     w    = ad_params_find(m->params, "linear.weight"),
        b        = ad_params_find(m->params, "linear.bias");
    long at = ad_params_view(m->params, w)->offset, bias = ad_params_view(m->params, b)->offset;
    for (int k = 0; k < m->dim; k++) {
        for (int i = 0; i < s->q - 1; i++)
            mdl_put(type, m->theta, at + k * (s->q - 1) + i, s->xs[i * m->dim + k]);
        mdl_put(type, m->theta, bias + k, s->xs[(s->q - 1) * m->dim + k]);
    }
}

ad_status mdl_fit_linear_map(mdl_model *m, const mdl_data *d)
{
    moments s = { .q = m->dim + 1 + (m->config->time_input != 0) };
    size_t  q = (size_t)s.q, dim = (size_t)m->dim;
    s.xx = ad_alloc((q * q + q * dim + q + dim) * sizeof(double));
    if (!s.xx) return AD_NO_MEMORY;
    s.xs    = s.xx + q * q;
    s.x     = s.xs + q * dim;
    s.slope = s.x + q;
    for (int i = 0; i < d->count; i++)
        for (long r = 0; r < d->track[i].fit; r++) {
            mdl_collocation_point(m, d, &d->track[i], r, s.x, s.slope);
            add_row(&s, m, d->track[i].t[r]);
        }
    if (mdl_solve_spd(s.q, s.xx, 1e-6, m->dim, s.xs)) store(&s, m);
    ad_free(s.xx);
    return AD_OK;
}
