/* support.h - what several tests share: an allocator that counts and fails on request, numbers, comparisons. */
#ifndef COSTATE_TESTS_SUPPORT_H
#define COSTATE_TESTS_SUPPORT_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <costate/autodiff/memory.h>
#include <costate/autodiff/status.h>

/* The counting allocator. Install it while nothing is live:

       counting c = { 0 };
       counting_start(&c);                   c.live bytes, c.blocks, c.count of allocations so far
       c.fail_at = c.count + 3;              the third allocation from here fails, once
       counting_stop();

   Tests under the address sanitizer fork, and a leak there passes unseen: compare c.live instead. */
typedef struct counting {
    size_t live, peak; /* bytes now, and at most           */
    long   blocks;     /* blocks now                       */
    long   count;      /* allocations asked for            */
    long   fail_at;    /* fails the one that makes count reach this; 0: none */
} counting;

enum { COUNTING_HEADER = AD_ALIGN };

static inline void *counting_alloc(size_t bytes, void *ctx)
{
    counting *c = ctx;
    if (++c->count == c->fail_at) return NULL;
    size_t whole = (bytes + COUNTING_HEADER + AD_ALIGN - 1) / AD_ALIGN * AD_ALIGN;
    char  *p     = aligned_alloc(AD_ALIGN, whole);
    if (!p) return NULL;
    memcpy(p, &bytes, sizeof bytes);
    c->live += bytes;
    c->blocks++;
    if (c->live > c->peak) c->peak = c->live;
    return p + COUNTING_HEADER;
}

static inline void counting_free(void *p, void *ctx)
{
    counting *c = ctx;
    char     *q = (char *)p - COUNTING_HEADER;
    size_t    bytes;
    memcpy(&bytes, q, sizeof bytes);
    c->live -= bytes;
    c->blocks--;
    free(q);
}

static inline void counting_start(counting *c)
{
    ad_allocator_set(&(ad_allocator){ counting_alloc, counting_free, c });
}

static inline void counting_stop(void)
{
    ad_allocator_set(NULL);
}

/* Makes every allocation of body() fail in turn. body() must clean up after itself and return its status. True if each
   failure came back as AD_NO_MEMORY with nothing left alive, and the last run, with none failing, as AD_OK.
   *runs: how many allocations were failed (so that a test can see that there were any). */
static inline int every_allocation_fails_cleanly(ad_status (*body)(void *), void *arg, long *runs)
{
    int good = 1;
    *runs    = 0;
    for (long i = 1; good; i++) {
        counting c = { .fail_at = i };
        counting_start(&c);
        ad_status s = body(arg);
        counting_stop();
        int reached = c.count >= i;
        if (s != (reached ? AD_NO_MEMORY : AD_OK) || c.live != 0) {
            fprintf(stderr,
                    "allocation %ld failing: status %s (%s), %zu bytes in %ld blocks still live\n",
                    i, ad_status_name(s), ad_message(), c.live, c.blocks);
            good = 0;
        }
        if (!reached) break;
        ++*runs;
    }
    return good;
}

/* The folder of shared reference data: a path in text, or NULL when the file is not there (skip the test then). */
static inline const char *shared_file(const char *name, char *text, size_t size)
{
    const char *root = getenv("COSTATE_SHARED");
    if (root)
        snprintf(text, size, "%s/%s", root, name);
    else
        snprintf(text, size, "%s/../shared/%s", COSTATE_SOURCE_DIR, name);
    FILE *f = fopen(text, "rb");
    if (!f) return NULL;
    fclose(f);
    return text;
}

/* A small generator for test data (splitmix64): next in [lo, hi). */
static inline double draw(uint64_t *state, double lo, double hi)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z          = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z          = (z ^ z >> 27) * 0x94d049bb133111ebu;
    z ^= z >> 31;
    return lo + (hi - lo) * (double)(z >> 11) * 0x1p-53;
}

/* max |a - b| / (1 + max |b|) over n numbers; infinite when a NaN stands on one side only. */
static inline double distance(long n, const double a[], const double b[])
{
    double d = 0, m = 0;
    for (long i = 0; i < n; i++) {
        if (isnan(a[i]) && isnan(b[i])) continue;
        if (isnan(a[i]) || isnan(b[i])) return INFINITY;
        if (a[i] == b[i]) continue;
        if (fabs(a[i] - b[i]) > d) d = fabs(a[i] - b[i]);
        if (fabs(b[i]) > m) m = fabs(b[i]);
    }
    return d / (1 + m);
}

#endif
