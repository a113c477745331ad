#include <ctype.h>
#include <limits.h>
#include <string.h>

#include <costate/autodiff/text.h>

enum { LETTERS = 63 };

static int letter(const char *s, int i)
{
    return tolower((unsigned char)s[i]);
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* Optimal string alignment: d(i, j) = edits between the first i letters of a and the first j of b,

       d(i, j) = min( d(i-1, j) + 1, d(i, j-1) + 1, d(i-1, j-1) + [a_i != b_j],
                      d(i-2, j-2) + 1 if a_{i-1} a_i = b_j b_{j-1} ).                                    (1)

   Three rows of the table are alive at a time. */
int ad_edit_distance(const char *a, const char *b)
{
    size_t na = strlen(a), nb = strlen(b);
    if (na > LETTERS || nb > LETTERS) return INT_MAX;
    int  rows[3][LETTERS + 1];
    int *before = rows[0], *above = rows[1], *here = rows[2];
    for (int j = 0; j <= (int)nb; j++) here[j] = j;
    for (int i = 1; i <= (int)na; i++) {
        int *spare = before;
        before = above, above = here, here = spare;
        here[0] = i;
        for (int j = 1; j <= (int)nb; j++) {
            int differ = letter(a, i - 1) != letter(b, j - 1);
            int d      = least(least(above[j], here[j - 1]) + 1, above[j - 1] + differ);
            int swap   = i > 1 && j > 1 && letter(a, i - 1) == letter(b, j - 2) &&
                       letter(a, i - 2) == letter(b, j - 1);
            here[j] = swap ? least(d, before[j - 2] + 1) : d;
        }
    }
    return here[nb];
}

const char *ad_nearest(const char *word, int n, const char *const names[])
{
    const char *nearest = NULL;
    int         fewest  = INT_MAX;
    size_t      letters = strlen(word);
    for (int i = 0; i < n; i++) {
        size_t longer = strlen(names[i]) > letters ? strlen(names[i]) : letters;
        int    edits  = ad_edit_distance(word, names[i]);
        if (edits >= fewest || (size_t)edits > longer / 3) continue;
        nearest = names[i];
        fewest  = edits;
    }
    return nearest;
}
