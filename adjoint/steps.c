/* steps.c - the accepted steps of a solve, told to those who ask; and cotangents given a step. */
#include <string.h>

#include <costate/autodiff/memory.h>

#include "../nde/lanes.h"
#include "internal.h"

long adj_steps(const adj_solver *a)
{
    return a->s->lanes ? a->s->lanes->steps : a->s->record->steps;
}

/* --- columns -------------------------------------------------------------------------------------------------------- */

typedef enum column_kind { STEP_T, STEP_H, STEP_ERROR, STEP_STIFFNESS, STEP_UNSCALED } column_kind;
enum { STEP_KINDS = STEP_UNSCALED + 1 };

static double number(const adj_solver *a, long i, column_kind which)
{
    const nde_solver *s = a->s;
    const lane_step  *l = s->lanes ? &s->lanes->step[i] : NULL;
    const lane_block *b = l ? &s->lanes->block[l->block] : NULL;
    const nde_taken  *k = l ? NULL : &s->record->step[i];
    const double     *q = l ? l->q : k->q;
    switch (which) {
    case STEP_T: return l ? b->t[l->row] : k->t;
    case STEP_H: return l ? b->h[l->row] : k->h;
    case STEP_ERROR: return l ? l->error : k->error;
    case STEP_STIFFNESS: return nde_stiffness(q);
    default: return nde_unscaled(q, (double)(s->error_dim * (l ? 1 : a->n)));
    }
}

static const double *column(const adj_solver *a, column_kind which)
{
    nde_record *r     = a->s->record;
    long        steps = adj_steps(a);
    if (steps > r->column_capacity) {
        double *all = ad_alloc(STEP_KINDS * sizeof *all * (size_t)steps);
        if (!all) return NULL;
        ad_free(r->columns);
        r->columns         = all;
        r->column_capacity = steps;
    }
    double *to = r->columns + (long)which * r->column_capacity;
    for (long i = 0; i < steps; i++) to[i] = number(a, i, which);
    return to;
}

const double *adj_step_t(const adj_solver *a)
{
    return column(a, STEP_T);
}
const double *adj_step_h(const adj_solver *a)
{
    return column(a, STEP_H);
}
const double *adj_step_error(const adj_solver *a)
{
    return column(a, STEP_ERROR);
}
const double *adj_step_stiffness(const adj_solver *a)
{
    return column(a, STEP_STIFFNESS);
}
const double *adj_step_unscaled(const adj_solver *a)
{
    return column(a, STEP_UNSCALED);
}

const long *adj_step_sample(const adj_solver *a)
{
    nde_record *r     = a->s->record;
    long        steps = adj_steps(a);
    if (!a->s->lanes) return NULL;
    if (steps > r->sample_capacity) {
        long *all = ad_alloc(sizeof *all * (size_t)steps);
        if (!all) return NULL;
        ad_free(r->sample);
        r->sample          = all;
        r->sample_capacity = steps;
    }
    for (long i = 0; i < steps; i++) r->sample[i] = a->s->lanes->step[i].sample;
    return r->sample;
}

/* --- states at steps ---------------------------------------------------------------------------------------------------- */

ad_status adj_step_state(adj_solver *a, long step, void *y)
{
    const nde_solver *s = a->s;
    const nde_layout *l = s->layout;
    if (step < 0 || step >= adj_steps(a))
        return ad_fail(AD_INVALID, "the state at step %ld was asked for; the last solve took %ld",
                       step, adj_steps(a));
    if (!s->lanes) {
        nde_layout_store(l, a->n, s->record->step[step].y, y);
        return AD_OK;
    }
    const lane_step *k    = &s->lanes->step[step];
    const char      *from = s->lanes->block[k->block].y;
    char            *to   = y;
    for (int p = 0; p < l->parts; p++) {
        size_t bytes = (size_t)l->size[p] * ad_type_size(l->type);
        memcpy(to, from + l->offset[p] + (size_t)k->row * bytes, bytes);
        to += bytes;
    }
    return AD_OK;
}

/* --- cotangents given a step ------------------------------------------------------------------------------------------- */

static ad_status no_estimate(const char *bar, const char *what, const char *ask)
{
    return ad_fail(AD_INVALID, "%s was given, but the solver does not compute %s: set %s", bar,
                   what, ask);
}

ad_status adj_check_cotangents(const adj_solver *a, const adj_cotangents *c)
{
    unsigned columns = a->s->step->columns;
    if (c->error_bar && !(columns & 1))
        return no_estimate("error_bar", "the error of given or fixed steps",
                           "options.estimates to NDE_ESTIMATE_UNSCALED");
    if (c->stiff_bar && !(columns & 8))
        return no_estimate("stiff_bar", "the stiffness estimate",
                           "options.estimates to NDE_ESTIMATE_STIFFNESS");
    if (c->unscaled_bar && !(columns & 4))
        return no_estimate("unscaled_bar", "the unscaled error",
                           "options.estimates to NDE_ESTIMATE_UNSCALED");
    if (c->h_bar && !a->o.through_h)
        return ad_fail(AD_INVALID,
                       "h_bar was given, but step sizes are constants here: set through_h of "
                       "adj_options, or leave it out");
    if (c->states < 0 || (c->states > 0 && (!c->state_step || !c->state_bar)))
        return ad_fail(AD_INVALID,
                       "cotangents of %ld states at steps need state_step and state_bar",
                       c->states);
    for (long i = 0; i < c->states; i++)
        if (c->state_step[i] < 0 || c->state_step[i] >= adj_steps(a))
            return ad_fail(AD_INVALID,
                           "cotangent %ld of a state is for step %ld; the last solve took %ld", i,
                           c->state_step[i], adj_steps(a));
    return AD_OK;
}

/* A list that has room for n; what was in it is lost. */
static ad_status room(long **list, long *have, long n)
{
    if (n <= *have) return AD_OK;
    long *more = ad_alloc(sizeof *more * (size_t)(2 * n));
    if (!more) return AD_NO_MEMORY;
    ad_free(*list);
    *list = more;
    *have = 2 * n;
    return AD_OK;
}

ad_status adj_list_states(adj_solver *a, const adj_cotangents *c)
{
    long steps    = adj_steps(a);
    a->has_states = c->states > 0;
    if (!a->has_states) return AD_OK;
    AD_TRY(room(&a->state_first, &a->state_steps_room, steps));
    AD_TRY(room(&a->state_next, &a->state_room, c->states));
    for (long i = 0; i < steps; i++) a->state_first[i] = -1;
    for (long i = c->states - 1; i >= 0; i--) { /* so that each step has its own in order */
        a->state_next[i]                 = a->state_first[c->state_step[i]];
        a->state_first[c->state_step[i]] = i;
    }
    return AD_OK;
}
