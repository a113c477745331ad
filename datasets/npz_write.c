#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <zlib.h>

#include <costate/autodiff/memory.h>
#include <costate/datasets/file.h>
#include <costate/datasets/inflate.h>
#include <costate/datasets/npz.h>

enum { MEMBERS = 65534, NAME = 120, VERSION = 20, UTF8 = 0x800, DATE = 0x21 /* 1980-01-01 */ };

/* What both the header in front of the bytes and the directory say of a member. */
typedef struct member {
    char     name[NAME + 5];
    unsigned method;
    uint32_t crc;
    size_t   packed, size, at;
} member;

static void put_half(FILE *f, size_t w)
{
    fputc((int)(w & 255), f);
    fputc((int)(w >> 8 & 255), f);
}

static void put_word(FILE *f, size_t w)
{
    put_half(f, w & 0xffff);
    put_half(f, w >> 16);
}

static void put_common(FILE *f, const member *m)
{
    put_half(f, VERSION);
    put_half(f, UTF8);
    put_half(f, m->method);
    put_half(f, 0);
    put_half(f, DATE);
    put_word(f, m->crc);
    put_word(f, m->packed);
    put_word(f, m->size);
    put_half(f, strlen(m->name));
    put_half(f, 0);
}

static void put_entry(FILE *f, const member *m)
{
    put_word(f, 0x02014b50);
    put_half(f, VERSION);
    put_common(f, m);
    for (int k = 0; k < 5; k++) put_half(f, 0); /* comment, disk, attributes */
    put_word(f, m->at);
    fputs(m->name, f);
}

static void put_end(FILE *f, int count, size_t at, size_t size)
{
    put_word(f, 0x06054b50);
    put_word(f, 0);
    put_half(f, (size_t)count);
    put_half(f, (size_t)count);
    put_word(f, size);
    put_word(f, at);
    put_half(f, 0);
}

static ad_status make_npy(char **out, size_t *n, const ds_npz_entry *e)
{
    char   head[DS_NPY_HEADER];
    size_t start = ds_npy_header(head, e->rank, e->dim), count = 1;
    for (int k = 0; k < e->rank; k++) count *= (size_t)e->dim[k];
    *n   = start + 8 * count;
    *out = ad_alloc(*n);
    if (!*out) return AD_NO_MEMORY;
    memcpy(*out, head, start);
    for (size_t i = 0; i < count; i++) {
        uint64_t w;
        memcpy(&w, &e->value[i], sizeof w);
        for (int k = 0; k < 8; k++) (*out)[start + 8 * i + (size_t)k] = (char)(w >> 8 * k);
    }
    return AD_OK;
}

static ad_status write_member(FILE *f, const ds_npz_entry *e, int compress, member *m)
{
    char *bytes, *packed = NULL;
    AD_TRY(make_npy(&bytes, &m->size, e));
    snprintf(m->name, sizeof m->name, "%s.npy", e->name);
    m->crc      = (uint32_t)crc32_z(0, (const Bytef *)bytes, m->size);
    m->packed   = m->size;
    m->method   = compress ? 8 : 0;
    ad_status s = compress ? ds_deflate(&packed, &m->packed, bytes, m->size) : AD_OK;
    if (!s) {
        put_word(f, 0x04034b50);
        put_common(f, m);
        fputs(m->name, f);
        fwrite(packed ? packed : bytes, 1, m->packed, f);
    }
    ad_free(packed);
    ad_free(bytes);
    return s;
}

static ad_status check(const char *path, int count, const ds_npz_entry e[])
{
    double total = 0; /* bytes; exact enough to keep below 4 GiB */
    if (count < 0 || count > MEMBERS)
        return ad_fail(AD_INVALID, "%s: %d arrays; a .npz file holds at most %d", path, count,
                       MEMBERS);
    for (int i = 0; i < count; i++) {
        double n = 8;
        if (!e[i].name || !*e[i].name || strlen(e[i].name) > NAME)
            return ad_fail(AD_INVALID, "%s: array %d needs a name of 1 to %d letters", path, i + 1,
                           NAME);
        if (e[i].rank < 0 || e[i].rank > DS_NPY_RANK)
            return ad_fail(AD_INVALID, "%s: array '%s' of rank %d cannot be written, at most %d",
                           path, e[i].name, e[i].rank, DS_NPY_RANK);
        for (int j = 0; j < i; j++)
            if (!strcmp(e[i].name, e[j].name))
                return ad_fail(AD_INVALID, "%s: two arrays are named '%s'", path, e[i].name);
        for (int k = 0; k < e[i].rank; k++) n *= (double)e[i].dim[k];
        total += n + n / 1000 + 2000; /* deflated noise grows a little; headers */
    }
    if (total < 4294967295.0) return AD_OK;
    return ad_fail(AD_UNSUPPORTED,
                   "%s would be larger than 4 GiB, which needs zip64 and is not written; write the "
                   "arrays one by one as .npy",
                   path);
}

static ad_status write_all(FILE *f, member *m, int count, const ds_npz_entry entry[], int compress)
{
    size_t at = 0, size = 0;
    for (int i = 0; i < count; i++) {
        AD_TRY(write_member(f, &entry[i], compress, &m[i]));
        m[i].at = at;
        at += 30 + strlen(m[i].name) + m[i].packed;
    }
    for (int i = 0; i < count; i++) {
        put_entry(f, &m[i]);
        size += 46 + strlen(m[i].name);
    }
    put_end(f, count, at, size);
    return AD_OK;
}

ad_status ds_npz_write(const char *path, int count, const ds_npz_entry entry[], int compress)
{
    ds_replacement r;
    AD_TRY(check(path, count, entry));
    member *m = ad_alloc(((size_t)count + 1) * sizeof *m);
    if (!m) return AD_NO_MEMORY;
    ad_status s = ds_replace_begin(&r, path);
    if (!s) {
        s = write_all(r.file, m, count, entry, compress);
        if (s)
            ds_replace_abandon(&r);
        else
            s = ds_replace_commit(&r);
    }
    ad_free(m);
    return s;
}
