/* text.h - small helpers for names that people type. */
#ifndef COSTATE_AUTODIFF_TEXT_H
#define COSTATE_AUTODIFF_TEXT_H

#include <costate/autodiff/base.h>

COSTATE_BEGIN_DECLS

/* Edits (insert, delete, replace, swap two neighbours) that turn a into b, case ignored; for words of up to 63
   letters, INT_MAX beyond. */
int ad_edit_distance(const char *a, const char *b);

/* What was probably meant: of names[0..n) the one with the fewest edits, when those are at most a third of the longer
   word's letters; the first of equals; NULL when there is none. */
const char *ad_nearest(const char *word, int n, const char *const names[]);

COSTATE_END_DECLS
#endif
