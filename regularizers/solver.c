/* solver.c - a solve with regularizers around it; pullback.c has its gradient. */
#include <math.h>
#include <string.h>

#include <costate/autodiff/memory.h>
#include <costate/autodiff/random.h>

#include "internal.h"

double reg_uniform(uint64_t draw, uint32_t stream, uint64_t i)
{
    double x;
    ad_random_uniform(AD_F64, draw, stream, i, 1, &x);
    return x;
}

double reg_normal(uint64_t draw, uint32_t stream, uint64_t i)
{
    double x;
    ad_random_normal(AD_F64, draw, stream, i, 1, &x);
    return x;
}

/* --- made --------------------------------------------------------------------------------------------------------------- */

static ad_status take_terms(reg_solver *s, const reg_solver_spec *spec)
{
    if (spec->terms > REG_MOST)
        return ad_fail(AD_INVALID, "more than %d regularizers at once", REG_MOST);
    for (; s->terms < spec->terms; s->terms++) {
        const reg_term *t = &spec->term[s->terms];
        reg_state      *x = ad_alloc(t->kind->size > sizeof *x ? t->kind->size : sizeof *x);
        if (!x) return AD_NO_MEMORY;
        x->kind                  = t->kind;
        x->term                  = *t;
        s->term[s->terms]        = x;
        s->result[s->terms].term = &x->term;
        s->result[s->terms].norm = NAN;
        if (t->kind->check) AD_TRY(t->kind->check(t, &s->c));
    }
    return AD_OK;
}

/* As the solver below does, so that the user's may go. */
static ad_status copy_lists(reg_solver *s)
{
    nde_ode *ode   = &s->user;
    int      named = ode->parts;
    ode->parts     = named ? named : 1;
    s->part        = ad_alloc(sizeof *s->part * (size_t)ode->parts);
    s->arg         = ad_alloc(sizeof *s->arg * (size_t)(ode->nargs + 1));
    if (!s->part || !s->arg) return AD_NO_MEMORY;
    if (named)
        memcpy(s->part, ode->part, sizeof *s->part * (size_t)named);
    else
        s->part[0] = (nde_part){ "y", ad_rows(ode->dim), 0 };
    if (ode->nargs) memcpy(s->arg, ode->args, sizeof *s->arg * (size_t)ode->nargs);
    ode->part = s->part, ode->args = s->arg;
    return AD_OK;
}

static ad_status complete(reg_solver *s, const reg_solver_spec *spec)
{
    s->user    = *spec->ode;
    s->o       = spec->solve ? *spec->solve : (nde_options){ 0 };
    s->adjoint = spec->adjoint ? *spec->adjoint : (adj_options){ 0 };
    if (!s->user.type) s->user.type = AD_F64;
    AD_TRY(copy_lists(s));
    if (spec->parts < 0 || spec->parts > s->user.parts)
        return ad_fail(AD_INVALID, "%d parts are to be regularized; the state has %d", spec->parts,
                       s->user.parts);
    for (int p = 0; p < s->user.parts; p++) s->dim += ad_elements(s->user.part[p].shape);
    s->size        = ad_type_size(s->user.type);
    s->c           = (reg_context){ .ode      = &s->user,
                                    .solve    = &s->o,
                                    .adjoint  = &s->adjoint,
                                    .method   = s->o.method ? s->o.method : &nde_tsit5,
                                    .parts    = spec->parts ? spec->parts : s->user.parts,
                                    .capacity = spec->capacity > 0 ? spec->capacity : 1 };
    s->problem.ode = &s->user;
    return AD_OK;
}

static ad_status build(reg_solver *s, const reg_solver_spec *spec)
{
    AD_TRY(complete(s, spec));
    AD_TRY(take_terms(s, spec));
    for (int i = 0; i < s->terms; i++)
        if (s->term[i]->kind->prepare)
            AD_TRY(s->term[i]->kind->prepare(s->term[i], &s->c, &s->problem));
    AD_TRY(reg_problem_close(&s->problem, &s->o, s->c.capacity));
    AD_TRY(adj_solver_new(&s->solver, &s->problem.whole, &s->o, &s->adjoint, spec->capacity));
    s->c.solver   = s->solver;
    s->parameters = s->user.theta ? ad_params_count(s->user.theta) : 0;
    size_t nargs  = (size_t)s->problem.whole.nargs + 1;
    s->args       = ad_alloc(nargs * sizeof *s->args);
    s->args_bar   = ad_alloc(nargs * sizeof *s->args_bar);
    if (!s->args || !s->args_bar) return AD_NO_MEMORY;
    for (int i = 0; i < s->terms; i++)
        if (s->term[i]->kind->compile) AD_TRY(s->term[i]->kind->compile(s->term[i], &s->c));
    return AD_OK;
}

ad_status reg_solver_new(reg_solver **out, const reg_solver_spec *spec)
{
    *out          = NULL;
    reg_solver *s = ad_alloc(sizeof *s);
    if (!s) return AD_NO_MEMORY;
    ad_status e = build(s, spec);
    if (e) {
        reg_solver_free(s);
        return e;
    }
    *out = s;
    return AD_OK;
}

void reg_solver_free(reg_solver *s)
{
    if (!s) return;
    for (int i = 0; i < REG_MOST; i++) {
        if (!s->term[i]) continue;
        if (s->term[i]->kind->free) s->term[i]->kind->free(s->term[i]);
        ad_free(s->term[i]);
    }
    for (int i = 0; i < REG_REQUESTS; i++)
        ad_free(s->times.request[i]), ad_free(s->asked[i]), ad_free(s->asked_bar[i]);
    ad_free(s->times.t), ad_free(s->times.place), ad_free(s->t), ad_free(s->t_bar);
    ad_free(s->y0), ad_free(s->y), ad_free(s->y_bar), ad_free(s->y0_bar);
    ad_free(s->args), ad_free(s->args_bar), ad_free(s->theta_bar);
    ad_free(s->seeds.error), ad_free(s->seeds.unscaled), ad_free(s->seeds.stiffness),
        ad_free(s->seeds.h);
    ad_free(s->state_step), ad_free(s->state_bar);
    adj_solver_free(s->solver);
    reg_problem_free(&s->problem);
    ad_free(s->part), ad_free(s->arg);
    ad_free(s);
}

adj_solver *reg_adjoint(const reg_solver *s)
{
    return s->solver;
}

/* --- a solve -------------------------------------------------------------------------------------------------------------- */

typedef ad_status reg_hook(reg_state *t, reg_run *r);

/* What terms rely on; the rest is the solver's to check. */
static ad_status check_run(const reg_solver *s, const nde_solve_args *a)
{
    if (a->n < 1 || a->n > s->c.capacity)
        return ad_fail(AD_INVALID, "a batch of %ld samples; this solver was made for 1 to %ld",
                       a->n, s->c.capacity);
    if (a->times < 2 || !a->t || !a->y0)
        return ad_fail(AD_INVALID, "a solve needs y0 and at least two times");
    if (s->user.nargs && !a->args)
        return ad_fail(AD_INVALID, "the problem has %d args and got none", s->user.nargs);
    return AD_OK;
}

static ad_status start_run(reg_solver *s, const nde_solve_args *a, uint64_t draw)
{
    s->ready = 0;
    s->given = (nde_solve_args){ 0 };
    AD_TRY(check_run(s, a));
    long many = (long)a->times * (a->t_each ? a->n : 1);
    AD_TRY(reg_room(&s->t, &s->t_room, (size_t)many * sizeof *s->t));
    memcpy(s->t, a->t, (size_t)many * sizeof *s->t);
    s->given          = *a;
    s->times.requests = s->times.each = 0;
    s->run = (reg_run){ .s = s, .c = &s->c, .a = &s->given, .t = s->t, .draw = draw };
    return AD_OK;
}

/* Arrays of the whole problem, where the user's will not do. */
static ad_status own_arrays(reg_solver *s)
{
    const nde_solve_args *a   = &s->given;
    size_t                one = reg_whole_bytes(s, a->n), all = one * (size_t)s->times.all;
    AD_TRY(reg_room(&s->y0, &s->y0_room, one));
    AD_TRY(reg_room(&s->y, &s->y_room, all));
    AD_TRY(reg_room(&s->y_bar, &s->y_bar_room, all));
    AD_TRY(reg_room(&s->y0_bar, &s->y0_bar_room, one));
    for (int q = 0; q < s->times.requests; q++) {
        AD_TRY(reg_room(&s->asked[q], &s->asked_room[q], reg_state_bytes(s, a->n)));
        AD_TRY(reg_room(&s->asked_bar[q], &s->asked_bar_room[q], reg_state_bytes(s, a->n)));
    }
    memset(s->y, 0xff, all); /* NaN: what a solve that is refused leaves */
    memset(s->y0, 0, one);
    memcpy(s->y0, a->y0, reg_state_bytes(s, a->n));
    return AD_OK;
}

static ad_status assemble(reg_solver *s)
{
    const nde_solve_args *a = &s->given;
    s->plain                = !s->times.requests && !s->problem.integrals;
    AD_TRY(reg_times_merge(&s->times, a, s->t));
    for (int i = 0; i < s->user.nargs; i++) s->args[i] = a->args[i];
    for (int i = 0; i < s->problem.args; i++)
        s->args[s->user.nargs + i] = s->problem.added[i].value;
    s->given.args    = s->args; /* terms read them in the pullback: the user's list may be gone */
    s->solved        = *a;
    s->solved.args   = s->problem.whole.nargs ? s->args : NULL;
    s->solved.t      = s->times.t;
    s->solved.times  = s->times.all;
    s->solved.t_each = a->t_each || s->times.each;
    if (s->plain) return AD_OK;
    AD_TRY(own_arrays(s));
    s->solved.y0 = s->y0, s->solved.y = s->y;
    return AD_OK;
}

ad_status reg_solve(reg_solver *s, const nde_solve_args *a, reg_progress p, uint64_t draw)
{
    AD_TRY(start_run(s, a, draw));
    for (int i = 0; i < s->terms; i++) {
        s->term[i]->lambda  = reg_coefficient_at(&s->term[i]->term.lambda, p);
        s->result[i].lambda = s->term[i]->lambda;
        s->result[i].value = s->result[i].norm = NAN;
    }
    for (int i = 0; i < s->terms; i++)
        if (s->term[i]->kind->times) AD_TRY(s->term[i]->kind->times(s->term[i], &s->run));
    for (int i = 0; i < s->terms; i++)
        if (s->term[i]->kind->before) AD_TRY(s->term[i]->kind->before(s->term[i], &s->run));
    AD_TRY(assemble(s));
    ad_status e = adj_solve(s->solver, &s->solved);
    if (!s->plain) reg_states_out(s);
    AD_TRY(e);
    for (int i = 0; i < s->terms; i++)
        if (s->term[i]->kind->after)
            AD_TRY(s->term[i]->kind->after(s->term[i], &s->run, &s->result[i].value));
    s->ready = 1;
    return AD_OK;
}

ad_status reg_evaluate(reg_solver *s, const nde_solve_args *a)
{
    AD_TRY(start_run(s, a, 0));
    AD_TRY(assemble(s));
    ad_status e = adj_solve(s->solver, &s->solved);
    if (!s->plain) reg_states_out(s);
    return e;
}

double reg_value(const reg_solver *s)
{
    double sum = 0;
    for (int i = 0; i < s->terms; i++)
        if (s->term[i]->kind->seed) sum += s->result[i].lambda * s->result[i].value;
    return sum;
}

const reg_result *reg_result_of(const reg_solver *s, int i)
{
    return i >= 0 && i < s->terms ? &s->result[i] : NULL;
}
