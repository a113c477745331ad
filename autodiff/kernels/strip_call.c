/* strip_call.c - strip kernels of the table for those outside it. */
#include "../op.h"
#include "strip.h"

static void call(ad_opcode op, double *d, const double *x, long n)
{
    ad_strip_args s = { .d = d, .x = { x }, .n = n };
    ad_op_row(op)->strip[AD_F64 - 1][0](&s);
}

void ad_log_strip(double *d, const double *x, long n)
{
    call(AD_OP_log, d, x, n);
}
void ad_exp_strip(double *d, const double *x, long n)
{
    call(AD_OP_exp, d, x, n);
}
