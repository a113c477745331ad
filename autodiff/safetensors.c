/* safetensors.c - what writing and reading share, and reading. */
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <costate/autodiff/file.h>
#include <costate/autodiff/memory.h>
#include <costate/autodiff/safetensors.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "arrays are read and written as they lie in memory: a little endian machine is needed"
#endif

static const struct {
    const char *name;
    size_t      size;
} types[] = {
#define X(code, name, size) { name, size },
    AD_TENSOR_TYPES(X)
#undef X
};

enum { TYPES = sizeof types / sizeof types[0], MOST_HEADER = 100000000 /* the format's limit */ };

const char *ad_tensor_type_name(ad_tensor_type t)
{
    return types[t].name;
}

size_t ad_tensor_type_size(ad_tensor_type t)
{
    return types[t].size;
}

/* --- one array's entry in the header --- */

typedef struct reader {
    const char *path;
    char       *data; /* behind the header */
    uint64_t    size;
    ad_tensors *f;
    uint64_t (*span)[2]; /* begin and end of each array */
} reader;

static ad_status read_type(const reader *r, ad_tensor *t, const json_t *entry)
{
    const char *name = json_string_value(json_object_get(entry, "dtype"));
    if (!name) return ad_fail(AD_BAD_FILE, "%s: %s has no dtype", r->path, t->name);
    for (int i = 0; i < TYPES; i++) {
        if (strcmp(types[i].name, name)) continue;
        t->type = (ad_tensor_type)i;
        return AD_OK;
    }
    return ad_fail(AD_UNSUPPORTED,
                   "%s: %s has elements of type %.20s; F32, F64, I64 and U8 can be read", r->path,
                   t->name, name);
}

/* The extents; *bytes is what they need. */
static ad_status read_shape(const reader *r, ad_tensor *t, const json_t *entry, uint64_t *bytes)
{
    const json_t *shape = json_object_get(entry, "shape");
    if (!json_is_array(shape)) return ad_fail(AD_BAD_FILE, "%s: %s has no shape", r->path, t->name);
    size_t rank = json_array_size(shape);
    if (rank > AD_RANK)
        return ad_fail(AD_UNSUPPORTED, "%s: %s has %zu axes, at most %d can be read", r->path,
                       t->name, rank, AD_RANK);
    t->rank = (int)rank;
    *bytes  = ad_tensor_type_size(t->type);
    for (int i = 0; i < t->rank; i++) {
        const json_t *x = json_array_get(shape, (size_t)i);
        json_int_t    d = json_integer_value(x);
        if (!json_is_integer(x) || d < 0)
            return ad_fail(AD_BAD_FILE, "%s: extent %d of %s is no whole number >= 0", r->path, i,
                           t->name);
        if (d > 0 && *bytes > (uint64_t)LONG_MAX / (uint64_t)d)
            return ad_fail(AD_BAD_FILE, "%s: %s is larger than any file", r->path, t->name);
        t->dim[i] = (long)d;
        *bytes *= (uint64_t)d;
    }
    return AD_OK;
}

static ad_status read_span(const reader *r, const ad_tensor *t, const json_t *entry, uint64_t bytes,
                           uint64_t span[2])
{
    const json_t *both = json_object_get(entry, "data_offsets");
    const json_t *a = json_array_get(both, 0), *b = json_array_get(both, 1);
    if (json_array_size(both) != 2 || !json_is_integer(a) || !json_is_integer(b) ||
        json_integer_value(a) < 0 || json_integer_value(b) < json_integer_value(a))
        return ad_fail(AD_BAD_FILE, "%s: data_offsets of %s are not two rising whole numbers",
                       r->path, t->name);
    span[0] = (uint64_t)json_integer_value(a);
    span[1] = (uint64_t)json_integer_value(b);
    if (span[1] > r->size)
        return ad_fail(AD_BAD_FILE,
                       "%s: %s ends at byte %" PRIu64 " of the data, but there are only %" PRIu64
                       ": the file was cut off",
                       r->path, t->name, span[1], r->size);
    if (span[1] - span[0] != bytes)
        return ad_fail(AD_BAD_FILE,
                       "%s: %s has %" PRIu64 " bytes, its shape and type need %" PRIu64, r->path,
                       t->name, span[1] - span[0], bytes);
    return AD_OK;
}

static ad_status read_entry(reader *r, const char *name, const json_t *entry)
{
    ad_tensor *t    = &r->f->tensor[r->f->count];
    uint64_t  *span = r->span[r->f->count], bytes = 0;
    if (!json_is_object(entry))
        return ad_fail(AD_BAD_FILE, "%s: the entry of %s is no object", r->path, name);
    t->name = ad_arena_strdup(r->f->arena, name);
    if (!t->name) return AD_NO_MEMORY;
    AD_TRY(read_type(r, t, entry));
    AD_TRY(read_shape(r, t, entry, &bytes));
    AD_TRY(read_span(r, t, entry, bytes, span));
    t->data     = r->data + span[0];
    size_t size = ad_tensor_type_size(t->type);
    if ((uintptr_t)t->data % size) {
        void *copy = ad_arena_alloc(r->f->arena, bytes);
        if (!copy) return AD_NO_MEMORY;
        t->data = memcpy(copy, t->data, bytes);
    }
    r->f->count++;
    return AD_OK;
}

static ad_status read_meta(reader *r, json_t *texts)
{
    if (!json_is_object(texts))
        return ad_fail(AD_BAD_FILE, "%s: __metadata__ is no object", r->path);
    r->f->meta = ad_arena_alloc(r->f->arena, (json_object_size(texts) + 1) * sizeof *r->f->meta);
    if (!r->f->meta) return AD_NO_MEMORY;
    const char *key;
    json_t     *text;
    json_object_foreach(texts, key, text)
    {
        if (!json_is_string(text))
            return ad_fail(AD_BAD_FILE, "%s: %s in __metadata__ is no text", r->path, key);
        ad_meta *m = &r->f->meta[r->f->texts++];
        m->key     = ad_arena_strdup(r->f->arena, key);
        m->value   = ad_arena_strdup(r->f->arena, json_string_value(text));
        if (!m->key || !m->value) return AD_NO_MEMORY;
    }
    return AD_OK;
}

/* --- the whole --- */

static int by_begin(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    if (x[0] != y[0]) return x[0] < y[0] ? -1 : 1;
    return x[1] < y[1] ? -1 : x[1] > y[1];
}

/* Every byte of the data belongs to exactly one array. */
static ad_status check_cover(const reader *r)
{
    uint64_t at = 0;
    qsort(r->span, (size_t)r->f->count, sizeof *r->span, by_begin);
    for (int i = 0; i < r->f->count; i++) {
        if (r->span[i][0] < at)
            return ad_fail(AD_BAD_FILE,
                           "%s: two arrays overlap: one ends at byte %" PRIu64
                           " of the data, another begins at %" PRIu64,
                           r->path, at, r->span[i][0]);
        if (r->span[i][0] > at)
            return ad_fail(AD_BAD_FILE,
                           "%s: bytes %" PRIu64 " to %" PRIu64 " of the data belong to no array",
                           r->path, at, r->span[i][0]);
        at = r->span[i][1];
    }
    if (at != r->size)
        return ad_fail(AD_BAD_FILE, "%s: %" PRIu64 " bytes behind the last array", r->path,
                       r->size - at);
    return AD_OK;
}

static ad_status read_entries(reader *r, json_t *root)
{
    size_t n     = json_object_size(root) + 1;
    r->f->tensor = ad_arena_alloc(r->f->arena, n * sizeof *r->f->tensor);
    r->span      = ad_arena_alloc(r->f->arena, n * sizeof *r->span);
    if (!r->f->tensor || !r->span) return AD_NO_MEMORY;
    const char *name;
    json_t     *entry;
    json_object_foreach(root, name, entry)
    {
        if (!strcmp(name, "__metadata__"))
            AD_TRY(read_meta(r, entry));
        else
            AD_TRY(read_entry(r, name, entry));
    }
    return check_cover(r);
}

/* The length in front must leave room for itself in the file. */
static ad_status header_length(const char *path, const unsigned char *p, uint64_t size, uint64_t *n)
{
    if (size < 8)
        return ad_fail(AD_BAD_FILE,
                       "%s: %" PRIu64 " bytes are no safetensors file, which has 8 and a header",
                       path, size);
    *n = 0;
    for (int i = 7; i >= 0; i--) *n = *n << 8 | p[i];
    if (*n > size - 8 || *n > MOST_HEADER)
        return ad_fail(AD_BAD_FILE,
                       "%s: a header of %" PRIu64 " bytes in a file of %" PRIu64
                       " bytes: this is no safetensors file, or it was cut off",
                       path, *n, size);
    if (*n < 2 || p[8] != '{')
        return ad_fail(AD_BAD_FILE, "%s: no header begins at byte 8: this is no safetensors file",
                       path);
    return AD_OK;
}

static ad_status parse(const char *path, ad_tensors *f, uint64_t size)
{
    uint64_t n = 0;
    AD_TRY(header_length(path, f->block, size, &n));
    char        *text = (char *)f->block + 8;
    json_error_t error;
    json_t      *root = json_loadb(text, n, JSON_REJECT_DUPLICATES, &error);
    if (!root && json_error_code(&error) == json_error_out_of_memory)
        return ad_fail(AD_NO_MEMORY, "%s: no memory for the header of %" PRIu64 " bytes", path, n);
    if (!root)
        return ad_fail(AD_BAD_FILE, "%s: the header is damaged at byte %d: %s", path,
                       error.position + 8, error.text);
    reader    r = { .path = path, .data = text + n, .size = size - 8 - n, .f = f };
    ad_status s = read_entries(&r, root);
    json_decref(root);
    return s;
}

ad_status ad_tensors_read(ad_tensors **f, const char *path)
{
    *f            = NULL;
    size_t      n = 0;
    ad_tensors *q = ad_alloc(sizeof *q);
    if (!q) return AD_NO_MEMORY;
    q->arena    = ad_arena_new();
    ad_status s = q->arena ? ad_file_read(path, &q->block, &n) : AD_NO_MEMORY;
    if (s == AD_OK) s = parse(path, q, n);
    if (s) {
        ad_tensors_free(q);
        return s;
    }
    *f = q;
    return AD_OK;
}

void ad_tensors_free(ad_tensors *f)
{
    if (!f) return;
    ad_arena_free(f->arena);
    ad_free(f->block);
    ad_free(f);
}

const ad_tensor *ad_tensors_find(const ad_tensors *f, const char *name)
{
    for (int i = 0; i < f->count; i++)
        if (!strcmp(f->tensor[i].name, name)) return &f->tensor[i];
    return NULL;
}

const char *ad_tensors_meta(const ad_tensors *f, const char *key)
{
    for (int i = 0; i < f->texts; i++)
        if (!strcmp(f->meta[i].key, key)) return f->meta[i].value;
    return NULL;
}
