/* text_eval.c - expressions in double, node after node. It shares nothing with the tracer but the nodes, so that each can
   be tested against the other. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "text_internal.h"

typedef struct text_numbers {
    nde_system      *s;
    double           t;
    const double    *y, *theta;
    const ad_params *layout;    /* of theta                             */
    double          *auxiliary; /* one a definition                     */
    double          *output;    /* of all networks, one behind another  */
    double          *layer;     /* two layers of the widest             */
    long             widest;
    char            *done;  /* one a network                        */
    double          *value; /* of the nodes of the expression at hand */
} text_numbers;

void nde_text_mark(const nde_system *s, text_expr e, char *need)
{
    for (int i = e.first; i < e.end; i++) {
        const text_node *n = TEXT_NODES(s) + i;
        if (n->op == TEXT_AUXILIARY) need[n->ref] = 1;
        if (n->op == TEXT_OUTPUT && TEXT_NETWORKS(s)[n->ref].definition >= 0)
            need[TEXT_NETWORKS(s)[n->ref].definition] = 1;
    }
}

void nde_text_mark_close(const nde_system *s, char *need)
{
    for (int d = s->definitions.count - 1; d >= 0; d--)
        if (need[d]) nde_text_mark(s, TEXT_DEFINITIONS(s)[d].a, need);
}

static const double *weights(const text_numbers *c, const text_network *f, int layer,
                             const char *what)
{
    char name[128];
    snprintf(name, sizeof name, "%s.%d.%s", f->about.name, layer, what);
    return c->theta + ad_params_view(c->layout, ad_params_find(c->layout, name))->offset;
}

/* tanh between the layers, linear at the end */
static void network(text_numbers *c, int index, const int input[], int first)
{
    const text_network *f  = TEXT_NETWORKS(c->s) + index;
    double             *in = c->layer, *out = c->layer + c->widest;
    long                n = f->about.inputs;
    for (long i = 0; i < n; i++) in[i] = c->value[input[i] - first];
    for (int l = 0; l <= f->about.hidden; l++) {
        const double *w = weights(c, f, l, "weight"), *b = weights(c, f, l, "bias");
        long          m = l < f->about.hidden ? f->about.widths[l] : f->about.outputs;
        for (long i = 0; i < m; i++) {
            double sum = b[i];
            for (long j = 0; j < n; j++) sum += w[i * n + j] * in[j];
            out[i] = l < f->about.hidden ? tanh(sum) : sum;
        }
        double *spare = in;
        in = out, out = spare;
        n = m;
    }
    memcpy(c->output + f->offset, in, (size_t)f->about.outputs * sizeof *in);
    c->done[index] = 1;
}

static double output(text_numbers *c, const text_node *n, int first)
{
    const text_network *f = TEXT_NETWORKS(c->s) + n->ref;
    if (!c->done[n->ref]) network(c, n->ref, nde_text_nn(c->s, n->in[0]).input, first); /* inline */
    return c->output[f->offset + n->in[1]];
}

static double parameter(const text_numbers *c, int i)
{
    if (!c->theta) return ((nde_system_parameter *)c->s->parameters.item)[i].value;
    return c->theta[ad_params_view(c->layout, i)->offset];
}

static double apply(text_numbers *c, const text_node *n, int first)
{
    const double *v = c->value;
    double        x[3];
    for (int i = 0; i < 3; i++)
        x[i] = n->op >= TEXT_NEG && n->in[i] >= first ? v[n->in[i] - first] : 0;
    switch (n->op) {
    case TEXT_VALUE: return n->value;
    case TEXT_TIME: return c->t;
    case TEXT_STATE: return c->y[n->ref];
    case TEXT_PARAMETER: return parameter(c, n->ref);
    case TEXT_AUXILIARY: return c->auxiliary[n->ref];
    case TEXT_OUTPUT: return output(c, n, first);
    case TEXT_NEG: return -x[0];
    case TEXT_ADD: return x[0] + x[1];
    case TEXT_SUB: return x[0] - x[1];
    case TEXT_MUL: return x[0] * x[1];
    case TEXT_DIV: return x[0] / x[1];
    case TEXT_POW: return pow(x[0], x[1]);
    case TEXT_CALL: return nde_text_call(nde_text_function_at(n->ref), x);
    default: return NAN; /* TEXT_NN: a definition's root, which has no value */
    }
}

static double expression(text_numbers *c, text_expr e)
{
    for (int i = e.first; i < e.end; i++)
        c->value[i - e.first] = apply(c, TEXT_NODES(c->s) + i, e.first);
    return c->value[e.end - 1 - e.first];
}

static void longest(text_expr e, size_t *most)
{
    if ((size_t)(e.end - e.first) > *most) *most = (size_t)(e.end - e.first);
}

static ad_status numbers_new(text_numbers *c, int n, const text_expr e[])
{
    nde_system *s    = c->s;
    size_t      most = 1;
    for (int i = 0; i < n; i++) longest(e[i], &most);
    for (int d = 0; d < s->definitions.count; d++) longest(TEXT_DEFINITIONS(s)[d].a, &most);
    c->widest = 1;
    for (int i = 0; s->outputs && i < s->networks.count; i++) {
        const nde_system_network *f = &TEXT_NETWORKS(s)[i].about;
        if (f->inputs > c->widest) c->widest = f->inputs;
        if (f->outputs > c->widest) c->widest = f->outputs;
        for (int l = 0; l < f->hidden; l++)
            if (f->widths[l] > c->widest) c->widest = f->widths[l];
    }
    c->auxiliary = ad_alloc(((size_t)s->definitions.count + 1) * sizeof(double));
    c->output    = ad_alloc(((size_t)s->outputs + 1) * sizeof(double));
    c->layer     = ad_alloc(2 * (size_t)c->widest * sizeof(double));
    c->done      = ad_alloc((size_t)s->networks.count + 1);
    c->value     = ad_alloc(most * sizeof(double));
    return c->auxiliary && c->output && c->layer && c->done && c->value ? AD_OK : AD_NO_MEMORY;
}

static void numbers_free(text_numbers *c)
{
    ad_free(c->auxiliary);
    ad_free(c->output);
    ad_free(c->layer);
    ad_free(c->done);
    ad_free(c->value);
}

static void definitions(text_numbers *c, const char *need)
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

ad_status nde_text_evaluate(nde_system *s, double t, const double *y, const double *theta, int n,
                            const text_expr e[], double value[])
{
    text_numbers c    = { .s = s, .t = t, .y = y, .theta = theta };
    char        *need = ad_alloc((size_t)s->definitions.count + 1);
    ad_status    st   = need ? numbers_new(&c, n, e) : AD_NO_MEMORY;
    if (!st && theta && !(c.layout = nde_system_params(s, AD_F64))) st = AD_NO_MEMORY;
    if (!st) {
        for (int i = 0; i < n; i++) nde_text_mark(s, e[i], need);
        nde_text_mark_close(s, need);
        definitions(&c, need);
        for (int i = 0; i < n; i++) value[i] = expression(&c, e[i]);
    }
    numbers_free(&c);
    ad_free(need);
    return st;
}

ad_status nde_system_eval(nde_system *s, double t, const double *y, const double *theta, double *dy,
                          double *loss)
{
    if (s->networks.count && !theta)
        return ad_fail(AD_INVALID,
                       "%s: a system with networks has no value without weights: give theta",
                       s->file);
    if (loss && !s->about.has_loss)
        return ad_fail(AD_INVALID, "%s has no loss = ... line", s->file);
    if (dy) AD_TRY(nde_text_evaluate(s, t, y, theta, s->states.count, TEXT_EQUATIONS(s), dy));
    return loss ? nde_text_evaluate(s, t, y, theta, 1, &s->loss, loss) : AD_OK;
}

ad_status nde_system_start_values(nde_system *s, const double *theta, double *y0)
{
    for (int i = 0; i < s->states.count; i++) {
        const nde_system_state *x = s->about.state + i;
        y0[i]                     = x->start == NDE_START_NONE ? NAN : x->y0;
        if (x->start == NDE_START_EXPRESSION)
            AD_TRY(nde_text_evaluate(s, 0, NULL, theta, 1, &TEXT_STARTS(s)[i], &y0[i]));
    }
    return AD_OK;
}
