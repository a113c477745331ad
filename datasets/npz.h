/* npz.h - NumPy's archives: a zip file of .npy arrays with names, stored or deflated (PKWARE, .ZIP File Format
   Specification; numpy.savez, numpy.savez_compressed). zip64, for more than 4 GiB or 65534 members, is refused. */
#ifndef COSTATE_DATASETS_NPZ_H
#define COSTATE_DATASETS_NPZ_H

#include <costate/datasets/npy.h>

COSTATE_BEGIN_DECLS

typedef struct ds_npz {
    int     count;
    char  **name;  /* [count], without .npy */
    ds_npy *array; /* [count] */
} ds_npz;

int ds_npz_is(const void *bytes, size_t n);

/* Checks each member's CRC. Name stands for the file in sentences. */
ad_status ds_npz_parse(ds_npz *out, const char *name, const void *bytes, size_t n);
ad_status ds_npz_read(ds_npz *out, const char *path);
void      ds_npz_clear(ds_npz *z);

/* NULL, with a sentence that names what there is. */
const ds_npy *ds_npz_find(const ds_npz *z, const char *name);

/* An array to be written, as '<f8'. */
typedef struct ds_npz_entry {
    const char   *name; /* without .npy */
    int           rank;
    long          dim[DS_NPY_RANK];
    const double *value;
} ds_npz_entry;

/* compress: deflated. Written beside the file and renamed. */
ad_status ds_npz_write(const char *path, int count, const ds_npz_entry entry[], int compress);

COSTATE_END_DECLS
#endif
