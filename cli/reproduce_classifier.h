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

/* What the table tells of each row. */
enum { REPRO_IMAGE_COLUMNS = 7 };
extern const repro_column repro_image_columns[REPRO_IMAGE_COLUMNS];

/* An experiment's functions; its start() hands its network on. */
ad_status repro_images_open(repro *r);
void      repro_images_close(repro *r);
ad_status repro_classifier_start(repro_trial *t, const repro_network *n);
ad_status repro_classifier_step(repro_trial *t, struct json_t *line);
ad_status repro_classifier_measure(repro_trial *t, int last, struct json_t *into);
void      repro_classifier_stop(repro_trial *t);

/* All of an experiment but its name, words, rows and start(). */
// clang-format off
#define REPRO_IMAGES                                                               \
    .columns       = REPRO_IMAGE_COLUMNS,                                          \
    .column        = repro_image_columns,                                          \
    .curve         = { { "loss", "loss of the batch", 1 },                         \
                       { "accuracy_test", "accuracy on 1024 test images, %", 0 },  \
                       { "nfe", "NFE of 512 training images", 0 },                 \
                       { "nfe_other", "NFE in the other precision", 0 } },         \
    .nfe           = "nfe",                                                        \
    .quality       = "accuracy_test",                                              \
    .quality_title = "accuracy on the test images, %",                             \
    .standard      = { .precision  = "float32",                                    \
                       .rtol       = 1.4e-8,                                       \
                       .batch      = 128,                                          \
                       .iterations = 300,                                          \
                       .seeds      = "0..2" },                                     \
    .quick         = { .precision  = "float32",                                    \
                       .rtol       = 1e-5,                                         \
                       .batch      = 32,                                           \
                       .iterations = 8,                                            \
                       .every      = 4,                                            \
                       .seeds      = "0",                                          \
                       .train      = 256,                                          \
                       .test       = 128 },                                        \
    .open          = repro_images_open,                                            \
    .close         = repro_images_close,                                           \
    .step          = repro_classifier_step,                                        \
    .measure       = repro_classifier_measure,                                     \
    .stop          = repro_classifier_stop
// clang-format on

#endif
