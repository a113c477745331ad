/* checkpoint.c - a checkpoint is a list of arrays and a list of texts. Both directions make the same list of
   arrays, with pointers into the model: saving writes it, loading (checkpoint_load.c) compares it with the file and then
   copies. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <costate/autodiff/checkpoint_list.h>

/* --- the arrays --- */

static const char *const prefixes[] = { "optimizer.", "ema.", "extra." };

/* Is this the name of something beside the plain model? */
int ad_checkpoint_beside(const char *name)
{
    for (int i = 0; i < 3; i++)
        if (!strncmp(name, prefixes[i], strlen(prefixes[i]))) return 1;
    return 0;
}

static const char *join(ad_checkpoint_list *l, const char *prefix, const char *name)
{
    size_t room = strlen(prefix) + strlen(name) + 1;
    char  *text = ad_arena_alloc(l->arena, room);
    if (text) snprintf(text, room, "%s%s", prefix, name);
    return text;
}

/* One array for each view of a buffer laid out like the parameters; a name is prefix + the view's. */
static ad_status add_buffer(ad_checkpoint_list *l, const ad_params *p, const char *prefix,
                            void *base)
{
    size_t size = ad_type_size(ad_params_type(p));
    for (int i = 0; i < ad_params_views(p); i++) {
        const ad_param_view *v = ad_params_view(p, i);
        ad_tensor           *t = &l->tensor[l->n++];
        t->name                = join(l, prefix, v->name);
        if (!t->name) return AD_NO_MEMORY;
        if (!*prefix && ad_checkpoint_beside(v->name))
            return ad_fail(
                AD_INVALID,
                "parameter %s: in a checkpoint, names that begin with optimizer., ema. or "
                "extra. are taken",
                v->name);
        t->type = size == 4 ? AD_TENSOR_F32 : AD_TENSOR_F64;
        t->rank = v->shape.rank;
        t->data = (char *)base + (size_t)v->offset * size;
        memcpy(t->dim, v->shape.dim, sizeof t->dim);
    }
    return AD_OK;
}

ad_status ad_checkpoint_arrays(ad_checkpoint_list *l, const ad_checkpoint *c)
{
    int buffers = 1 + (c->optim ? c->optim->method->moments : 0) + (c->ema != NULL);
    int most    = buffers * ad_params_views(c->params) + c->nextra + 1;
    l->tensor   = ad_arena_alloc(l->arena, (size_t)most * sizeof *l->tensor);
    if (!l->tensor) return AD_NO_MEMORY;
    AD_TRY(add_buffer(l, c->params, "", c->theta));
    for (int i = 0; c->optim && i < c->optim->method->moments; i++) {
        char prefix[128];
        snprintf(prefix, sizeof prefix, "optimizer.%s.", c->optim->method->moment_name[i]);
        AD_TRY(add_buffer(l, c->params, prefix, c->optim->moment[i]));
    }
    if (c->ema) AD_TRY(add_buffer(l, c->params, "ema.", c->ema->average));
    for (int i = 0; i < c->nextra; i++) {
        ad_tensor *t = &l->tensor[l->n++];
        *t           = c->extra[i];
        t->name      = join(l, "extra.", t->name);
        if (!t->name) return AD_NO_MEMORY;
    }
    return AD_OK;
}

/* --- the texts --- */

enum { FIXED_TEXTS = 12 };

static ad_status add_text(ad_checkpoint_list *l, const char *key, const char *format, ...)
    COSTATE_PRINTF(3, 4);
static ad_status add_text(ad_checkpoint_list *l, const char *key, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *value = ad_arena_alloc(l->arena, (size_t)n + 1);
    char *copy  = ad_arena_strdup(l->arena, key);
    if (!value || !copy) return AD_NO_MEMORY;
    va_start(args, format);
    vsnprintf(value, (size_t)n + 1, format, args);
    va_end(args);
    l->meta[l->texts++] = (ad_meta){ copy, value };
    return AD_OK;
}

const char *ad_checkpoint_ema(const ad_ema *e, char *text, size_t size)
{
    snprintf(text, size, "%s %.17g", e->debias ? "debiased" : "plain", e->decay);
    return text;
}

const char *ad_checkpoint_counter(const ad_counter *c, char *text, size_t size)
{
    snprintf(text, size, "counter.%s", c->name);
    return text;
}

static ad_status add_texts(ad_checkpoint_list *l, const ad_checkpoint *c)
{
    char text[256];
    l->meta = ad_arena_alloc(l->arena, (size_t)(FIXED_TEXTS + c->ncounters) * sizeof *l->meta);
    if (!l->meta) return AD_NO_MEMORY;
    AD_TRY(add_text(l, "format", "costate checkpoint 1"));
    if (c->config) AD_TRY(add_text(l, "config", "%s", c->config));
    if (c->seed) AD_TRY(add_text(l, "seed", "%" PRIu64, *c->seed));
    if (c->optim) {
        AD_TRY(add_text(l, "optimizer", "%s", c->optim->method->name));
        AD_TRY(add_text(l, "optimizer.steps", "%ld", c->optim->steps));
    }
    if (c->ema) {
        AD_TRY(add_text(l, "ema.updates", "%ld", c->ema->updates));
        AD_TRY(add_text(l, "ema", "%s", ad_checkpoint_ema(c->ema, text, sizeof text)));
    }
    if (c->schedule)
        AD_TRY(add_text(l, "schedule", "%s", ad_schedule_state(c->schedule, text, sizeof text)));
    for (int i = 0; i < c->ncounters; i++)
        AD_TRY(add_text(l, ad_checkpoint_counter(&c->counters[i], text, sizeof text), "%" PRId64,
                        *c->counters[i].value));
    return AD_OK;
}

ad_status ad_checkpoint_save(const char *path, const ad_checkpoint *c)
{
    ad_checkpoint_list l = { .arena = ad_arena_new() };
    if (!l.arena) return AD_NO_MEMORY;
    ad_status s = ad_checkpoint_arrays(&l, c);
    if (s == AD_OK) s = add_texts(&l, c);
    if (s == AD_OK) s = ad_tensors_write(path, l.n, l.tensor, l.texts, l.meta);
    ad_arena_free(l.arena);
    return s;
}
