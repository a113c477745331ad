/* class_names.h - (internal) what the classes of a run are called.

   A table's words are numbered in the order of the alphabet, of the words that it has. Another table may lack some: its numbers are
   those of the run only by way of the names, which config.json keeps as "class_names". */
#ifndef COSTATE_MODELS_CLASS_NAMES_H
#define COSTATE_MODELS_CLASS_NAMES_H

#include <costate/datasets/samples.h>

COSTATE_BEGIN_DECLS

/* A list of texts, a new reference; null where the classes are numbers. NULL: no memory. */
struct json_t *mdl_class_names(const ds_samples *s);

/* Labels of s become those of the run with these names. A class that the run does not know is a failure, words too where the
   run's classes are numbers; numbers stay what they are. */
ad_status mdl_class_names_apply(const struct json_t *names, ds_samples *s);

COSTATE_END_DECLS
#endif
