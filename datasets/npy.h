/* npy.h - NumPy's array file, format versions 1 to 3: a magic, a header that is a Python dictionary, the numbers. */
#ifndef COSTATE_DATASETS_NPY_H
#define COSTATE_DATASETS_NPY_H

#include <costate/autodiff/status.h>

COSTATE_BEGIN_DECLS

enum { DS_NPY_RANK = 8, DS_NPY_HEADER = 512 };

typedef struct ds_npy {
    int     rank;
    long    dim[DS_NPY_RANK];
    long    count; /* product of dim                                                    */
    double *value; /* [count], in C order, owned                                        */
    char    dtype[16];
} ds_npy;

int ds_npy_is(const void *bytes, size_t n);

/* From n bytes of a file; floats and integers of 1 to 8 bytes in either byte order, booleans. Name stands for the file
   in sentences. */
ad_status ds_npy_parse(ds_npy *out, const char *name, const void *bytes, size_t n);
ad_status ds_npy_read(ds_npy *out, const char *path); /* gzip'd or not */
void      ds_npy_clear(ds_npy *a);

/* Version 1, '<f8'; written beside the file and renamed. */
ad_status ds_npy_write(const char *path, int rank, const long dim[], const double *value);

/* What stands in such a file in front of the numbers: magic, version, length and dictionary, a multiple of 64 bytes, which
   is returned. */
size_t ds_npy_header(char head[DS_NPY_HEADER], int rank, const long dim[]);

COSTATE_END_DECLS
#endif
