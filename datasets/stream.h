/* stream.h - a file read from front to back, unpacked if it is gzip'd (internal). */
#ifndef COSTATE_DATASETS_STREAM_H
#define COSTATE_DATASETS_STREAM_H

#include <costate/autodiff/status.h>

COSTATE_BEGIN_DECLS

typedef struct ds_stream {
    const char *path; /* the caller's */
    void       *file; /* zlib's       */
} ds_stream;

ad_status ds_stream_open(ds_stream *s, const char *path);

/* n bytes; *got < n where the file ends before. */
ad_status ds_stream_read(ds_stream *s, void *out, size_t n, size_t *got);

/* The same into memory of its own, with a 0 behind; *bytes is the caller's to ad_free(), on failure too. No more is
   taken at once than the file has proved to hold, so that a wrong header does not ask for the impossible. */
ad_status ds_stream_take(ds_stream *s, size_t want, char **bytes, size_t *got);

/* Fine after a failed open. A status of failure, where the file was found cut off. */
ad_status ds_stream_close(ds_stream *s);

COSTATE_END_DECLS
#endif
