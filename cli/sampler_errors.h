/* sampler_errors.h - tables and picture of `costate reproduce sampler-errors`. */
#ifndef COSTATE_CLI_SAMPLER_ERRORS_H
#define COSTATE_CLI_SAMPLER_ERRORS_H

#include "reproduce_page.h"
#include "sampler_cases.h"

enum { SAMPLER_CASES = 3, SAMPLER_BUDGETS = 4, SAMPLER_LINES = 96 };

typedef struct sampler_cell {
    long          steps, nfe;
    sampler_error e;        /* NaN: nothing could be computed      */
    double        distance; /* of those that draw noise; else NaN  */
} sampler_cell;

typedef struct sampler_line {
    const dpm_method *m;
    sampler_cell      cell[SAMPLER_CASES][SAMPLER_BUDGETS];
} sampler_line;

/* One case's table, the best at 10 evaluations first. */
void sampler_errors_table(repro_page *p, const char *name, int at, const long *budgets, int n,
                          const sampler_line *l);
/* Median error against evaluations, a panel a case; the eight that are best over all are coloured. */
void sampler_errors_picture(repro_page *p, const char *const *names, const long *budgets, int n,
                            const sampler_line *l);
void sampler_noise_table(repro_page *p, const char *const *names, const long *budgets,
                         const double *floor, int n, const sampler_line *l);

#endif
