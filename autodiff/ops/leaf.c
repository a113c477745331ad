/* leaf.c - nodes without inputs. An input's and a parameter's values come from the run's arguments. */
#include "structure.h"

const ad_op ad_op_input = { .name = "input", .flags = AD_LEAF };
const ad_op ad_op_param = { .name = "param", .flags = AD_LEAF };

static void store(const ad_call_args *c, long i, double value)
{
    if (c->node->type == AD_F32)
        ((float *)c->out)[i] = (float)value;
    else
        ((double *)c->out)[i] = value;
}

static ad_status full_run(const ad_call_args *c)
{
    long count = ad_run_elements(c->node->shape, c->n);
    for (long i = 0; i < count; i++) store(c, i, c->node->k[0]);
    return AD_OK;
}

static ad_status array_run(const ad_call_args *c)
{
    for (int i = 0; i < c->node->nk; i++) store(c, i, c->node->k[i]);
    return AD_OK;
}

const ad_op ad_op_full  = { .name = "full", .flags = AD_LEAF, .run = full_run };
const ad_op ad_op_array = { .name = "array", .flags = AD_LEAF, .run = array_run };
