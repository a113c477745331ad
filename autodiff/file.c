#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <costate/autodiff/file.h>
#include <costate/autodiff/memory.h>

static ad_status fail_write(const ad_file *f, const char *what, int error)
{
    return ad_fail(AD_IO, "%s: %s failed after %llu bytes: %s%s", f->path, what,
                   (unsigned long long)f->bytes, strerror(error),
                   f->temporary ? "; what stood there before is untouched" : "");
}

static void forget(ad_file *f)
{
    ad_free(f->path);
    ad_free(f->temporary);
    *f = (ad_file){ .fd = -1 };
}

static ad_status names(ad_file *f, const char *path)
{
    struct stat there;
    int         direct = !stat(path, &there) && !S_ISREG(there.st_mode);
    size_t      room   = strlen(path) + 32;
    f->path            = ad_strdup(path);
    f->temporary       = direct ? NULL : ad_alloc(room);
    if (!f->path || (!direct && !f->temporary)) return AD_NO_MEMORY;
    if (!direct) snprintf(f->temporary, room, "%s.%ld.tmp", path, (long)getpid());
    return AD_OK;
}

ad_status ad_file_create(ad_file *f, const char *path)
{
    *f          = (ad_file){ .fd = -1 };
    ad_status s = names(f, path);
    if (s == AD_OK) {
        const char *name = f->temporary ? f->temporary : f->path;
        f->fd            = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
        if (f->fd < 0) s = ad_fail(AD_IO, "%s cannot be written: %s", path, strerror(errno));
    }
    if (s) forget(f);
    return s;
}

ad_status ad_file_write(ad_file *f, const void *data, size_t bytes)
{
    const char *at = data;
    while (bytes > 0 && f->status == AD_OK) {
        ssize_t n = write(f->fd, at, bytes < 1u << 30 ? bytes : 1u << 30);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            f->status = fail_write(f, "writing", errno);
            break;
        }
        at += n;
        bytes -= (size_t)n;
        f->bytes += (uint64_t)n;
    }
    return f->status;
}

/* After a rename the directory holds the news; that it cannot be flushed on some file systems is no failure. */
static void flush_directory(const char *path)
{
    char        folder[4096];
    const char *slash = strrchr(path, '/');
    int         n     = slash ? (int)(slash - path) + (slash == path) : 1;
    snprintf(folder, sizeof folder, "%.*s", n, slash ? path : ".");
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return;
    fsync(fd);
    close(fd);
}

ad_status ad_file_commit(ad_file *f)
{
    if (f->status == AD_OK && fsync(f->fd) && errno != EINVAL && errno != EROFS)
        f->status = fail_write(f, "flushing", errno);
    int closed = close(f->fd);
    f->fd      = -1;
    if (f->status == AD_OK && closed) f->status = fail_write(f, "closing", errno);
    if (f->status == AD_OK && f->temporary) {
        if (rename(f->temporary, f->path))
            f->status = fail_write(f, "renaming", errno);
        else
            flush_directory(f->path);
    }
    ad_status s = f->status;
    if (s && f->temporary) unlink(f->temporary);
    forget(f);
    return s;
}

void ad_file_abandon(ad_file *f)
{
    if (f->fd >= 0) close(f->fd);
    if (f->temporary) unlink(f->temporary);
    forget(f);
}

static ad_status read_all(int fd, const char *path, void **data, size_t *bytes)
{
    struct stat there;
    if (fstat(fd, &there)) return ad_fail(AD_BAD_FILE, "%s: %s", path, strerror(errno));
    if (!S_ISREG(there.st_mode)) return ad_fail(AD_BAD_FILE, "%s is no regular file", path);
    size_t size = (size_t)there.st_size, at = 0;
    char  *p = ad_alloc(size + 1);
    if (!p) return AD_NO_MEMORY;
    while (at < size) {
        ssize_t n = read(fd, p + at, size - at);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) {
            int error = errno;
            ad_free(p);
            return ad_fail(AD_BAD_FILE, "%s: reading stopped at byte %zu of %zu: %s", path, at,
                           size, n < 0 ? strerror(error) : "the file became shorter");
        }
        at += (size_t)n;
    }
    *data  = p;
    *bytes = size;
    return AD_OK;
}

ad_status ad_file_read(const char *path, void **data, size_t *bytes)
{
    *data  = NULL;
    *bytes = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return ad_fail(AD_BAD_FILE, "%s cannot be read: %s", path, strerror(errno));
    ad_status s = read_all(fd, path, data, bytes);
    close(fd);
    return s;
}
