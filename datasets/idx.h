/* idx.h - the array files of MNIST, gzip'd or not.

   Big-endian: 0, 0, type, rank, then rank extents of four bytes, then the numbers. Types: 8 unsigned and 9 signed byte, 11
   and 12 integers of 2 and 4 bytes, 13 float, 14 double (LeCun, Cortes, Burges, "The MNIST database"). */
#ifndef COSTATE_DATASETS_IDX_H
#define COSTATE_DATASETS_IDX_H

#include <costate/datasets/samples.h>

COSTATE_BEGIN_DECLS

enum { DS_IDX_RANK = 4 };

typedef struct ds_idx {
    int      type; /* 8 to 14, as above                                           */
    int      rank;
    long     dim[DS_IDX_RANK];
    long     rows;  /* that were read: dim[0], or fewer when fewer were asked for */
    long     count; /* numbers: rows dim[1] dim[2] ...                             */
    uint8_t *byte;  /* type 8                                                     */
    double  *real;  /* all others                                                 */
} ds_idx;

/* Do n bytes begin like an IDX file? */
int ds_idx_is(const char *bytes, size_t n);

/* rows 0: all; else the first so many, the rest of the file being left alone. AD_BAD_FILE with file and numbers for what
   is no IDX file, a file that is cut off or goes on after its end. */
ad_status ds_idx_read(ds_idx *out, const char *path, long rows);
void      ds_idx_clear(ds_idx *a);

/* Images [n, height, width] (or rows [n, dim], ...) and labels [n]; labels NULL: none. n 0: all. Bytes are kept, unit
   255. */
ad_status ds_samples_read_idx(ds_samples **out, const char *name, const char *images,
                              const char *labels, long n);

COSTATE_END_DECLS
#endif
