/* base.h - what every header of the library includes: linkage and attributes. */
#ifndef COSTATE_AUTODIFF_BASE_H
#define COSTATE_AUTODIFF_BASE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define COSTATE_BEGIN_DECLS extern "C" {
#define COSTATE_END_DECLS   }
#else
#define COSTATE_BEGIN_DECLS
#define COSTATE_END_DECLS
#endif

#if defined(__GNUC__)
#define COSTATE_MUST_USE     __attribute__((warn_unused_result))
#define COSTATE_PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define COSTATE_MUST_USE
#define COSTATE_PRINTF(f, a)
#endif

#endif
