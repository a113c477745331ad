/* checkpoint_list.h - what a checkpoint consists of (internal). */
#ifndef COSTATE_AUTODIFF_CHECKPOINT_LIST_H
#define COSTATE_AUTODIFF_CHECKPOINT_LIST_H

#include <costate/autodiff/checkpoint.h>
#include <costate/autodiff/memory.h>

typedef struct ad_checkpoint_list {
    int        n;
    ad_tensor *tensor;
    int        texts;
    ad_meta   *meta;
    ad_arena  *arena;
} ad_checkpoint_list;

/* The arrays of a run as they are called in the file, their data pointing into the model. */
ad_status ad_checkpoint_arrays(ad_checkpoint_list *l, const ad_checkpoint *c);

/* Is this the name of something beside the plain model (a moment, an average, an extra array)? */
int ad_checkpoint_beside(const char *name);

const char *ad_checkpoint_ema(const ad_ema *e, char *text, size_t size); /* "debiased 0.999" */
const char *ad_checkpoint_counter(const ad_counter *c, char *text,
                                  size_t size); /* "counter.epoch"  */

#endif
