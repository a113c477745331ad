#include <limits.h>

#include <zlib.h>

#include <costate/autodiff/memory.h>
#include <costate/datasets/inflate.h>

static void *take(void *ctx, unsigned items, unsigned size)
{
    (void)ctx;
    return ad_alloc((size_t)items * size);
}

static void give(void *ctx, void *p)
{
    (void)ctx;
    ad_free(p);
}

/* zlib counts in 32 bits: both ends are handed over in pieces. */
static unsigned piece(size_t n)
{
    return n < INT_MAX ? (unsigned)n : INT_MAX;
}

typedef int worker(z_stream *z, int flush);

static int run(z_stream *z, worker *work, const void *in, size_t n, char *out, size_t *size)
{
    size_t room = *size;
    int    code = Z_OK;
    z->next_in  = (Bytef *)in;
    z->next_out = (Bytef *)out;
    while (code == Z_OK) {
        unsigned a = z->avail_in = piece(n), b = z->avail_out = piece(room);
        code = work(z, a == n ? Z_FINISH : Z_NO_FLUSH);
        n -= a - z->avail_in;
        room -= b - z->avail_out;
        if (code == Z_BUF_ERROR && n && room) code = Z_OK; /* a piece is used up, not the whole */
        if (a == z->avail_in && b == z->avail_out && code == Z_OK) code = Z_BUF_ERROR;
    }
    *size -= room;
    return code;
}

ad_status ds_inflate(char **out, size_t size, const char *name, ds_packing packing, const void *in,
                     size_t n)
{
    z_stream z = { .zalloc = take, .zfree = give };
    *out       = NULL;
    if (size / 1032 > n + 1) /* more than deflate can promise */
        return ad_fail(AD_BAD_FILE, "%s: %zu bytes cannot be packed into %zu; it is damaged", name,
                       size, n);
    *out = ad_alloc(size + 1);
    if (!*out) return AD_NO_MEMORY;
    size_t made = size + 1;
    int    code = inflateInit2(&z, packing);
    if (code == Z_OK) {
        code = run(&z, inflate, in, n, *out, &made);
        inflateEnd(&z);
    }
    if (code == Z_STREAM_END && made == size) {
        (*out)[size] = 0;
        return AD_OK;
    }
    ad_free(*out);
    *out = NULL;
    if (code == Z_MEM_ERROR) return AD_NO_MEMORY;
    return ad_fail(AD_BAD_FILE, "%s: the packed bytes are damaged (%zu of %zu bytes came out)",
                   name, made, size);
}

ad_status ds_deflate(char **out, size_t *m, const void *in, size_t n)
{
    z_stream z = { .zalloc = take, .zfree = give };
    *out       = NULL;
    int code   = deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, DS_RAW, 8, Z_DEFAULT_STRATEGY);
    if (code == Z_OK) {
        *m   = deflateBound(&z, n);
        *out = ad_alloc(*m);
        code = *out ? run(&z, deflate, in, n, *out, m) : Z_MEM_ERROR;
        deflateEnd(&z);
    }
    if (code == Z_STREAM_END) return AD_OK;
    ad_free(*out);
    *out = NULL;
    return AD_NO_MEMORY; /* deflate fails for nothing else */
}
