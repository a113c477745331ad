/* table.c - the table of operations: registry.def as pointers to the rows. */
#include <costate/autodiff/op.h>

#define OP(name) extern const ad_op ad_op_##name;
#include "registry.def"
#undef OP

static const ad_op *const table[AD_OPS] = {
#define OP(name) &ad_op_##name,
#include "registry.def"
#undef OP
};

const ad_op *ad_op_row(ad_opcode op)
{
    return table[op];
}
