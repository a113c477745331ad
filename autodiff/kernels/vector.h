/* vector.h - the widest vectors of the machine, for kernels written once for both precisions (internal).

   A kernel template (x.inc) is included twice, with BITS 32 and 64. In it `real` is the number type, `vec` a
   vector of LANES of them, and NAME(f) the function f of this precision. The build forbids contraction, so that a
   product and a sum stay two roundings unless vfma() asks for one. */
#ifndef COSTATE_AUTODIFF_VECTOR_H
#define COSTATE_AUTODIFF_VECTOR_H

#include <math.h>
#include <string.h>

#include <costate/autodiff/base.h>

#if defined(__AVX512F__)
#include <immintrin.h>
#define VECTOR_BYTES 64
#elif defined(__AVX__)
#include <immintrin.h>
#define VECTOR_BYTES 32
#else
#define VECTOR_BYTES 16
#endif

#define VECTOR_INLINE     static inline __attribute__((always_inline, unused))
#define VECTOR_CAT_(a, b) a##b
#define VECTOR_CAT(a, b)  VECTOR_CAT_(a, b)
#define NAME(f)           VECTOR_CAT(f##_, BITS)
#define LANES             (VECTOR_BYTES * 8 / BITS)
#define real              NAME(real)
#define vec               NAME(vec)
#define bits              NAME(bits)

typedef float   real_32;
typedef double  real_64;
typedef int32_t lane_32;
typedef int64_t lane_64;

#define BITS 32
#include "vector.inc"
#undef BITS
#define BITS 64
#include "vector.inc"
#undef BITS

#endif
