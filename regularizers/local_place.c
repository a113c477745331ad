/* local_place.c - local regularization: where its step is taken. */
#include <string.h>

#include "local.h"

void reg_local_ends(const reg_run *r, long row, double *t0, double *t1)
{
    const double *t = r->t + (r->a->t_each ? row * r->a->times : 0);
    *t0 = t[0], *t1 = t[r->a->times - 1];
}

ad_status reg_local_ask(reg_state *base, reg_run *r)
{
    reg_local_state *s = (reg_local_state *)base;
    double          *t = reg_local_times(s, r, REG_LOCAL_T), t0, t1;
    for (long i = 0; i < reg_local_rows(s, r); i++) {
        reg_local_ends(r, i, &t0, &t1);
        t[i] = t0 + (t1 - t0) * reg_uniform(r->draw, REG_LOCAL_STREAM, (uint64_t)i);
    }
    s->request = reg_ask_states(r, t, s->per_sample);
    return s->request < 0 ? AD_NO_MEMORY : AD_OK;
}

/* The number of a row's step, out of its `steps`. */
static long choose(const reg_run *r, long row, long steps)
{
    long i = (long)(reg_uniform(r->draw, REG_LOCAL_STREAM, (uint64_t)row) * (double)(steps - 1));
    return steps == 1 ? 0 : 1 + (i < steps - 1 ? i : steps - 2);
}

void reg_local_copy(const reg_local_state *s, const reg_run *r, long i, char *one, char *all,
                    int into)
{
    for (int p = 0; p < r->c->ode->parts; p++) {
        size_t bytes = (size_t)ad_elements(r->c->ode->part[p].shape) * s->size;
        char  *at    = all + (size_t)i * bytes;
        memcpy(into ? at : one, into ? one : at, bytes);
        one += bytes, all += (size_t)r->a->n * bytes;
    }
}

static ad_status draw_joint(reg_local_state *s, reg_run *r)
{
    s->step[0] = choose(r, 0, adj_steps(r->c->solver));
    return adj_step_state(r->c->solver, s->step[0], s->y);
}

/* Each sample's steps stand among all in the order in which they were taken. */
static ad_status draw_lanes(reg_local_state *s, reg_run *r)
{
    adj_solver *a      = r->c->solver;
    const long *sample = adj_step_sample(a);
    long        n = r->a->n, steps = adj_steps(a);
    if (!sample) return AD_NO_MEMORY;
    memset(s->count, 0, (size_t)n * sizeof *s->count);
    for (long j = 0; j < steps; j++) s->count[sample[j]]++;
    for (long i = 0; i < n; i++) s->count[i] = choose(r, i, s->count[i]);
    for (long j = 0; j < steps; j++)
        if (s->count[sample[j]]-- == 0) s->step[sample[j]] = j;
    for (long i = 0; i < n; i++) {
        AD_TRY(adj_step_state(a, s->step[i], s->one));
        reg_local_copy(s, r, i, s->one, s->y, 1);
    }
    return AD_OK;
}

ad_status reg_local_place(reg_local_state *s, reg_run *r)
{
    if (!s->biased) {
        memcpy(s->y, reg_asked(r, s->request), (size_t)(r->a->n * s->dim) * s->size);
        return AD_OK;
    }
    AD_TRY(s->per_sample ? draw_lanes(s, r) : draw_joint(s, r));
    const double *t = adj_step_t(r->c->solver);
    if (!t) return AD_NO_MEMORY;
    for (long i = 0; i < reg_local_rows(s, r); i++)
        reg_local_times(s, r, REG_LOCAL_T)[i] = t[s->step[i]];
    return AD_OK;
}
