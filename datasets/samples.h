/* samples.h - rows of numbers with or without a class: images, tables, clouds of points.

   A set has n samples of dim numbers each, which may have a shape ([1, 28, 28]: channels, height, width). Bytes stay
   bytes: x = byte / unit, so that pixels are in [0, 1].

       ds_samples *train;
       AD_TRY(ds_samples_make(&train, "mnist", &(ds_samples_options){ .dir = "mnist", .n = 10000 }));
       AD_TRY(ds_samples_rows(train, 128, index, AD_F32, x, label));

   A set is one file with a function that makes it, and one line of samples.def. */
#ifndef COSTATE_DATASETS_SAMPLES_H
#define COSTATE_DATASETS_SAMPLES_H

#include <costate/autodiff/status.h>
#include <costate/autodiff/types.h>

COSTATE_BEGIN_DECLS

enum { DS_SAMPLE_RANK = 4 };

typedef struct ds_samples {
    char    *name;
    char    *note; /* what was read and how, a sentence a line; "" */
    long     n, dim;
    int      rank;
    long     shape[DS_SAMPLE_RANK]; /* product: dim                             */
    int      classes;               /* 0: no labels                              */
    int     *label;                 /* [n], 0 .. classes - 1                     */
    char   **class_name;            /* [classes]; NULL: they are numbers         */
    double   unit;                  /* x = byte / unit                           */
    uint8_t *byte;                  /* [n][dim]; NULL: real                      */
    double  *real;                  /* [n][dim]; NULL: byte                      */
} ds_samples;

/* Names, sizes and unit 1; the caller fills byte or real, and label with classes, with memory of ad_alloc().
   ds_samples_free() takes a set at any stage of that, and NULL. */
ad_status ds_samples_new(ds_samples **out, const char *name, long n, int rank, const long shape[]);
void      ds_samples_free(ds_samples *s);

/* Adds a sentence to s->note. */
ad_status ds_samples_note(ds_samples *s, const char *format, ...) COSTATE_PRINTF(2, 3);

/* x [n, dim] of the type, row i being sample index[i] (NULL: i), and their labels (NULL: not wanted). Allocates
   nothing. AD_INVALID for an index out of range, or labels of a set without them. */
ad_status ds_samples_rows(const ds_samples *s, long n, const long *index, ad_type type, void *x,
                          int *label);

/* Copies of n samples; of two parts, round(held_out n) drawn by seed are the rest, 0 < held_out < 1. */
ad_status ds_samples_take(ds_samples **out, const ds_samples *s, long n, const long *index);
ad_status ds_samples_split(const ds_samples *s, double held_out, uint64_t seed, ds_samples **train,
                           ds_samples **rest);

/* "1x28x28"; returns text. */
char *ds_samples_shape_text(const ds_samples *s, char *text, size_t size);

/* --- sets by name ------------------------------------------------------------------------------------------------ */

typedef enum ds_part { DS_TRAIN, DS_TEST } ds_part;

#define DS_NO_NOISE (-1.0)

/* Zero means the default, which stands beside the field. */
typedef struct ds_samples_options {
    const char *dir;   /* the folder with the files of a recorded set               */
    ds_part     part;  /* DS_TRAIN                                                  */
    long        n;     /* recorded: the first n of the part, all; drawn: 2000       */
    uint64_t    seed;  /* 0; recorded sets have no use for it                       */
    double      noise; /* drawn: the set's own, DS_NO_NOISE for none; recorded: refused */
} ds_samples_options;

typedef ad_status ds_samples_maker(ds_samples **out, const ds_samples_options *o);

/* log p(x) of what is drawn under the options (NULL: the defaults), exactly; -inf where there is no sample, NaN where
   points without noise lie on curves and have no density. */
typedef double ds_log_density(const ds_samples_options *o, const double *x);

typedef struct ds_samples_row {
    const char       *name, *description, *source;
    ds_samples_maker *make;
    ds_log_density   *log_density; /* NULL: none in closed form   */
    const char       *files;       /* to be put into dir; NULL: none are needed */
} ds_samples_row;

int                   ds_samples_count(void);
const ds_samples_row *ds_samples_at(int i);
const ds_samples_row *ds_samples_find(const char *name); /* NULL, with a sentence */
/* Does "NAME" or "NAME:key=value,..." name a set? */
int ds_samples_named(const char *spec);
/* The recorded set that files in a folder are of, "mnist" (and others with its names) or "cifar10"; NULL: none. */
const char *ds_samples_in_folder(const char *dir);

/* o may be NULL. Samples drawn for DS_TEST are others than those for DS_TRAIN; sample i does not depend on n. */
ad_status ds_samples_make(ds_samples **out, const char *name, const ds_samples_options *o);

/* "NAME" or "NAME:n=500,noise=0.1,seed=1,part=test,dir=FOLDER", which go before o's. */
ad_status ds_samples_make_spec(ds_samples **out, const char *spec, const ds_samples_options *o);

COSTATE_END_DECLS
#endif
