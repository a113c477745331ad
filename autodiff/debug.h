/* debug.h - (internal) what COSTATE_DEBUG asks for; debug.c has the levels. */
#ifndef COSTATE_AUTODIFF_DEBUG_H
#define COSTATE_AUTODIFF_DEBUG_H

#include <costate/autodiff/base.h>

int  ad_debug_level(void);
void ad_debug(const char *format, ...) COSTATE_PRINTF(1, 2);

#endif
