/* experiment_mnist_node_local.c - "Locally Regularized Neural Differential Equations" (Pal, Edelman, Rackauckas 2023), the table of
   MNIST: as mnist-node, but without the last tanh, with Adam at 1e-3 and 7500 iterations of 512. */
#include "reproduce_classifier.h"

static const repro_network network = { .optimizer = "adam", .rate = 1e-3 };

static ad_status start(repro_trial *t)
{
    return repro_classifier_start(t, &network);
}

static const char *const notes[] = {
    "The paper: float32, tolerance 1.4e-8 (its text says 1e-8), batches of 512, 7500 iterations, "
    "on a GPU, with a continuous "
    "adjoint; here the gradient is that of the solver's own steps.",
    "NFE: 3 + 6 attempted steps for the first 512 training images solved together (the paper: the "
    "mean over its test batches). "
    "Other NFE: the same weights solved in the other precision at the same tolerance.",
    "Times are processor time over that of vanilla at the same settings. Evaluations: of f and its "
    "vjp in all of training, over "
    "vanilla's. Left open by the sources: how many runs, and their seeds.",
    NULL,
};

// clang-format off
static const repro_row rows[] = {
    { "vanilla", "Vanilla", NULL, 0,
      { { 99.898, 0.066 }, { 97.612, 0.163 }, { 303.559, 3.194 }, { 0 }, { 0.54, 0.001 }, { 0.088, 0.020 } } },
    { "local-unbiased", "Local unbiased", "local-unbiased:2.5..1.0", 0,
      { { 99.447, 0.039 }, { 97.526, 0.131 }, { 187.961, 1.812 }, { 0 }, { 0.49, 0.002 }, { 0.046, 0.002 } } },
    { "local-biased", "Local biased", "local-biased:2.5..1.0", 0,
      { { 99.477, 0.051 }, { 97.488, 0.016 }, { 182.849, 1.578 }, { 0 }, { 1.12, 0.065 }, { 0.044, 0.002 } } },
    { "local-unbiased-k1", "Local unbiased, k1 moves", "local-unbiased+k1:1e6", 0, { { 0 } } },
    { "local-biased-k1", "Local biased, k1 moves", "local-biased+k1:1e6", 0, { { 0 } } },
};
// clang-format on

const repro_experiment repro_experiment_mnist_node_local = {
    .name  = "mnist-node-local",
    .about = "the same digits, the error of one step from a random time",
    .cite  = "Pal, Edelman, Rackauckas 2023, the table of MNIST",
    .notes = notes,
    .rows  = sizeof rows / sizeof rows[0],
    .row   = rows,
    REPRO_IMAGES,
    .start = start,
};
