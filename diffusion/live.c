/* Samplers that decide by values: their program is made while it runs. */
#include <string.h>

#include "sampler.h"

typedef struct live {
    dpm_sampler *s;
    int          done;
    long         evaluations;
} live;

static ad_status live_run(void *ctx, int upto)
{
    live        *l    = ctx;
    dpm_sampler *s    = l->s;
    int          keep = s->run.record;
    AD_TRY(dpm_kept_size(&s->buffer, s->program->slots));
    for (int i = 0; i < s->program->slots; i++)
        AD_TRY(dpm_kept_need(&s->buffer, i, dpm_state_bytes(s), &s->stats.bytes));
    for (; l->done < upto; l->done++) {
        AD_TRY(dpm_run_op(s, l->done, keep));
        if (s->program->op[l->done].kind == DPM_OP_EVAL)
            AD_TRY(dpm_run_told(s, ++l->evaluations, 0));
    }
    return AD_OK;
}

static const void *live_value(void *ctx, int slot)
{
    return dpm_value(((live *)ctx)->s, slot);
}

ad_status dpm_run_live(dpm_sampler *s)
{
    live     l    = { .s = s };
    dpm_live with = { .run = live_run, .value = live_value, .n = s->run.n, .ctx = &l };
    dpm_program_free(s->program);
    s->program = NULL;
    AD_TRY(dpm_program_new(&s->program, s->model.dim, s->steps));
    AD_TRY(dpm_kept_size(&s->buffer, s->program->slots));
    for (int i = 0; i < s->program->slots; i++) {
        AD_TRY(dpm_kept_need(&s->buffer, i, dpm_state_bytes(s), &s->stats.bytes));
        s->program->last[i] = 0; /* all of them may be asked for */
    }
    AD_TRY(dpm_run_given(s));
    dpm_program *p = s->program;
    AD_TRY(dpm_build_program(&p, s->method, &s->o, &s->model, s->steps, s->point, &with));
    AD_TRY(live_run(&l, p->ops));
    for (long i = 0; s->run.path && i <= s->steps; i++) {
        int slot = i ? p->step_slot[i - 1] : DPM_SLOT_X;
        if (slot >= 0)
            memcpy((char *)s->run.path + (size_t)i * dpm_run_bytes(s), dpm_value(s, slot),
                   dpm_run_bytes(s));
    }
    return AD_OK;
}
