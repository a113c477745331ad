/* names.h - how names of schedules, grids and samplers are compared (internal). */
#ifndef COSTATE_DIFFUSION_NAMES_H
#define COSTATE_DIFFUSION_NAMES_H

#include <costate/autodiff/base.h>

/* Case is ignored, and _ is -. */
int dpm_name_same(const char *a, const char *b);
/* Is name one of the words of list, which spaces separate? */
int dpm_name_among(const char *name, const char *list);

#endif
