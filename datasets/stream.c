#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include <zlib.h>

#include <costate/autodiff/memory.h>
#include <costate/datasets/stream.h>

enum { FIRST = 1 << 16, LARGE = 1 << 26 };

static ad_status failed(ds_stream *s)
{
    int         code = 0;
    const char *text = gzerror(s->file, &code);
    if (code == Z_BUF_ERROR)
        return ad_fail(AD_BAD_FILE, "%s: the gzip'd file ends too early; copy or download it again",
                       s->path);
    if (code == Z_ERRNO) return ad_fail(AD_BAD_FILE, "%s: %s", s->path, strerror(errno));
    if (code == Z_MEM_ERROR)
        return ad_fail(AD_NO_MEMORY, "%s: out of memory while unpacking", s->path);
    const char *colon = strstr(text, ": "); /* zlib puts the path in front */
    return ad_fail(AD_BAD_FILE, "%s: the gzip'd file is damaged (%s); copy or download it again",
                   s->path, colon ? colon + 2 : text);
}

ad_status ds_stream_open(ds_stream *s, const char *path)
{
    struct stat st;
    *s = (ds_stream){ .path = path };
    if (stat(path, &st))
        return ad_fail(AD_BAD_FILE, "%s: %s; check the path (built-in data sets go by their names)",
                       path, strerror(errno));
    if (S_ISDIR(st.st_mode))
        return ad_fail(AD_BAD_FILE, "%s is a directory; name a file in it (CSV, text or .npy)",
                       path);
    s->file = gzopen(path, "rb");
    if (!s->file) return ad_fail(AD_BAD_FILE, "%s: %s", path, strerror(errno ? errno : ENOMEM));
    gzbuffer(s->file, FIRST);
    return AD_OK;
}

ad_status ds_stream_read(ds_stream *s, void *out, size_t n, size_t *got)
{
    *got = 0;
    while (*got < n) {
        size_t want = n - *got < 1 << 30 ? n - *got : 1 << 30;
        int    more = gzread(s->file, (char *)out + *got, (unsigned)want);
        if (more < 0) return failed(s);
        if (more == 0) {
            int code = 0;
            gzerror(s->file, &code);
            return code == Z_OK || code == Z_STREAM_END ? AD_OK : failed(s);
        }
        *got += (size_t)more;
    }
    return AD_OK;
}

ad_status ds_stream_take(ds_stream *s, size_t want, char **bytes, size_t *got)
{
    size_t room = want == SIZE_MAX ? FIRST : want < LARGE ? want : LARGE;
    *got        = 0;
    *bytes      = ad_alloc(room + 1);
    if (!*bytes) return AD_NO_MEMORY;
    for (;;) {
        size_t n;
        AD_TRY(ds_stream_read(s, *bytes + *got, room - *got, &n));
        *got += n;
        if (*got < room || room == want) break;
        size_t larger = room < want / 2 ? 2 * room : want;
        char  *more   = ad_realloc(*bytes, *got, larger + 1);
        if (!more) return AD_NO_MEMORY;
        *bytes = more;
        room   = larger;
    }
    (*bytes)[*got] = 0;
    return AD_OK;
}

ad_status ds_stream_close(ds_stream *s)
{
    if (!s->file) return AD_OK;
    int closed = gzclose(s->file);
    s->file    = NULL;
    if (closed != Z_BUF_ERROR) return AD_OK;
    return ad_fail(AD_BAD_FILE, "%s: the gzip'd file ends too early; copy or download it again",
                   s->path);
}
