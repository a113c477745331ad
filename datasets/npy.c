#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <costate/autodiff/memory.h>
#include <costate/datasets/file.h>
#include <costate/datasets/npy.h>

static const char magic[6] = { '\x93', 'N', 'U', 'M', 'P', 'Y' };

int ds_npy_is(const void *bytes, size_t n)
{
    return n >= sizeof magic && !memcmp(bytes, magic, sizeof magic);
}

typedef struct header {
    const char *name;
    char        order, kind; /* of descr: '<', '>', '|' or '='; f i u b c O ... */
    int         size, fortran;
} header;

static int is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n';
}

/* The value of a key in the header's dictionary, { 'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }. */
static const char *value_of(const char *dict, const char *key)
{
    const char *at = strstr(dict, key);
    if (!at) return NULL;
    at += strlen(key);
    while (*at == '\'' || *at == '"' || is_space(*at)) at++;
    if (*at != ':') return NULL;
    for (at++; is_space(*at);) at++;
    return at;
}

static ad_status parse_type(header *h, ds_npy *out, const char *dict)
{
    const char *d = value_of(dict, "descr");
    if (d && *d == '[')
        return ad_fail(AD_BAD_FILE,
                       "%s holds records with named fields; save one plain array of numbers",
                       h->name);
    if (!d || (*d != '\'' && *d != '"'))
        return ad_fail(AD_BAD_FILE,
                       "%s: the .npy header names no type; save it again with numpy.save", h->name);
    size_t n = strcspn(d + 1, "'\"");
    snprintf(out->dtype, sizeof out->dtype, "%.*s", n < 15 ? (int)n : 15, d + 1);
    for (char *c = out->dtype; *c; c++)
        if (*c < 33 || *c > 126) *c = '?';
    const char *s = out->dtype;
    h->order      = strchr("<>|=", *s) && *s ? *s++ : '=';
    h->kind       = *s ? *s++ : '?';
    h->size       = (int)strtol(s, NULL, 10);
    int whole     = h->size == 1 || h->size == 2 || h->size == 4 || h->size == 8;
    if (((h->kind == 'i' || h->kind == 'u') && whole) || (h->kind == 'f' && h->size >= 4 && whole))
        return AD_OK;
    if (h->kind == 'b' && h->size == 1) return AD_OK;
    const char *what = h->kind == 'O'                     ? "Python objects"
                       : h->kind == 'c'                   ? "complex numbers"
                       : h->kind == 'U' || h->kind == 'S' ? "text"
                       : h->kind == 'M' || h->kind == 'm' ? "dates"
                                                          : "numbers of another kind";
    return ad_fail(AD_BAD_FILE,
                   "%s holds %s (type '%s'); save it as float32, float64 or an integer type, with "
                   "numpy.save(path, array.astype(float))",
                   h->name, what, out->dtype);
}

static ad_status parse_shape(header *h, ds_npy *out, const char *dict)
{
    const char *s = value_of(dict, "shape");
    const char *f = value_of(dict, "fortran_order");
    if (!s || *s != '(' || !f || (*f != 'T' && *f != 'F'))
        return ad_fail(AD_BAD_FILE,
                       "%s: the .npy header names no shape or order; save it again with numpy.save",
                       h->name);
    h->fortran = *f == 'T';
    out->count = 1;
    for (s++; *s && *s != ')';) {
        char *end;
        long  d = strtol(s, &end, 10);
        if (end == s || d < 0 || out->rank == DS_NPY_RANK || (d && out->count > LONG_MAX / 16 / d))
            return ad_fail(AD_BAD_FILE,
                           "%s: the .npy header's shape cannot be read or is too large", h->name);
        out->dim[out->rank++] = d;
        out->count *= d;
        for (s = end + (*end == 'L'); *s == ',' || is_space(*s);) s++;
    }
    return AD_OK;
}

static uint64_t word(const unsigned char *p, int size, int big)
{
    uint64_t w = 0;
    for (int i = 0; i < size; i++) w = w << 8 | p[big ? i : size - 1 - i];
    return w;
}

static double number(const header *h, const unsigned char *p)
{
    uint64_t w = word(p, h->size, h->order == '>');
    if (h->kind == 'f' && h->size == 8) {
        double x;
        memcpy(&x, &w, sizeof x);
        return x;
    }
    if (h->kind == 'f') {
        uint32_t half = (uint32_t)w;
        float    x;
        memcpy(&x, &half, sizeof x);
        return x;
    }
    uint64_t sign = UINT64_C(1) << (8 * h->size - 1);
    if (h->kind == 'i' && (w & sign)) return -(double)(~(w | ~(sign | (sign - 1))) + 1);
    return (double)w;
}

/* Element i in C order stands at the place where the first index runs fastest: sum_k index_k prod_{j<k} dim_j. */
static long fortran_place(const ds_npy *a, long i)
{
    long place = 0;
    for (int k = a->rank - 1; k >= 0; k--) {
        long stride = 1;
        for (int j = 0; j < k; j++) stride *= a->dim[j];
        place += i % a->dim[k] * stride;
        i /= a->dim[k];
    }
    return place;
}

static ad_status parse_values(const header *h, ds_npy *out, const unsigned char *data, size_t n)
{
    size_t need = (size_t)out->count * (size_t)h->size;
    if (n < need)
        return ad_fail(
            AD_BAD_FILE,
            "%s is cut off: its header promises %ld numbers of %d bytes, %zu of %zu bytes are "
            "there; copy or save it again",
            h->name, out->count, h->size, n, need);
    out->value = ad_alloc((size_t)out->count * sizeof(double));
    if (!out->value) return AD_NO_MEMORY;
    int moved = h->fortran && out->rank > 1;
    for (long i = 0; i < out->count; i++)
        out->value[i] = number(h, data + (size_t)(moved ? fortran_place(out, i) : i) *
                                             (size_t)h->size);
    return AD_OK;
}

ad_status ds_npy_parse(ds_npy *out, const char *name, const void *bytes, size_t n)
{
    const unsigned char *b = bytes;
    header               h = { .name = name };
    *out                   = (ds_npy){ 0 };
    if (!ds_npy_is(bytes, n)) return ad_fail(AD_BAD_FILE, "%s is not a .npy file", name);
    if (n >= 8 && (b[6] < 1 || b[6] > 3))
        return ad_fail(AD_BAD_FILE, "%s is .npy version %d.%d; versions 1 to 3 are read", name,
                       b[6], b[7]);
    size_t start = n >= 8 && b[6] > 1 ? 12 : 10;
    size_t dict  = n >= start ? (size_t)word(b + 8, (int)start - 8, 0) : 0;
    if (n < start || dict > n - start)
        return ad_fail(AD_BAD_FILE,
                       "%s is cut off within its header (%zu bytes); copy or save it again", name,
                       n);
    char *text = ad_alloc(dict + 1);
    if (!text) return AD_NO_MEMORY;
    memcpy(text, b + start, dict);
    ad_status status = parse_type(&h, out, text);
    if (!status) status = parse_shape(&h, out, text);
    ad_free(text);
    if (!status) status = parse_values(&h, out, b + start + dict, n - start - dict);
    if (status) ds_npy_clear(out);
    return status;
}

ad_status ds_npy_read(ds_npy *out, const char *path)
{
    char  *bytes;
    size_t n;
    *out = (ds_npy){ 0 };
    AD_TRY(ds_load(path, &bytes, &n));
    ad_status status = ds_npy_parse(out, path, bytes, n);
    ad_free(bytes);
    return status;
}

void ds_npy_clear(ds_npy *a)
{
    ad_free(a->value);
    *a = (ds_npy){ 0 };
}

size_t ds_npy_header(char head[DS_NPY_HEADER], int rank, const long dim[])
{
    size_t used = 10;
    memset(head, ' ', DS_NPY_HEADER);
    used += (size_t)snprintf(head + used, DS_NPY_HEADER - used,
                             "{'descr': '<f8', 'fortran_order': False, 'shape': (");
    for (int k = 0; k < rank; k++)
        used += (size_t)snprintf(head + used, DS_NPY_HEADER - used,
                                 k && rank > 1 ? " %ld," : "%ld,", dim[k]);
    used += (size_t)snprintf(head + used, DS_NPY_HEADER - used, "), }");
    size_t whole = (used + 1 + 63) / 64 * 64;
    memcpy(head, magic, sizeof magic);
    head[6]         = 1;
    head[7]         = 0;
    head[8]         = (char)((whole - 10) & 255);
    head[9]         = (char)((whole - 10) >> 8);
    head[used]      = ' ';
    head[whole - 1] = '\n';
    return whole;
}

ad_status ds_npy_write(const char *path, int rank, const long dim[], const double *value)
{
    ds_replacement r;
    char           head[DS_NPY_HEADER];
    long           count = 1;
    if (rank < 0 || rank > DS_NPY_RANK)
        return ad_fail(AD_INVALID, "%s: an array of rank %d cannot be written, at most %d", path,
                       rank, DS_NPY_RANK);
    for (int k = 0; k < rank; k++) count *= dim[k];
    AD_TRY(ds_replace_begin(&r, path));
    fwrite(head, 1, ds_npy_header(head, rank, dim), r.file);
    for (long i = 0; i < count; i++) {
        uint64_t      w;
        unsigned char b[8];
        memcpy(&w, &value[i], sizeof w);
        for (int k = 0; k < 8; k++) b[k] = (unsigned char)(w >> 8 * k);
        fwrite(b, 1, sizeof b, r.file);
    }
    return ds_replace_commit(&r);
}
