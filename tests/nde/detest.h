/* detest.h - DETEST (Hull, Enright, Fellen, Sedgwick 1972), classes A, B, C, as systems in text.

       detest_text("C4orig", text, sizeof text)        0: no such problem (C5's constants are in ivp.json: ivp.h)

   C1 .. C4 are generated. C3orig, C4orig: tridiagonal (1, -2, 1) as in the paper; C3diffrax, C4diffrax have 0 in the last
   diagonal entry. Interval 0 .. 20 throughout. */
#ifndef COSTATE_TESTS_NDE_DETEST_H
#define COSTATE_TESTS_NDE_DETEST_H

#include <stdio.h>
#include <string.h>

static const char *const detest_names[] = { "A1",     "A2",        "A3",     "A4",       "A5", "B1",
                                            "B2",     "B3",        "B4",     "B5",       "C1", "C2",
                                            "C3orig", "C3diffrax", "C4orig", "C4diffrax" };
enum {
    DETEST_PROBLEMS = sizeof detest_names / sizeof *detest_names,
    DETEST_TEXT     = 8192,
    DETEST_STATES   = 51
};

// clang-format off
static const char *const detest_small[][2] = {
    { "A1", "y1' = -y1\n" "y1(0) = 1\n" },
    { "A2", "y1' = -y1^3/2\n" "y1(0) = 1\n" },
    { "A3", "y1' = y1*cos(t)\n" "y1(0) = 1\n" },
    { "A4", "y1' = y1/4*(1 - y1/20)\n" "y1(0) = 1\n" },
    { "A5", "y1' = (y1 - t)/(y1 + t)\n" "y1(0) = 4\n" },
    { "B1", "y1' = 2*(y1 - y1*y2)\n" "y2' = -(y2 - y1*y2)\n" "y1(0) = 1\n" "y2(0) = 3\n" },
    { "B2", "y1' = -y1 + y2\n" "y2' = y1 - 2*y2 + y3\n" "y3' = y2 - y3\n" "y1(0) = 2\n" "y2(0) = 0\n" "y3(0) = 1\n" },
    { "B3", "y1' = -y1\n" "y2' = y1 - y2^2\n" "y3' = y2^2\n" "y1(0) = 1\n" "y2(0) = 0\n" "y3(0) = 0\n" },
    { "B4", "r = sqrt(y1^2 + y2^2)\n" "y1' = -y2 - y1*y3/r\n" "y2' = y1 - y2*y3/r\n" "y3' = y1/r\n"
            "y1(0) = 3\n" "y2(0) = 0\n" "y3(0) = 0\n" },
    { "B5", "y1' = y2*y3\n" "y2' = -y1*y3\n" "y3' = -0.51*y1*y2\n" "y1(0) = 0\n" "y2(0) = 1\n" "y3(0) = 1\n" },
};
// clang-format on

/* C1: y_i' = y_{i-1} - y_i; C2: y_i' = (i-1) y_{i-1} - i y_i; the last one only receives. */
static inline void detest_chain(FILE *f, int scaled)
{
    fprintf(f, "y1' = -y1\n");
    for (int i = 2; i < 10; i++)
        fprintf(f, "y%d' = %d*y%d - %d*y%d\n", i, scaled ? i - 1 : 1, i - 1, scaled ? i : 1, i);
    fprintf(f, "y10' = %d*y9\n", scaled ? 9 : 1);
}

/* C3, C4: y' = tridiag(1, -2, 1) y */
static inline void detest_diffusion(FILE *f, int n, int last)
{
    fprintf(f, "y1' = -2*y1 + y2\n");
    for (int i = 2; i < n; i++) fprintf(f, "y%d' = y%d - 2*y%d + y%d\n", i, i - 1, i, i + 1);
    fprintf(f, "y%d' = y%d - %d*y%d\n", n, n - 1, last, n);
}

static inline int detest_text(const char *name, char *text, size_t size)
{
    FILE *f = fmemopen(text, size, "w");
    int   n = 0;
    for (size_t i = 0; i < sizeof detest_small / sizeof *detest_small; i++)
        if (strcmp(detest_small[i][0], name) == 0) n = fprintf(f, "%s", detest_small[i][1]) > 0;
    if (!n && name[0] == 'C') {
        n = name[1] == '4' ? 51 : 10;
        if (name[1] < '3')
            detest_chain(f, name[1] == '2');
        else
            detest_diffusion(f, n, strstr(name, "diffrax") ? 0 : 2);
        for (int i = 1; i <= n; i++) fprintf(f, "y%d(0) = %d\n", i, i == 1);
    }
    fprintf(f, "t = 0 .. 20\n");
    fclose(f);
    return n != 0;
}

#endif
