/* operation.c - adj_solve() and adj_pullback() as the value and the vjp of a callback.

   The graph's arrays are dense and sample-major, the solver's are part-major and time-major:

       y[n, times * dim]   row i, time k, part p   <->   state k, part p, row i.                               (1)

   Every cotangent comes from one pullback: the vjp is asked once for each input, so the results are kept until the inputs
   or the cotangent change. */
#include <string.h>

#include <costate/autodiff/memory.h>

#include "internal.h"
#include "operation.h"

enum { INPUTS = 16 };

struct adj_operation {
    adj_solver         *a;
    adj_operation_stats stats;
    int                 times, t_each, at_t, at_theta; /* numbers of the inputs; 0: not one */
    uint64_t            seed;
    long                count;      /* of theta's node                          */
    size_t              theta_room; /* of theta_bar: the solver's whole buffer  */
    long                n;          /* rows of what is remembered               */
    int     solved, pulled; /* is y the value of it, the cotangents the pullback of y_bar? */
    char   *y0, *y, *theta, *y_bar, *y0_bar, *theta_bar;
    double *t, *t_bar;
    void  **args, **args_bar;
    char   *fresh; /* states in the solver's layout, to compare */
};

static size_t arg_bytes(const adj_operation *op, int i, long n)
{
    const nde_arg *arg  = &op->a->s->ode.args[i];
    ad_type        type = arg->type ? arg->type : op->a->s->ode.type;
    return (size_t)(ad_elements(arg->shape) * (arg->shape.batched ? n : 1)) * ad_type_size(type);
}

static size_t state_bytes(const adj_operation *op, long n)
{
    return (size_t)(n * op->a->s->layout->dim) * ad_type_size(op->a->s->ode.type);
}

/* --- layouts -------------------------------------------------------------------------------------------------------- */

/* (1) for `times` states of n rows; to_rows: from the solver's to the graph's. */
static void exchange(const adj_operation *op, long n, int times, char *rows, char *states,
                     int to_rows)
{
    const nde_layout *l    = op->a->s->layout;
    size_t            each = ad_type_size(l->type), row = (size_t)l->dim * each;
    for (int k = 0; k < times; k++) {
        size_t left = 0;
        for (int p = 0; p < l->parts; p++) {
            size_t bytes = (size_t)l->size[p] * each;
            for (long i = 0; i < n; i++, states += bytes) {
                char *at = rows + ((size_t)i * (size_t)times + (size_t)k) * row + left;
                memcpy(to_rows ? at : states, to_rows ? states : at, bytes);
            }
            left += bytes;
        }
    }
}

/* --- what is remembered --------------------------------------------------------------------------------------------- */

/* mine = now; 1 if it was another (compared bit by bit). */
static int renew(void *mine, const void *now, size_t bytes)
{
    if (bytes == 0 || memcmp(mine, now, bytes) == 0) return 0;
    memcpy(mine, now, bytes);
    return 1;
}

static int renew_inputs(adj_operation *op, long n, const void *const in[])
{
    const nde_solver *s     = op->a->s;
    int               other = op->n != n;
    op->n                   = n;
    exchange(op, n, 1, (char *)in[0], op->fresh, 0);
    other |= renew(op->y0, op->fresh, state_bytes(op, n));
    for (int i = 0; i < s->ode.nargs; i++)
        other |= renew(op->args[i], in[1 + i], arg_bytes(op, i, n));
    if (op->at_theta)
        other |= renew(op->theta, in[op->at_theta], (size_t)op->count * ad_type_size(s->ode.type));
    if (op->at_t)
        other |= renew(op->t, in[op->at_t],
                       sizeof(double) * (size_t)(op->times * (op->t_each ? n : 1)));
    if (other) op->solved = op->pulled = 0;
    return other;
}

static ad_status check_rows(const adj_operation *op, long n)
{
    if (n >= 1 && n <= op->a->s->capacity) return AD_OK;
    return ad_fail(AD_INVALID,
                   "a solve in a graph: a batch of %ld samples; its solver was made for 1 to %ld",
                   n, op->a->s->capacity);
}

static ad_status solve(adj_operation *op)
{
    nde_solve_args args = { .n      = op->n,
                            .times  = op->times,
                            .t      = op->t,
                            .t_each = op->t_each,
                            .y0     = op->y0,
                            .args   = (const void *const *)op->args,
                            .theta  = op->theta,
                            .seed   = op->seed,
                            .y      = op->y };
    op->solved = op->pulled = 0;
    AD_TRY(adj_solve(op->a, &args));
    op->a->owner = op;
    op->solved   = 1;
    return AD_OK;
}

/* theta may have grown behind the solver's own views since the graph was built: a cotangent needs room for all. */
static ad_status theta_room(adj_operation *op)
{
    const ad_params *theta = op->a->s->ode.theta;
    if (!theta) return AD_OK;
    size_t bytes = (size_t)ad_params_count(theta) * ad_type_size(op->a->s->ode.type);
    if (bytes > op->theta_room) {
        char *p = ad_alloc(bytes);
        if (!p) return AD_NO_MEMORY;
        ad_free(op->theta_bar);
        op->theta_bar  = p;
        op->theta_room = bytes;
    }
    memset(op->theta_bar, 0, op->theta_room);
    return AD_OK;
}

static ad_status pull(adj_operation *op)
{
    AD_TRY(theta_room(op));
    adj_cotangents c = { .y_bar     = op->y_bar,
                         .y0_bar    = op->y0_bar,
                         .args_bar  = op->args_bar,
                         .theta_bar = op->theta_bar,
                         .t_bar     = op->at_t ? op->t_bar : NULL };
    AD_TRY(adj_pullback(op->a, &c));
    op->stats.pullbacks++;
    op->pulled = 1;
    return AD_OK;
}

/* --- the callback --------------------------------------------------------------------------------------------------- */

static ad_status value(long n, const void *const in[], void *out, void *ctx)
{
    adj_operation *op = ctx;
    AD_TRY(check_rows(op, n));
    renew_inputs(op, n, in);
    op->stats.solves++;
    AD_TRY(solve(op));
    exchange(op, n, op->times, out, op->y, 1);
    return AD_OK;
}

static void give(void *to, const void *from, size_t bytes)
{
    if (to) memcpy(to, from, bytes);
}

static ad_status vjp(long n, const void *const in[], const void *out, const void *out_bar,
                     void *const x_bar[], void *ctx)
{
    adj_operation    *op = ctx;
    const nde_solver *s  = op->a->s;
    (void)out;
    AD_TRY(check_rows(op, n));
    renew_inputs(op, n, in);
    exchange(op, n, op->times, (char *)out_bar, op->fresh, 0);
    if (renew(op->y_bar, op->fresh, (size_t)op->times * state_bytes(op, n))) op->pulled = 0;
    if (!op->pulled && (!op->solved || op->a->owner != op)) {
        op->stats.repeated++;
        AD_TRY(solve(op));
    }
    if (!op->pulled) AD_TRY(pull(op));
    if (x_bar[0]) exchange(op, n, 1, x_bar[0], op->y0_bar, 1);
    for (int i = 0; i < s->ode.nargs; i++) give(x_bar[1 + i], op->args_bar[i], arg_bytes(op, i, n));
    if (op->at_theta)
        give(x_bar[op->at_theta], op->theta_bar, (size_t)op->count * ad_type_size(s->ode.type));
    if (op->at_t)
        give(x_bar[op->at_t], op->t_bar,
             sizeof(double) * (size_t)(op->times * (op->t_each ? n : 1)));
    return AD_OK;
}

/* --- making --------------------------------------------------------------------------------------------------------- */

static int given(ad_var v)
{
    return v.g != NULL;
}

static ad_status room(adj_operation *op)
{
    const nde_solver *s     = op->a->s;
    size_t            state = state_bytes(op, s->capacity), all = state * (size_t)op->times;
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
        ok = (op->args[i] = ad_alloc(arg_bytes(op, i, s->capacity))) &&
             (op->args_bar[i] = ad_alloc(arg_bytes(op, i, s->capacity)));
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
    return ad_call(&(ad_callback){ .name = "solve", .value = value, .vjp = vjp, .ctx = op }, n, x,
                   s->ode.type, y);
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
