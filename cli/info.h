/* info.h - what the files of `costate info` share. */
#ifndef COSTATE_CLI_INFO_H
#define COSTATE_CLI_INFO_H

#include <costate/datasets/samples_read.h>

/* A set by name (its files in folder, or NULL): both parts. */
ad_status info_set(const char *spec, const char *folder);
int       info_is_idx(const char *path);
ad_status info_idx(const char *path);

#endif
