/* sampler_checks.h - each sampling paper's own check: tables while they grow, and one line for each claim. */
#ifndef COSTATE_CLI_SAMPLER_CHECKS_H
#define COSTATE_CLI_SAMPLER_CHECKS_H

#include "reproduce_page.h"
#include "sampler_cases.h"

enum { CHECK_TRIPS = 9, CHECK_LENGTHS = 4, CHECK_MODES = 4 };
enum { CHECK_COLUMNS = 12, CHECK_ROWS = 40, CHECK_TEXT = 48, CHECK_TABLES = 12, CHECK_LINES = 48 };

typedef struct check_table {
    const char *title, *note; /* static text */
    int         columns, rows;
    const char *head[CHECK_COLUMNS];
    char        text[CHECK_ROWS][CHECK_COLUMNS][CHECK_TEXT];
} check_table;

/* A claim: what was measured, what was expected, does it hold? */
typedef struct check_line {
    const char *sampler, *claim;
    char        measured[CHECK_TEXT], expected[CHECK_TEXT];
    double      value, bound;
    int         holds;
} check_line;

typedef struct checks {
    repro       *r;
    repro_page  *page;
    int          quick;
    sampler_case a; /* the four-component mixture */
    int          tables, lines;
    check_table *table[CHECK_TABLES];
    check_line   line[CHECK_LINES];
    double       back[CHECK_TRIPS][CHECK_LENGTHS]; /* round trips' errors in float64; 0: not made */
    ad_status    status;                           /* of memory */
} checks;

/* A table with its heads, NULL behind the last, or NULL with status set; rows are begun, then filled cell by cell from the left. */
check_table *check_table_new(checks *k, const char *title, const char *note,
                             const char *const *heads);
void         check_row(check_table *t);
void         check_cell(check_table *t, int column, const char *format, ...) COSTATE_PRINTF(3, 4);

/* value <= bound */
void check_below(checks *k, const char *sampler, const char *claim, double value, double bound);
/* value = want, within `within` times it */
void check_near(checks *k, const char *sampler, const char *claim, double value, double want,
                double within);
/* Weights of the mixture's modes, in a cell and as an array. */
void check_modes(check_table *t, int column, const double x[CHECK_MODES]);
void check_put_modes(struct json_t *j, const char *key, const double x[CHECK_MODES]);
/* A new object of a list of results.json, borrowed. */
struct json_t *check_json(checks *k, const char *list);

/* Summary, then tables. */
void check_tell(checks *k);

/* sampler_checks_back.c: BDIA, O-BELM, EDICT, Rex. */
ad_status check_round_trips(checks *k);
void      check_draw_round_trips(checks *k);
/* sampler_checks_equal.c: the MR sampler, RF-Solver. */
ad_status check_equalities(checks *k);
/* sampler_checks_skip.c: SADA. */
ad_status check_skipping(checks *k);
/* sampler_checks_particles.c: Feynman-Kac correctors. */
ad_status check_particles(checks *k);
/* sampler_checks_laws.c: denoising MCMC, interpolants. */
ad_status check_chains(checks *k);
ad_status check_interpolants(checks *k);

#endif
