#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <costate/datasets/folder.h>

ad_status ds_recorded(const char *name, const ds_samples_options *o)
{
    if (o->noise <= 0) return AD_OK;
    return ad_fail(AD_INVALID, "%s is a record: noise=%g does not apply to it", name, o->noise);
}

ad_status ds_needs_folder(const char *name, const ds_samples_options *o)
{
    struct stat st;
    if (!o->dir || !*o->dir)
        return ad_fail(AD_INVALID,
                       "%s is read from files: put %s into a folder and give it with "
                       "--data DIR",
                       name, ds_samples_find(name)->files);
    if (strlen(o->dir) > DS_PATH - 200)
        return ad_fail(AD_INVALID, "%s: the folder's path has %zu letters, at most %d", name,
                       strlen(o->dir), DS_PATH - 200);
    if (stat(o->dir, &st) || !S_ISDIR(st.st_mode))
        return ad_fail(AD_BAD_FILE,
                       "%s: there is no folder %s; put %s into one and give it with "
                       "--data DIR",
                       name, o->dir, ds_samples_find(name)->files);
    return AD_OK;
}

static int is_file(const char *path)
{
    struct stat st;
    return !stat(path, &st) && S_ISREG(st.st_mode);
}

int ds_in_folder(const char *dir, const char *const sub[], const char *const names[],
                 char path[DS_PATH])
{
    for (int k = -1; k < 0 || (sub && sub[k]); k++)
        for (int i = 0; names[i]; i++)
            for (int packed = 0; packed < 2; packed++) {
                snprintf(path, DS_PATH, "%s/%s%s%s%s", dir, k < 0 ? "" : sub[k], k < 0 ? "" : "/",
                         names[i], packed ? ".gz" : "");
                if (is_file(path)) return 1;
            }
    return 0;
}

ad_status ds_not_in_folder(const char *set, const char *file, const char *dir)
{
    return ad_fail(AD_BAD_FILE,
                   "%s: there is no %s in %s; put %s there, or give another folder "
                   "with --data DIR",
                   set, file, dir, ds_samples_find(set)->files);
}

const char *ds_samples_in_folder(const char *dir)
{
    if (strlen(dir) > DS_PATH - 200) return NULL;
    for (int deep = 0; deep < 2; deep++) {
        if (ds_has_mnist(dir, deep)) return "mnist";
        if (ds_has_cifar10(dir, deep)) return "cifar10";
    }
    return NULL;
}
