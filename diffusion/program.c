/* Arrays that grow, and where slots live. */
#include <string.h>

#include <costate/autodiff/memory.h>

#include "program.h"

enum { OP, TERM, PLACE, SLOT, EACH };

/* Room for `more` behind `used` elements; the arrays of one kind grow together. */
static ad_status grow(long *room, long used, long more, int arrays, void **array[],
                      const size_t size[])
{
    if (used + more <= *room) return AD_OK;
    long to = 2 * *room + more + 64;
    for (int i = 0; i < arrays; i++) {
        void *p = ad_realloc(*array[i], (size_t)*room * size[i], (size_t)to * size[i]);
        if (!p) return AD_NO_MEMORY; /* those that have grown stay larger than told */
        *array[i] = p;
    }
    *room = to;
    return AD_OK;
}

ad_status dpm_program_new(dpm_program **out, long dim, long steps)
{
    dpm_program *p = ad_alloc(sizeof *p);
    if (!p) return AD_NO_MEMORY;
    p->dim       = dim;
    p->steps     = steps;
    p->step_end  = ad_alloc((size_t)(steps + 1) * sizeof(int));
    p->step_slot = ad_alloc((size_t)(steps + 1) * sizeof(int));
    if (!p->step_end || !p->step_slot) {
        dpm_program_free(p);
        return AD_NO_MEMORY;
    }
    for (long i = 0; i < steps; i++) p->step_slot[i] = -1;
    for (int i = 0; i < DPM_SLOTS_GIVEN; i++)
        if (dpm_program_slot(p) < 0) {
            dpm_program_free(p);
            return AD_NO_MEMORY;
        }
    *out = p;
    return AD_OK;
}

void dpm_program_free(dpm_program *p)
{
    if (!p) return;
    ad_free(p->op);
    ad_free(p->term);
    ad_free(p->coef);
    ad_free(p->place);
    ad_free(p->each);
    ad_free(p->step_end);
    ad_free(p->step_slot);
    ad_free(p->def);
    ad_free(p->last);
    ad_free(p->buffer);
    ad_free(p);
}

int dpm_program_slot(dpm_program *p)
{
    void       **array[] = { (void **)&p->def, (void **)&p->last, (void **)&p->buffer };
    const size_t size[]  = { sizeof(int), sizeof(int), sizeof(int) };
    if (grow(&p->room[SLOT], p->slots, 1, 3, array, size)) return -1;
    p->def[p->slots] = p->last[p->slots] = -1;
    p->buffer[p->slots]                  = p->slots;
    return p->slots++;
}

dpm_op *dpm_program_op(dpm_program *p)
{
    void **array[] = { (void **)&p->op };
    if (grow(&p->room[OP], p->ops, 1, 1, array, (const size_t[]){ sizeof *p->op })) return NULL;
    dpm_op *op  = &p->op[p->ops++];
    *op         = (dpm_op){ 0 };
    op->src     = -1;
    op->other   = -1;
    op->recover = -1;
    return op;
}

int dpm_program_term(dpm_program *p, int slot, double c, const double *each)
{
    void       **array[] = { (void **)&p->term, (void **)&p->coef };
    const size_t size[]  = { sizeof *p->term, sizeof *p->coef };
    if (grow(&p->room[TERM], p->terms, 1, 2, array, size)) return -1;
    p->term[p->terms] = (dpm_term){ slot, -1 };
    if (each) {
        void **more[] = { (void **)&p->each };
        if (grow(&p->room[EACH], p->eaches, p->dim, 1, more, (const size_t[]){ sizeof(double) }))
            return -1;
        memcpy(p->each + p->eaches, each, (size_t)p->dim * sizeof(double));
        p->term[p->terms].each = (int)p->eaches;
        p->eaches += p->dim;
    }
    p->coef[p->terms] = c;
    return p->terms++;
}

dpm_place *dpm_program_place(dpm_program *p)
{
    void **array[] = { (void **)&p->place };
    if (grow(&p->room[PLACE], p->places, 1, 1, array, (const size_t[]){ sizeof *p->place }))
        return NULL;
    return &p->place[p->places++];
}

void dpm_program_reads(const dpm_program *p, const dpm_op *op, void (*visit)(int slot, void *ctx),
                       void *ctx)
{
    if (op->src >= 0) visit(op->src, ctx);
    if (op->other >= 0) visit(op->other, ctx);
    if (op->kind == DPM_OP_BLEND) visit(DPM_SLOT_MASK, ctx);
    for (int i = 0; op->kind == DPM_OP_LIN && i < op->terms; i++)
        visit(p->term[op->first + i].slot, ctx);
}

struct reading {
    dpm_program *p;
    int          at;
};

static void note(int slot, void *ctx)
{
    struct reading *r = ctx;
    if (r->p->last[slot] < r->at) r->p->last[slot] = r->at;
}

/* The life of a slot. What a step or the program ends with lives to that end. */
static void lives(dpm_program *p)
{
    struct reading r = { p, 0 };
    for (int i = 0; i < p->slots; i++) p->last[i] = -1;
    for (r.at = 0; r.at < p->ops; r.at++) {
        p->def[p->op[r.at].dst] = r.at;
        note(p->op[r.at].dst, &r);
        dpm_program_reads(p, &p->op[r.at], note, &r);
    }
    for (long i = 0; i < p->ended; i++) {
        r.at = p->step_end[i] - 1;
        if (p->step_slot[i] >= 0) note(p->step_slot[i], &r);
    }
    for (int i = 0; i < p->results; i++) p->last[p->result[i]] = p->ops;
    /* what a run brings is read on the way back too (a mask) */
    for (int i = DPM_SLOT_MEAN; i < DPM_SLOTS_GIVEN; i++)
        if (p->last[i] >= 0) p->last[i] = p->ops;
}

/* Walking back, an instruction may need anything that its step has made or read (dpm_recover()): all of it lives to the end of
   the step. */
static void lives_of_steps(dpm_program *p)
{
    struct reading r = { p, 0 };
    for (int i = 0; i < p->ops; i++) {
        long step = p->op[i].step;
        r.at      = step < p->ended ? p->step_end[step] - 1 : p->ops - 1;
        note(p->op[i].dst, &r);
        dpm_program_reads(p, &p->op[i], note, &r);
    }
}

ad_status dpm_program_finish(dpm_program *p, int shared)
{
    for (p->ended = 0; p->ended < p->steps && p->step_slot[p->ended] >= 0;) p->ended++;
    lives(p);
    for (int i = 0; i < p->ops; i++)
        if (p->op[i].recover >= 0) {
            lives_of_steps(p);
            break;
        }
    for (int i = 0; i < p->slots; i++) p->buffer[i] = i;
    p->buffers = p->slots;
    if (!shared) return AD_OK;
    int *busy = ad_alloc((size_t)p->slots * sizeof *busy); /* [buffer]: until when */
    if (!busy) return AD_NO_MEMORY;
    p->buffers = 0;
    for (int s = 0; s < DPM_SLOTS_GIVEN; s++) { /* all there from the start */
        p->buffer[s]       = p->buffers;
        busy[p->buffers++] = p->last[s];
    }
    for (int i = 0; i < p->ops; i++) {
        int dst = p->op[i].dst, b = 0;
        while (b < p->buffers && busy[b] >= i)
            b++; /* an operand that dies here is not overwritten */
        p->buffer[dst] = b;
        if (b == p->buffers) p->buffers++;
        busy[b] = p->last[dst];
    }
    ad_free(busy);
    return AD_OK;
}
