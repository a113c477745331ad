#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "folder.h"

enum { PATH = 4096 };

int cli_exists(const char *path)
{
    struct stat s;
    return stat(path, &s) == 0;
}

ad_status cli_make_folder(const char *path)
{
    char text[PATH];
    if (strlen(path) >= sizeof text) return ad_fail(AD_IO, "%.60s...: the path is too long", path);
    strcpy(text, path);
    for (char *p = text + 1;; p++) {
        if (*p && *p != '/') continue;
        char c = *p;
        *p     = 0;
        if (mkdir(text, 0777) && errno != EEXIST)
            return ad_fail(AD_IO, "%s: cannot make this folder: %s", text, strerror(errno));
        *p = c;
        if (!c) break;
    }
    struct stat s;
    if (stat(path, &s) == 0 && S_ISDIR(s.st_mode)) return AD_OK;
    return ad_fail(AD_IO, "%s is not a folder", path);
}

ad_status cli_writable(const char *key, const char *path)
{
    char        folder[PATH];
    const char *slash = strrchr(path, '/');
    int         n     = slash ? (int)(slash - path) : 1;
    struct stat s;
    if (stat(path, &s) == 0 && S_ISDIR(s.st_mode))
        return ad_fail(AD_IO, "--%s: %s is a folder", key, path);
    if (n >= PATH) return ad_fail(AD_IO, "--%s: %.60s...: the path is too long", key, path);
    snprintf(folder, sizeof folder, "%.*s", n ? n : 1, slash ? path : ".");
    if (!access(folder, W_OK | X_OK)) return AD_OK;
    return ad_fail(AD_IO, "--%s: %s cannot be written: %s", key, path, strerror(errno));
}
