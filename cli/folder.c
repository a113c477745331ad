#include <errno.h>
#include <string.h>
#include <sys/stat.h>

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
