/* adjoint.c - an adj_solver made, run, unmade; what both pullbacks share. */
#include <math.h>
#include <string.h>

#include <costate/autodiff/memory.h>

#include "internal.h"

#include "../nde/lanes.h"

static size_t arg_bytes(const nde_solver *s, int i, long n)
{
    const nde_arg *a = &s->ode.args[i];
    return (size_t)(ad_elements(a->shape) * (a->shape.batched ? n : 1)) *
           ad_type_size(a->type ? a->type : s->ode.type);
}

static ad_status rooms(adj_solver *a)
{
    nde_solver *s     = a->s;
    size_t      bytes = s->layout->bytes, n = sizeof(double) * (size_t)s->capacity;
    int         stages = s->step->stages, ok = 1;
    for (int i = 0; i < 2; i++)
        ok = ok && (a->lambda[i] = ad_alloc(bytes)) && (a->kappa[i] = ad_alloc(bytes));
    ok = ok && (a->d_y = ad_alloc(bytes)) && (a->d_y1 = ad_alloc(bytes)) &&
         (a->zero = ad_alloc(bytes));
    ok = ok && (a->d_k = ad_alloc(bytes * (size_t)stages)) &&
         (a->k = ad_alloc(sizeof *a->k * (size_t)stages)) &&
         (a->zero_k = ad_alloc(sizeof *a->k * (size_t)stages));
    ok = ok &&
         (a->coefficient_bar = ad_alloc(sizeof *a->coefficient_bar * (size_t)s->step->degree));
    for (int i = 0; ok && i < s->step->degree; i++)
        ok = (a->coefficient_bar[i] = ad_alloc(bytes)) != NULL;
    ok = ok && (a->t_bar = ad_alloc(n)) && (a->h_bar = ad_alloc(n)) && (a->d_t = ad_alloc(n)) &&
         (a->d_h = ad_alloc(n));
    for (int c = 0; ok && c < NDE_COLUMNS; c++) ok = (a->rows[c] = ad_alloc(n)) != NULL;
    size_t nargs = (size_t)s->ode.nargs;
    ok           = ok && (a->args_now = ad_alloc(sizeof(void *) * (nargs + 1))) &&
         (a->args_sum = ad_alloc(sizeof(void *) * (nargs + 1))) &&
         (a->args = ad_alloc(sizeof(void *) * (nargs + 1)));
    for (int i = 0; ok && i < s->ode.nargs; i++)
        ok = (a->args_now[i] = ad_alloc(arg_bytes(s, i, s->capacity))) &&
             (a->args_sum[i] = ad_alloc(arg_bytes(s, i, s->capacity)));
    if (!ok) return AD_NO_MEMORY;
    for (int i = 0; i < stages; i++) a->k[i] = a->d_k + (size_t)i * bytes, a->zero_k[i] = a->zero;
    s->step->ports.args_bar = a->args_now;
    return AD_OK;
}

static ad_status check_options(const adj_options *a, const nde_options *o)
{
    if (!a->through_h) return AD_OK;
    if (o->batching == NDE_PER_SAMPLE)
        return ad_fail(AD_UNSUPPORTED, "through_h: gradients through the choice of steps are there "
                                       "for joint batching (NDE_JOINT), not per sample");
    if (o->fixed_step > 0 || o->nsteps_given)
        return ad_fail(AD_UNSUPPORTED, "through_h: a fixed step or given step points leave no "
                                       "choice of steps to differentiate; leave through_h out");
    return AD_OK;
}

ad_status adj_solver_new(adj_solver **out, const nde_ode *ode, const nde_options *o,
                         const adj_options *options, long capacity)
{
    *out          = NULL;
    adj_solver *a = ad_alloc(sizeof *a);
    if (!a) return AD_NO_MEMORY;
    if (options) a->o = *options;
    nde_options with      = o ? *o : (nde_options){ 0 };
    int         pullbacks = a->o.estimates_bar ? 2 : 1;
    ad_status   e         = check_options(&a->o, &with);
    if (!e)
        e = nde_solver_build(&a->s, ode, &with, capacity, pullbacks, a->o.mode == ADJ_STORE_ALL);
    if (!e) a->s->record->keep_tried = a->o.through_h;
    if (!e) e = rooms(a);
    if (!e && with.batching == NDE_PER_SAMPLE) e = adj_lanes_new(a);
    if (e) {
        adj_solver_free(a);
        return e;
    }
    *out = a;
    return AD_OK;
}

void adj_solver_free(adj_solver *a)
{
    if (!a) return;
    for (int i = 0; i < 2; i++) ad_free(a->lambda[i]), ad_free(a->kappa[i]);
    for (int i = 0; a->coefficient_bar && i < a->s->step->degree; i++)
        ad_free(a->coefficient_bar[i]);
    for (int c = 0; c < NDE_COLUMNS; c++) ad_free(a->rows[c]);
    for (int i = 0; a->args_now && i < a->s->ode.nargs; i++) ad_free(a->args_now[i]);
    for (int i = 0; a->args_sum && i < a->s->ode.nargs; i++) ad_free(a->args_sum[i]);
    ad_free(a->d_y), ad_free(a->d_y1), ad_free(a->zero), ad_free(a->d_k), ad_free(a->k),
        ad_free(a->zero_k);
    ad_free(a->coefficient_bar), ad_free(a->t_bar), ad_free(a->h_bar), ad_free(a->d_t),
        ad_free(a->d_h);
    ad_free(a->args_now), ad_free(a->args_sum), ad_free(a->args), ad_free(a->t);
    ad_free(a->state_first), ad_free(a->state_next);
    adj_lanes_free(a->lanes);
    nde_solver_free(a->s);
    ad_free(a);
}

ad_status adj_solve(adj_solver *a, const nde_solve_args *args)
{
    long many = (long)args->times * (args->t_each ? args->n : 1);
    if (many > a->t_room) {
        double *t = ad_alloc(sizeof *t * (size_t)many);
        if (!t) return AD_NO_MEMORY;
        ad_free(a->t);
        a->t      = t;
        a->t_room = many;
    }
    if (args->t && many > 0) memcpy(a->t, args->t, sizeof *a->t * (size_t)many);
    for (int i = 0; args->args && i < a->s->ode.nargs; i++) a->args[i] = args->args[i];
    a->n = args->n, a->times = args->times, a->t_each = args->t_each;
    a->s->record->finished = 0;
    a->owner               = NULL;
    return nde_solve(a->s, args);
}

const nde_stats *adj_solver_stats(const adj_solver *a)
{
    return nde_solver_stats(a->s);
}
long adj_solver_dim(const adj_solver *a)
{
    return nde_solver_dim(a->s);
}

/* --- shared ------------------------------------------------------------------------------------------------------------------- */

void adj_add_args(adj_solver *a, long n, const long *index)
{
    const nde_solver *s = a->s;
    for (int i = 0; i < s->ode.nargs; i++) {
        const nde_arg *arg  = &s->ode.args[i];
        ad_type        type = arg->type ? arg->type : s->ode.type;
        long           each = ad_elements(arg->shape), rows = arg->shape.batched ? n : 1;
        for (long r = 0; r < rows; r++) {
            long to = arg->shape.batched && index ? index[r] : r;
            for (long j = 0; j < each; j++) {
                if (type == AD_F32)
                    ((float *)a->args_sum[i])[to * each + j] +=
                        ((const float *)a->args_now[i])[r * each + j];
                else
                    ((double *)a->args_sum[i])[to * each + j] +=
                        ((const double *)a->args_now[i])[r * each + j];
            }
        }
    }
}

/* y(t + x h) = y + sum_p c_p x^p: c_p_bar += x^p y_bar, y_bar goes to y itself (d_y is added by the caller's loop). */
void adj_seed_output(adj_solver *a, long n, double x, const char *y_bar)
{
    double power = x;
    for (int q = 0; q < a->s->step->degree; q++, power *= x)
        nde_layout_axpy(a->s->layout, n, a->coefficient_bar[q], power, y_bar);
}

ad_status adj_check_finite(const adj_solver *a, long n, const char *lambda, const long *index)
{
    long sample, component;
    int  part;
    if (!nde_layout_nonfinite(a->s->layout, n, lambda, &sample, &part, &component)) return AD_OK;
    return ad_fail(AD_NONFINITE_STATE,
                   "the gradient is not finite: '%s' component %ld of sample %ld at the start; the "
                   "cotangents given may be NaN, or the problem too sensitive for its length",
                   a->s->ode.part[part].name, component, index ? index[sample] : sample);
}

static void fill_nan(ad_type type, void *p, long n)
{
    for (long i = 0; p && i < n; i++) {
        if (type == AD_F32)
            ((float *)p)[i] = NAN;
        else
            ((double *)p)[i] = NAN;
    }
}

static void poison(adj_solver *a, const adj_cotangents *c)
{
    const nde_solver *s = a->s;
    fill_nan(s->ode.type, c->y0_bar, a->n * s->layout->dim);
    if (s->ode.theta) fill_nan(s->ode.type, c->theta_bar, ad_params_count(s->ode.theta));
    fill_nan(AD_F64, c->t_bar, (long)a->times * (a->t_each ? a->n : 1));
    for (int i = 0; c->args_bar && i < s->ode.nargs; i++) {
        const nde_arg *arg = &s->ode.args[i];
        fill_nan(arg->type ? arg->type : s->ode.type, c->args_bar[i],
                 ad_elements(arg->shape) * (arg->shape.batched ? a->n : 1));
    }
}

ad_status adj_pullback(adj_solver *a, const adj_cotangents *c)
{
    nde_solver *s = a->s;
    if (!s->record->finished) {
        poison(a, c);
        return ad_fail(
            AD_INVALID,
            "there is no finished solve to pull back through; check adj_solve()'s status first");
    }
    ad_status e = adj_check_cotangents(a, c);
    if (!e) e = adj_list_states(a, c);
    if (e) {
        poison(a, c);
        return e;
    }
    for (int i = 0; i < s->ode.nargs; i++) memset(a->args_sum[i], 0, arg_bytes(s, i, a->n));
    s->step->ports.theta_bar = c->theta_bar;
    s->stats.nvjp            = 0;
    e = s->o.batching == NDE_PER_SAMPLE ? adj_pullback_lanes(a, c) : adj_pullback_joint(a, c);
    ad_status f = s->step->ops->flush(s->step); /* empties the accumulators whatever happened */
    if (!e) e = f;
    for (int i = 0; !e && c->args_bar && i < s->ode.nargs; i++)
        if (c->args_bar[i]) memcpy(c->args_bar[i], a->args_sum[i], arg_bytes(s, i, a->n));
    if (e) poison(a, c);
    return e;
}
