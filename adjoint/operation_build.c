/* operation_build.c - an operation made: its arrays, and its node in the graph. */
#include <string.h>

#include <costate/autodiff/memory.h>

#include "operation_internal.h"

enum { INPUTS = 16 }; /* of a callback */

/* --- making --------------------------------------------------------------------------------------------------------- */

static int given(ad_var v)
{
    return v.g != NULL;
}

static ad_status room(adj_operation *op)
{
    const nde_solver *s     = op->a->s;
    size_t            state = adj_operation_state(op, s->capacity), all = state * (size_t)op->times;
    size_t t        = sizeof(double) * (size_t)op->times * (size_t)(op->t_each ? s->capacity : 1);
    size_t theta    = (size_t)op->count * ad_type_size(s->ode.type);
    char **states[] = { &op->y, &op->y_bar, &op->fresh };
    int    ok       = (op->y0 = ad_alloc(state)) && (op->y0_bar = ad_alloc(state)) &&
             (op->t = ad_alloc(t)) && (op->t_bar = ad_alloc(t)) &&
             (op->theta = ad_alloc(theta + 1)) && (op->theta_bar = ad_alloc(theta + 1));
    for (int i = 0; ok && i < 3; i++) ok = (*states[i] = ad_alloc(all)) != NULL;
    size_t nargs = sizeof(void *) * (size_t)(s->ode.nargs + 1);
    ok           = ok && (op->args = ad_alloc(nargs)) && (op->args_bar = ad_alloc(nargs));
    for (int i = 0; ok && i < s->ode.nargs; i++)
        ok = (op->args[i] = ad_alloc(adj_operation_arg(op, i, s->capacity))) &&
             (op->args_bar[i] = ad_alloc(adj_operation_arg(op, i, s->capacity)));
    op->theta_room = theta;
    return ok ? AD_OK : AD_NO_MEMORY;
}

void adj_operation_free(adj_operation *op)
{
    if (!op) return;
    for (int i = 0; op->args && i < op->a->s->ode.nargs; i++) ad_free(op->args[i]);
    for (int i = 0; op->args_bar && i < op->a->s->ode.nargs; i++) ad_free(op->args_bar[i]);
    ad_free(op->args), ad_free(op->args_bar), ad_free(op->y0), ad_free(op->y), ad_free(op->theta),
        ad_free(op->y_bar);
    ad_free(op->y0_bar), ad_free(op->theta_bar), ad_free(op->t), ad_free(op->t_bar),
        ad_free(op->fresh);
    if (op->a->owner == op) op->a->owner = NULL;
    ad_free(op);
}

const adj_operation_stats *adj_operation_stats_of(const adj_operation *op)
{
    return &op->stats;
}

/* --- the graph's side ----------------------------------------------------------------------------------------------- */

typedef struct fit {
    ad_graph *g;
    long      c; /* batched variables are [c n, ...] */
} fit;

/* Is v what the solver wants? The batched leading extent may be any c n. */
static int fits(const fit *f, const char *what, ad_var v, ad_type type, ad_shape want)
{
    char     a[64], b[64];
    ad_shape s = ad_shape_of(v);
    if (want.batched) want.dim[0] *= f->c;
    if (v.g == f->g && v.id >= 0 && ad_type_of(v) == type && ad_shape_equal(s, want)) return 1;
    if (v.g == f->g && v.id >= 0)
        ad_graph_fail(f->g, AD_BAD_SHAPE, "a solve in a graph: %s is %s %s, the solver wants %s %s",
                      what, ad_type_of(v) == AD_F32 ? "float32" : "float64",
                      ad_shape_text(s, a, sizeof a), type == AD_F32 ? "float32" : "float64",
                      ad_shape_text(want, b, sizeof b));
    else
        ad_graph_fail(f->g, AD_INVALID,
                      "a solve in a graph: %s is not a variable of the graph of y0", what);
    return 0;
}

static int fits_times(const fit *f, const adj_operation_spec *spec)
{
    if (spec->times < 2 || !spec->t == !given(spec->t_var)) {
        ad_graph_fail(f->g, AD_INVALID,
                      "a solve in a graph: %d times; give at least two, in t or as t_var",
                      spec->times);
        return 0;
    }
    if (!given(spec->t_var)) return 1;
    int each = ad_shape_of(spec->t_var).batched;
    return fits(f, "t_var", spec->t_var, AD_F64,
                each ? ad_rows(spec->times) : ad_vector(spec->times));
}

static int fits_args(const fit *f, const adj_operation_spec *spec)
{
    const nde_ode *ode = &spec->solver->s->ode;
    if (spec->nargs != ode->nargs || ode->nargs > INPUTS - 3) {
        ad_graph_fail(
            f->g, AD_INVALID,
            "a solve in a graph: %d args; the problem has %d, and at most %d can be had here",
            spec->nargs, ode->nargs, INPUTS - 3);
        return 0;
    }
    for (int i = 0; i < ode->nargs; i++) {
        const nde_arg *arg = &ode->args[i];
        if (!fits(f, arg->name ? arg->name : "an arg", spec->args[i],
                  arg->type ? arg->type : ode->type, arg->shape))
            return 0;
    }
    return 1;
}

/* The operation's inputs in order: y0, args, theta, t. Returns how many; 0 after a mistake. */
static int inputs(adj_operation *op, const fit *f, const adj_operation_spec *spec, ad_var x[])
{
    const nde_ode *ode = &op->a->s->ode;
    int            n   = 0;
    x[n++]             = spec->y0;
    for (int i = 0; i < ode->nargs; i++) x[n++] = spec->args[i];
    if (ode->theta && ad_params_count(ode->theta) > 0) {
        ad_var theta = given(spec->theta) ? spec->theta : ad_params_node(f->g, ode->theta);
        op->count    = ad_elements(ad_shape_of(theta));
        if (theta.id < 0 ||
            !fits(f, "theta", theta, ode->type, ad_vector(ad_params_count(ode->theta))))
            return 0;
        op->at_theta = n;
        x[n++]       = theta;
    }
    if (given(spec->t_var)) {
        op->t_each = ad_shape_of(spec->t_var).batched;
        op->at_t   = n;
        x[n++]     = spec->t_var;
    }
    return n;
}

static ad_var build(adj_operation *op, const adj_operation_spec *spec)
{
    ad_var            x[INPUTS];
    const nde_solver *s = spec->solver->s;
    fit               f = { spec->y0.g, ad_shape_of(spec->y0).dim[0] };
    ad_shape          y = ad_rows(s->layout->dim * spec->times);
    if (!fits_times(&f, spec) || !fits_args(&f, spec) ||
        !fits(&f, "y0", spec->y0, s->ode.type, ad_rows(s->layout->dim)))
        return AD_NONE;
    int n = inputs(op, &f, spec, x);
    if (n == 0) return AD_NONE;
    if (room(op))
        return ad_graph_fail(f.g, AD_NO_MEMORY, "out of memory while building a solve in a graph");
    if (spec->t) memcpy(op->t, spec->t, sizeof(double) * (size_t)spec->times);
    y.dim[0] *= f.c;
    return ad_call(&(ad_callback){ .name       = "solve",
                                   .value      = adj_operation_value,
                                   .vjp        = adj_operation_vjp,
                                   .ctx        = op,
                                   .mixes_rows = s->o.batching == NDE_JOINT },
                   n, x, s->ode.type, y);
}

ad_var adj_operation_new(adj_operation **out, const adj_operation_spec *spec)
{
    *out = NULL;
    if (spec->y0.id < 0 || !spec->y0.g) return AD_NONE;
    adj_operation *op = ad_alloc(sizeof *op);
    if (!op)
        return ad_graph_fail(spec->y0.g, AD_NO_MEMORY,
                             "out of memory while building a solve in a graph");
    op->a     = spec->solver;
    op->times = spec->times;
    op->seed  = spec->seed;
    ad_var y  = build(op, spec);
    if (y.id < 0) {
        adj_operation_free(op);
        return AD_NONE;
    }
    *out = op;
    return y;
}
