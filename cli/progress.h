/* progress.h - how far a long run is, on stderr: on a terminal one line that is drawn again,

       train   [=========>                ]  38%  iteration 760/2000  loss 0.0123  NFE 84  rejected 2  |g| 0.45  1 m 12 s left

   otherwise a plain line every few seconds. */
#ifndef COSTATE_CLI_PROGRESS_H
#define COSTATE_CLI_PROGRESS_H

#include <stdio.h>

typedef struct cli_progress {
    FILE       *out; /* NULL: quiet         */
    const char *what;
    int         terminal;
    double      began, shown; /* seconds, monotonic; shown: the last line */
    int         drawn;        /* letters on the terminal's line */
} cli_progress;

typedef struct cli_progress_state {
    long iteration, iterations;
    double
        fraction; /* of the whole time, where iterations do not tell; 0: iteration / iterations */
    double      loss, gradient_norm; /* NaN: left out */
    long        nfe, rejected;       /* < 0: left out */
    const char *noun;                /* what is counted: "iteration" where it is NULL */
    double      rate;                /* of them, a second; 0: left out */
} cli_progress_state;

/* what must outlive p. */
void cli_progress_begin(cli_progress *p, const char *what, int quiet);
/* Cheap: draws at most 10 times a second on a terminal, writes every 5 s elsewhere. */
void cli_progress_update(cli_progress *p, const cli_progress_state *s);
/* Draws the last state for good and ends the line. */
void cli_progress_end(cli_progress *p, const cli_progress_state *s);
/* Seconds since it began. */
double cli_progress_seconds(const cli_progress *p);

#endif
