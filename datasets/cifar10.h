/* cifar10.h - the binary files of CIFAR-10, gzip'd or not: records of a label and 3 x 32 x 32 bytes, channel by channel
   (Krizhevsky 2009, "Learning multiple layers of features from tiny images"). */
#ifndef COSTATE_DATASETS_CIFAR10_H
#define COSTATE_DATASETS_CIFAR10_H

#include <costate/datasets/samples.h>

COSTATE_BEGIN_DECLS

/* The records of several files one after the other; n 0: all. AD_BAD_FILE with the file and the number of the record. */
ad_status ds_samples_read_cifar10(ds_samples **out, int files, const char *const path[], long n);

COSTATE_END_DECLS
#endif
