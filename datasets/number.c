#define _GNU_SOURCE /* strtod_l */
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <costate/datasets/number.h>

int ds_same_word(const char *s, size_t n, const char *word)
{
    if (strlen(word) != n) return 0;
    for (size_t i = 0; i < n; i++) {
        char c = s[i];
        if (c >= 'A' && c <= 'Z') c = (char)(c - 'A' + 'a');
        if (c != word[i]) return 0;
    }
    return 1;
}

static int one_of(const char *s, size_t n, const char *const *words)
{
    for (; *words; words++)
        if (ds_same_word(s, n, *words)) return 1;
    return 0;
}

int ds_is_missing(const char *s, size_t n)
{
    static const char *const words[] = { "",     "na", "nan", "n/a", "null", "none", "missing",
                                         "#n/a", "?",  "-",   "--",  ".",    "-nan", NULL };
    return one_of(s, n, words);
}

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Sign, digits with at most one decimal sign, exponent: the parts of a number that stand in s. */
typedef struct scan {
    int      negative, digits, exact; /* exact: mantissa holds all digits */
    uint64_t mantissa;
    long     exponent;
} scan;

static const char *scan_exponent(const char *s, const char *end, scan *a)
{
    const char *start = s;
    if (s == end || !strchr("eEdD", *s)) return start;
    s++;
    int negative = s < end && *s == '-';
    if (s < end && (*s == '-' || *s == '+')) s++;
    if (s == end || !is_digit(*s)) return start;
    long e = 0;
    for (; s < end && is_digit(*s); s++)
        if (e < 100000) e = 10 * e + (*s - '0');
    a->exponent += negative ? -e : e;
    return s;
}

static int scan_number(const char *s, const char *end, char decimal, scan *a)
{
    int point   = 0;
    *a          = (scan){ .exact = 1 };
    a->negative = s < end && *s == '-';
    if (s < end && (*s == '-' || *s == '+')) s++;
    for (; s < end; s++) {
        if (*s == decimal && !point) {
            point = 1;
            continue;
        }
        if (!is_digit(*s)) break;
        a->digits++;
        if (a->mantissa < UINT64_C(100000000000000000)) {
            a->mantissa = 10 * a->mantissa + (uint64_t)(*s - '0');
            a->exponent -= point;
        } else {
            a->exact = 0;
        }
    }
    return a->digits && scan_exponent(s, end, a) == end;
}

static int slow(const char *s, size_t n, char decimal, double *x)
{
    char     copy[512];
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (n >= sizeof copy || !c) return 0;
    for (size_t i = 0; i < n; i++) {
        copy[i] = s[i];
        if (s[i] == decimal) copy[i] = '.';
        if (s[i] == 'd' || s[i] == 'D') copy[i] = 'e';
    }
    copy[n] = 0;
    *x      = strtod_l(copy, NULL, c);
    freelocale(c);
    return 1;
}

/* Two exact doubles and one rounding, when the mantissa is below 2^53 and the power of ten at most 10^22
   (Clinger 1990); the C library for the rest. */
int ds_number(const char *s, size_t n, char decimal, double *x)
{
    static const double      ten[]      = { 1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                            1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                            1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };
    static const char *const infinite[] = { "inf", "+inf", "-inf", "infinity", "-infinity", NULL };
    scan                     a;
    if (one_of(s, n, infinite)) {
        *x = s[0] == '-' ? -INFINITY : INFINITY;
        return 1;
    }
    if (!scan_number(s, s + n, decimal, &a)) return 0;
    if (!a.exact || a.mantissa > UINT64_C(1) << 53 || labs(a.exponent) > 22)
        return slow(s, n, decimal, x);
    *x = (double)a.mantissa;
    *x = a.exponent < 0 ? *x / ten[-a.exponent] : *x * ten[a.exponent];
    if (a.negative) *x = -*x;
    return 1;
}

char *ds_number_text(double x, char text[32])
{
    double back = 0;
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, 32, "%.*g", digits, x);
        for (char *c = text; *c; c++)
            if (!is_digit(*c) && !strchr("+-einfa", *c)) *c = '.'; /* the locale's decimal sign */
        if (ds_number(text, strlen(text), '.', &back) && back == x) break;
    }
    return text;
}
