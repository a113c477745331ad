/* eager.c - out[] node by node with the plain kernels of the table: the oracle of the plans, and for stepping through.

   A value lives from its node's turn to its last use. */
#include <string.h>

#include <costate/autodiff/plan.h>

#include "op.h"

typedef struct operand {
    ad_type type;
    long    along; /* 1: of the node's shape, 0: one element */
} operand;

typedef struct eager {
    const ad_graph *g;
    const ad_args  *a;
    ad_call_args    call;
    int             size;
    const void    **value; /* of each node; owned where own[] is set */
    char           *own;
    int         *last; /* its last user; 0: nobody needs it (no node uses node 0 before node 1) */
    const void **in;   /* of the node at hand: its operands, and a scalar of each */
    operand     *operand;
    double      *x;
} eager;

static double load(const void *p, ad_type type, long i)
{
    return type == AD_F32 ? (double)((const float *)p)[i] : ((const double *)p)[i];
}

static ad_status elementwise(const eager *e, const ad_op *row)
{
    const ad_node *n     = e->call.node;
    long           count = ad_run_elements(n->shape, e->call.n);
    for (int j = 0; j < n->nin; j++) {
        const ad_node *in = ad_node_of(e->g, n->in[j]);
        e->operand[j]     = (operand){ in->type, ad_shape_equal(in->shape, n->shape) };
    }
    for (long i = 0; i < count; i++) {
        for (int j = 0; j < n->nin; j++)
            e->x[j] = load(e->call.in[j], e->operand[j].type, e->operand[j].along * i);
        double r = row->scalar(e->x, n);
        if (n->type == AD_F32)
            ((float *)e->call.out)[i] = (float)r;
        else
            ((double *)e->call.out)[i] = r;
    }
    return AD_OK;
}

static const char *name_of(const ad_node *n)
{
    return n->name ? n->name : "";
}

static ad_status leaf(eager *e, int id, const ad_node *n)
{
    if (n->op == AD_OP_input)
        return ad_fail(
            AD_INVALID,
            "eager: the result depends on the input '%s', which is not among the inputs given",
            name_of(n));
    if (!e->a->theta)
        return ad_fail(AD_INVALID, "eager: parameter '%s' is needed, but theta is NULL",
                       name_of(n));
    e->value[id] = (const char *)e->a->theta + (size_t)n->attr[0] * ad_type_size(n->type);
    return AD_OK;
}

static ad_status evaluate(eager *e, int id)
{
    const ad_node *n   = ad_node_of(e->g, id);
    const ad_op   *row = ad_op_row(n->op);
    if (n->op == AD_OP_input || n->op == AD_OP_param) return leaf(e, id, n);
    void *out = ad_alloc((size_t)ad_run_elements(n->shape, e->call.n) * ad_type_size(n->type));
    if (!out) return AD_NO_MEMORY;
    e->value[id] = out;
    e->own[id]   = 1;
    for (int j = 0; j < n->nin; j++) e->in[j] = e->value[n->in[j]];
    e->call.node = n;
    e->call.in   = e->in;
    e->call.out  = out;
    return row->run ? row->run(&e->call) : elementwise(e, row);
}

static void release(eager *e, int id, int after)
{
    if (!e->own[id] || e->last[id] > after) return;
    ad_free((void *)e->value[id]);
    e->own[id] = 0;
}

/* Backwards: what out[] depends on, and each node's last user (size: it is a result). Returns the largest number of inputs. */
static int last_uses(eager *e, int nout, const ad_var out[])
{
    int most = 1;
    for (int i = 0; i < nout; i++) e->last[out[i].id] = e->size;
    for (int id = e->size - 1; id >= 0; id--) {
        if (!e->last[id] || e->value[id]) continue;
        const ad_node *n = ad_node_of(e->g, id);
        if (n->nin > most) most = n->nin;
        for (int j = 0; j < n->nin; j++)
            if (e->last[n->in[j]] < id) e->last[n->in[j]] = id;
    }
    return most;
}

static ad_status scratch(eager *e, int most)
{
    e->in      = ad_alloc(sizeof *e->in * (size_t)most);
    e->operand = ad_alloc(sizeof *e->operand * (size_t)most);
    e->x       = ad_alloc(sizeof *e->x * (size_t)most);
    return e->in && e->operand && e->x ? AD_OK : AD_NO_MEMORY;
}

static ad_status run(eager *e, int nout, const ad_var out[])
{
    AD_TRY(scratch(e, last_uses(e, nout, out)));
    for (int id = 0; id < e->size; id++) {
        if (!e->last[id] || e->value[id]) continue;
        const ad_node *n = ad_node_of(e->g, id);
        AD_TRY(evaluate(e, id));
        for (int j = 0; j < n->nin; j++) release(e, n->in[j], id);
    }
    for (int i = 0; i < nout; i++) {
        size_t bytes = (size_t)ad_run_elements(ad_shape_of(out[i]), e->call.n) *
                       ad_type_size(ad_type_of(out[i]));
        if (e->a->out[i] && bytes) memcpy(e->a->out[i], e->value[out[i].id], bytes);
    }
    return AD_OK;
}

static ad_status check(int nin, const ad_var in[], int nout, const ad_var out[], const ad_args *a,
                       const ad_graph *g)
{
    AD_TRY(ad_graph_status(g));
    if (a->n < 0) return ad_fail(AD_INVALID, "eager: a batch of %ld", a->n);
    for (int i = 0; i < nout; i++)
        if (out[i].id < 0 || out[i].g != g)
            return ad_fail(AD_INVALID, "eager: result %d is not a node of this graph", i);
    for (int i = 0; i < nin; i++)
        if (in[i].id < 0 || in[i].g != g || ad_node_of(g, in[i].id)->op != AD_OP_input)
            return ad_fail(AD_INVALID, "eager: input %d is not an input node of this graph", i);
    for (int i = 0; i < nin; i++)
        if (!a->in[i] && ad_run_elements(ad_shape_of(in[i]), a->n) > 0)
            return ad_fail(AD_INVALID, "eager: input '%s' was given no values (NULL)",
                           name_of(ad_node_of(g, in[i].id)));
    return AD_OK;
}

ad_status ad_eager(int nin, const ad_var in[], int nout, const ad_var out[], const ad_args *a)
{
    if (nout < 1 || !out[0].g)
        return ad_fail(AD_INVALID, "eager: no result was asked for, or its graph has a mistake");
    eager e = { .g = out[0].g, .a = a, .size = ad_graph_size(out[0].g) };
    AD_TRY(check(nin, in, nout, out, a, e.g));
    e.call = (ad_call_args){
        .g = e.g, .n = a->n, .divisor = a->divisor ? a->divisor : a->n, .seed = a->seed
    };
    e.value     = ad_alloc(sizeof *e.value * (size_t)e.size);
    e.own       = ad_alloc((size_t)e.size);
    e.last      = ad_alloc(sizeof *e.last * (size_t)e.size);
    ad_status s = AD_NO_MEMORY;
    if (e.value && e.own && e.last) {
        for (int i = 0; i < nin; i++)
            e.value[in[i].id] = a->in[i] ? a->in[i] : ""; /* "": an empty batch */
        s = run(&e, nout, out);
        for (int id = 0; id < e.size; id++) release(&e, id, e.size);
    }
    ad_free(e.value);
    ad_free(e.own);
    ad_free(e.last);
    ad_free(e.in);
    ad_free(e.operand);
    ad_free(e.x);
    return s;
}
