/* strided.c - one copy between strided arrays: what broadcast, permute, slice, concat and pad are at run time. */
#include <string.h>

#include "structure.h"

#define WORD  uint32_t
#define COPY  copy32
#define TILES tiles32
#include "strided_kernel.inc"
#undef WORD
#undef COPY
#undef TILES
#define WORD  uint64_t
#define COPY  copy64
#define TILES tiles64
#include "strided_kernel.inc"

/* Drops axes of extent 1 and joins neighbours that both sides walk through as one: few axes, long inner runs. */
static ad_copy collapse(const ad_copy *c)
{
    ad_copy r = { .rank = 0 };
    for (int i = 0; i < c->rank; i++) {
        if (c->dim[i] == 1) continue;
        int k = r.rank - 1;
        if (k >= 0 && r.dst[k] == c->dst[i] * c->dim[i] && r.src[k] == c->src[i] * c->dim[i]) {
            r.dim[k] *= c->dim[i];
        } else {
            k        = r.rank++;
            r.dim[k] = c->dim[i];
        }
        r.dst[k] = c->dst[i];
        r.src[k] = c->src[i];
    }
    return r;
}

void ad_copy_run(const ad_copy *whole, ad_type type, void *dst, const void *src)
{
    ad_copy c = collapse(whole);
    for (int i = 0; i < c.rank; i++)
        if (c.dim[i] == 0) return;
    int  outer = c.rank > 2 ? c.rank - 2 : 0, two = c.rank >= 2, one = c.rank >= 1;
    long rows = two ? c.dim[c.rank - 2] : 1, cols = one ? c.dim[c.rank - 1] : 1;
    long d[2]               = { two ? c.dst[c.rank - 2] : 0, one ? c.dst[c.rank - 1] : 1 };
    long s[2]               = { two ? c.src[c.rank - 2] : 0, one ? c.src[c.rank - 1] : 1 };
    long index[AD_RANK + 1] = { 0 }, to = 0;
    do {
        long from = 0;
        for (int i = 0; i < outer; i++) from += index[i] * c.src[i];
        if (type == AD_F32)
            copy32(rows, cols, d, s, (uint32_t *)dst + to, (const uint32_t *)src + from);
        else
            copy64(rows, cols, d, s, (uint64_t *)dst + to, (const uint64_t *)src + from);
    } while (ad_next(outer, c.dim, c.dst, index, &to));
}
