/* number.h - numbers in data files, whatever the locale (internal). */
#ifndef COSTATE_DATASETS_NUMBER_H
#define COSTATE_DATASETS_NUMBER_H

#include <costate/autodiff/base.h>

COSTATE_BEGIN_DECLS

/* Whether all n characters are a number, with '.' or ',' as decimal sign and e, E, d or D before an exponent; "inf"
   counts, and so does 1e999, which gives infinity. Correctly rounded. */
int ds_number(const char *s, size_t n, char decimal, double *x);

/* Empty, NA, NaN, N/A, null, none, missing, ?, -, --, . (any case). */
int ds_is_missing(const char *s, size_t n);

/* The fewest digits that read back as x. Returns text. */
char *ds_number_text(double x, char text[32]);

/* Equal but for the case of ASCII letters. */
int ds_same_word(const char *s, size_t n, const char *word);

COSTATE_END_DECLS
#endif
