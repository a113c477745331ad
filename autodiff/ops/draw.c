/* draw.c - random draws as nodes: functions of (seed of the run, stream, element). Element number e of sample i of a
   batched shape [c n, d] does not depend on n: block j of its c blocks begins at element j 2^40 of the stream. */
#include <costate/autodiff/random.h>

#include "structure.h"

enum { BLOCK_BITS = 40 };

typedef void fill_fn(ad_type type, uint64_t seed, uint64_t stream, uint64_t first, long n,
                     void *out);

static ad_status fill(const ad_call_args *c, fill_fn *f)
{
    const ad_node *node   = c->node;
    long           blocks = node->shape.batched ? node->shape.dim[0] : 1;
    long           count  = ad_run_elements(node->shape, c->n) / blocks;
    uint64_t       each   = (uint64_t)(ad_elements(node->shape) / blocks); /* of a row */
    for (long j = 0; j < blocks; j++)
        f(node->type, c->seed, (uint64_t)node->attr[0],
          ((uint64_t)j << BLOCK_BITS) + (uint64_t)c->row * each, count,
          ad_at(c->out, node->type, j * count));
    return AD_OK;
}

static ad_status uniform_run(const ad_call_args *c)
{
    return fill(c, ad_random_uniform);
}
static ad_status normal_run(const ad_call_args *c)
{
    return fill(c, ad_random_normal);
}
static ad_status rademacher_run(const ad_call_args *c)
{
    return fill(c, ad_random_rademacher);
}

const ad_op ad_op_uniform    = { .name = "uniform", .flags = AD_NO_CSE, .run = uniform_run };
const ad_op ad_op_normal     = { .name = "normal", .flags = AD_NO_CSE, .run = normal_run };
const ad_op ad_op_rademacher = { .name = "rademacher", .flags = AD_NO_CSE, .run = rademacher_run };

static ad_var random_draw(ad_opcode op, ad_graph *g, ad_type type, ad_shape shape, uint64_t stream)
{
    long    attr = (long)stream;
    ad_node node = { .op = op, .type = type, .shape = shape, .nattr = 1, .attr = &attr };
    return ad_node_add(g, &node);
}

ad_var ad_uniform(ad_graph *g, ad_type type, ad_shape shape, uint64_t stream)
{
    return random_draw(AD_OP_uniform, g, type, shape, stream);
}

ad_var ad_normal(ad_graph *g, ad_type type, ad_shape shape, uint64_t stream)
{
    return random_draw(AD_OP_normal, g, type, shape, stream);
}

ad_var ad_rademacher(ad_graph *g, ad_type type, ad_shape shape, uint64_t stream)
{
    return random_draw(AD_OP_rademacher, g, type, shape, stream);
}
