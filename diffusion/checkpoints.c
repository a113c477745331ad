/* States at the starts of some steps; what lies between is run again.

   With c states in hand and n steps before the end, the state is put m steps ahead such that no step is run more often than needed:
   r repetitions and c states cover beta(c, r) = (c + r)! / (c! r!) steps (Griewank 1992; Griewank, Walther 2000, algorithm 799). */
#include <string.h>

#include <costate/autodiff/memory.h>

#include "sampler.h"

enum { DEFAULT_STATES = 16 };

static double beta(long c, long r)
{
    double b = 1;
    for (long i = 1; i <= r; i++) b = b * (double)(c + i) / (double)i;
    return r < 0 ? 0 : b;
}

static long split(long n, long c)
{
    long r = 1;
    while (beta(c, r) < (double)n) r++;
    double least = (double)n - beta(c - 1, r), m = beta(c, r - 2);
    if (m < least) m = least;
    if (m < 1) m = 1;
    return m > (double)(n - 1) ? n - 1 : (long)m;
}

/* Slots that are alive before instruction e: those that a state consists of. */
static int alive(const dpm_program *p, int slot, int e)
{
    return slot >= DPM_SLOTS_GIVEN && p->def[slot] < e && p->last[slot] >= e;
}

static long live_slots(const dpm_sampler *s, int e)
{
    long n = 0;
    for (int i = DPM_SLOTS_GIVEN; i < s->program->slots; i++) n += alive(s->program, i, e);
    return n;
}

/* Counted once: it goes over all slots for every step. */
static long state_slots(const dpm_sampler *s)
{
    long most = 1;
    if (s->program->state_slots) return s->program->state_slots;
    for (long k = 1; k < s->program->ended; k++) {
        long n = live_slots(s, dpm_step_begin(s, k));
        if (n > most) most = n;
    }
    s->program->state_slots = most;
    return most;
}

long dpm_checkpoint_states(const dpm_sampler *s)
{
    if (!s->o.budget) return DEFAULT_STATES;
    long c = (long)(s->o.budget / ((size_t)state_slots(s) * dpm_state_bytes(s)));
    return c < 1 ? 1 : c;
}

long dpm_checkpoint_tail(const dpm_sampler *s)
{
    return s->program->ended - 1;
}

void dpm_checkpoint_forget(dpm_sampler *s)
{
    for (int i = 0; i < s->snapshot.count; i++)
        if (s->snapshot.block[i])
            s->stats.bytes_kept -= (size_t)state_slots(s) * dpm_state_bytes(s);
    dpm_kept_free(&s->snapshot);
}

static ad_status store(dpm_sampler *s, int at, long step)
{
    const dpm_program *p     = s->program;
    size_t             bytes = dpm_state_bytes(s);
    int                e     = dpm_step_begin(s, step);
    AD_TRY(dpm_kept_size(&s->snapshot, at + 1));
    AD_TRY(dpm_kept_need(&s->snapshot, at, (size_t)state_slots(s) * bytes, &s->stats.bytes_kept));
    char *to = s->snapshot.block[at];
    for (int i = DPM_SLOTS_GIVEN; i < p->slots; i++)
        if (alive(p, i, e)) {
            memcpy(to, dpm_value(s, i), bytes);
            to += bytes;
        }
    return AD_OK;
}

/* at < 0: the start of the run */
static ad_status restore(dpm_sampler *s, int at, long step)
{
    const dpm_program *p     = s->program;
    size_t             bytes = dpm_state_bytes(s);
    int                e     = dpm_step_begin(s, step);
    AD_TRY(dpm_run_given(s));
    const char *from = at < 0 ? NULL : s->snapshot.block[at];
    for (int i = DPM_SLOTS_GIVEN; from && i < p->slots; i++)
        if (alive(p, i, e)) {
            memcpy(dpm_value(s, i), from, bytes);
            from += bytes;
        }
    return AD_OK;
}

/* The way down to the last step, which the run itself takes: states before steps split(n, c), ... */
ad_status dpm_checkpoint_pass(dpm_sampler *s, long step)
{
    long from = 0, c = dpm_checkpoint_states(s);
    for (int at = 0; c > 0 && s->program->ended - from > 1; at++, c--) {
        from += split(s->program->ended - from, c);
        if (from == step) return store(s, at, step);
    }
    return AD_OK;
}

static ad_status run_steps(dpm_sampler *s, long from, long to, int keep)
{
    int a = dpm_step_begin(s, from), b = dpm_step_begin(s, to);
    for (int i = a; i < b; i++) s->stats.nfe_again += s->program->op[i].kind == DPM_OP_EVAL;
    return dpm_run_ops(s, a, b, keep);
}

/* One step: run with its sources kept, unless the run itself did, then walked; its blocks serve the next one. */
static ad_status leaf(dpm_walk *w, long step)
{
    dpm_sampler *s = w->s;
    int          a = dpm_step_begin(s, step), b = dpm_step_begin(s, step + 1);
    if (step < dpm_checkpoint_tail(s)) AD_TRY(run_steps(s, step, step + 1, 1));
    AD_TRY(dpm_walk_ops(w, a, b));
    AD_TRY(dpm_kept_size(&s->pool, s->pooled + b - a));
    for (int i = a; i < b && i < s->source.count; i++)
        if (s->source.block[i]) {
            s->pool.block[s->pooled++] = s->source.block[i];
            s->source.block[i]         = NULL;
        }
    return AD_OK;
}

/* Steps [from, to) backwards; the state before `from` is snapshot at - 1 (at = 0: the start), c more may be stored from `at` on.
   down: on the way that the run itself took. */
static ad_status back(dpm_walk *w, long from, long to, long c, int at, int down)
{
    dpm_sampler *s = w->s;
    while (to - from > 1 && c > 0) {
        long mid = from + split(to - from, c);
        if (!down) {
            AD_TRY(restore(s, at - 1, from));
            AD_TRY(run_steps(s, from, mid, 0));
            AD_TRY(store(s, at, mid));
        }
        AD_TRY(back(w, mid, to, c - 1, at + 1, down));
        down = 0;
        to   = mid;
    }
    for (long k = to - 1; k >= from; k--) {
        if (k < dpm_checkpoint_tail(s)) {
            AD_TRY(restore(s, at - 1, from));
            AD_TRY(run_steps(s, from, k, 0));
        }
        AD_TRY(leaf(w, k));
    }
    return AD_OK;
}

ad_status dpm_checkpoint_walk(dpm_walk *w)
{
    return back(w, 0, w->s->program->ended, dpm_checkpoint_states(w->s), 0, 1);
}
