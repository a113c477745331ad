/* call.c - an operation from C callbacks. The node's derivatives are `call` nodes too, of another kind:

       value      f(x_0 .. x_{n-1})                       attr = VALUE
       vjp        x_bar_i = (df / dx_i)' y_bar            attr = VJP, n, i     inputs x.., y, y_bar
       jvp        y_dot = sum_i (df / dx_i) x_dot_i       attr = JVP, n, mask  inputs x.., y, the x_dot_i in the mask

   and have none of their own: what a callback computes cannot be differentiated. */
#include "structure.h"

enum { VALUE, VJP, JVP, MOST = 16 };

static ad_shape shape_in(const ad_call_args *c, int i)
{
    return ad_node_of(c->g, c->node->in[i])->shape;
}

/* The rows that all batched operands have; 1 where none is. */
static long rows_of(const ad_call_args *c)
{
    if (c->node->shape.batched) return c->node->shape.dim[0] * c->n;
    for (int i = 0; i < c->node->nin; i++)
        if (shape_in(c, i).batched) return shape_in(c, i).dim[0] * c->n;
    return 1;
}

static ad_status call_run(const ad_call_args *c)
{
    const ad_callback *f    = c->node->call;
    const long        *attr = c->node->attr;
    long               rows = rows_of(c);
    if (attr[0] == VALUE) return f->value(rows, c->in, c->out, f->ctx);
    int         n = (int)attr[1], next = n + 1;
    const void *y = c->in[n];
    if (attr[0] == VJP) {
        void *x_bar[MOST] = { NULL };
        x_bar[attr[2]]    = c->out;
        return f->vjp(rows, c->in, y, c->in[n + 1], x_bar, f->ctx);
    }
    const void *x_dot[MOST] = { NULL };
    for (int i = 0; i < n; i++)
        if (attr[2] >> i & 1) x_dot[i] = c->in[next++];
    return f->jvp(rows, c->in, y, x_dot, c->out, f->ctx);
}

static ad_var call_node(ad_graph *g, const ad_callback *f, ad_type type, ad_shape shape, int nin,
                        const int in[], int nattr, const long attr[])
{
    ad_node node = { .op    = AD_OP_call,
                     .type  = type,
                     .shape = shape,
                     .nin   = nin,
                     .in    = in,
                     .nattr = nattr,
                     .attr  = attr,
                     .name  = f->name,
                     .call  = f };
    return ad_node_add(g, &node);
}

/* Only a value node has derivatives, and only those that the callback has. */
static int can(ad_var y, const char *what, int has)
{
    const ad_node *n = ad_node_of(y.g, y.id);
    if (n->attr[0] != VALUE)
        ad_graph_fail(
            y.g, AD_UNSUPPORTED,
            "callback '%s': a second derivative was asked for; a callback has first ones only. "
            "Write it with ad_ operations to go further",
            n->call->name);
    else if (!has)
        ad_graph_fail(y.g, AD_UNSUPPORTED,
                      "callback '%s': its %s was asked for, but none was given; set ad_callback.%s",
                      n->call->name, what, what);
    return n->attr[0] == VALUE && has;
}

static void call_vjp(ad_tape *tape, ad_var y, ad_var y_bar)
{
    const ad_node *n = ad_node_of(y.g, y.id);
    int            in[MOST + 2];
    for (int i = 0; i < n->nin; i++) {
        if (!ad_tape_wants(tape, i)) continue;
        if (!can(y, "vjp", n->call->vjp != NULL)) return;
        for (int j = 0; j < n->nin; j++) in[j] = n->in[j];
        in[n->nin]     = y.id;
        in[n->nin + 1] = y_bar.id;
        ad_var x       = ad_in(y, i);
        ad_tape_add(tape, i, 1,
                    call_node(y.g, n->call, ad_type_of(x), ad_shape_of(x), n->nin + 2, in, 3,
                              (long[]){ VJP, n->nin, i }));
    }
}

static ad_var call_jvp(ad_var y, const ad_var x_dot[])
{
    const ad_node *n = ad_node_of(y.g, y.id);
    int            in[2 * MOST + 1], next = n->nin + 1;
    long           mask = 0;
    if (!can(y, "jvp", n->call->jvp != NULL)) return AD_NONE;
    for (int i = 0; i < n->nin; i++) in[i] = n->in[i];
    in[n->nin] = y.id;
    for (int i = 0; i < n->nin; i++) {
        if (x_dot[i].id < 0) continue;
        mask |= 1L << i;
        in[next++] = x_dot[i].id;
    }
    return call_node(y.g, n->call, n->type, n->shape, next, in, 3, (long[]){ JVP, n->nin, mask });
}

const ad_op ad_op_call = { .name  = "call",
                           .arity = -1,
                           .flags = AD_NO_CSE,
                           .vjp   = call_vjp,
                           .jvp   = call_jvp,
                           .run   = call_run };

ad_var ad_call(const ad_callback *f, int n, const ad_var x[], ad_type type, ad_shape out)
{
    ad_graph *g = n > 0 ? x[0].g : NULL;
    if (!g) return AD_NONE;
    if (n > MOST)
        return ad_graph_fail(g, AD_INVALID, "callback '%s': %d operands, at most %d", f->name, n,
                             MOST);
    if (!f->value)
        return ad_graph_fail(g, AD_INVALID, "callback '%s' has no value function", f->name);
    int  in[MOST];
    long c = out.batched ? out.dim[0] : 0;
    for (int i = 0; i < n; i++) {
        ad_shape s = ad_shape_of(x[i]);
        if (x[i].id < 0) return AD_NONE;
        if (x[i].g != g)
            return ad_graph_fail(g, AD_INVALID,
                                 "callback '%s': operands belong to different graphs", f->name);
        if (s.batched && s.dim[0] != c)
            return ad_graph_fail(
                g, AD_BAD_SHAPE,
                "callback '%s': operand %d is %s, the result %s: all that is batched has the "
                "same rows, and the result is batched if an operand is",
                f->name, i, SHAPE_TEXT(s), SHAPE_TEXT(out));
        in[i] = x[i].id;
    }
    ad_callback *copy = ad_arena_alloc(
        ad_graph_arena(g), sizeof *copy); /* the caller's may be gone by the first run */
    char *name = ad_arena_strdup(ad_graph_arena(g), f->name ? f->name : "unnamed");
    if (!copy || !name)
        return ad_graph_fail(g, AD_NO_MEMORY, "out of memory while building a callback");
    *copy      = *f;
    copy->name = name;
    return call_node(g, copy, type, out, n, in, 1, (long[]){ VALUE });
}
