/* cnf_task.h - (internal) from settings to everything that training a flow needs, and from a run's directory back to it. */
#ifndef COSTATE_MODELS_CNF_TASK_H
#define COSTATE_MODELS_CNF_TASK_H

#include <costate/datasets/samples.h>
#include <costate/models/cnf.h>
#include <costate/models/run_settings.h>
#include <costate/models/training.h>

COSTATE_BEGIN_DECLS

/* The flow sees (x - mean) / deviation; densities are those of x: log p(x) = log p_flow - sum log deviation. */
typedef struct mdl_cnf_task {
    mdl_cnf_config *config;       /* taken over                           */
    ds_samples     *train, *test; /* test NULL: nothing is held out */
    double         *mean, *deviation;
    double          log_scale; /* sum log deviation                 */
    mdl_cnf        *cnf;
    mdl_flow       *flow;
    mdl_training   *training;
    void           *x;   /* [batch, dim]                            */
    double         *row; /* [batch, dim], and [batch] behind it     */
} mdl_cnf_task;

/* config is taken over, on failure too. */
ad_status mdl_cnf_task_new(mdl_cnf_task **t, mdl_cnf_config *config);
void      mdl_cnf_task_free(mdl_cnf_task *t);

/* The mean of -log p over the first n samples (0: all), in nats. */
ad_status mdl_cnf_task_judge(mdl_cnf_task *t, const ds_samples *s, long n, double *loss,
                             double *nfe);

/* Of the weights as they are now, in the data's own units. */
ad_status mdl_cnf_task_log_density(mdl_cnf_task *t, long n, const double *x, double *log_p);
/* Samples, and the paths on which they came: z [times, n, dim] at t[0] = t1 .. t[times - 1] = 0; n <= batch. */
ad_status mdl_cnf_task_sample(mdl_cnf_task *t, long n, uint64_t seed, double *x);
ad_status mdl_cnf_task_paths(mdl_cnf_task *t, long n, uint64_t seed, int times, double *z);

struct json_t *mdl_cnf_task_to_json(const mdl_cnf_task *t);
/* A trained flow from its directory: train, test and training are NULL. */
ad_status mdl_cnf_task_load(mdl_cnf_task **t, const char *directory);

COSTATE_END_DECLS
#endif
