/* method.h - how a sampler is written: a function that emits the instructions of one run, from noise to data.

   Every sampler here is a straight line of linear combinations and evaluations of the model over slots, arrays of the state's shape:

       static void make(dpm_build *b)                                    // DDIM, Song, Meng, Ermon 2021, eq. 12
       {
           dpm_slot x = b->x;
           for (long i = 0; i < b->steps; i++) {
               const dpm_point *s = &b->point[i], *t = &b->point[i + 1];
               dpm_slot m = dpm_eval(b, x, s, b->form);
               x = dpm_lin2(b, dpm_transfer(b->form, s, t), x, dpm_moment(b->form, s, t, 0), m);
               x = dpm_step(b, i, x);
           }
           dpm_result(b, x);
       }

   A slot is written once and named by what wrote it; history is kept by keeping its name. Buffers are assigned afterwards. So
   differentiation (reverse.c), memory modes and counting know no sampler. Building is sticky, as a graph is.
   A sampler is one file of samplers/, a line of samplers.def for each name, and nothing else. */
#ifndef COSTATE_DIFFUSION_METHOD_H
#define COSTATE_DIFFUSION_METHOD_H

#include <costate/diffusion/model.h>
#include <costate/diffusion/options.h>
#include <costate/diffusion/table.h>

COSTATE_BEGIN_DECLS

typedef int dpm_slot; /* < 0: dead */

enum dpm_method_flags {
    DPM_STOCHASTIC =
        1, /* draws noise                                                                    */
    DPM_REVERSIBLE =
        2, /* marks what can be recovered                                                    */
    DPM_LIVE =
        4, /* decides by values (dpm_look()): its instructions are emitted while they run     */
    DPM_TO_ZERO =
        8, /* its last step may end at sigma = 0                                             */
    DPM_FROM_ZERO =
        16, /* its first step may begin at alpha = 0                                          */
    DPM_FORM =
        32, /* takes --prediction, both forms                                                 */
    DPM_ORDERS =
        64, /* takes --order 1 .. order_most                                                  */
};

typedef struct dpm_build  dpm_build;
typedef struct dpm_method dpm_method;
struct dpm_method {
    const char *name, *about, *cite;
    const char *aliases;    /* diffusers' and k-diffusion's names, spaces between; "" */
    int         order;      /* default of b->order                                     */
    int         order_most; /* DPM_ORDERS                                              */
    double
        true_order; /* the observed order that the default form has; 0: none is stated (stochastic, live) */
    double         published_order; /* that of the official implementation; 0: the same     */
    dpm_prediction form;            /* default of b->form                                      */
    long           min_steps;       /* 0: 1                                                    */
    unsigned       flags;
    const char *
        takes; /* options beside order and prediction, spaces between: "solver-type lower-order-final";
                                   the command's names for them; "" */
    void (*make)(dpm_build *b);
};

/* What a sampler sees. */
struct dpm_build {
    const dpm_method   *method;
    const dpm_options  *o; /* as given, but for names: zero still means the default */
    const dpm_schedule *schedule;
    const dpm_model    *model; /* its type, and what its network predicts */
    long                steps;
    const dpm_point    *point; /* [steps + 1] */
    int                 order;
    dpm_prediction      form;
    long                dim;
    dpm_slot            x; /* where it starts: x_T */
};

/* m = p v + q net(cin v) at a point (prediction.h), clipped or thresholded as the options say. */
dpm_slot dpm_eval(dpm_build *b, dpm_slot v, const dpm_point *at, dpm_prediction want);
/* sum_i c[i] v[i]; terms with c[i] = 0 are left out, but for the last that remains. */
dpm_slot dpm_lin(dpm_build *b, int n, const double c[], const dpm_slot v[]);
dpm_slot dpm_lin1(dpm_build *b, double c, dpm_slot v);
dpm_slot dpm_lin2(dpm_build *b, double c0, dpm_slot v0, double c1, dpm_slot v1);
dpm_slot dpm_lin3(dpm_build *b, double c0, dpm_slot v0, double c1, dpm_slot v1, double c2,
                  dpm_slot v2);
/* The same with a number for every component: c[i] is [dim], copied. */
dpm_slot dpm_lin_each(dpm_build *b, int n, const double *const c[], const dpm_slot v[]);
/* One, everywhere. */
dpm_slot dpm_ones(dpm_build *b);
/* mu of a mean-reverting run, [n, dim]; zero where the run brings none. */
dpm_slot dpm_mean(dpm_build *b);
/* A fresh draw of N(0, I), the k-th of the program: a function of (seed, k, sample, component). */
dpm_slot dpm_noise(dpm_build *b);
/* Step i of b->steps ends with x, the state at point[i + 1]: returns x, or what inpainting makes of it. */
dpm_slot dpm_step(dpm_build *b, long i, dpm_slot x);
/* The linear combination `dst` can be solved for its operand v: reversible samplers walk back by these. */
void dpm_recover(dpm_build *b, dpm_slot dst, dpm_slot v);
/* What the sampler returns; once. A reversible one names all slots it ends with, the first is the sample. */
void dpm_result(dpm_build *b, dpm_slot x);
void dpm_results(dpm_build *b, int n, const dpm_slot x[]);

/* DPM_LIVE: what is emitted so far is run, and this is v, [n, dim] of the model's type, until the build ends; NULL when building
   has failed. */
const void *dpm_look(dpm_build *b, dpm_slot v);
long        dpm_look_rows(const dpm_build *b); /* n */

/* A mistake: the first one stays. */
void dpm_build_fail(dpm_build *b, ad_status code, const char *format, ...) COSTATE_PRINTF(3, 4);
int  dpm_build_failed(const dpm_build *b);

/* Options with their defaults. */
int    dpm_is(const char *text, const char *standard,
              const char *name);              /* text or, where NULL, standard: is it name? */
double dpm_or(double value, double standard); /* 0: standard; DPM_ZERO: 0                */

/* --- the registry ---------------------------------------------------------------------------------------------- */

int               dpm_method_count(void);
const dpm_method *dpm_method_row(int i);
/* By name or alias; NULL with a sentence that has the nearest name. */
const dpm_method *dpm_method_find(const char *name);

COSTATE_END_DECLS
#endif
