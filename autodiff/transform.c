/* transform.c - derivatives, graph to graph.

   Reverse: nodes from the last to the first, each pulling its cotangent back to its inputs by its rule,

       x_bar_i += (dy / dx_i)' y_bar.                                                                          (1)

   What arrives at a node is kept as a list of (coefficient, variable) and becomes one node when its turn comes: one lincomb
   of all terms, or, where all terms are contractions over rows, one rowdot over all their rows (so the weight gradients of
   all stages of a step are one product over stacked rows). */
#include <string.h>

#include "op.h"

typedef struct term {
    struct term *next;
    double       c;
    ad_var       v;
} term;

struct ad_tape {
    ad_graph *g;
    ad_arena *arena;
    term    **terms;  /* of each node, newest first       */
    char     *wanted; /* does the node depend on some x?  */
    int       size, node;
};

int ad_tape_wants(const ad_tape *tape, int input)
{
    return tape->wanted[ad_node_of(tape->g, tape->node)->in[input]];
}

static void add_term(ad_tape *tape, int id, double c, ad_var v)
{
    if (v.id < 0 || c == 0 || ad_is_zero(v)) return;
    for (term *t = tape->terms[id]; t; t = t->next)
        if (t->v.id == v.id) {
            t->c += c;
            return;
        }
    term *t = ad_arena_alloc(tape->arena, sizeof *t);
    if (!t) {
        ad_graph_fail(tape->g, AD_NO_MEMORY, "out of memory while differentiating");
        return;
    }
    *t              = (term){ tape->terms[id], c, v };
    tape->terms[id] = t;
}

void ad_tape_add(ad_tape *tape, int input, double c, ad_var x_bar)
{
    if (x_bar.id < 0 || !ad_tape_wants(tape, input)) return;
    const ad_node *n  = ad_node_of(tape->g, tape->node);
    int            id = n->in[input];
    ad_var         x  = { tape->g, id };
    if (!ad_shape_equal(ad_shape_of(x_bar), ad_shape_of(x)))
        x_bar = ad_unbroadcast(x_bar, ad_shape_of(x));
    if (x_bar.id >= 0 && ad_type_of(x_bar) != ad_type_of(x)) x_bar = ad_cast(x_bar, ad_type_of(x));
    /* c * lincomb(c1; v): the scale moves into the sum that x_bar becomes */
    const ad_node *b = x_bar.id < 0 ? NULL : ad_node_of(tape->g, x_bar.id);
    if (b && b->op == AD_OP_scale) c *= b->k[0], x_bar = ad_in(x_bar, 0);
    add_term(tape, id, c, x_bar);
}

/* All terms of one n-ary contraction op (rowdot, rowsum) with coefficient 1: joined into one node. */
static ad_var join(ad_tape *tape, int id, ad_opcode op, int per)
{
    int count = 0;
    for (term *t = tape->terms[id]; t; t = t->next) {
        const ad_node *n = ad_node_of(tape->g, t->v.id);
        if (n->op != op || t->c != 1) return AD_NONE;
        count += n->nin / per;
    }
    ad_var *v = ad_arena_alloc(tape->arena, sizeof *v * (size_t)(per * count));
    if (!v) return ad_graph_fail(tape->g, AD_NO_MEMORY, "out of memory while differentiating");
    int at = count;
    for (term *t = tape->terms[id]; t; t = t->next) { /* newest first: fill from behind */
        const ad_node *n = ad_node_of(tape->g, t->v.id);
        at -= n->nin / per;
        for (int i = 0; i < n->nin / per; i++)
            for (int j = 0; j < per; j++) v[j * count + at + i] = ad_in(t->v, per * i + j);
    }
    return op == AD_OP_rowdot ? ad_rowdot(count, v, v + count) : ad_rowsum(count, v);
}

static ad_var total(ad_tape *tape, int id)
{
    int count = 0;
    for (term *t = tape->terms[id]; t; t = t->next) count++;
    if (count == 0) return AD_NONE;
    if (count == 1) return ad_scale(tape->terms[id]->v, tape->terms[id]->c);
    ad_var v = join(tape, id, AD_OP_rowdot, 2);
    if (v.id < 0) v = join(tape, id, AD_OP_rowsum, 1);
    if (v.id >= 0) return v;
    double *c = ad_arena_alloc(tape->arena, sizeof *c * (size_t)count);
    ad_var *x = ad_arena_alloc(tape->arena, sizeof *x * (size_t)count);
    if (!c || !x)
        return ad_graph_fail(tape->g, AD_NO_MEMORY, "out of memory while differentiating");
    int i = count;
    for (term *t = tape->terms[id]; t; t = t->next) i--, c[i] = t->c, x[i] = t->v;
    return ad_lincomb(count, c, x);
}

/* wanted: on a path from some x; what y depends on is visited anyway, since only there terms arrive. */
static void mark(ad_tape *tape, int nx, const ad_var x[])
{
    int first = tape->size;
    for (int j = 0; j < nx; j++) {
        tape->wanted[x[j].id] = 1;
        if (x[j].id < first) first = x[j].id;
    }
    for (int id = first; id < tape->size; id++) {
        const ad_node *n = ad_node_of(tape->g, id);
        for (int i = 0; i < n->nin && !tape->wanted[id]; i++)
            tape->wanted[id] = tape->wanted[n->in[i]];
    }
}

static ad_status check_seeds(const char *what, int n, const ad_var v[], const ad_var seed[])
{
    for (int i = 0; i < n; i++) {
        if (v[i].id < 0 || seed[i].id < 0) continue;
        char a[64], b[64];
        if (!ad_shape_equal(ad_shape_of(v[i]), ad_shape_of(seed[i])) ||
            ad_type_of(v[i]) != ad_type_of(seed[i]))
            return ad_fail(AD_BAD_SHAPE,
                           "%s: variable %d has shape %s, its seed %s (or another type)", what, i,
                           ad_shape_text(ad_shape_of(v[i]), a, sizeof a),
                           ad_shape_text(ad_shape_of(seed[i]), b, sizeof b));
    }
    return AD_OK;
}

/* All of v are nodes of g (or, where that is meant, none). */
static ad_status check_vars(const char *what, const ad_graph *g, int n, const ad_var v[], int none)
{
    for (int i = 0; i < n; i++) {
        if (v[i].id < 0 && !v[i].g && none) continue;
        if (v[i].id < 0)
            return ad_fail(AD_INVALID, "%s: variable %d to differentiate by was never built", what,
                           i);
        if (v[i].g != g)
            return ad_fail(AD_INVALID, "%s: variable %d belongs to another graph", what, i);
    }
    return AD_OK;
}

static ad_graph *graph_of(int n, const ad_var v[])
{
    for (int i = 0; i < n; i++)
        if (v[i].g) return v[i].g;
    return NULL;
}

/* Nothing to differentiate: most often a mistake of the graph's, which tells more. */
static ad_status nothing(const char *what, int nx, const ad_var x[])
{
    ad_graph *g = graph_of(nx, x);
    if (g) AD_TRY(ad_graph_status(g));
    return ad_fail(AD_INVALID, "%s: nothing to differentiate was given", what);
}

static ad_status tape_new(ad_tape *tape, ad_graph *g)
{
    *tape        = (ad_tape){ .g = g, .size = ad_graph_size(g) };
    tape->arena  = ad_arena_new();
    tape->terms  = tape->arena
                       ? ad_arena_alloc(tape->arena, sizeof *tape->terms * (size_t)tape->size)
                       : NULL;
    tape->wanted = tape->terms ? ad_arena_alloc(tape->arena, (size_t)tape->size) : NULL;
    if (tape->wanted) return AD_OK;
    ad_arena_free(tape->arena);
    return AD_NO_MEMORY;
}

ad_status ad_vjp(int ny, const ad_var y[], const ad_var y_bar[], int nx, const ad_var x[],
                 ad_var x_bar[])
{
    ad_graph *g = graph_of(ny, y);
    if (!g) return nothing("vjp", nx, x);
    AD_TRY(ad_graph_status(g));
    AD_TRY(check_vars("vjp", g, ny, y, 1));
    AD_TRY(check_vars("vjp", g, nx, x, 0));
    AD_TRY(check_seeds("vjp", ny, y, y_bar));
    ad_tape tape;
    AD_TRY(tape_new(&tape, g));
    mark(&tape, nx, x);
    for (int i = 0; i < ny; i++)
        if (y[i].id >= 0 && y_bar[i].id >= 0) add_term(&tape, y[i].id, 1, y_bar[i]);
    ad_var *sum = ad_arena_alloc(tape.arena, sizeof *sum * (size_t)tape.size);
    for (int id = tape.size - 1; sum && id >= 0 && !ad_graph_status(g); id--) {
        sum[id] = AD_NONE;
        if (!tape.terms[id] || !tape.wanted[id]) continue;
        sum[id]          = total(&tape, id);
        tape.node        = id;
        const ad_op *row = ad_op_row(ad_node_of(g, id)->op);
        if (row->vjp && sum[id].id >= 0) row->vjp(&tape, (ad_var){ g, id }, sum[id]);
    }
    for (int j = 0; sum && j < nx; j++)
        x_bar[j] = sum[x[j].id].g ? sum[x[j].id]
                                  : ad_full(g, ad_type_of(x[j]), ad_shape_of(x[j]), 0);
    ad_arena_free(tape.arena);
    return sum ? ad_graph_status(g) : AD_NO_MEMORY;
}

ad_status ad_jvp(int nx, const ad_var x[], const ad_var x_dot[], int ny, const ad_var y[],
                 ad_var y_dot[])
{
    ad_graph *g = graph_of(ny, y);
    if (!g) return nothing("jvp", nx, x);
    AD_TRY(ad_graph_status(g));
    AD_TRY(check_vars("jvp", g, ny, y, 1));
    AD_TRY(check_vars("jvp", g, nx, x, 0));
    AD_TRY(check_seeds("jvp", nx, x, x_dot));
    int size = ad_graph_size(g), most = 1;
    for (int id = 0; id < size; id++)
        if (ad_node_of(g, id)->nin > most) most = ad_node_of(g, id)->nin;
    ad_var *dot = ad_alloc(sizeof *dot * (size_t)(size + most));
    if (!dot) return AD_NO_MEMORY;
    ad_var *in    = dot + size;
    char   *given = ad_alloc(2 * (size_t)size), *need = given + size;
    if (!given) {
        ad_free(dot);
        return AD_NO_MEMORY;
    }
    for (int id = 0; id < size; id++) dot[id] = AD_NONE;
    for (int j = 0; j < nx; j++) dot[x[j].id] = x_dot[j], given[x[j].id] = 1;
    for (int i = 0; i < ny; i++)
        if (y[i].id >= 0) need[y[i].id] = 1;
    for (int id = size - 1; id >= 0; id--)
        for (int i = 0; need[id] && !given[id] && i < ad_node_of(g, id)->nin; i++)
            need[ad_node_of(g, id)->in[i]] = 1;
    for (int id = 0; id < size && !ad_graph_status(g); id++) {
        const ad_node *n = ad_node_of(g, id);
        if (!need[id] || given[id]) continue;
        int any = 0;
        for (int i = 0; i < n->nin; i++) {
            in[i] = dot[n->in[i]];
            if (in[i].id >= 0 && ad_is_zero(in[i])) in[i] = AD_NONE;
            any |= in[i].id >= 0;
        }
        const ad_op *row = ad_op_row(n->op);
        if (any && row->jvp) dot[id] = row->jvp((ad_var){ g, id }, in);
    }
    for (int i = 0; i < ny; i++) {
        if (y[i].id < 0) continue;
        y_dot[i] = dot[y[i].id].id >= 0 ? dot[y[i].id]
                                        : ad_full(g, ad_type_of(y[i]), ad_shape_of(y[i]), 0);
    }
    ad_free(given);
    ad_free(dot);
    return ad_graph_status(g);
}

ad_status ad_gradient(ad_var loss, int nx, const ad_var x[], ad_var x_bar[])
{
    if (loss.id < 0) return nothing("gradient", nx, x);
    ad_shape s = ad_shape_of(loss);
    char     text[64];
    if (s.batched || ad_elements(s) != 1)
        return ad_fail(AD_BAD_SHAPE,
                       "gradient: the loss must be one shared number, it is %s; sum or average it",
                       ad_shape_text(s, text, sizeof text));
    ad_var one = ad_full(loss.g, ad_type_of(loss), s, 1);
    return ad_vjp(1, &loss, &one, nx, x, x_bar);
}

ad_status ad_hvp(ad_var loss, int nx, const ad_var x[], const ad_var v[], ad_var hv[])
{
    ad_var *grad = ad_alloc(sizeof *grad * (size_t)(nx + 1));
    if (!grad) return AD_NO_MEMORY;
    ad_status s = ad_gradient(loss, nx, x, grad);
    if (!s) s = ad_jvp(nx, x, v, nx, grad, hv);
    ad_free(grad);
    return s;
}

/* One row (reverse) or one column (forward) of the Jacobian: seeded with a unit vector. */
static ad_var jacobian_line(ad_var y, ad_var x, int reverse, long i)
{
    ad_var   of   = reverse ? y : x;
    ad_shape s    = ad_shape_of(of);
    long     d    = s.dim[s.rank - 1];
    double  *unit = ad_alloc(sizeof *unit * (size_t)d);
    if (!unit) return ad_graph_fail(y.g, AD_NO_MEMORY, "out of memory while building a Jacobian");
    unit[i]     = 1;
    ad_var seed = ad_broadcast(ad_const_array(y.g, ad_type_of(of), ad_vector(d), unit), s),
           line = AD_NONE;
    ad_free(unit);
    ad_status e = reverse ? ad_vjp(1, &y, &seed, 1, &x, &line) : ad_jvp(1, &x, &seed, 1, &y, &line);
    if (e) return ad_graph_fail(y.g, e, "%s", ad_message());
    ad_shape l      = ad_shape_of(line);
    long     dim[3] = { l.dim[0], 1, l.dim[1] };
    if (!l.batched) dim[0] = 1, dim[1] = l.dim[0];
    if (!l.batched)
        return ad_reshape(line, 2, reverse ? (long[]){ 1, dim[1] } : (long[]){ dim[1], 1 });
    if (!reverse) dim[1] = l.dim[1], dim[2] = 1;
    return ad_reshape(line, 3, dim);
}

ad_var ad_jacobian(ad_var y, ad_var x, int reverse)
{
    if (y.id < 0 || x.id < 0) return AD_NONE;
    ad_shape sy = ad_shape_of(y), sx = ad_shape_of(x);
    int      rank = sy.batched ? 2 : 1;
    if (sy.rank != rank || sx.rank != rank || sy.batched != sx.batched)
        return ad_graph_fail(y.g, AD_BAD_SHAPE,
                             "jacobian: takes [n,dy] by [n,dx] batched, or [dy] by [dx] shared");
    long    lines = reverse ? sy.dim[rank - 1] : sx.dim[rank - 1];
    ad_var *line  = ad_alloc(sizeof *line * (size_t)lines);
    if (!line) return ad_graph_fail(y.g, AD_NO_MEMORY, "out of memory while building a Jacobian");
    for (long i = 0; i < lines; i++) line[i] = jacobian_line(y, x, reverse, i);
    ad_var jac = ad_concat((int)lines, line, reverse ? rank - 1 : rank);
    ad_free(line);
    return jac;
}

int ad_params_used(int ny, const ad_var y[], int max, ad_var params[])
{
    ad_graph *g = graph_of(ny, y);
    if (!g) return 0;
    int   size = ad_graph_size(g), count = 0;
    char *need = ad_alloc((size_t)size);
    if (!need) {
        ad_graph_fail(g, AD_NO_MEMORY, "out of memory while looking for parameters");
        return 0;
    }
    for (int i = 0; i < ny; i++)
        if (y[i].id >= 0) need[y[i].id] = 1;
    for (int id = size - 1; id >= 0; id--) {
        const ad_node *n = ad_node_of(g, id);
        if (!need[id]) continue;
        for (int i = 0; i < n->nin; i++) need[n->in[i]] = 1;
    }
    for (int id = 0; id < size; id++)
        if (need[id] && ad_node_of(g, id)->op == AD_OP_param) {
            if (count < max) params[count] = (ad_var){ g, id };
            count++;
        }
    ad_free(need);
    return count;
}
