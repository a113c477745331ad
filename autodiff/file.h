/* file.h - a file that is replaced whole or not at all.

       ad_file f;
       AD_TRY(ad_file_create(&f, path));
       ad_file_write(&f, data, bytes);          (as often as needed; the first failure sticks)
       AD_TRY(ad_file_commit(&f));

   What is written goes to path.PID.tmp; committing flushes it to the disk and renames it over path. When anything
   fails (a full disk, a lost directory) the temporary file is removed and path is what it was. A path that exists
   and is no regular file (a pipe, a terminal, /dev/full) is written directly. */
#ifndef COSTATE_AUTODIFF_FILE_H
#define COSTATE_AUTODIFF_FILE_H

#include <costate/autodiff/status.h>

COSTATE_BEGIN_DECLS

typedef struct ad_file {
    int       fd;
    ad_status status;    /* the first failure                           */
    char     *path;      /* copies                                      */
    char     *temporary; /* NULL when written directly                  */
    uint64_t  bytes;     /* written so far                              */
} ad_file;

ad_status ad_file_create(ad_file *f, const char *path);
ad_status ad_file_write(ad_file *f, const void *data, size_t bytes);
/* Ends the file, whatever happened to it; f holds nothing afterwards. */
ad_status ad_file_commit(ad_file *f);
void      ad_file_abandon(ad_file *f);

/* All of a regular file in a block to ad_free(), a zero byte behind it. */
ad_status ad_file_read(const char *path, void **data, size_t *bytes);

COSTATE_END_DECLS
#endif
