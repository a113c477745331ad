/* memory.h - the allocator hook, and arenas for things that die together.

   Every block is zeroed, aligned to 64 bytes and followed by AD_PAD bytes of slack, which vector kernels may read
   and overwrite. The library takes all its memory here; third-party libraries do not. */
#ifndef COSTATE_AUTODIFF_MEMORY_H
#define COSTATE_AUTODIFF_MEMORY_H

#include <costate/autodiff/base.h>

COSTATE_BEGIN_DECLS

enum { AD_ALIGN = 64, AD_PAD = 128 };

typedef struct ad_allocator {
    void *(*alloc)(size_t bytes,
                   void  *ctx);        /* aligned to AD_ALIGN, or NULL                       */
    void (*free)(void *p, void *ctx); /* p is never NULL                                    */
    void *ctx;
} ad_allocator;

/* Installs a hook for the whole process; NULL restores the default (aligned_alloc). Call it while nothing is live. */
void ad_allocator_set(const ad_allocator *a);

void *ad_alloc(size_t bytes); /* zeroed; NULL (with a sentence) when there is none */
void *ad_realloc(void *p, size_t old,
                 size_t bytes); /* keeps the first old bytes; p stays valid on failure */
void  ad_free(void *p);         /* NULL is fine                                     */
char *ad_strdup(const char *s);

/* An arena hands out zeroed blocks (16-byte aligned) that are freed together. */
typedef struct ad_arena ad_arena;
ad_arena               *ad_arena_new(void);
void                   *ad_arena_alloc(ad_arena *a, size_t bytes);
char                   *ad_arena_strdup(ad_arena *a, const char *s);
void                    ad_arena_free(ad_arena *a);

COSTATE_END_DECLS
#endif
