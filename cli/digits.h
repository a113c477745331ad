/* digits.h - digits, and what a classifier makes of them (models/judge.h). */
#ifndef COSTATE_CLI_DIGITS_H
#define COSTATE_CLI_DIGITS_H

#include <costate/autodiff/memory.h>
#include <costate/models/judge.h>

enum { DIGITS = 10, DIGIT_DIM = 64, DIGIT_EDGE = 8 };

/* n digits with what the judge sees in them. */
typedef struct digits {
    long    n;
    double *x, *features, *logits;
    int    *label;
} digits;

typedef struct verdict {
    double confident; /* part whose largest probability is at least 0.9   */
    double agreed;    /* part whose likeliest class is the label          */
    double distance;  /* Frechet's, of the features from the test part's  */
    double near;      /* median distance to the nearest training digit    */
} verdict;

ad_status digits_new(digits *d, ad_arena *arena, const mdl_judge *j, long n);
/* All of a set. */
ad_status digits_read(digits *d, ad_arena *arena, const mdl_judge *j, const ds_samples *s);

/* Pixels are cut to [0, 1], as a picture's are, and d's logits and features are filled in. The distance is from the features of
   `test`, whose own must be there; `known`: the digits that the samples are not to be copies of. */
ad_status digits_judge(digits *d, mdl_judge *j, const digits *test, const digits *known,
                       verdict *v);

#endif
