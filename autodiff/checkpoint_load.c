/* checkpoint_load.c - reading a checkpoint: everything is looked at before anything is changed. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <costate/autodiff/checkpoint_list.h>

typedef struct source {
    const char       *path;
    const ad_tensors *f;
} source;

static char *shape_text(const ad_tensor *t, char *text, size_t size)
{
    return ad_shape_text(ad_dims(t->rank, t->dim, 0), text, size);
}

static ad_status check_array(const source *s, const ad_tensor *want)
{
    char             a[160], b[160];
    const ad_tensor *have = ad_tensors_find(s->f, want->name);
    if (!have)
        return ad_fail(AD_BAD_FILE,
                       "%s: checkpoint from another model or run: %s %s is not in the file",
                       s->path, want->name, shape_text(want, b, sizeof b));
    if (have->rank != want->rank ||
        memcmp(have->dim, want->dim, (size_t)want->rank * sizeof *want->dim))
        return ad_fail(
            AD_BAD_FILE, "%s: checkpoint from another model: %s is %s in the file, %s in the model",
            s->path, want->name, shape_text(have, a, sizeof a), shape_text(want, b, sizeof b));
    if (have->type != want->type)
        return ad_fail(AD_BAD_FILE,
                       "%s: checkpoint of another precision: %s is %s in the file, %s in the model",
                       s->path, want->name, ad_tensor_type_name(have->type),
                       ad_tensor_type_name(want->type));
    return AD_OK;
}

/* Parameters that the file has and the model has not. Moments, averages and extra arrays may be left unread. */
static ad_status check_surplus(const source *s, const ad_checkpoint_list *l)
{
    for (int i = 0; i < s->f->count; i++) {
        const ad_tensor *t     = &s->f->tensor[i];
        int              known = ad_checkpoint_beside(t->name);
        for (int j = 0; j < l->n && !known; j++) known = !strcmp(l->tensor[j].name, t->name);
        char a[160];
        if (!known)
            return ad_fail(
                AD_BAD_FILE,
                "%s: checkpoint from another model: the file has %s %s, the model has not", s->path,
                t->name, shape_text(t, a, sizeof a));
    }
    return AD_OK;
}

static ad_status check_arrays(const source *s, const ad_checkpoint_list *l)
{
    for (int i = 0; i < l->n; i++) AD_TRY(check_array(s, &l->tensor[i]));
    return check_surplus(s, l);
}

static void copy_arrays(const source *s, const ad_checkpoint_list *l)
{
    for (int i = 0; i < l->n; i++) {
        const ad_tensor *to    = &l->tensor[i];
        size_t           bytes = ad_tensor_type_size(to->type);
        for (int j = 0; j < to->rank; j++) bytes *= (size_t)to->dim[j];
        if (bytes)
            memcpy((void *)(uintptr_t)to->data, ad_tensors_find(s->f, to->name)->data, bytes);
    }
}

static ad_status text_of(const source *s, const char *key, const char **text)
{
    *text = ad_tensors_meta(s->f, key);
    if (*text) return AD_OK;
    return ad_fail(AD_BAD_FILE,
                   "%s: the checkpoint holds no \"%s\": it comes from another kind of run", s->path,
                   key);
}

static ad_status same_text(const source *s, const char *key, const char *want)
{
    const char *have;
    AD_TRY(text_of(s, key, &have));
    if (!strcmp(have, want)) return AD_OK;
    return ad_fail(AD_BAD_FILE, "%s: %s is \"%s\" in the file, \"%s\" in this run", s->path, key,
                   have, want);
}

/* A whole number of the metadata; the seed fills all 64 bits, the others are signed. */
static ad_status number(const source *s, const char *key, uint64_t *x)
{
    const char *text;
    char       *end;
    AD_TRY(text_of(s, key, &text));
    errno = 0;
    *x    = *text == '-' ? (uint64_t)strtoll(text, &end, 10) : strtoull(text, &end, 10);
    if (*text && !*end && !errno) return AD_OK;
    return ad_fail(AD_BAD_FILE, "%s: \"%s\" should be a whole number and is \"%.40s\"", s->path,
                   key, text);
}

/* How often something was done: not negative. */
static ad_status count(const source *s, const char *key, uint64_t *x)
{
    AD_TRY(number(s, key, x));
    if (*x <= LONG_MAX) return AD_OK;
    return ad_fail(AD_BAD_FILE, "%s: \"%s\" cannot be %" PRIu64, s->path, key, *x);
}

static ad_status read_schedule(const source *s, ad_schedule *schedule)
{
    const char *text;
    AD_TRY(text_of(s, "schedule", &text));
    ad_status status = ad_schedule_restore(schedule, text);
    return status ? ad_fail_at(AD_BAD_FILE, "%s: ", s->path) : AD_OK;
}

/* All numbers of the metadata; run twice, first to look and then to apply. */
static ad_status read_texts(const source *s, const ad_checkpoint *c, int apply)
{
    char     text[256];
    uint64_t x;
    if (c->optim) {
        AD_TRY(same_text(s, "optimizer", c->optim->method->name));
        AD_TRY(count(s, "optimizer.steps", &x));
        if (apply) c->optim->steps = (long)x;
    }
    if (c->ema) {
        AD_TRY(same_text(s, "ema", ad_checkpoint_ema(c->ema, text, sizeof text)));
        AD_TRY(count(s, "ema.updates", &x));
        if (apply) c->ema->updates = (long)x;
    }
    if (c->schedule) {
        ad_schedule schedule = *c->schedule;
        AD_TRY(read_schedule(s, &schedule));
        if (apply) *c->schedule = schedule;
    }
    if (c->seed) {
        AD_TRY(number(s, "seed", &x));
        if (apply) *c->seed = x;
    }
    for (int i = 0; i < c->ncounters; i++) {
        AD_TRY(number(s, ad_checkpoint_counter(&c->counters[i], text, sizeof text), &x));
        if (apply) *c->counters[i].value = (int64_t)x;
    }
    return AD_OK;
}

static ad_status load(const source *s, ad_checkpoint_list *l, const ad_checkpoint *c)
{
    AD_TRY(ad_checkpoint_arrays(l, c));
    AD_TRY(check_arrays(s, l));
    AD_TRY(read_texts(s, c, 0));
    copy_arrays(s, l);
    return read_texts(s, c, 1);
}

ad_status ad_checkpoint_load(const char *path, const ad_checkpoint *c)
{
    ad_tensors *f;
    AD_TRY(ad_tensors_read(&f, path));
    ad_checkpoint_list l = { .arena = ad_arena_new() };
    ad_status          s = l.arena ? load(&(source){ path, f }, &l, c) : AD_NO_MEMORY;
    ad_arena_free(l.arena);
    ad_tensors_free(f);
    return s;
}

ad_status ad_checkpoint_text(const char *path, const char *key, char **text)
{
    *text = NULL;
    ad_tensors *f;
    const char *value;
    AD_TRY(ad_tensors_read(&f, path));
    ad_status s = text_of(&(source){ path, f }, key, &value);
    if (s == AD_OK) *text = ad_strdup(value);
    if (s == AD_OK && !*text) s = AD_NO_MEMORY;
    ad_tensors_free(f);
    return s;
}
