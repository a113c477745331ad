/* program.h - a sampler as a straight line of instructions (internal).

   A slot is written by one instruction and read by later ones, so that a program is its own tape. Its life is the interval from
   its definition to its last reader, and slots whose lives do not meet share a buffer; cotangents live in the same intervals,
   walked backwards, and are placed alike. */
#ifndef COSTATE_DIFFUSION_PROGRAM_H
#define COSTATE_DIFFUSION_PROGRAM_H

#include "method.h"

typedef enum dpm_op_kind {
    DPM_OP_EVAL,
    DPM_OP_LIN,
    DPM_OP_NOISE,
    DPM_OP_PROJECT,
    DPM_OP_BLEND
} dpm_op_kind;

/* Slots that a run brings. */
enum { DPM_SLOT_X, DPM_SLOT_MEAN, DPM_SLOT_ONES, DPM_SLOT_KNOWN, DPM_SLOT_MASK, DPM_SLOTS_GIVEN };

typedef struct dpm_op {
    dpm_op_kind kind;
    int         dst;
    int         src; /* EVAL, PROJECT: what is read; BLEND: mask src + (1 - mask) other */
    int         other;
    int         first, terms; /* LIN: term[first ..)                                          */
    int         recover;      /* LIN: the term that it can be solved for; -1                     */
    int         place;        /* EVAL: place[place], their count in order                        */
    long        step;
    uint64_t    stream; /* NOISE */
} dpm_op;

typedef struct dpm_term {
    int slot;
    int each; /* offset of [dim] numbers in program.each; -1 */
} dpm_term;

/* An evaluation: where, and how the network's answer becomes m. */
typedef struct dpm_place {
    dpm_point      at;
    dpm_affine     a;
    dpm_prediction want;
} dpm_place;

enum { DPM_RESULTS = 4 };

typedef struct dpm_program {
    long       dim, steps;
    int        ops, terms, places, slots;
    dpm_op    *op;
    dpm_term  *term;
    double    *coef; /* [terms] */
    dpm_place *place;
    double    *each;
    long       eaches;
    int        results, result[DPM_RESULTS];
    long       ended; /* steps that have ended: fewer than steps where several are taken at once */
    /* [steps]: the instruction that a step ended before, and its state */
    int *step_end, *step_slot;
    /* [slots]: instruction that writes (-1: given) and the last that reads (-1: none); where */
    int *def, *last, *buffer;
    int  buffers;
    long
        state_slots; /* checkpoints.c: of the largest state at the start of a step; 0: not counted yet */
    long room[5]; /* of the growing arrays: op term place slot each */
} dpm_program;

ad_status dpm_program_new(dpm_program **p, long dim, long steps);
void      dpm_program_free(dpm_program *p);
/* A new slot; -1 when there is no memory. */
int dpm_program_slot(dpm_program *p);
/* Room for one more of each; NULL when there is no memory. */
dpm_op    *dpm_program_op(dpm_program *p);
int        dpm_program_term(dpm_program *p, int slot, double c, const double *each);
dpm_place *dpm_program_place(dpm_program *p);
/* Lives and buffers, once all is emitted. shared: 0 gives every slot a buffer of its own. */
ad_status dpm_program_finish(dpm_program *p, int shared);
/* The slots that an instruction reads, calls visit for each. */
void dpm_program_reads(const dpm_program *p, const dpm_op *op, void (*visit)(int slot, void *ctx),
                       void *ctx);

/* --- build.c: emitting --------------------------------------------------------------------------------------------- */

/* What runs instructions while they are emitted, for DPM_LIVE. */
typedef struct dpm_live {
    ad_status (*run)(void *ctx, int upto); /* instructions [done, upto) */
    const void *(*value)(void *ctx, int slot);
    long  n;
    void *ctx;
} dpm_live;

/* The program of a method on given points. o->sampler is not looked at. */
ad_status dpm_build_program(dpm_program **p, const dpm_method *m, const dpm_options *o,
                            const dpm_model *model, long steps, const dpm_point *point,
                            const dpm_live *live);

#endif
