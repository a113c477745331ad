/* USF - a sampler whose every step has a decision of its own (Liu, Ning, Yang, Wang 2024, "A unified sampling framework for
   solver searching of diffusion probabilistic models").

   Step i from s to t puts a polynomial through the newest `order` values of the model, as epsilon or as x0, in place of the
   integrand of table.h (1) or (2); two nodes may be weighted as the published second-order methods do. A corrector does the same
   step again with the value at t as one node more. What the values are asked for is either form's, and they turn into the
   other by x = alpha x0 + sigma epsilon at the state where they were asked. Decisions come from dpm_options.found; without any,
   this is the multistep method of b->order with exact weights. */
#include <math.h>

#include "../found.h"
#include "../method.h"

/* A value of the model: m[0] as epsilon, m[1] as x0; dead until wanted. */
typedef struct value {
    const dpm_point *at;
    dpm_slot         x, m[2];
} value;

/* The newest first. */
typedef struct history {
    int   n;
    value v[DPM_ORDER_MOST + 1];
} history;

static dpm_decision decision(const dpm_build *b, long i)
{
    const dpm_found *f = b->o->found;
    dpm_decision     d = { .order = b->order, .form = b->form };
    if (f && f->decision) d = f->decision[i];
    if (d.order > i + 1) d.order = (int)i + 1;
    if (b->point[i + 1].sigma == 0) { /* x is x0 there, and no more is defined */
        d.order = 1;
        d.form  = DPM_X0;
    }
    return d;
}

static value ask(dpm_build *b, dpm_slot x, long i)
{
    dpm_prediction form         = decision(b, i).form;
    value          v            = { .at = &b->point[i], .x = x, .m = { -1, -1 } };
    v.m[form == DPM_X0 ? 1 : 0] = dpm_eval(b, x, v.at, form);
    return v;
}

static dpm_slot as(dpm_build *b, value *v, dpm_prediction form)
{
    const dpm_point *p    = v->at;
    int              want = form == DPM_X0;
    if (v->m[want] >= 0 || dpm_build_failed(b)) return v->m[want];
    if (want)
        v->m[1] = dpm_lin2(b, 1 / p->alpha, v->x, -p->rho, v->m[0]);
    else
        v->m[0] = dpm_lin2(b, 1 / p->sigma, v->x, -p->alpha / p->sigma, v->m[1]);
    return v->m[want];
}

static void push(history *h, value v)
{
    if (h->n <= DPM_ORDER_MOST) h->n++;
    for (int i = h->n - 1; i > 0; i--) h->v[i] = h->v[i - 1];
    h->v[0] = v;
}

/* Two nodes, the one at s and another; B of found.h, whose sign is that of the form's exponent. */
static void relaxed(const dpm_decision *d, const dpm_point *s, const dpm_point *t,
                    const dpm_point *const node[2], double w[2])
{
    int    other  = node[0] == s;
    double h      = t->lambda - s->lambda;
    double zeroth = dpm_moment(d->form, s, t, 0);
    double b = d->relaxation != DPM_BH1 ? zeroth : d->form == DPM_X0 ? t->alpha * h : -t->sigma * h;
    w[other] = 0.5 * h * b / (node[other]->lambda - s->lambda);
    w[!other] = zeroth - w[other];
}

/* From x at s to t, through the n newest values. */
static dpm_slot advance(dpm_build *b, const dpm_decision *d, dpm_slot x, const dpm_point *s,
                        const dpm_point *t, history *h, int n)
{
    const dpm_point *node[DPM_ORDER_MOST + 1];
    double           c[DPM_ORDER_MOST + 2]    = { dpm_transfer(d->form, s, t) };
    dpm_slot         slot[DPM_ORDER_MOST + 2] = { x };
    for (int j = 0; j < n; j++) {
        node[j]     = h->v[j].at;
        slot[j + 1] = as(b, &h->v[j], d->form);
    }
    if (n == 2 && d->relaxation != DPM_TAYLOR)
        relaxed(d, s, t, node, c + 1);
    else
        dpm_weights(d->form, DPM_IN_LAMBDA, b->schedule, s, t, n, node, c + 1);
    return dpm_lin(b, n + 1, c, slot);
}

static void make(dpm_build *b)
{
    dpm_slot x = b->x;
    history  h = { 0 };
    if (b->o->found && b->o->found->decision && b->o->found->steps != b->steps)
        dpm_build_fail(b, AD_INVALID, "%ld decisions were found, and there are %ld steps",
                       b->o->found->steps, b->steps);
    for (long i = 0; i < b->steps && !dpm_build_failed(b); i++) {
        const dpm_point *s = &b->point[i], *t = s + 1;
        dpm_decision     d = decision(b, i);
        if (i == 0) push(&h, ask(b, x, 0));
        dpm_slot there = advance(b, &d, x, s, t, &h, d.order);
        if (i == b->steps - 1 || d.corrector == DPM_CORRECTOR_NONE) {
            x = dpm_step(b, i, there);
            if (i < b->steps - 1) push(&h, ask(b, x, i + 1));
            continue;
        }
        push(&h, ask(b, there, i + 1));
        x = dpm_step(b, i, advance(b, &d, x, s, t, &h, d.order + 1));
        if (d.corrector == DPM_CORRECTOR_IMPLICIT) h.v[0] = ask(b, x, i + 1);
    }
    dpm_result(b, x);
}

const dpm_method dpm_method_usf = {
    .name    = "usf",
    .about   = "a decision for every step: order, form, weights, corrector; from a found schedule",
    .cite    = "Liu et al. 2024",
    .aliases = "",
    .order   = 3,
    .order_most = DPM_ORDER_MOST,
    .true_order = 3,
    .form       = DPM_X0,
    .flags      = DPM_TO_ZERO | DPM_FORM | DPM_ORDERS,
    .takes      = "invert",
    .make       = make,
};
