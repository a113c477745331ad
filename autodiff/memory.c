#include <stdlib.h>
#include <string.h>

#include <costate/autodiff/memory.h>
#include <costate/autodiff/status.h>

static void *system_alloc(size_t bytes, void *ctx)
{
    (void)ctx;
    return aligned_alloc(AD_ALIGN, bytes);
}

static void system_free(void *p, void *ctx)
{
    (void)ctx;
    free(p);
}

static ad_allocator hook = { system_alloc, system_free, NULL };

void ad_allocator_set(const ad_allocator *a)
{
    hook = a ? *a : (ad_allocator){ system_alloc, system_free, NULL };
}

void *ad_alloc(size_t bytes)
{
    void *p = NULL;
    if (bytes <= SIZE_MAX / 2) {
        size_t whole = (bytes + AD_PAD + AD_ALIGN - 1) / AD_ALIGN * AD_ALIGN;
        p            = hook.alloc(whole, hook.ctx);
        if (p) memset(p, 0, whole);
    }
    if (!p)
        ad_fail(AD_NO_MEMORY,
                "out of memory: %zu bytes were asked for; a smaller batch, fewer recorded steps or "
                "the recomputing adjoint need less",
                bytes);
    return p;
}

void *ad_realloc(void *p, size_t old, size_t bytes)
{
    void *q = ad_alloc(bytes);
    if (q && p) {
        memcpy(q, p, old < bytes ? old : bytes);
        ad_free(p);
    }
    return q;
}

void ad_free(void *p)
{
    if (p) hook.free(p, hook.ctx);
}

char *ad_strdup(const char *s)
{
    size_t n = strlen(s) + 1;
    char  *p = ad_alloc(n);
    if (p) memcpy(p, s, n);
    return p;
}

/* Blocks of doubling size; a request larger than the next block gets one of its own. */
typedef struct block {
    struct block *next;
    size_t        size, used;
} block;

struct ad_arena {
    block *first;
    size_t next_size;
};

enum { HEADER = (sizeof(block) + 15) / 16 * 16 };

ad_arena *ad_arena_new(void)
{
    ad_arena *a = ad_alloc(sizeof *a);
    if (a) a->next_size = 4096;
    return a;
}

void *ad_arena_alloc(ad_arena *a, size_t bytes)
{
    bytes    = (bytes + 15) / 16 * 16;
    block *b = a->first;
    if (!b || b->size - b->used < bytes) {
        size_t size = a->next_size > bytes ? a->next_size : bytes;
        b           = ad_alloc(HEADER + size);
        if (!b) return NULL;
        b->size  = size;
        b->next  = a->first;
        a->first = b;
        if (a->next_size < (size_t)1 << 24) a->next_size *= 2;
    }
    void *p = (char *)b + HEADER + b->used;
    b->used += bytes;
    return p;
}

char *ad_arena_strdup(ad_arena *a, const char *s)
{
    size_t n = strlen(s) + 1;
    char  *p = ad_arena_alloc(a, n);
    if (p) memcpy(p, s, n);
    return p;
}

void ad_arena_free(ad_arena *a)
{
    if (!a) return;
    for (block *b = a->first; b;) {
        block *next = b->next;
        ad_free(b);
        b = next;
    }
    ad_free(a);
}
