/* vmath.h - vectors of the widest kind the build may use, and the operations that strip kernels are made of (internal).

   v32 and v64 are compiler vectors of L32 floats and L64 doubles: + - * / and unary minus are the language's. What the
   language lacks stands here under one name for both, so that a kernel is one expression. NaN passes through all of
   it. Without fused multiply-add in hardware v_fma() is still fused (and slow); v_mad() is what polynomials use. */
#ifndef COSTATE_AUTODIFF_KERNELS_VMATH_H
#define COSTATE_AUTODIFF_KERNELS_VMATH_H

#include <stdint.h>

#if defined(__AVX512F__) && defined(__AVX512DQ__) && defined(__AVX512VL__)
#define V_BYTES 64
#elif defined(__AVX2__) && defined(__FMA__)
#define V_BYTES 32
#else
#define V_BYTES 16
#endif
#if defined(__SSE2__)
#include <immintrin.h>
#endif

#pragma GCC diagnostic ignored "-Wpsabi" /* everything here is inlined: no vector crosses an ABI */

#define V_INLINE static inline __attribute__((always_inline, unused))

enum { L32 = V_BYTES / 4, L64 = V_BYTES / 8 };

typedef float   v32 __attribute__((vector_size(V_BYTES), may_alias));
typedef double  v64 __attribute__((vector_size(V_BYTES), may_alias));
typedef int32_t i32 __attribute__((vector_size(V_BYTES), may_alias));
typedef int64_t i64 __attribute__((vector_size(V_BYTES), may_alias));
typedef float   v32u __attribute__((vector_size(V_BYTES), aligned(4), may_alias)); /* in memory */
typedef double  v64u __attribute__((vector_size(V_BYTES), aligned(8), may_alias));
/* L64 floats */
typedef float v32h __attribute__((vector_size(V_BYTES / 2), aligned(4), may_alias));

typedef float  real32;
typedef double real64;

/* Templates are included with BITS 32 and 64: V(exp) is v32_exp or v64_exp, V_TYPE(v) is v32 or v64. */
#define V_JOIN_(a, b) a##b
#define V_JOIN(a, b)  V_JOIN_(a, b)
#define V_TEXT_(a)    #a
#define V_TEXT(a)     V_TEXT_(a)
#define V_TYPE(t)     V_JOIN(t, BITS)
#define V(f)          V_JOIN(V_TYPE(v), _##f)

#define V_LOAD(p)     (*(const V_JOIN(V_TYPE(v), u) *)(p))
#define V_STORE(p, x) (*(V_JOIN(V_TYPE(v), u) *)(p) = (x))
/* the name of NAME's strip kernel: STRIP(NAME, vs) is strip_add_32_vs */
#define STRIP(name, mask) V_JOIN(V_JOIN(V_JOIN(strip_, name), V_TYPE(_)), V_JOIN(_, mask))

// clang-format off
/* s in every lane (s - 0 is s, also for -0) */
V_INLINE v32 v32_all(float s) { return s - (v32){ 0 }; }
V_INLINE v64 v64_all(double s) { return s - (v64){ 0 }; }

/* SLEEF's functions under the width of the build: V32_SLEEF(sin, u35)(x). The including .c file includes <sleef.h>. */
#if V_BYTES == 64
#define V32_SLEEF(f, ulp)  Sleef_##f##f16_##ulp##avx512f
#define V64_SLEEF(f, ulp)  Sleef_##f##d8_##ulp##avx512f
#define V32_SLEEF_EXACT(f) Sleef_##f##f16_avx512f
#define V64_SLEEF_EXACT(f) Sleef_##f##d8_avx512f
#elif V_BYTES == 32
#define V32_SLEEF(f, ulp)  Sleef_##f##f8_##ulp##avx2
#define V64_SLEEF(f, ulp)  Sleef_##f##d4_##ulp##avx2
#define V32_SLEEF_EXACT(f) Sleef_##f##f8_avx2
#define V64_SLEEF_EXACT(f) Sleef_##f##d4_avx2
#else
#define V32_SLEEF(f, ulp)  Sleef_##f##f4_##ulp
#define V64_SLEEF(f, ulp)  Sleef_##f##d2_##ulp
#define V32_SLEEF_EXACT(f) Sleef_##f##f4
#define V64_SLEEF_EXACT(f) Sleef_##f##d2
#endif

/* --- masks, comparisons (false for NaN), selection --------------------------------------------------------------- */
#if V_BYTES == 64
typedef __mmask16 m32;
typedef __mmask8  m64;
#define V_COMPARE(name, op, imm)              \
    V_INLINE m32 v32_##name(v32 a, v32 b)     \
    {                                         \
        return _mm512_cmp_ps_mask(a, b, imm); \
    }                                         \
    V_INLINE m64 v64_##name(v64 a, v64 b)     \
    {                                         \
        return _mm512_cmp_pd_mask(a, b, imm); \
    }
V_INLINE v32 v32_select(m32 m, v32 a, v32 b) { return _mm512_mask_blend_ps(m, b, a); }
V_INLINE v64 v64_select(m64 m, v64 a, v64 b) { return _mm512_mask_blend_pd(m, b, a); }
#else
typedef i32  m32;
typedef i64  m64;
#define V_COMPARE(name, op, imm)          \
    V_INLINE m32 v32_##name(v32 a, v32 b) \
    {                                     \
        return a op b;                    \
    }                                     \
    V_INLINE m64 v64_##name(v64 a, v64 b) \
    {                                     \
        return a op b;                    \
    }
V_INLINE v32 v32_select(m32 m, v32 a, v32 b) { return (v32)((m & (i32)a) | (~m & (i32)b)); }
V_INLINE v64 v64_select(m64 m, v64 a, v64 b) { return (v64)((m & (i64)a) | (~m & (i64)b)); }
#endif
V_COMPARE(lt, <, _CMP_LT_OQ)
V_COMPARE(le, <=, _CMP_LE_OQ)
V_COMPARE(eq, ==, _CMP_EQ_OQ)
V_COMPARE(ne, !=, _CMP_NEQ_UQ) /* true for NaN */
#undef V_COMPARE

/* --- one instruction where there is one -------------------------------------------------------------------------- */
#if V_BYTES == 64
V_INLINE v32 v32_fma(v32 a, v32 b, v32 c) { return _mm512_fmadd_ps(a, b, c); }
V_INLINE v64 v64_fma(v64 a, v64 b, v64 c) { return _mm512_fmadd_pd(a, b, c); }
V_INLINE v32 v32_sqrt(v32 x) { return _mm512_sqrt_ps(x); }
V_INLINE v64 v64_sqrt(v64 x) { return _mm512_sqrt_pd(x); }
V_INLINE v32 v32_floor(v32 x) { return _mm512_floor_ps(x); }
V_INLINE v64 v64_floor(v64 x) { return _mm512_floor_pd(x); }
/* the smaller; b when either is NaN */
V_INLINE v32 v32_lesser(v32 a, v32 b) { return _mm512_min_ps(a, b); }
V_INLINE v64 v64_lesser(v64 a, v64 b) { return _mm512_min_pd(a, b); }
V_INLINE v32 v32_greater(v32 a, v32 b) { return _mm512_max_ps(a, b); }
V_INLINE v64 v64_greater(v64 a, v64 b) { return _mm512_max_pd(a, b); }
#elif V_BYTES == 32
V_INLINE v32 v32_fma(v32 a, v32 b, v32 c) { return _mm256_fmadd_ps(a, b, c); }
V_INLINE v64 v64_fma(v64 a, v64 b, v64 c) { return _mm256_fmadd_pd(a, b, c); }
V_INLINE v32 v32_sqrt(v32 x) { return _mm256_sqrt_ps(x); }
V_INLINE v64 v64_sqrt(v64 x) { return _mm256_sqrt_pd(x); }
V_INLINE v32 v32_floor(v32 x) { return _mm256_floor_ps(x); }
V_INLINE v64 v64_floor(v64 x) { return _mm256_floor_pd(x); }
V_INLINE v32 v32_lesser(v32 a, v32 b) { return _mm256_min_ps(a, b); }
V_INLINE v64 v64_lesser(v64 a, v64 b) { return _mm256_min_pd(a, b); }
V_INLINE v32 v32_greater(v32 a, v32 b) { return _mm256_max_ps(a, b); }
V_INLINE v64 v64_greater(v64 a, v64 b) { return _mm256_max_pd(a, b); }
#else
#define V_LANES(type, lanes, name, call, ...)        \
    V_INLINE type name(__VA_ARGS__)                  \
    {                                                \
        type y;                                      \
        for (int i = 0; i < lanes; i++) y[i] = call; \
        return y;                                    \
    }
V_LANES(v32, L32, v32_fma, __builtin_fmaf(a[i], b[i], c[i]), v32 a, v32 b, v32 c)
V_LANES(v64, L64, v64_fma, __builtin_fma(a[i], b[i], c[i]), v64 a, v64 b, v64 c)
V_LANES(v32, L32, v32_sqrt, __builtin_sqrtf(x[i]), v32 x)
V_LANES(v64, L64, v64_sqrt, __builtin_sqrt(x[i]), v64 x)
V_LANES(v32, L32, v32_floor, __builtin_floorf(x[i]), v32 x)
V_LANES(v64, L64, v64_floor, __builtin_floor(x[i]), v64 x)
#undef V_LANES
V_INLINE v32 v32_lesser(v32 a, v32 b) { return v32_select(v32_lt(a, b), a, b); }
V_INLINE v64 v64_lesser(v64 a, v64 b) { return v64_select(v64_lt(a, b), a, b); }
V_INLINE v32 v32_greater(v32 a, v32 b) { return v32_select(v32_lt(b, a), a, b); }
V_INLINE v64 v64_greater(v64 a, v64 b) { return v64_select(v64_lt(b, a), a, b); }
#endif

#if V_BYTES > 16
V_INLINE v32 v32_mad(v32 a, v32 b, v32 c) { return v32_fma(a, b, c); }
V_INLINE v64 v64_mad(v64 a, v64 b, v64 c) { return v64_fma(a, b, c); }
#else
V_INLINE v32 v32_mad(v32 a, v32 b, v32 c) { return a * b + c; }
V_INLINE v64 v64_mad(v64 a, v64 b, v64 c) { return a * b + c; }
#endif

/* --- signs ------------------------------------------------------------------------------------------------------- */
V_INLINE v32 v32_abs(v32 x) { return (v32)((i32)x & INT32_MAX); }
V_INLINE v64 v64_abs(v64 x) { return (v64)((i64)x & INT64_MAX); }
/* a (not negative) with the sign of b */
V_INLINE v32 v32_signed(v32 a, v32 b) { return (v32)((i32)a | ((i32)b & INT32_MIN)); }
V_INLINE v64 v64_signed(v64 a, v64 b) { return (v64)((i64)a | ((i64)b & INT64_MIN)); }

/* --- p 2^n for whole n and p near 1, rounded once where the result is denormal ----------------------------------- */
#if V_BYTES == 64
V_INLINE v32 v32_ldexp(v32 p, v32 n) { return _mm512_scalef_ps(p, n); }
V_INLINE v64 v64_ldexp(v64 p, v64 n) { return _mm512_scalef_pd(p, n); }
#else
/* 2^n for n in the exponent's range: n lands in the low bits of n + 1.5 2^23, which are moved into the exponent */
V_INLINE v32 v32_exp2i(v32 n) { return (v32)((i32)(n + 12583039.0f) << 23); }
V_INLINE v64 v64_exp2i(v64 n) { return (v64)((i64)(n + 6755399441056767.0) << 52); }
V_INLINE v32 v32_ldexp(v32 p, v32 n)
{
    v32 half = n * 0.5f + 12582912.0f - 12582912.0f;
    return p * v32_exp2i(half) * v32_exp2i(n - half);
}
V_INLINE v64 v64_ldexp(v64 p, v64 n)
{
    v64 half = n * 0.5 + 6755399441055744.0 - 6755399441055744.0;
    return p * v64_exp2i(half) * v64_exp2i(n - half);
}
#endif

// clang-format on
/* --- both types under one name ------------------------------------------------------------------------------------ */
#define V_PICK(x, f)      _Generic((x), v32 : v32_##f, v64 : v64_##f)
#define v_fma(a, b, c)    V_PICK(a, fma)(a, b, c)
#define v_mad(a, b, c)    V_PICK(a, mad)(a, b, c)
#define v_sqrt(x)         V_PICK(x, sqrt)(x)
#define v_floor(x)        V_PICK(x, floor)(x)
#define v_abs(x)          V_PICK(x, abs)(x)
#define v_signed(a, b)    V_PICK(a, signed)(a, b)
#define v_lt(a, b)        V_PICK(a, lt)(a, b)
#define v_le(a, b)        V_PICK(a, le)(a, b)
#define v_eq(a, b)        V_PICK(a, eq)(a, b)
#define v_ne(a, b)        V_PICK(a, ne)(a, b)
#define v_select(m, a, b) V_PICK(a, select)(m, a, b)
#define v_lesser(a, b)    V_PICK(a, lesser)(a, b)
#define v_greater(a, b)   V_PICK(a, greater)(a, b)
/* the constant s in the type of x */
#define v_like(x, s) V_PICK(x, all)(s)

#endif
