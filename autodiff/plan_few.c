/* plan_few.c - strip programs on a few vectors: a kernel's call would cost as much as its work. (A state of 20 samples of 2
   numbers is two and a half vectors; half of such a program's time was calls.) The commonest instructions have a case here,
   the same operations on the same vectors as their kernels in ops/; at another one the
   run stops for a call. */
#include <string.h>

#include "plan_internal.h"

#include "kernels/vmath.h"

enum { FEW_PAIR = AD_OPS };

/* mask: operands of one element. 0 is a code that has no case. */
int ad_plan_few_code(const instr *i, unsigned mask)
{
    int op   = i->kind == I_PAIR ? (int)FEW_PAIR : (int)i->op,
        cube = i->op == AD_OP_powi && i->attr[0] == 3;
    if (i->kind == I_FILL || i->kind == I_CAST || i->kind == I_SPREAD || mask > 1) return 0;
    return 8 * op + 4 * (i->type == AD_F64) + (cube ? 3 : (int)mask);
}

const instr *ad_plan_run_few(char *const *base, const instr *i, const instr *end, long n)
{
    for (; i < end; i++) {
        switch (i->few) {
#define CODE(op, m)  8 * (int)(op) + (m)
#define REAL         float
#define VEC          v32
#define ALL(x)       v32_all(x)
#define LOAD(p)      (*(const v32u *)(p))
#define STORE(p, x)  (*(v32u *)(p) = (x))
#define LANES        L32
#define FMA(a, b, c) v32_fma(a, b, c)
#include "plan_few.inc"
#undef CODE
#undef REAL
#undef VEC
#undef ALL
#undef LOAD
#undef STORE
#undef LANES
#undef FMA
#define CODE(op, m)  8 * (int)(op) + 4 + (m)
#define REAL         double
#define VEC          v64
#define ALL(x)       v64_all(x)
#define LOAD(p)      (*(const v64u *)(p))
#define STORE(p, x)  (*(v64u *)(p) = (x))
#define LANES        L64
#define FMA(a, b, c) v64_fma(a, b, c)
#include "plan_few.inc"
        default: return i;
        }
    }
    return end;
}
