#include <string.h>

#include <costate/autodiff/memory.h>

#include "record.h"

void nde_pool_start(nde_pool *p, size_t chunk_bytes)
{
    *p = (nde_pool){ .chunk_bytes = chunk_bytes };
}

void nde_pool_reset(nde_pool *p)
{
    p->at   = 0;
    p->used = 0;
}

static ad_status new_chunk(nde_pool *p, size_t bytes)
{
    if (p->chunks == p->capacity) {
        int        capacity = 2 * p->capacity + 16;
        nde_chunk *more     = ad_realloc(p->chunk, sizeof *more * (size_t)p->chunks,
                                         sizeof *more * (size_t)capacity);
        if (!more) return AD_NO_MEMORY;
        p->chunk    = more;
        p->capacity = capacity;
    }
    nde_chunk c = { NULL, bytes > p->chunk_bytes ? bytes : p->chunk_bytes };
    if (!(c.at = ad_alloc(c.bytes))) return AD_NO_MEMORY;
    p->chunk[p->chunks++] = c;
    p->total += c.bytes;
    return AD_OK;
}

void *nde_pool_take(nde_pool *p, size_t bytes)
{
    bytes = (bytes + AD_ALIGN - 1) / AD_ALIGN * AD_ALIGN + AD_PAD;
    while (p->at < p->chunks && p->used + bytes > p->chunk[p->at].bytes) p->at++, p->used = 0;
    if (p->at == p->chunks && new_chunk(p, bytes)) return NULL;
    void *at = p->chunk[p->at].at + p->used;
    p->used += bytes;
    return at;
}

void nde_pool_free(nde_pool *p)
{
    for (int i = 0; i < p->chunks; i++) ad_free(p->chunk[i].at);
    ad_free(p->chunk);
}

nde_taken *nde_record_add(nde_record *r)
{
    if (r->steps == r->capacity) {
        long       capacity = 2 * r->capacity + 256;
        nde_taken *more     = ad_realloc(r->step, sizeof *more * (size_t)r->steps,
                                         sizeof *more * (size_t)capacity);
        if (!more) return NULL;
        r->step     = more;
        r->capacity = capacity;
    }
    memset(&r->step[r->steps], 0, sizeof *r->step);
    return &r->step[r->steps++];
}

nde_tried *nde_record_try(nde_record *r)
{
    if (r->attempts == r->tried_capacity) {
        long       capacity = 2 * r->attempts + 256;
        nde_tried *more     = ad_realloc(r->tried, sizeof *more * (size_t)r->attempts,
                                         sizeof *more * (size_t)capacity);
        if (!more) return NULL;
        r->tried          = more;
        r->tried_capacity = capacity;
    }
    return &r->tried[r->attempts++];
}

void nde_record_free(nde_record *r)
{
    if (!r) return;
    nde_pool_free(&r->pool);
    ad_free(r->step);
    ad_free(r->tried);
    ad_free(r->columns);
    ad_free(r->sample);
    ad_free(r);
}
