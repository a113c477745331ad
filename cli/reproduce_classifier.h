/* reproduce_classifier.h - what the experiments on images share: a neural ODE that classifies, trained and judged as
   Pal et al. 2021 and 2023 do. */
#ifndef COSTATE_CLI_REPRODUCE_CLASSIFIER_H
#define COSTATE_CLI_REPRODUCE_CLASSIFIER_H

#include "reproduce.h"

/* How the two papers' settings differ. */
typedef struct repro_network {
    const char *last;        /* on the field's output */
    const char *optimizer;   /* its momentum: 0.9     */
    double      rate, decay; /* of step k = 1, 2, ...: rate / (1 + decay k) */
} repro_network;

/* The experiment's functions; start() hands its network on. */
ad_status repro_images_open(repro *r);
void      repro_images_close(repro *r);
ad_status repro_classifier_start(repro_trial *t, const repro_network *n);
ad_status repro_classifier_step(repro_trial *t, struct json_t *line);
ad_status repro_classifier_measure(repro_trial *t, int last, struct json_t *into);
void      repro_classifier_stop(repro_trial *t);

#endif
