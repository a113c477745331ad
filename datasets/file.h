/* file.h - whole files in and out (internal). */
#ifndef COSTATE_DATASETS_FILE_H
#define COSTATE_DATASETS_FILE_H

#include <stdio.h>

#include <costate/autodiff/status.h>

COSTATE_BEGIN_DECLS

/* All bytes of a file, unpacked if it is gzip'd, with a 0 behind them; *bytes is the caller's to ad_free(). */
ad_status ds_load(const char *path, char **bytes, size_t *n);

/* A file that takes its name only when it is complete: written as PATH.tmpNNN, flushed to the disk, renamed. */
typedef struct ds_replacement {
    FILE *file;
    char *path, *temporary;
} ds_replacement;

ad_status ds_replace_begin(ds_replacement *r, const char *path);
ad_status ds_replace_commit(ds_replacement *r);
void      ds_replace_abandon(ds_replacement *r); /* removes the temporary; fine after a commit */

COSTATE_END_DECLS
#endif
