/* folder.h - the files of a recorded set in the folder that the user named (internal). */
#ifndef COSTATE_DATASETS_FOLDER_H
#define COSTATE_DATASETS_FOLDER_H

#include <costate/datasets/samples.h>

COSTATE_BEGIN_DECLS

enum { DS_PATH = 1200 };

/* Recorded sets have no noise, and those read from files need a folder. */
ad_status ds_recorded(const char *name, const ds_samples_options *o);
ad_status ds_needs_folder(const char *name, const ds_samples_options *o);

/* The first of the names (NULL ends them) that is a file in dir or in one of the sub folders (NULL ends them; may be
   NULL), as it is or with .gz; 0: none. */
int ds_in_folder(const char *dir, const char *const sub[], const char *const names[],
                 char path[DS_PATH]);

/* Does dir hold a file of the set? deep: or one of the sub folders that the set is looked for in. */
int ds_has_mnist(const char *dir, int deep);
int ds_has_cifar10(const char *dir, int deep);

/* "mnist: NAME is not in DIR; put FILES there" */
ad_status ds_not_in_folder(const char *set, const char *file, const char *dir);

COSTATE_END_DECLS
#endif
