/* data_batch_1.bin to data_batch_5.bin and test_batch.bin, or a part of them as cifar10_train*.bin and
   cifar10_test*.bin. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <costate/autodiff/memory.h>
#include <costate/datasets/cifar10.h>
#include <costate/datasets/folder.h>

enum { FILES = 16, NAME = 128 };

typedef struct listing {
    int  n;
    char name[FILES][NAME];
} listing;

/* BEGIN*.bin or BEGIN*.bin.gz */
static int matches(const char *name, const char *begin)
{
    size_t n = strlen(name);
    if (strncmp(name, begin, strlen(begin)) || n >= NAME) return 0;
    if (n > 3 && !strcmp(name + n - 3, ".gz")) n -= 3;
    return n >= strlen(begin) + 4 && !strncmp(name + n - 4, ".bin", 4);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* Sorted; of NAME.bin and NAME.bin.gz the first. */
static void list(listing *l, const char *dir, const char *begin)
{
    DIR           *d = opendir(dir);
    struct dirent *e;
    l->n = 0;
    while (d && l->n < FILES && (e = readdir(d)))
        if (matches(e->d_name, begin)) snprintf(l->name[l->n++], NAME, "%.127s", e->d_name);
    if (d) closedir(d);
    qsort(l->name, (size_t)l->n, NAME, by_name);
    int kept = 0;
    for (int i = 0; i < l->n; i++) {
        size_t n = kept ? strlen(l->name[kept - 1]) : 0;
        if (kept && !strncmp(l->name[i], l->name[kept - 1], n) && !strcmp(l->name[i] + n, ".gz"))
            continue;
        if (kept != i) memcpy(l->name[kept], l->name[i], NAME);
        kept++;
    }
    l->n = kept;
}

static ad_status read_listing(ds_samples **out, const listing *l, const char *dir, long n)
{
    const char *path[FILES];
    size_t      room = strlen(dir) + NAME + 2;
    char       *text = ad_alloc(room * FILES);
    if (!text) return AD_NO_MEMORY;
    for (int i = 0; i < l->n; i++) {
        path[i] = text + (size_t)i * room;
        snprintf(text + (size_t)i * room, room, "%s/%s", dir, l->name[i]);
    }
    ad_status s = ds_samples_read_cifar10(out, l->n, path, n);
    ad_free(text);
    return s;
}

enum { SUBS = 4 };

static const char *const begin[2][2] = { { "data_batch_", "cifar10_train" },
                                         { "test_batch", "cifar10_test" } };
static const char *const sub[SUBS]   = { "", "/cifar-10-batches-bin", "/cifar10", "/images" };

/* The files of a part in dir itself and the first `subs` - 1 sub folders; `where` is the folder that has them. */
static int find(listing *l, const char *dir, int subs, int part, char where[DS_PATH])
{
    for (int k = 0; k < subs; k++)
        for (int b = 0; b < 2; b++) {
            snprintf(where, DS_PATH, "%s%s", dir, sub[k]);
            list(l, where, begin[part][b]);
            if (l->n) return 1;
        }
    return 0;
}

int ds_has_cifar10(const char *dir, int deep)
{
    listing l;
    char    where[DS_PATH];
    return find(&l, dir, deep ? SUBS : 1, 0, where) || find(&l, dir, deep ? SUBS : 1, 1, where);
}

ad_status ds_make_cifar10(ds_samples **out, const ds_samples_options *o)
{
    listing l;
    char    dir[DS_PATH];
    int     part = o->part == DS_TEST;
    *out         = NULL;
    AD_TRY(ds_recorded("cifar10", o));
    AD_TRY(ds_needs_folder("cifar10", o));
    if (find(&l, o->dir, SUBS, part, dir)) return read_listing(out, &l, dir, o->n);
    return ds_not_in_folder("cifar10", part ? "test_batch.bin" : "data_batch_1.bin", o->dir);
}
