#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "text.h"

int cli_parse_number(const char *word, double *x)
{
    char *end;
    if (!*word || strchr(" \t\n", *word)) return 0;
    *x = strtod(word, &end);
    return end != word && !*end && isfinite(*x);
}

int cli_parse_integer(const char *word, long *k)
{
    double x;
    char  *end;
    if (!cli_parse_number(word, &x) || x != floor(x) || fabs(x) > 0x1p62) return 0;
    *k = strtol(word, &end, 10); /* exact beyond 2^53 */
    if (*end) *k = (long)x;      /* "1e4"             */
    return 1;
}

int cli_parse_flag(const char *word, int *flag)
{
    static const char *const yes[] = { "yes", "true", "on", "1" };
    static const char *const no[]  = { "no", "false", "off", "0" };
    for (int i = 0; i < 4; i++) {
        *flag = !strcasecmp(word, yes[i]);
        if (*flag || !strcasecmp(word, no[i])) return 1;
    }
    return 0;
}

char *cli_number_text(double x, char text[CLI_NUMBER_TEXT])
{
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, CLI_NUMBER_TEXT, "%.*g", digits, x);
        if (strtod(text, NULL) == x) break;
    }
    return text;
}

char *cli_seconds_text(double s, char *text, size_t size)
{
    if (!(s >= 0)) s = 0;
    if (s >= 3600)
        snprintf(text, size, "%.0f h %02.0f m", floor(s / 3600), floor(fmod(s, 3600) / 60));
    else if (s >= 60)
        snprintf(text, size, "%.0f m %02.0f s", floor(s / 60), floor(fmod(s, 60)));
    else if (s >= 10)
        snprintf(text, size, "%.0f s", s);
    else if (s >= 1)
        snprintf(text, size, "%.1f s", s);
    else if (s >= 1e-3)
        snprintf(text, size, "%.3g ms", s * 1e3);
    else
        snprintf(text, size, "%.3g us", s * 1e6);
    return text;
}

char *cli_bytes_text(double bytes, char *text, size_t size)
{
    static const char *const unit[] = { "bytes", "kB", "MB", "GB", "TB" };
    int                      i      = 0;
    for (; bytes >= 999.5 && i < 4; i++) bytes /= 1000;
    snprintf(text, size, "%.3g %s", bytes, unit[i]);
    return text;
}

void cli_wrap(FILE *out, const char *text, int column)
{
    int at = column;
    while (*text) {
        int n = (int)strcspn(text, " ");
        if (at > column && at + 1 + n > CLI_WIDTH) {
            fprintf(out, "\n%*s", column, "");
            at = column;
        }
        at += fprintf(out, "%s%.*s", at > column ? " " : "", n, text);
        text += n + (text[n] == ' ');
    }
    fputc('\n', out);
}
