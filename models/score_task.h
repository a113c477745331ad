/* score_task.h - (internal) from settings to everything that training a score needs. A run is read back by denoiser.h. */
#ifndef COSTATE_MODELS_SCORE_TASK_H
#define COSTATE_MODELS_SCORE_TASK_H

#include <costate/datasets/samples.h>
#include <costate/models/run_settings.h>
#include <costate/models/score.h>
#include <costate/models/training.h>

COSTATE_BEGIN_DECLS

/* The network sees (x - shift) / scale, column by column. */
typedef struct mdl_score_task {
    mdl_score_config *config;       /* taken over                      */
    ds_samples       *train, *test; /* test NULL: nothing is held out */
    double           *scale, *shift;
    double            sigma_data; /* root of the mean square of what the network sees */
    dpm_schedule     *schedule;
    mdl_scorer       *score;
    mdl_training     *training;
    double           *row; /* [batch, dim] */
    int              *label;
} mdl_score_task;

/* config is taken over, on failure too. */
ad_status mdl_score_task_new(mdl_score_task **t, mdl_score_config *config);
void      mdl_score_task_free(mdl_score_task *t);

/* The loss of score.h over the first n samples (0: all) with the averaged weights, at levels and with noise that are always the
   same; penalty: that of the Fokker-Planck residual. */
ad_status mdl_score_task_judge(mdl_score_task *t, const ds_samples *s, long n, double *loss,
                               double *penalty);

struct json_t *mdl_score_task_to_json(const mdl_score_task *t);

/* --- what a run needs to be read back ----------------------------------------------------------------------------- */

ad_status mdl_score_schedule(const mdl_score_config *c, dpm_schedule **out);
/* Options of a score but for dim, classes, sigma_data and schedule; they point into the settings. */
ad_status mdl_score_options_of(const mdl_score_config *c, mdl_scorer_options *o);
/* What config.json says beside the settings. */
typedef struct mdl_score_facts {
    long   dim, classes;
    int    rank;
    long   shape[DS_SAMPLE_RANK];
    double sigma_data;
    struct json_t
        *class_names; /* a list; NULL: they are numbers. Of mdl_score_read_json(): yours */
} mdl_score_facts;
struct json_t *mdl_score_json(const mdl_score_config *c, const mdl_score_facts *f);
ad_status      mdl_score_read_json(const char *directory, mdl_score_config **c, mdl_score_facts *f);
/* The normalisation as a checkpoint has it: scale and shift, [dim]. */
int mdl_score_extra(long dim, double *scale, double *shift, ad_tensor extra[2]);

COSTATE_END_DECLS
#endif
