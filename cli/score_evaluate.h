/* score_evaluate.h - `costate evaluate` of a score run. */
#ifndef COSTATE_CLI_SCORE_EVALUATE_H
#define COSTATE_CLI_SCORE_EVALUATE_H

#include "args.h"

int score_evaluate(const cli_args *a, const char *directory);

#endif
