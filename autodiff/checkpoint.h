/* checkpoint.h - a training run in one safetensors file, resumed from it bit for bit.

   Parameters stand under their own names, so that any reader of safetensors finds a plain model there; moments under
   optimizer.MOMENT.NAME, the average under ema.NAME, further arrays under extra.NAME, and in the metadata: optimizer and
   its steps, the average's decay and count, the schedule's state, the seed, counters and the run's configuration. */
#ifndef COSTATE_AUTODIFF_CHECKPOINT_H
#define COSTATE_AUTODIFF_CHECKPOINT_H

#include <costate/autodiff/ema.h>
#include <costate/autodiff/optim.h>
#include <costate/autodiff/safetensors.h>
#include <costate/autodiff/schedule.h>

COSTATE_BEGIN_DECLS

/* A whole number that the run keeps: iteration, epoch, where a random stream stands. */
typedef struct ad_counter {
    const char *name;
    int64_t    *value;
} ad_counter;

/* What is saved and what is filled by loading. Everything but params and theta may be left out: loading does not look at
   what is left out, and wants everything else to be in the file. */
typedef struct ad_checkpoint {
    ad_params        *params;
    void             *theta;
    ad_optim         *optim;
    ad_ema           *ema;
    ad_schedule      *schedule;
    uint64_t         *seed;
    int               ncounters;
    const ad_counter *counters;
    int nextra; /* further arrays (best parameters, a normalisation): name, type, shape, data */
    const ad_tensor *extra;  /* loading writes to data */
    const char      *config; /* JSON text; saved only: ad_checkpoint_text() reads it */
} ad_checkpoint;

ad_status ad_checkpoint_save(const char *path, const ad_checkpoint *c);

/* A file that does not fit the model says which array differs and how, and nothing has changed. */
ad_status ad_checkpoint_load(const char *path, const ad_checkpoint *c);

/* A text of the metadata ("config", "optimizer"), to ad_free(); needed before there is a model to load into. */
ad_status ad_checkpoint_text(const char *path, const char *key, char **text);

COSTATE_END_DECLS
#endif
