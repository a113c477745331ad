/* A program as text. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <costate/autodiff/memory.h>

#include "sampler.h"

typedef struct sheet {
    char  *text;
    size_t used, room;
    int    failed;
} sheet;

static void put(sheet *t, const char *format, ...) COSTATE_PRINTF(2, 3);

static void put(sheet *t, const char *format, ...)
{
    enum { PIECE = 160 };
    if (t->failed) return;
    if (t->room - t->used < PIECE) {
        char *more = ad_realloc(t->text, t->used, 2 * t->room + PIECE);
        if (!more) {
            t->failed = 1;
            return;
        }
        t->text = more;
        t->room = 2 * t->room + PIECE;
    }
    va_list a;
    va_start(a, format);
    int n = vsnprintf(t->text + t->used, PIECE, format, a);
    va_end(a);
    t->used += (size_t)(n < PIECE ? n : PIECE - 1);
}

/* "x", "mean", or "%7" */
static void put_slot(sheet *t, int slot)
{
    static const char *const given[] = { "x", "mean", "one", "known", "mask" };
    if (slot < DPM_SLOTS_GIVEN)
        put(t, "%s", given[slot]);
    else
        put(t, "%%%d", slot - DPM_SLOTS_GIVEN);
}

static void put_op(sheet *t, const dpm_program *p, const dpm_op *op)
{
    put_slot(t, op->dst);
    put(t, " = ");
    switch (op->kind) {
    case DPM_OP_EVAL: {
        const dpm_place *e = &p->place[op->place];
        put(t, "%s(", dpm_prediction_name(e->want));
        put_slot(t, op->src);
        put(t, ", t = %.9g)", e->at.t);
        break;
    }
    case DPM_OP_LIN:
        for (int i = op->first; i < op->first + op->terms; i++) {
            put(t, "%s%.9g%s ", i > op->first ? " + " : "", p->coef[i],
                p->term[i].each < 0 ? "" : "[each]");
            put_slot(t, p->term[i].slot);
        }
        if (op->recover >= 0) {
            put(t, "   (recovers ");
            put_slot(t, p->term[op->first + op->recover].slot);
            put(t, ")");
        }
        break;
    case DPM_OP_NOISE: put(t, "normal(%llu)", (unsigned long long)op->stream); break;
    case DPM_OP_PROJECT:
        put(t, "project(");
        put_slot(t, op->src);
        put(t, ")");
        break;
    case DPM_OP_BLEND:
        put(t, "mask ");
        put_slot(t, op->src);
        put(t, " + (1 - mask) ");
        put_slot(t, op->other);
        break;
    }
    put(t, "\n");
}

char *dpm_sampler_text(const dpm_sampler *s)
{
    const dpm_program *p = s->program;
    sheet              t = { 0 };
    if (!p)
        put(&t, "sampler %s decides by values: its program is that of a run\n", s->method->name);
    else {
        put(&t, "sampler %s: %ld steps, %d evaluations, %d instructions, %d buffers\n",
            s->method->name, s->steps, p->places, p->ops, p->buffers);
        for (int i = 0; i < p->ops; i++) put_op(&t, p, &p->op[i]);
        put(&t, "return ");
        for (int i = 0; i < p->results; i++) {
            if (i) put(&t, ", ");
            put_slot(&t, p->result[i]);
        }
        put(&t, "\n");
    }
    if (!t.failed) return t.text;
    ad_free(t.text);
    return NULL;
}
