#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zlib.h>

#include <costate/autodiff/memory.h>
#include <costate/datasets/file.h>

static ad_status gz_failed(gzFile f, const char *path)
{
    int         code = 0;
    const char *text = gzerror(f, &code);
    if (code == Z_BUF_ERROR)
        return ad_fail(AD_BAD_FILE, "%s: the gzip'd file ends too early; copy or download it again",
                       path);
    if (code == Z_ERRNO) return ad_fail(AD_BAD_FILE, "%s: %s", path, strerror(errno));
    if (code == Z_MEM_ERROR)
        return ad_fail(AD_NO_MEMORY, "%s: out of memory while unpacking", path);
    const char *colon = strstr(text, ": "); /* zlib puts the path in front */
    return ad_fail(AD_BAD_FILE, "%s: the gzip'd file is damaged (%s); copy or download it again",
                   path, colon ? colon + 2 : text);
}

static ad_status read_all(gzFile f, const char *path, char **bytes, size_t *n)
{
    size_t room = 1 << 16;
    *n          = 0;
    *bytes      = ad_alloc(room);
    if (!*bytes) return AD_NO_MEMORY;
    for (;;) {
        size_t want = room - 1 - *n;
        if (want > 1 << 30) want = 1 << 30;
        int got = gzread(f, *bytes + *n, (unsigned)want);
        if (got < 0) return gz_failed(f, path);
        if (got == 0) break;
        *n += (size_t)got;
        if (*n < room - 1) continue;
        char *more = ad_realloc(*bytes, *n, 2 * room);
        if (!more) return AD_NO_MEMORY;
        *bytes = more;
        room *= 2;
    }
    int code = 0;
    gzerror(f, &code);
    if (code != Z_OK && code != Z_STREAM_END) return gz_failed(f, path);
    (*bytes)[*n] = 0;
    return AD_OK;
}

ad_status ds_load(const char *path, char **bytes, size_t *n)
{
    struct stat st;
    *bytes = NULL;
    *n     = 0;
    if (stat(path, &st))
        return ad_fail(AD_BAD_FILE, "%s: %s; check the path (built-in data sets go by their names)",
                       path, strerror(errno));
    if (S_ISDIR(st.st_mode))
        return ad_fail(AD_BAD_FILE, "%s is a directory; name a file in it (CSV, text or .npy)",
                       path);
    gzFile f = gzopen(path, "rb");
    if (!f) return ad_fail(AD_BAD_FILE, "%s: %s", path, strerror(errno ? errno : ENOMEM));
    gzbuffer(f, 1 << 16);
    ad_status status = read_all(f, path, bytes, n);
    int       closed = gzclose(f);
    if (!status && closed == Z_BUF_ERROR)
        status = ad_fail(AD_BAD_FILE,
                         "%s: the gzip'd file ends too early; copy or download it again", path);
    if (!status && *n == 0)
        status = ad_fail(AD_BAD_FILE, "%s is empty; a header line and at least two rows are needed",
                         path);
    if (status) {
        ad_free(*bytes);
        *bytes = NULL;
    }
    return status;
}

ad_status ds_replace_begin(ds_replacement *r, const char *path)
{
    size_t n     = strlen(path) + 32;
    *r           = (ds_replacement){ .path = ad_strdup(path) };
    r->temporary = r->path ? ad_alloc(n) : NULL;
    if (!r->temporary) {
        ds_replace_abandon(r);
        return AD_NO_MEMORY;
    }
    snprintf(r->temporary, n, "%s.tmp%ld", path, (long)getpid());
    r->file = fopen(r->temporary, "wb");
    if (r->file) return AD_OK;
    ad_status status = ad_fail(AD_IO, "%s cannot be written: %s", path, strerror(errno));
    ad_free(r->temporary);
    r->temporary = NULL;
    ds_replace_abandon(r);
    return status;
}

ad_status ds_replace_commit(ds_replacement *r)
{
    int bad = ferror(r->file) || fflush(r->file) || fsync(fileno(r->file));
    int why = errno;
    if (fclose(r->file) && !bad) {
        bad = 1;
        why = errno;
    }
    r->file = NULL;
    if (!bad && rename(r->temporary, r->path)) {
        bad = 1;
        why = errno;
    }
    ad_status status = AD_OK;
    if (bad)
        status = ad_fail(AD_IO, "%s could not be written: %s; what was there before is unchanged",
                         r->path, strerror(why));
    if (!bad) {
        ad_free(r->temporary);
        r->temporary = NULL;
    }
    ds_replace_abandon(r);
    return status;
}

void ds_replace_abandon(ds_replacement *r)
{
    if (r->file) fclose(r->file);
    if (r->temporary) unlink(r->temporary);
    ad_free(r->temporary);
    ad_free(r->path);
    *r = (ds_replacement){ 0 };
}
