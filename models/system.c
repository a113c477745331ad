/* system.c - the model that is written down: equations with unknown constants, networks, hidden states. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "model_internal.h"

static int state_named(const nde_system_info *a, const char *name)
{
    for (int i = 0; i < a->states; i++)
        if (!strcasecmp(a->state[i].name, name)) return i;
    return -1;
}

static ad_status nothing_shown(const nde_system_info *a, int cols, const char *const *column)
{
    char   states[200] = "", columns[200] = "";
    size_t n = 0, m = 0;
    for (int i = 0; i < a->states && n < sizeof states; i++)
        n += (size_t)snprintf(states + n, sizeof states - n, " %s", a->state[i].name);
    for (int j = 0; j < cols && m < sizeof columns; j++)
        m += (size_t)snprintf(columns + m, sizeof columns - m, " %s", column[j]);
    return ad_fail(AD_INVALID,
                   "no column of the data shows a state of the system: columns%s, states%s; "
                   "name them alike or write `observe COLUMN = STATE`",
                   columns, states);
}

ad_status mdl_system_columns(const nde_system *s, int cols, const char *const *column, int *shown)
{
    const nde_system_info *a     = nde_system_about(s);
    int                    found = 0;
    for (int j = 0; j < cols; j++) {
        shown[j] = state_named(a, column[j]);
        for (int k = 0; k < a->columns; k++)
            if (!strcasecmp(a->column[k].name, column[j])) shown[j] = a->column[k].state;
        for (int i = 0; i < j; i++)
            if (shown[j] >= 0 && shown[i] == shown[j])
                return ad_fail(AD_INVALID, "columns %s and %s both show state %s", column[i],
                               column[j], a->state[shown[j]].name);
        found += shown[j] >= 0;
    }
    return found ? AD_OK : nothing_shown(a, cols, column);
}

ad_status mdl_system_fill(mdl_model *m, const mdl_shape *shape)
{
    m->params = nde_system_params(m->system, m->ode.type);
    if (!m->params) return AD_NO_MEMORY;
    AD_TRY(nde_system_problem(m->system, &m->ode));
    m->dim      = nde_system_about(m->system)->states;
    m->parts    = 1;
    m->absolute = 1; /* nothing tells whether it is not */
    AD_TRY(mdl_system_columns(m->system, shape->cols, shape->column, m->shown));
    m->hidden = m->dim;
    for (int j = 0; j < m->cols; j++) {
        if (m->shown[j] < 0)
            return ad_fail(AD_INVALID, "column %s shows no state of the system", shape->column[j]);
        m->hidden--;
    }
    return AD_OK;
}

static void bounds(mdl_model *m)
{
    const nde_system_info *a = nde_system_about(m->system);
    for (int i = 0; i < a->parameters; i++) {
        const nde_system_parameter *p  = &a->parameter[i];
        long                        at = ad_params_view(m->params, i)->offset;
        m->step[at]                    = p->fit;
        if (!p->bounded) continue;
        m->lo[at] = p->lo;
        m->hi[at] = p->hi;
    }
}

ad_status mdl_system_values(mdl_model *m, const mdl_shape *shape)
{
    const nde_system_info *a = nde_system_about(m->system);
    AD_TRY(nde_system_theta(m->system, m->ode.type, (uint64_t)m->config->seed, m->theta));
    bounds(m);
    double largest = 0;
    for (int j = 0; j < m->cols; j++) largest = fmax(largest, shape->scale[j]);
    for (int k = 0; k < m->dim; k++) {
        m->guess[k] = a->state[k].start != NDE_START_NONE ? a->state[k].y0 : 0;
        m->size[k]  = fabs(m->guess[k]) > 0 ? fabs(m->guess[k]) : largest;
    }
    for (int j = 0; j < m->cols; j++) {
        m->size[m->shown[j]] = shape->scale[j];
        if (a->state[m->shown[j]].start == NDE_START_NONE) m->guess[m->shown[j]] = shape->middle[j];
    }
    return AD_OK;
}
