/* folder.h - directories. */
#ifndef COSTATE_CLI_FOLDER_H
#define COSTATE_CLI_FOLDER_H

#include <costate/autodiff/status.h>

int cli_exists(const char *path);
/* The folder and those above it; one that is there is fine. */
ad_status cli_make_folder(const char *path);

/* Told before anything is computed: could the file of --key stand at the path? AD_IO: no. */
ad_status cli_writable(const char *key, const char *path);

#endif
