/* text_trace.c - expressions as operations.

   Numbers stay numbers until they meet a variable: 2*pi*t is one scale(), x^(1 + 1) is powi(x, 2), x/4 is scale(x, 1/4).
   In float32 mode what depends on t and parameters alone stays float64 (as t itself does) and is rounded where it meets
   a state; comparisons, floor, mod and sign are made in float64 wherever time takes part, also against a state. */
#include <math.h>
#include <string.h>

#include <costate/autodiff/layers.h>

#include "text_internal.h"

typedef struct text_value {
    int    number; /* 1: the number c, else v */
    double c;
    ad_var v;
    int    wide; /* v depends on a state: one value a sample, of the state's type */
} text_value;

typedef struct text_tracer {
    nde_system      *s;
    const nde_point *at;
    text_value      *auxiliary;   /* one a definition                       */
    text_value      *output;      /* of all networks, one behind another    */
    ad_var          *parameter;   /* traced at first use                    */
    char            *done, *used; /* networks, parameters                 */
    text_value      *value;       /* of the nodes of the expression at hand */
} text_tracer;

static text_value constant(double c)
{
    return (text_value){ .number = 1, .c = c };
}

static ad_var as(const text_tracer *c, const text_value *x, ad_type type)
{
    if (x->number) return ad_const(c->at->g, type, x->c);
    return ad_type_of(x->v) == type ? x->v : ad_cast(x->v, type);
}

/* The type in which n values meet. */
static ad_type common(const text_tracer *c, int n, const text_value x[], int float64)
{
    int any64 = 0, any_wide = 0;
    for (int i = 0; i < n; i++) {
        any64 |= !x[i].number && ad_type_of(x[i].v) == AD_F64;
        any_wide |= x[i].wide;
    }
    return any_wide && !float64 ? c->at->type : any64 ? AD_F64 : c->at->type;
}

static text_value result(const text_tracer *c, ad_var v, int wide)
{
    if (wide && ad_type_of(v) != c->at->type) v = ad_cast(v, c->at->type);
    return (text_value){ .v = v, .wide = wide };
}

static text_value call(const text_tracer *c, const text_function *f, const text_value x[])
{
    int numbers = 1, wide = 0;
    for (int i = 0; i < f->arity; i++) {
        numbers &= x[i].number;
        wide |= x[i].wide;
    }
    if (numbers) return constant(nde_text_call(f, (double[]){ x[0].c, x[1].c, x[2].c }));
    ad_var  v[3];
    ad_type type = common(c, f->arity, x, f->float64);
    for (int i = 0; i < f->arity; i++) v[i] = as(c, &x[i], type);
    return result(c,
                  f->v1   ? f->v1(v[0])
                  : f->v2 ? f->v2(v[0], v[1])
                          : f->v3(v[0], v[1], v[2]),
                  wide);
}

static text_value two(const text_tracer *c, ad_var op(ad_var, ad_var), const text_value x[])
{
    ad_type type = common(c, 2, x, 0);
    return result(c, op(as(c, &x[0], type), as(c, &x[1], type)), x[0].wide | x[1].wide);
}

static text_value shifted(const text_value *x, double c)
{
    return c == 0 ? *x : (text_value){ .v = ad_shift(x->v, c), .wide = x->wide };
}

static text_value scaled(const text_value *x, double c)
{
    return c == 1 ? *x : (text_value){ .v = ad_scale(x->v, c), .wide = x->wide };
}

static text_value add(const text_tracer *c, const text_value x[])
{
    if (x[0].number) return shifted(&x[1], x[0].c);
    if (x[1].number) return shifted(&x[0], x[1].c);
    return two(c, ad_add, x);
}

static text_value sub(const text_tracer *c, const text_value x[])
{
    return x[1].number ? shifted(&x[0], -x[1].c) : two(c, ad_sub, x);
}

static text_value mul(const text_tracer *c, const text_value x[])
{
    if (x[0].number) return scaled(&x[1], x[0].c);
    if (x[1].number) return scaled(&x[0], x[1].c);
    return two(c, ad_mul, x);
}

/* x / c as x (1/c): within one ulp of the quotient, and a vector division saved. */
static text_value quotient(const text_tracer *c, const text_value x[])
{
    double inverse = 1 / x[1].c;
    if (x[1].number && isnormal(inverse) && fabs(inverse) > 1e-30 && fabs(inverse) < 1e30)
        return scaled(&x[0], inverse);
    if (x[0].number && x[0].c == 1)
        return (text_value){ .v = ad_reciprocal(x[1].v), .wide = x[1].wide };
    return two(c, ad_div, x);
}

static text_value power(const text_tracer *c, const text_value x[])
{
    enum { MOST = 64 };
    double k = x[1].c;
    if (x[1].number && k == 0) return constant(1);
    if (x[1].number && k == 1) return x[0];
    if (x[1].number && k == 0.5) return (text_value){ .v = ad_sqrt(x[0].v), .wide = x[0].wide };
    if (x[1].number && k == floor(k) && fabs(k) <= MOST)
        return (text_value){ .v = ad_powi(x[0].v, (int)k), .wide = x[0].wide };
    return two(c, ad_pow, x);
}

static text_value binary(const text_tracer *c, text_op op, const text_value x[])
{
    double a = x[0].c, b = x[1].c;
    int    numbers = x[0].number && x[1].number;
    switch (op) {
    case TEXT_ADD: return numbers ? constant(a + b) : add(c, x);
    case TEXT_SUB: return numbers ? constant(a - b) : sub(c, x);
    case TEXT_MUL: return numbers ? constant(a * b) : mul(c, x);
    case TEXT_DIV: return numbers ? constant(a / b) : quotient(c, x);
    default: return numbers ? constant(pow(a, b)) : power(c, x);
    }
}

static ad_var parameter(text_tracer *c, int i)
{
    const nde_system_parameter *p = c->s->about.parameter + i;
    if (!c->used[i])
        c->parameter[i] = ad_param(c->at->g, c->at->theta, p->name, ad_vector(1), AD_INIT_VALUE,
                                   p->value);
    c->used[i] = 1;
    return c->parameter[i];
}

/* [n, 1] of the state's type, whatever it was */
static ad_var column(const text_tracer *c, const text_value *x)
{
    if (x->number) return ad_full(c->at->g, c->at->type, ad_rows(1), x->c);
    ad_var v = as(c, x, c->at->type);
    return v.id < 0 || ad_shape_equal(ad_shape_of(v), ad_rows(1)) ? v : ad_broadcast(v, ad_rows(1));
}

static void network(text_tracer *c, int index, const int input[], int first)
{
    const text_network       *f    = TEXT_NETWORKS(c->s) + index;
    const nde_system_network *a    = &f->about;
    ad_var                   *x    = ad_alloc((size_t)a->inputs * sizeof *x);
    long                     *wide = ad_alloc(((size_t)a->hidden + 1) * sizeof *wide);
    ad_var                    y    = AD_NONE;
    c->done[index]                 = 1;
    if (x && wide) {
        for (int i = 0; i < a->inputs; i++) x[i] = column(c, &c->value[input[i] - first]);
        memcpy(wide, a->widths, (size_t)a->hidden * sizeof *wide);
        wide[a->hidden] = a->outputs;
        y               = a->inputs == 1 ? x[0] : ad_concat(a->inputs, x, 1);
        y               = ad_mlp(y, c->at->theta, a->name, a->hidden + 1, wide, ad_tanh);
    } else {
        ad_graph_fail(c->at->g, AD_NO_MEMORY, "%s", ad_message());
    }
    for (int i = 0; i < a->outputs; i++)
        c->output[f->offset + i] = (text_value){ .v    = a->outputs == 1 ? y
                                                                         : ad_slice(y, 1, i, i + 1),
                                                 .wide = 1 };
    ad_free(x);
    ad_free(wide);
}

static text_value output(text_tracer *c, const text_node *n, int first)
{
    const text_network *f = TEXT_NETWORKS(c->s) + n->ref;
    if (!c->done[n->ref]) network(c, n->ref, nde_text_nn(c->s, n->in[0]).input, first); /* inline */
    return c->output[f->offset + n->in[1]];
}

static text_value apply(text_tracer *c, const text_node *n, int first)
{
    const text_function *f     = n->op == TEXT_CALL ? nde_text_function_at(n->ref) : NULL;
    int                  arity = f ? f->arity : n->op == TEXT_NEG ? 1 : n->op > TEXT_NEG ? 2 : 0;
    text_value           x[3]  = { { 0 } };
    for (int i = 0; i < arity; i++) x[i] = c->value[n->in[i] - first];
    switch (n->op) {
    case TEXT_VALUE: return constant(n->value);
    case TEXT_TIME: return (text_value){ .v = c->at->t };
    case TEXT_STATE: return (text_value){ .v = c->at->part[n->ref], .wide = 1 };
    case TEXT_PARAMETER: return (text_value){ .v = parameter(c, n->ref) };
    case TEXT_AUXILIARY: return c->auxiliary[n->ref];
    case TEXT_OUTPUT: return output(c, n, first);
    case TEXT_NEG:
        return x->number ? constant(-x->c) : (text_value){ .v = ad_neg(x->v), .wide = x->wide };
    case TEXT_CALL: return call(c, f, x);
    case TEXT_NN: return constant(NAN); /* a definition's root, which has no value */
    default: return binary(c, n->op, x);
    }
}

static text_value expression(text_tracer *c, text_expr e)
{
    for (int i = e.first; i < e.end; i++)
        c->value[i - e.first] = apply(c, TEXT_NODES(c->s) + i, e.first);
    return c->value[e.end - 1 - e.first];
}

static void definitions(text_tracer *c, const char *need)
{
    for (int d = 0; d < c->s->definitions.count; d++) {
        const text_definition *def = TEXT_DEFINITIONS(c->s) + d;
        if (!need[d]) continue;
        c->auxiliary[d] = expression(c, def->a);
        if (def->network >= 0)
            network(c, def->network,
                    nde_text_nn(c->s, TEXT_NETWORKS(c->s)[def->network].place).input, def->a.first);
    }
}

static ad_status tracer_new(text_tracer *c, int n, const text_expr e[])
{
    nde_system *s    = c->s;
    int         most = 1;
    for (int i = 0; i < n; i++) most = e[i].end - e[i].first > most ? e[i].end - e[i].first : most;
    for (int d = 0; d < s->definitions.count; d++) {
        text_expr a = TEXT_DEFINITIONS(s)[d].a;
        most        = a.end - a.first > most ? a.end - a.first : most;
    }
    c->auxiliary = ad_alloc(((size_t)s->definitions.count + 1) * sizeof *c->auxiliary);
    c->output    = ad_alloc(((size_t)s->outputs + 1) * sizeof *c->output);
    c->parameter = ad_alloc(((size_t)s->parameters.count + 1) * sizeof *c->parameter);
    c->done      = ad_alloc((size_t)s->networks.count + 1);
    c->used      = ad_alloc((size_t)s->parameters.count + 1);
    c->value     = ad_alloc((size_t)most * sizeof *c->value);
    return c->auxiliary && c->output && c->parameter && c->done && c->used && c->value
               ? AD_OK
               : AD_NO_MEMORY;
}

static void tracer_free(text_tracer *c)
{
    ad_free(c->auxiliary);
    ad_free(c->output);
    ad_free(c->parameter);
    ad_free(c->done);
    ad_free(c->used);
    ad_free(c->value);
}

ad_status nde_text_trace(nde_system *s, const nde_point *at, int shared, int n, const text_expr e[],
                         ad_var out[])
{
    text_tracer c    = { .s = s, .at = at };
    char       *need = ad_alloc((size_t)s->definitions.count + 1);
    ad_status   st   = need ? tracer_new(&c, n, e) : AD_NO_MEMORY;
    for (int i = 0; i < n; i++) out[i] = AD_NONE;
    if (!st) {
        for (int i = 0; i < n; i++) nde_text_mark(s, e[i], need);
        nde_text_mark_close(s, need);
        definitions(&c, need);
        for (int i = 0; i < n; i++) {
            text_value v = expression(&c, e[i]);
            out[i]       = shared ? as(&c, &v, at->type) : column(&c, &v);
        }
    }
    tracer_free(&c);
    ad_free(need);
    if (st) ad_graph_fail(at->g, st, "%s", ad_message());
    return ad_graph_status(at->g);
}
