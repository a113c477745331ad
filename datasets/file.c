#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <costate/autodiff/memory.h>
#include <costate/datasets/file.h>
#include <costate/datasets/stream.h>

ad_status ds_load(const char *path, char **bytes, size_t *n)
{
    ds_stream s;
    *bytes           = NULL;
    *n               = 0;
    ad_status status = ds_stream_open(&s, path);
    if (!status) status = ds_stream_take(&s, SIZE_MAX, bytes, n);
    ad_status closed = ds_stream_close(&s);
    if (!status) status = closed;
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
