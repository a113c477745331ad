#include <math.h>
#include <string.h>

#include "model_internal.h"

/* Fitted starts are parameters like any other: theta's view "start" [series, dim]. */
static ad_status add_starts(mdl_model *m, const mdl_shape *shape)
{
    m->start = -1;
    if (shape->series == 0) return AD_OK;
    int i = ad_params_add(m->params, "start", ad_matrix(shape->series, m->dim), AD_INIT_ZERO, 0);
    if (i < 0) return AD_INVALID;
    m->start = ad_params_view(m->params, i)->offset;
    return AD_OK;
}

/* Weights of networks decay; the linear map beside one, constants, biases and starts do not. */
static void mark_weights(mdl_model *m)
{
    for (int i = 0; i < ad_params_views(m->params); i++) {
        const ad_param_view *v = ad_params_view(m->params, i);
        if (v->shape.rank < 2 || !strcmp(v->name, "start") || !strncmp(v->name, "linear.", 7))
            continue;
        memset(m->decays + v->offset, 1, (size_t)ad_elements(v->shape));
    }
}

static ad_status fill_values(mdl_model *m, const mdl_shape *shape)
{
    m->count       = ad_params_count(m->params);
    size_t numbers = (size_t)m->count * sizeof(double);
    m->theta       = ad_alloc((size_t)m->count * ad_type_size(m->ode.type));
    m->step        = ad_alloc(numbers);
    m->lo          = ad_alloc(numbers);
    m->hi          = ad_alloc(numbers);
    m->decays      = ad_alloc((size_t)m->count);
    m->size        = ad_alloc((size_t)m->dim * sizeof(double));
    m->guess       = ad_alloc((size_t)m->dim * sizeof(double));
    if (!m->theta || !m->step || !m->lo || !m->hi || !m->decays || !m->size || !m->guess)
        return AD_NO_MEMORY;
    for (long i = 0; i < m->count; i++) {
        m->step[i] = 1;
        m->lo[i]   = -INFINITY;
        m->hi[i]   = INFINITY;
    }
    for (int k = 0; k < m->dim; k++) m->size[k] = 1;
    ad_params_init(m->params, (uint64_t)m->config->seed, m->theta);
    if (m->system) AD_TRY(mdl_system_values(m, shape));
    for (long r = 0; r < shape->series && m->start >= 0; r++)
        for (int k = 0; k < m->dim; k++)
            mdl_put(m->ode.type, m->theta, m->start + r * m->dim + k, m->guess[k]);
    mark_weights(m);
    mdl_model_rescale(m);
    return AD_OK;
}

static double power_of_two(double x)
{
    return x > 0 && isfinite(x) ? exp2(round(log2(x))) : 1;
}

void mdl_model_rescale(mdl_model *m)
{
    if (!m->system) return;
    const nde_system_info *a = nde_system_about(m->system);
    for (int i = 0; i < a->parameters; i++) {
        long   at = ad_params_view(m->params, i)->offset;
        double x = fabs(mdl_get(m->ode.type, m->theta, at)), width = m->hi[at] - m->lo[at];
        if (m->step[at] == 0) continue;
        if (isfinite(width)) x = fmax(x, 1e-3 * width);
        m->step[at] = power_of_two(x);
    }
    for (long i = m->start; m->start >= 0 && i < m->count; i++)
        m->step[i] = power_of_two(m->size[(i - m->start) % m->dim]);
}

ad_status mdl_model_new(mdl_model **out, const mdl_config *c, const mdl_shape *shape,
                        nde_system *system)
{
    *out         = NULL;
    mdl_model *m = ad_alloc(sizeof *m);
    if (!m) {
        nde_system_free(system);
        return AD_NO_MEMORY;
    }
    m->config   = c;
    m->system   = system;
    m->cols     = shape->cols;
    m->ode.type = !strcmp(c->precision, "float32") ? AD_F32 : AD_F64;
    m->shown    = ad_alloc((size_t)m->cols * sizeof *m->shown);
    ad_status s = m->shown ? AD_OK : AD_NO_MEMORY;
    if (!s) s = system ? mdl_system_fill(m, shape) : mdl_network_fill(m, shape);
    if (!s) s = add_starts(m, shape);
    if (!s) s = fill_values(m, shape);
    if (s)
        mdl_model_free(m);
    else
        *out = m;
    return s;
}

void mdl_model_free(mdl_model *m)
{
    if (!m) return;
    if (!m->system) ad_params_free(m->params);
    nde_system_free(m->system);
    ad_free(m->theta);
    ad_free(m->shown);
    ad_free(m->step);
    ad_free(m->lo);
    ad_free(m->hi);
    ad_free(m->decays);
    ad_free(m->size);
    ad_free(m->guess);
    ad_free(m);
}

/* A network's first hidden components start as the columns' slopes: with one column, position and velocity. */
void mdl_model_start(const mdl_model *m, const double *state, const double *slope, double *y0)
{
    for (int k = 0; k < m->dim; k++) y0[k] = m->guess[k];
    for (int j = 0; j < m->cols; j++) {
        y0[m->shown[j]] = state[j];
        if (!m->system && m->cols + j < m->dim) y0[m->cols + j] = slope[j];
    }
}

void mdl_pack(const mdl_model *m, long n, const double *rows, void *y)
{
    for (long i = 0; i < n; i++)
        for (int k = 0; k < m->dim; k++)
            mdl_put(m->ode.type, y, m->parts ? k * n + i : i * m->dim + k, rows[i * m->dim + k]);
}

void mdl_unpack(const mdl_model *m, long n, const void *y, double *rows)
{
    for (long i = 0; i < n; i++)
        for (int k = 0; k < m->dim; k++)
            rows[i * m->dim + k] = mdl_get(m->ode.type, y, m->parts ? k * n + i : i * m->dim + k);
}
