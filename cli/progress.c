#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "progress.h"
#include "text.h"

enum { BAR = 25, LINE = 256 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void cli_progress_begin(cli_progress *p, const char *what, int quiet)
{
    *p       = (cli_progress){ .out      = quiet ? NULL : stderr,
                               .what     = what,
                               .terminal = isatty(STDERR_FILENO),
                               .began    = now() };
    p->shown = p->began;
}

double cli_progress_seconds(const cli_progress *p)
{
    return now() - p->began;
}

static double fraction_of(const cli_progress_state *s)
{
    double x = s->fraction > 0     ? s->fraction
               : s->iterations > 0 ? (double)s->iteration / (double)s->iterations
                                   : 0;
    return x < 0 ? 0 : x > 1 ? 1 : x;
}

static int columns(void)
{
    struct winsize w;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 0 ? w.ws_col : 80;
}

#define ADD(...) n += snprintf(line + n, n < LINE ? (size_t)(LINE - n) : 0, __VA_ARGS__)

static int bar(char *line, int n, double x)
{
    int full = (int)(x * BAR);
    ADD("[");
    for (int i = 0; i < BAR; i++) ADD("%c", i < full ? '=' : i == full ? '>' : ' ');
    ADD("] %3.0f%%  ", 100 * x);
    return n;
}

/* What a line says, the time left last; n letters stand there already. */
static int numbers(char *line, int n, const cli_progress_state *s)
{
    ADD("%s %ld", s->noun ? s->noun : "iteration", s->iteration);
    if (s->iterations > 0) ADD("/%ld", s->iterations);
    if (s->rate > 0)
        ADD("  %.*f %ss a second",
            s->rate < 10    ? 2
            : s->rate < 100 ? 1
                            : 0,
            s->rate, s->noun ? s->noun : "iteration");
    if (!isnan(s->loss)) ADD("  loss %.4g", s->loss);
    if (s->nfe >= 0) ADD("  NFE %ld", s->nfe);
    if (s->rejected >= 0) ADD("  rejected %ld", s->rejected);
    if (!isnan(s->gradient_norm)) ADD("  |g| %.3g", s->gradient_norm);
    return n;
}

static int time_left(char *line, int n, const cli_progress *p, const cli_progress_state *s,
                     int ended)
{
    char   text[32];
    double x = fraction_of(s), spent = cli_progress_seconds(p);
    if (ended)
        ADD("  in %s", cli_seconds_text(spent, text, sizeof text));
    else if (x > 0.01)
        ADD("  %s left", cli_seconds_text(spent * (1 - x) / x, text, sizeof text));
    return n;
}

static void draw(cli_progress *p, const cli_progress_state *s, int ended)
{
    char line[LINE];
    int  n = 0, width = columns() - 1;
    ADD("%-7s ", p->what);
    if (p->terminal && width >= 100) n = bar(line, n, fraction_of(s));
    if (p->terminal && width < 100) ADD("%3.0f%%  ", 100 * fraction_of(s));
    n = numbers(line, n, s);
    n = time_left(line, n, p, s, ended);
    if (n >= LINE) n = LINE - 1;
    if (p->terminal && n > width) n = width; /* a line that wraps could not be drawn again */
    if (p->terminal)
        fprintf(p->out, "\r%.*s%*s", n, line, p->drawn > n ? p->drawn - n : 0, "");
    else
        fprintf(p->out, "%.*s\n", n, line);
    p->drawn = n;
    fflush(p->out);
}

void cli_progress_update(cli_progress *p, const cli_progress_state *s)
{
    double t = now();
    if (!p->out || t - p->shown < (p->terminal ? 0.1 : 5)) return;
    p->shown = t;
    draw(p, s, 0);
}

void cli_progress_end(cli_progress *p, const cli_progress_state *s)
{
    if (!p->out) return;
    draw(p, s, 1);
    if (p->terminal) fputc('\n', p->out);
}
