/* random.h - counter-based random numbers: Philox 4x32-10 (Salmon, Moraes, Dror, Shaw 2011, "Parallel random numbers: as easy
   as 1, 2, 3").

   A draw is a function of (seed, stream, element) and of nothing else: not of the batch, the thread, the order or the
   length of the fill. The block with counter (b, stream), each 64 bits, low word first, and key seed gives

       uniform     elements 2 b and 2 b + 1: (the upper bits of each half + 1/2) 2^-52, or 2^-23 in float32,
       normal      the same two by Box and Muller 1958: sqrt(-2 log u) (cos, sin)(2 pi v),
       Rademacher  elements 128 b .. 128 b + 127, a bit each.

   No mathematical library takes part: the same numbers everywhere. float32 draws are the float64 ones rounded, except that a
   uniform one is cut to 23 bits, so that it lies inside (0, 1) too. */
#ifndef COSTATE_AUTODIFF_RANDOM_H
#define COSTATE_AUTODIFF_RANDOM_H

#include <costate/autodiff/types.h>

COSTATE_BEGIN_DECLS

/* One block: four random words of a counter and a key. */
void ad_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

/* 64 random bits: those that uniform element number `element` is made of. */
uint64_t ad_random_bits(uint64_t seed, uint64_t stream, uint64_t element);

/* out[i] = element first + i of the stream, i = 0 .. n - 1. */
void ad_random_uniform(ad_type type, uint64_t seed, uint64_t stream, uint64_t first, long n,
                       void *out);
void ad_random_normal(ad_type type, uint64_t seed, uint64_t stream, uint64_t first, long n,
                      void *out);
void ad_random_rademacher(ad_type type, uint64_t seed, uint64_t stream, uint64_t first, long n,
                          void *out);

/* A random order of 0 .. n - 1: Fisher and Yates, drawing elements 0 .. n - 2 of the stream. */
void ad_random_permutation(uint64_t seed, uint64_t stream, long n, long order[]);

COSTATE_END_DECLS
#endif
