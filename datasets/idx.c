#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <costate/autodiff/memory.h>
#include <costate/datasets/idx.h>
#include <costate/datasets/stream.h>

static uint32_t word(const unsigned char *b)
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static int size_of(int type)
{
    static const int size[] = { 1, 1, 0, 2, 4, 4, 8 };
    return type >= 8 && type <= 14 ? size[type - 8] : 0;
}

int ds_idx_is(const char *b, size_t n)
{
    return n >= 4 && !b[0] && !b[1] && b[2] >= 8 && b[2] <= 14 && b[3] >= 1 && b[3] <= DS_IDX_RANK;
}

static ad_status cut_off(ds_stream *f, const char *where, size_t got, size_t need)
{
    return ad_fail(AD_BAD_FILE,
                   "%s is cut off within its %s: %zu of %zu bytes are there; copy or download it "
                   "again",
                   f->path, where, got, need);
}

static ad_status read_header(ds_idx *a, ds_stream *f)
{
    unsigned char b[4 * DS_IDX_RANK];
    size_t        got;
    AD_TRY(ds_stream_read(f, b, 4, &got));
    if (got < 4) return cut_off(f, "header", got, 4);
    a->type = b[2];
    a->rank = b[3];
    if (b[0] || b[1] || !size_of(a->type) || a->rank < 1 || a->rank > DS_IDX_RANK)
        return ad_fail(AD_BAD_FILE,
                       "%s is not an IDX file: it begins with 0x%08x, where images have 0x00000803 "
                       "and labels 0x00000801",
                       f->path, (unsigned)word(b));
    AD_TRY(ds_stream_read(f, b, 4 * (size_t)a->rank, &got));
    if (got < 4 * (size_t)a->rank) return cut_off(f, "header", 4 + got, 4 + 4 * (size_t)a->rank);
    for (int k = 0; k < a->rank; k++) a->dim[k] = (long)word(b + 4 * k);
    return AD_OK;
}

/* rows and count of the header, or what is wrong with it. */
static ad_status set_count(ds_idx *a, ds_stream *f, long rows)
{
    a->rows  = rows ? rows : a->dim[0];
    a->count = a->rows;
    if (rows > a->dim[0])
        return ad_fail(AD_BAD_FILE, "%s holds %ld samples; n=%ld were asked for", f->path,
                       a->dim[0], rows);
    for (int k = 1; k < a->rank && a->count; k++) {
        if (a->dim[k] > LONG_MAX / 16 / a->count)
            return ad_fail(AD_BAD_FILE, "%s: the extents in its header are too large", f->path);
        a->count *= a->dim[k];
    }
    if (!a->count) return ad_fail(AD_BAD_FILE, "%s holds no numbers, its header says", f->path);
    return AD_OK;
}

static double number(int type, const unsigned char *b)
{
    uint32_t high = type == 11 ? (uint32_t)b[0] << 8 | b[1] : type > 11 ? word(b) : b[0];
    if (type == 8) return high;
    if (type == 9) return (int8_t)high;
    if (type == 11) return (int16_t)high;
    if (type == 12) return (int32_t)high;
    if (type == 13) {
        float x;
        memcpy(&x, &high, sizeof x);
        return x;
    }
    uint64_t whole = (uint64_t)high << 32 | word(b + 4);
    double   x;
    memcpy(&x, &whole, sizeof x);
    return x;
}

static ad_status read_numbers(ds_idx *a, ds_stream *f)
{
    size_t    size = (size_t)size_of(a->type), need = (size_t)a->count * size, got;
    char     *raw, more;
    ad_status s = ds_stream_take(f, need, &raw, &got);
    if (!s && got < need) s = cut_off(f, "numbers", got, need);
    size_t after = 0;
    if (!s && a->rows == a->dim[0]) s = ds_stream_read(f, &more, 1, &after);
    if (!s && after)
        s = ad_fail(AD_BAD_FILE,
                    "%s goes on after the %zu bytes that its header promises; copy or "
                    "download it again",
                    f->path, need);
    if (!s && a->type == 8) {
        a->byte = (uint8_t *)raw;
        return AD_OK;
    }
    if (!s && !(a->real = ad_alloc((size_t)a->count * sizeof(double)))) s = AD_NO_MEMORY;
    for (long i = 0; !s && i < a->count; i++)
        a->real[i] = number(a->type, (unsigned char *)raw + (size_t)i * size);
    ad_free(raw);
    return s;
}

ad_status ds_idx_read(ds_idx *out, const char *path, long rows)
{
    ds_stream f;
    *out = (ds_idx){ 0 };
    if (rows < 0) return ad_fail(AD_INVALID, "%s: n=%ld; at least 1", path, rows);
    ad_status s = ds_stream_open(&f, path);
    if (!s) s = read_header(out, &f);
    if (!s) s = set_count(out, &f, rows);
    if (!s) s = read_numbers(out, &f);
    ad_status closed = ds_stream_close(&f);
    if (!s) s = closed;
    if (s) ds_idx_clear(out);
    return s;
}

void ds_idx_clear(ds_idx *a)
{
    ad_free(a->byte);
    ad_free(a->real);
    *a = (ds_idx){ 0 };
}
