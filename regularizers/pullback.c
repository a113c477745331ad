/* pullback.c - the gradient of a solve with regularizers: their seeds gathered, one pullback through all. */
#include <math.h>
#include <string.h>

#include <costate/autodiff/memory.h>
#include <costate/autodiff/optim.h>

#include "internal.h"

/* --- states at steps --------------------------------------------------------------------------------------------------- */

/* Of how many samples one of them is. */
static long samples(const reg_solver *s)
{
    return s->o.batching == NDE_PER_SAMPLE ? 1 : s->given.n;
}

/* For all that may come in this pullback: what is there stays where it is. */
static ad_status state_rooms(reg_solver *s)
{
    long most = REG_MOST * (s->given.n / samples(s)) + s->own_states;
    AD_TRY(reg_room(&s->state_step, &s->state_room, (size_t)most * sizeof *s->state_step));
    return reg_room(&s->state_bar, &s->state_bar_room,
                    (size_t)most * reg_whole_bytes(s, samples(s)));
}

ad_status reg_seed_state(reg_run *r, long step, const void *y_bar)
{
    reg_solver *s     = r->s;
    size_t      whole = reg_whole_bytes(s, samples(s));
    AD_TRY(state_rooms(s));
    char *to = s->state_bar + (size_t)s->states * whole;
    memset(to, 0, whole);
    memcpy(to, y_bar, reg_state_bytes(s, samples(s)));
    s->state_step[s->states++] = step;
    return AD_OK;
}

static ad_status take_states(reg_solver *s, const adj_cotangents *c)
{
    s->states = s->own_states = c->states;
    if (c->states == 0) return AD_OK;
    if (c->states < 0 || !c->state_step || !c->state_bar) {
        s->states = s->own_states = 0;
        return ad_fail(AD_INVALID,
                       "cotangents of %ld states at steps need state_step and state_bar",
                       c->states);
    }
    AD_TRY(state_rooms(s));
    memcpy(s->state_step, c->state_step, (size_t)c->states * sizeof *s->state_step);
    memcpy(s->state_bar, c->state_bar, (size_t)c->states * reg_whole_bytes(s, samples(s)));
    return AD_OK;
}

/* --- the pullback --------------------------------------------------------------------------------------------------------- */

/* The estimates' cotangents: room for each step, zero but for the caller's own. */
static ad_status clear_seeds(reg_solver *s, const adj_cotangents *c, void *theta_bar)
{
    reg_seeds    *x       = &s->seeds;
    double      **list[4] = { &x->error, &x->unscaled, &x->stiffness, &x->h };
    const double *own[4]  = { c->error_bar, c->unscaled_bar, c->stiff_bar, c->h_bar };
    size_t        bytes   = (size_t)adj_steps(s->solver) * sizeof(double);
    for (int i = 0; i < 4; i++) {
        AD_TRY(reg_room(list[i], &s->seed_room[i], bytes));
        if (own[i])
            memcpy(*list[i], own[i], bytes);
        else
            memset(*list[i], 0, bytes);
    }
    x->error_used = own[0] != NULL, x->unscaled_used = own[1] != NULL;
    x->stiffness_used = own[2] != NULL, x->h_used = own[3] != NULL;
    x->theta_bar = theta_bar;
    AD_TRY(take_states(s, c));
    if (s->plain) return AD_OK;
    memset(s->y_bar, 0, reg_whole_bytes(s, s->given.n) * (size_t)s->times.all);
    for (int q = 0; q < s->times.requests; q++)
        memset(s->asked_bar[q], 0, reg_state_bytes(s, s->given.n));
    return AD_OK;
}

/* t_bar of the user's times out of that of all. */
static void times_out(const reg_solver *s, double *t_bar)
{
    for (long row = 0; row < (s->given.t_each ? s->given.n : 1); row++)
        for (int i = 0; i < s->given.times; i++) {
            double sum = 0;
            for (long j = s->given.t_each ? row : 0;
                 j < (s->given.t_each ? row + 1 : s->times.rows); j++)
                sum += s->t_bar[j * s->times.all + reg_times_place(&s->times, j, i)];
            t_bar[row * s->given.times + i] = sum;
        }
}

/* One pullback through the solve with the seeds that stand. */
static ad_status pull(reg_solver *s, const adj_cotangents *c)
{
    adj_cotangents w = *c;
    w.error_bar      = s->seeds.error_used ? s->seeds.error : NULL;
    w.unscaled_bar   = s->seeds.unscaled_used ? s->seeds.unscaled : NULL;
    w.stiff_bar      = s->seeds.stiffness_used ? s->seeds.stiffness : NULL;
    w.h_bar          = s->seeds.h_used ? s->seeds.h : NULL;
    w.states = s->states, w.state_step = s->state_step, w.state_bar = s->state_bar;
    for (int i = 0; i < s->problem.whole.nargs; i++)
        s->args_bar[i] = c->args_bar && i < s->user.nargs ? c->args_bar[i] : NULL;
    w.args_bar = c->args_bar ? s->args_bar : NULL;
    if (s->plain) return adj_pullback(s->solver, &w);
    reg_states_bar(s, c->y_bar);
    w.y_bar  = s->y_bar;
    w.y0_bar = c->y0_bar ? s->y0_bar : NULL;
    if (c->t_bar) {
        AD_TRY(reg_room(&s->t_bar, &s->t_bar_room,
                        (size_t)(s->times.rows * s->times.all) * sizeof *s->t_bar));
        w.t_bar = s->t_bar;
    }
    ad_status e = adj_pullback(s->solver, &w);
    if (c->y0_bar) memcpy(c->y0_bar, s->y0_bar, reg_state_bytes(s, s->given.n));
    if (c->t_bar) times_out(s, c->t_bar);
    return e;
}

static ad_status seed(reg_solver *s, int i)
{
    reg_state *t = s->term[i];
    return t->kind->seed && t->lambda != 0 ? t->kind->seed(t, &s->run, t->lambda, &s->seeds)
                                           : AD_OK;
}

/* All that is returned is NaN: all bits set. */
static void poison(const reg_solver *s, const adj_cotangents *c)
{
    const nde_solve_args *a  = &s->given;
    size_t                nt = (size_t)a->times * (size_t)(a->t_each ? a->n : 1);
    if (c->theta_bar) memset(c->theta_bar, 0xff, (size_t)s->parameters * s->size);
    if (c->y0_bar) memset(c->y0_bar, 0xff, reg_state_bytes(s, a->n));
    if (c->t_bar) memset(c->t_bar, 0xff, nt * sizeof *c->t_bar);
    for (int i = 0; c->args_bar && i < s->user.nargs; i++)
        if (c->args_bar[i])
            memset(c->args_bar[i], 0xff, reg_arg_bytes(&s->arg[i], s->user.type, a->n));
}

static ad_status check_ready(const reg_solver *s)
{
    if (s->ready) return AD_OK;
    return ad_fail(AD_INVALID, "there is nothing to pull back: the last reg_solve() failed, or "
                               "there was none, or reg_evaluate() has come after it");
}

ad_status reg_pullback(reg_solver *s, const adj_cotangents *c)
{
    ad_status e = check_ready(s);
    if (!e) e = clear_seeds(s, c, c->theta_bar);
    for (int i = 0; !e && i < s->terms; i++) e = seed(s, i);
    if (!e) e = pull(s, c);
    if (e) poison(s, c);
    return e;
}

ad_status reg_measure(reg_solver *s)
{
    size_t bytes = (size_t)s->parameters * s->size;
    AD_TRY(check_ready(s));
    if (!s->theta_bar) s->theta_bar = ad_alloc(bytes + AD_PAD);
    if (!s->theta_bar) return AD_NO_MEMORY;
    for (int i = 0; i < s->terms; i++) {
        adj_cotangents none = { .theta_bar = s->theta_bar };
        if (!s->term[i]->kind->seed) continue;
        memset(s->theta_bar, 0, bytes);
        AD_TRY(clear_seeds(s, &none, s->theta_bar));
        AD_TRY(seed(s, i));
        AD_TRY(pull(s, &none));
        s->result[i].norm = ad_norm(s->user.type, s->parameters, s->theta_bar);
    }
    return AD_OK;
}
