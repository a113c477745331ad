/* plan_one.c - strip programs on one number: no vectors, no function call for plain arithmetic. The systems of a few scalar
   equations (Lotka-Volterra, Lorenz) spend their time here: an instruction is one jump through a table. */
#include <math.h>
#include <string.h>

#include "plan_internal.h"

enum { ONE_PAIR = AD_OPS }; /* the code behind those of the operations */

int ad_plan_one_code(const instr *i)
{
    return 2 * (i->kind == I_PAIR ? (int)ONE_PAIR : (int)i->op) + (i->type == AD_F64);
}

/* A kernel of whole vectors on one number: through a buffer of its own, so that nothing else is touched. */
static void run_padded(char *const *base, const instr *i)
{
    _Alignas(AD_ALIGN) char d[2 * AD_PAD], x[3][2 * AD_PAD];
    size_t                  bytes = ad_type_size(i->type);
    ad_strip_args           s     = { .d = d, .n = 1, .k = i->k, .attr = i->attr };
    for (int j = 0; j < i->m; j++) {
        memset(x[j], 0, AD_ALIGN);
        memcpy(x[j], base[i->x[j].base] + i->x[j].off, bytes);
        s.x[j] = x[j];
    }
    i->fn(&s);
    memcpy(base[i->d.base] + i->d.off, d, bytes);
}

void ad_plan_run_one(char *const *base, const instr *i, const instr *end)
{
    for (; i < end; i++) {
        switch (i->one) {
#define REAL         float
#define OTHER        double
#define CODE(op)     2 * (int)(op)
#define FMA(a, b, c) __builtin_fmaf(a, b, c)
#define SQRT(x)      sqrtf(x)
#define ABS(x)       fabsf(x)
#include "plan_one.inc"
#undef REAL
#undef OTHER
#undef CODE
#undef FMA
#undef SQRT
#undef ABS
#define REAL         double
#define OTHER        float
#define CODE(op)     2 * (int)(op) + 1
#define FMA(a, b, c) __builtin_fma(a, b, c)
#define SQRT(x)      sqrt(x)
#define ABS(x)       fabs(x)
#include "plan_one.inc"
#undef REAL
#undef OTHER
#undef CODE
#undef FMA
#undef SQRT
#undef ABS
        default: run_padded(base, i);
        }
    }
}
