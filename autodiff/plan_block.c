/* plan_block.c - a list of holes: the buffers of the block that are free at the moment. */
#include <string.h>

#include "plan_place.h"

ad_status ad_place_give(placer *p, size_t off, size_t bytes)
{
    int i = 0;
    while (i < p->count && p->holes[i].off < off) i++;
    int left  = i > 0 && p->holes[i - 1].off + p->holes[i - 1].bytes == off;
    int right = i < p->count && off + bytes == p->holes[i].off;
    if (left && right) {
        p->holes[i - 1].bytes += bytes + p->holes[i].bytes;
        memmove(p->holes + i, p->holes + i + 1, sizeof *p->holes * (size_t)(--p->count - i));
    } else if (left) {
        p->holes[i - 1].bytes += bytes;
    } else if (right) {
        p->holes[i].off = off;
        p->holes[i].bytes += bytes;
    } else {
        if (p->count == p->capacity) {
            hole *more = ad_realloc(p->holes, sizeof *more * (size_t)p->count,
                                    sizeof *more * (size_t)(2 * p->count + 16));
            if (!more) return AD_NO_MEMORY;
            p->holes    = more;
            p->capacity = 2 * p->count + 16;
        }
        memmove(p->holes + i + 1, p->holes + i, sizeof *p->holes * (size_t)(p->count++ - i));
        p->holes[i] = (hole){ off, bytes };
    }
    return AD_OK;
}

size_t ad_place_take(placer *p, size_t bytes)
{
    for (int i = 0; i < p->count; i++) {
        if (p->holes[i].bytes < bytes) continue;
        size_t off = p->holes[i].off;
        p->holes[i].off += bytes;
        p->holes[i].bytes -= bytes;
        if (p->holes[i].bytes == 0)
            memmove(p->holes + i, p->holes + i + 1, sizeof *p->holes * (size_t)(--p->count - i));
        return off;
    }
    size_t off = p->end;
    p->end += bytes;
    return off;
}

/* One number that only the one-element interpreter writes needs no pad. */
static int exact(const builder *b, const ad_node *n)
{
    return ad_run_elements(n->shape, b->p->capacity) == 1 &&
           (ad_op_row(n->op)->flags & AD_ELEMENTWISE);
}

size_t ad_place_bytes(const builder *b, const ad_node *n)
{
    return exact(b, n) ? AD_ALIGN : ad_plan_bytes(n->type, n->shape, ad_build_rows_of(b));
}

/* Room for a node of main: given back after its last reader, or, where that may be another phase, not at all. */
operand ad_place_room(placer *p, const ad_node *n, size_t *bytes)
{
    builder *b = p->b;
    if (b->p->chunk && !n->shape.batched) {
        size_t all = *bytes;
        *bytes     = 0;
        return (operand){ BASE_BLOCK, esize(n), ad_build_keep(b, all) };
    }
    return (operand){ b->p->chunk ? BASE_LOCAL : BASE_BLOCK, esize(n), ad_place_take(p, *bytes) };
}
