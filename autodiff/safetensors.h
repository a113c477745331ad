/* safetensors.h - named arrays and some text in one file, in the format of Hugging Face's safetensors:

       8 bytes    N, the length of the header, little endian
       N bytes    JSON, padded with spaces:  {"__metadata__": {"key": "text", ..},
                                              "name": {"dtype": "F32", "shape": [50, 2], "data_offsets": [0, 400]}, ..}
       the rest   the arrays, row-major, little endian, without gaps; offsets count from here

   A written file appears whole or not at all (file.h). A read one is checked in full before anything is handed out. */
#ifndef COSTATE_AUTODIFF_SAFETENSORS_H
#define COSTATE_AUTODIFF_SAFETENSORS_H

#include <costate/autodiff/status.h>
#include <costate/autodiff/types.h>

COSTATE_BEGIN_DECLS

/* name in C, name in the file, bytes an element */
#define AD_TENSOR_TYPES(X)     \
    X(AD_TENSOR_F32, "F32", 4) \
    X(AD_TENSOR_F64, "F64", 8) \
    X(AD_TENSOR_I64, "I64", 8) \
    X(AD_TENSOR_U8, "U8", 1)

typedef enum ad_tensor_type {
#define X(code, name, size) code,
    AD_TENSOR_TYPES(X)
#undef X
} ad_tensor_type;

typedef struct ad_tensor {
    const char    *name;
    ad_tensor_type type;
    int            rank; /* 0: one number */
    long           dim[AD_RANK];
    const void    *data;
} ad_tensor;

typedef struct ad_meta {
    const char *key, *value; /* UTF-8 */
} ad_meta;

const char *ad_tensor_type_name(ad_tensor_type t); /* "F32" */
size_t      ad_tensor_type_size(ad_tensor_type t);

/* Writes n arrays and m texts. Arrays of wide elements go first, so that each is aligned in the file. */
ad_status ad_tensors_write(const char *path, int n, const ad_tensor tensor[], int m,
                           const ad_meta meta[]);

/* A file in memory. */
typedef struct ad_tensors {
    int        count;
    ad_tensor *tensor; /* in the order of the header; data aligned to its element */
    int        texts;
    ad_meta   *meta;
    void      *block;
    void      *arena;
} ad_tensors;

/* F16, BF16 and other element types are AD_UNSUPPORTED; whatever does not fit together is AD_BAD_FILE. */
ad_status ad_tensors_read(ad_tensors **f, const char *path);
void      ad_tensors_free(ad_tensors *f);

const ad_tensor *ad_tensors_find(const ad_tensors *f, const char *name); /* NULL: none */
const char      *ad_tensors_meta(const ad_tensors *f, const char *key);  /* NULL: none */

COSTATE_END_DECLS
#endif
