/* inflate.h - packed bytes in memory (internal). */
#ifndef COSTATE_DATASETS_INFLATE_H
#define COSTATE_DATASETS_INFLATE_H

#include <costate/autodiff/status.h>

COSTATE_BEGIN_DECLS

/* Raw: a member of a zip archive; gzip: a whole file. */
typedef enum ds_packing { DS_RAW = -15, DS_GZIP = 31 } ds_packing;

/* Exactly size bytes, which the caller knows, with a 0 behind; *out is the caller's to ad_free(). Name stands for the
   bytes in sentences. */
ad_status ds_inflate(char **out, size_t size, const char *name, ds_packing packing, const void *in,
                     size_t n);

/* The same the other way, raw; *m bytes. */
ad_status ds_deflate(char **out, size_t *m, const void *in, size_t n);

COSTATE_END_DECLS
#endif
