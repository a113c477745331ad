/* vtrig.h - circular functions whose value depends on their argument alone (internal).

   SLEEF's sin, cos and tan reduce a whole vector by the way that its largest argument needs, and the three ways differ in the
   last bit: an element would depend on its neighbours. So each way gets vectors of its own: where arguments of several
   ranges meet, the others are replaced by one that belongs to the range, and the function is called once a range. The bounds
   lie inside SLEEF's (62.5 and 39000 in float32, 15 and 1e14 in float64). NaN goes with the huge ones. */
#ifndef COSTATE_AUTODIFF_KERNELS_VTRIG_H
#define COSTATE_AUTODIFF_KERNELS_VTRIG_H

#include "vmath.h"

typedef v32 vtrig32(v32 x);
typedef v64 vtrig64(v64 x);

#if V_BYTES == 64
V_INLINE int v32_any(m32 m)
{
    return m != 0;
}
V_INLINE int v64_any(m64 m)
{
    return m != 0;
}
#else
V_INLINE int v32_any(m32 m)
{
    int32_t any = 0;
    for (int i = 0; i < L32; i++) any |= m[i];
    return any != 0;
}

V_INLINE int v64_any(m64 m)
{
    int64_t any = 0;
    for (int i = 0; i < L64; i++) any |= m[i];
    return any != 0;
}
#endif

V_INLINE v32 v32_by_range(vtrig32 *f, v32 x)
{
    const v32 a     = v32_abs(x);
    const m32 small = v32_lt(a, v32_all(60)), reducible = v32_lt(a, v32_all(3e4f));
    const m32 large = (m32)(~small & reducible), huge = (m32)~reducible;
    v32       y = f(v32_select(small, x, v32_all(0)));
    if (v32_any(large)) y = v32_select(large, f(v32_select(large, x, v32_all(2e4f))), y);
    if (v32_any(huge)) y = v32_select(huge, f(v32_select(huge, x, v32_all(1e30f))), y);
    return y;
}

V_INLINE v64 v64_by_range(vtrig64 *f, v64 x)
{
    const v64 a     = v64_abs(x);
    const m64 small = v64_lt(a, v64_all(14)), reducible = v64_lt(a, v64_all(1e13));
    const m64 large = (m64)(~small & reducible), huge = (m64)~reducible;
    v64       y = f(v64_select(small, x, v64_all(0)));
    if (v64_any(large)) y = v64_select(large, f(v64_select(large, x, v64_all(1e6))), y);
    if (v64_any(huge)) y = v64_select(huge, f(v64_select(huge, x, v64_all(1e30))), y);
    return y;
}

#endif
