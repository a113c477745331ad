/* operation.c - adj_solve() and adj_pullback() as the value and the vjp of a callback.

   The graph's arrays are dense and sample-major, the solver's are part-major and time-major:

       y[n, times * dim]   row i, time k, part p   <->   state k, part p, row i.                               (1)

   Every cotangent comes from one pullback: the vjp is asked once for each input, so the results are kept until the inputs
   or the cotangent change. */
#include <string.h>

#include <costate/autodiff/memory.h>

#include "operation_internal.h"

size_t adj_operation_arg(const adj_operation *op, int i, long n)
{
    const nde_arg *arg  = &op->a->s->ode.args[i];
    ad_type        type = arg->type ? arg->type : op->a->s->ode.type;
    return (size_t)(ad_elements(arg->shape) * (arg->shape.batched ? n : 1)) * ad_type_size(type);
}

size_t adj_operation_state(const adj_operation *op, long n)
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
    other |= renew(op->y0, op->fresh, adj_operation_state(op, n));
    for (int i = 0; i < s->ode.nargs; i++)
        other |= renew(op->args[i], in[1 + i], adj_operation_arg(op, i, n));
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

ad_status adj_operation_value(long n, const void *const in[], void *out, void *ctx)
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

ad_status adj_operation_vjp(long n, const void *const in[], const void *out, const void *out_bar,
                            void *const x_bar[], void *ctx)
{
    adj_operation    *op = ctx;
    const nde_solver *s  = op->a->s;
    (void)out;
    AD_TRY(check_rows(op, n));
    renew_inputs(op, n, in);
    exchange(op, n, op->times, (char *)out_bar, op->fresh, 0);
    if (renew(op->y_bar, op->fresh, (size_t)op->times * adj_operation_state(op, n))) op->pulled = 0;
    if (!op->pulled && (!op->solved || op->a->owner != op)) {
        op->stats.repeated++;
        AD_TRY(solve(op));
    }
    if (!op->pulled) AD_TRY(pull(op));
    if (x_bar[0]) exchange(op, n, 1, x_bar[0], op->y0_bar, 1);
    for (int i = 0; i < s->ode.nargs; i++)
        give(x_bar[1 + i], op->args_bar[i], adj_operation_arg(op, i, n));
    if (op->at_theta)
        give(x_bar[op->at_theta], op->theta_bar, (size_t)op->count * ad_type_size(s->ode.type));
    if (op->at_t)
        give(x_bar[op->at_t], op->t_bar,
             sizeof(double) * (size_t)(op->times * (op->t_each ? n : 1)));
    return AD_OK;
}
