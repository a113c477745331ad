/* problem.c - the user's problem with integrals and args behind its own:

       (y, r_1, ..)' = (f(t, y, args), integrand_1, ..),   r(t0) = 0.                                          (1) */
#include <string.h>

#include <costate/autodiff/memory.h>

#include "internal.h"

int reg_add_integral(reg_problem *p, reg_state *t, const char *name, reg_integrand *integrand,
                     int controlled)
{
    if (p->integrals == REG_ADDED) return -1;
    p->integral[p->integrals] = (reg_added_integral){ t, name, integrand, controlled };
    return p->integrals++;
}

int reg_add_arg(reg_problem *p, reg_state *t, const nde_arg *arg)
{
    if (p->args == p->args_room) {
        int            room = 2 * p->args + 8;
        reg_added_arg *more = ad_realloc(p->added, sizeof *more * (size_t)p->args,
                                         sizeof *more * (size_t)room);
        if (!more) return -1;
        p->added = more, p->args_room = room;
    }
    p->added[p->args] = (reg_added_arg){ .owner = t, .arg = *arg };
    return p->args++;
}

/* The owner's args among those at->args holds behind the user's. */
static const ad_var *args_of(const reg_problem *p, const nde_point *at, const reg_state *owner)
{
    for (int i = 0; i < p->args; i++)
        if (p->added[i].owner == owner) return at->args + p->ode->nargs + i;
    return NULL;
}

static void field(const nde_point *at, ad_var *dy, void *ctx)
{
    const reg_problem *p   = ctx;
    const nde_ode     *ode = p->ode;
    nde_point          own = *at;
    own.parts = ode->parts, own.nargs = ode->nargs;
    if (ode->field)
        dy[0] = ode->field(&own, ode->ctx);
    else
        ode->field_parts(&own, dy, ode->ctx);
    for (int i = 0; i < ode->parts; i++) {
        if (dy[i].id < 0) return; /* told by whoever traces the field */
        if (!ad_shape_equal(ad_shape_of(dy[i]), ode->part[i].shape))
            dy[i] = ad_broadcast(dy[i], ode->part[i].shape);
    }
    for (int i = 0; i < p->integrals; i++) {
        const reg_added_integral *r = &p->integral[i];
        dy[ode->parts + i]          = r->r(&own, dy, args_of(p, at, r->owner), r->owner);
    }
}

static ad_status lists(reg_problem *p)
{
    const nde_ode *ode = p->ode;
    p->part            = ad_alloc(sizeof *p->part * (size_t)(ode->parts + p->integrals));
    p->arg             = ad_alloc(sizeof *p->arg * (size_t)(ode->nargs + p->args + 1));
    if (!p->part || !p->arg) return AD_NO_MEMORY;
    memcpy(p->part, ode->part, sizeof *p->part * (size_t)ode->parts);
    if (ode->nargs) memcpy(p->arg, ode->args, sizeof *p->arg * (size_t)ode->nargs);
    for (int i = 0; i < p->integrals; i++)
        p->part[ode->parts + i] = (nde_part){ p->integral[i].name, ad_rows(1),
                                              !p->integral[i].controlled };
    for (int i = 0; i < p->args; i++) p->arg[ode->nargs + i] = p->added[i].arg;
    return AD_OK;
}

/* Integrals under error control have the scalar atol. */
static ad_status tolerances(reg_problem *p, nde_options *o)
{
    long dim = 0;
    if (!o->atol_each || !p->integrals) return AD_OK;
    for (int i = 0; i < p->ode->parts; i++) dim += ad_elements(p->ode->part[i].shape);
    p->atol = ad_alloc(sizeof *p->atol * (size_t)(dim + p->integrals));
    if (!p->atol) return AD_NO_MEMORY;
    memcpy(p->atol, o->atol_each, sizeof *p->atol * (size_t)dim);
    for (int i = 0; i < p->integrals; i++) p->atol[dim + i] = o->atol > 0 ? o->atol : 1e-6;
    o->atol_each = p->atol;
    return AD_OK;
}

size_t reg_arg_bytes(const nde_arg *a, ad_type of_state, long n)
{
    return (size_t)(ad_elements(a->shape) * (a->shape.batched ? n : 1)) *
           ad_type_size(a->type ? a->type : of_state);
}

ad_status reg_problem_close(reg_problem *p, nde_options *o, long capacity)
{
    p->whole   = *p->ode;
    int fields = !!p->ode->field + !!p->ode->field_parts;
    if (p->ode->field_plain || fields != 1) return AD_OK; /* the solver says what is wrong */
    if (!p->integrals && !p->args) return AD_OK;
    AD_TRY(lists(p));
    AD_TRY(tolerances(p, o));
    for (int i = 0; i < p->args; i++) {
        p->added[i].value = ad_alloc(reg_arg_bytes(&p->added[i].arg, p->ode->type, capacity));
        if (!p->added[i].value) return AD_NO_MEMORY;
    }
    p->whole.field       = NULL;
    p->whole.field_parts = field;
    p->whole.ctx         = p;
    p->whole.dim         = 0;
    p->whole.parts       = p->ode->parts + p->integrals;
    p->whole.part        = p->part;
    p->whole.nargs       = p->ode->nargs + p->args;
    p->whole.args        = p->arg;
    return AD_OK;
}

void reg_problem_free(reg_problem *p)
{
    for (int i = 0; i < p->args; i++) ad_free(p->added[i].value);
    ad_free(p->added);
    ad_free(p->part);
    ad_free(p->arg);
    ad_free(p->atol);
}
