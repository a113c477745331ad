/* samples_read.h - samples from a file of the user's: a table as text, a .npy array, a .npz archive, IDX; gzip'd or not.

       AD_TRY(ds_samples_read(&s, "iris.csv", &(ds_samples_read_options){ .label = "species" }));          */
#ifndef COSTATE_DATASETS_SAMPLES_READ_H
#define COSTATE_DATASETS_SAMPLES_READ_H

#include <costate/datasets/read.h>
#include <costate/datasets/samples.h>

COSTATE_BEGIN_DECLS

/* Zero means the default, which stands beside the field. */
typedef struct ds_samples_read_options {
    const char *label; /* text: the column of classes, by name, position from 1 or "last"; found: a
                           column named label, class or target; "none"                              */
    const char
        *labels; /* .npy, IDX: the file with the classes, of the same kinds; none             */
    long n;      /* the first n samples: all                                                  */
    const ds_read_options
        *text; /* delimiter, decimal and header, and nothing else of it            */
} ds_samples_read_options;

/* Text: each line a sample, every column but the label's a number. Classes that are whole numbers from 0 are taken as
   they are; words are numbered in alphabetical order and kept in class_name. Arrays are [n, ...]; bytes are kept, unit
   255. An archive's samples are its only array or the one called x (X, x_train, data, images, features), their classes y (Y,
   y_train, label, labels, target), unless a file of labels is given. Missing and infinite values are refused: AD_BAD_FILE with line and column. o may be NULL. */
ad_status ds_samples_read(ds_samples **out, const char *path, const ds_samples_read_options *o);

/* The same for the bytes of a text or a .npy file. */
ad_status ds_samples_read_memory(ds_samples **out, const char *name, const void *bytes, size_t n,
                                 const ds_samples_read_options *o);

/* A file if there is one of that name, else a set by name (samples.h). o may be NULL. */
ad_status ds_samples_open(ds_samples **out, const char *what, const ds_samples_options *o);

COSTATE_END_DECLS
#endif
