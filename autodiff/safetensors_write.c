/* safetensors_write.c - writing: the header as JSON, then the arrays in the order in which it lists them. */
#include <limits.h>
#include <string.h>

#include <jansson.h>

#include <costate/autodiff/file.h>
#include <costate/autodiff/memory.h>
#include <costate/autodiff/safetensors.h>

static uint64_t bytes_of(const ad_tensor *t)
{
    uint64_t n = ad_tensor_type_size(t->type);
    for (int i = 0; i < t->rank; i++) n *= (uint64_t)t->dim[i];
    return n;
}

/* The array that follows number last in the file: elements of 8 bytes first, then 4, then 1, else in the order given;
   last = -1: the first; returns -1 behind the last. */
static int next_in_order(int n, const ad_tensor tensor[], int last)
{
    static const size_t sizes[] = { 8, 4, 1 };
    size_t              size    = last < 0 ? sizes[0] : ad_tensor_type_size(tensor[last].type);
    int                 from    = last + 1;
    for (int k = 0; k < 3; k++) {
        if (sizes[k] > size) continue;
        for (int i = from; i < n; i++)
            if (ad_tensor_type_size(tensor[i].type) == sizes[k]) return i;
        from = 0;
    }
    return -1;
}

static json_t *entry(const ad_tensor *t, uint64_t begin)
{
    json_t *shape = json_array(), *span = json_array();
    for (int i = 0; i < t->rank; i++) json_array_append_new(shape, json_integer(t->dim[i]));
    json_array_append_new(span, json_integer((json_int_t)begin));
    json_array_append_new(span, json_integer((json_int_t)(begin + bytes_of(t))));
    json_t *e = json_object();
    json_object_set_new(e, "dtype", json_string(ad_tensor_type_name(t->type)));
    json_object_set_new(e, "shape", shape);
    json_object_set_new(e, "data_offsets", span);
    if (json_object_size(e) == 3 && json_array_size(span) == 2 &&
        json_array_size(shape) == (size_t)t->rank)
        return e;
    json_decref(e); /* no memory somewhere */
    return NULL;
}

/* Text that is no UTF-8 has no place in JSON, a name may occur once. */
static ad_status check_name(const char *path, const json_t *in, const char *name, const char *text)
{
    json_t *a = json_string(name), *b = json_string(text);
    int     good = a && b;
    json_decref(a);
    json_decref(b);
    if (!good) return ad_fail(AD_INVALID, "%s: the name or text of \"%s\" is no UTF-8", path, name);
    if (json_object_get(in, name))
        return ad_fail(AD_INVALID, "%s: two things are called %s", path, name);
    return AD_OK;
}

static ad_status put(const char *path, json_t *in, const char *name, json_t *what)
{
    if (json_object_set_new(in, name, what))
        return ad_fail(AD_NO_MEMORY, "%s: no memory for the header", path);
    return AD_OK;
}

static ad_status put_texts(const char *path, json_t *root, int m, const ad_meta meta[])
{
    if (!m) return AD_OK;
    json_t *texts = json_object();
    AD_TRY(put(path, root, "__metadata__", texts));
    for (int i = 0; i < m; i++) {
        AD_TRY(check_name(path, texts, meta[i].key, meta[i].value));
        AD_TRY(put(path, texts, meta[i].key, json_string(meta[i].value)));
    }
    return AD_OK;
}

static ad_status put_arrays(const char *path, json_t *root, int n, const ad_tensor tensor[])
{
    uint64_t at = 0;
    for (int i = next_in_order(n, tensor, -1); i >= 0; i = next_in_order(n, tensor, i)) {
        const ad_tensor *t = &tensor[i];
        if (!strcmp(t->name, "__metadata__"))
            return ad_fail(AD_INVALID, "%s: an array cannot be called __metadata__", path);
        AD_TRY(check_name(path, root, t->name, ""));
        AD_TRY(put(path, root, t->name, entry(t, at)));
        at += bytes_of(t);
    }
    return AD_OK;
}

/* The eight bytes of the length and the header, padded to a multiple of eight. */
static ad_status header_text(const char *path, const json_t *root, char **text, size_t *size)
{
    size_t n = json_dumpb(root, NULL, 0, JSON_COMPACT), whole = (n + 7) / 8 * 8;
    *text = n ? ad_alloc(8 + whole) : NULL;
    *size = 8 + whole;
    if (!*text)
        return n ? AD_NO_MEMORY : ad_fail(AD_NO_MEMORY, "%s: no memory for the header", path);
    json_dumpb(root, *text + 8, n, JSON_COMPACT);
    memset(*text + 8 + n, ' ', whole - n);
    for (int i = 0; i < 8; i++) (*text)[i] = (char)(whole >> 8 * i & 255);
    return AD_OK;
}

static ad_status make_header(const char *path, json_t *root, int n, const ad_tensor tensor[], int m,
                             const ad_meta meta[], char **text, size_t *size)
{
    AD_TRY(put_texts(path, root, m, meta));
    AD_TRY(put_arrays(path, root, n, tensor));
    return header_text(path, root, text, size);
}

ad_status ad_tensors_write(const char *path, int n, const ad_tensor tensor[], int m,
                           const ad_meta meta[])
{
    char     *header = NULL;
    size_t    size   = 0;
    json_t   *root   = json_object();
    ad_file   f;
    ad_status s = make_header(path, root, n, tensor, m, meta, &header, &size);
    json_decref(root);
    if (s == AD_OK) s = ad_file_create(&f, path);
    if (s == AD_OK) {
        ad_file_write(&f, header, size);
        for (int i = next_in_order(n, tensor, -1); i >= 0; i = next_in_order(n, tensor, i))
            ad_file_write(&f, tensor[i].data, bytes_of(&tensor[i]));
        s = ad_file_commit(&f);
    }
    ad_free(header);
    return s;
}
