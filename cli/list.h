/* list.h - what the files of `costate list` share. */
#ifndef COSTATE_CLI_LIST_H
#define COSTATE_CLI_LIST_H

#include <stddef.h>

/* A row of any list: a name and what to know about it. */
typedef struct list_row {
    const char *name, *about;
} list_row;

/* list_sampling.c; text is room for what is composed. */
list_row list_sampler(int i, char *text, size_t size);
list_row list_noise_schedule(int i, char *text, size_t size);
list_row list_grid(int i, char *text, size_t size);
int      list_predictions(void);
list_row list_prediction(int i, char *text, size_t size);

#endif
