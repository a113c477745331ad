#include <stdio.h>
#include <string.h>

#include <zlib.h>

#include <costate/autodiff/memory.h>
#include <costate/autodiff/text.h>
#include <costate/datasets/file.h>
#include <costate/datasets/inflate.h>
#include <costate/datasets/npz.h>

/* A zip archive ends in a directory: an entry a member, in each the place of the member's own header with the bytes
   behind it; and a record that says where the directory is. Sizes are taken from the directory alone: in front of the
   bytes they may stand as zip64, or as 0. */
enum { MEMBER = 0x04034b50, ENTRY = 0x02014b50, END = 0x06054b50 };
enum { MEMBER_SIZE = 30, ENTRY_SIZE = 46, END_SIZE = 22, NAME = 128 };

typedef struct archive {
    const char          *name;
    const unsigned char *b;
    size_t               n;
} archive;

typedef struct member {
    char     name[NAME];
    unsigned flags, method;
    uint32_t crc;
    size_t   packed, size, at; /* at: of the bytes */
} member;

static uint32_t half(const unsigned char *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

static uint32_t word(const unsigned char *p)
{
    return half(p) | half(p + 2) << 16;
}

int ds_npz_is(const void *bytes, size_t n)
{
    return n >= 4 && (!memcmp(bytes, "PK\3\4", 4) || !memcmp(bytes, "PK\5\6", 4));
}

static ad_status zip64(const archive *a)
{
    return ad_fail(AD_UNSUPPORTED,
                   "%s is a zip64 archive (more than 4 GiB or 65534 arrays), which is not read; "
                   "save the arrays one by one with numpy.save",
                   a->name);
}

static ad_status damaged(const archive *a)
{
    return ad_fail(AD_BAD_FILE,
                   "%s is cut off or damaged: the directory at the end of the zip archive cannot "
                   "be read (%zu bytes); copy or save it again",
                   a->name, a->n);
}

/* The end record stands before a comment of up to 65535 bytes. */
static ad_status find_directory(const archive *a, int *count, size_t *at)
{
    size_t back = END_SIZE;
    while (back <= a->n && back <= END_SIZE + 65535 && word(a->b + a->n - back) != END) back++;
    if (back > a->n || back > END_SIZE + 65535) return damaged(a);
    const unsigned char *e = a->b + a->n - back;
    if (half(e + 10) == 0xffff || word(e + 16) == 0xffffffff) return zip64(a);
    if (half(e + 4) || half(e + 6) || half(e + 8) != half(e + 10))
        return ad_fail(AD_BAD_FILE, "%s is one part of a zip archive of several files", a->name);
    *count = (int)half(e + 10);
    *at    = word(e + 16);
    return *at <= a->n - back ? AD_OK : damaged(a);
}

/* The entry at *at, which moves to the next. */
static ad_status read_entry(const archive *a, size_t *at, member *m)
{
    if (*at > a->n || a->n - *at < ENTRY_SIZE || word(a->b + *at) != ENTRY) return damaged(a);
    const unsigned char *e    = a->b + *at;
    size_t               name = half(e + 28), extra = name + half(e + 30) + half(e + 32);
    if (a->n - *at - ENTRY_SIZE < extra) return damaged(a);
    if (name >= NAME)
        return ad_fail(AD_BAD_FILE, "%s: an array's name has %zu letters, at most %d", a->name,
                       name, NAME - 1);
    *m = (member){ .flags  = half(e + 8),
                   .method = half(e + 10),
                   .crc    = word(e + 16),
                   .packed = word(e + 20),
                   .size   = word(e + 24),
                   .at     = word(e + 42) };
    memcpy(m->name, e + ENTRY_SIZE, name);
    for (char *c = m->name; *c; c++)
        if ((unsigned char)*c < 32 || *c == 127) *c = '?';
    if (m->packed == 0xffffffff || m->size == 0xffffffff || m->at == 0xffffffff) return zip64(a);
    if (m->flags & 1)
        return ad_fail(AD_BAD_FILE, "%s: '%s' is encrypted; save it without a password", a->name,
                       m->name);
    if (m->method != 0 && m->method != 8)
        return ad_fail(AD_BAD_FILE,
                       "%s: '%s' is packed by method %u; stored and deflated members are read "
                       "(numpy.savez, numpy.savez_compressed)",
                       a->name, m->name, m->method);
    *at += ENTRY_SIZE + extra;
    return AD_OK;
}

static ad_status find_bytes(const archive *a, member *m)
{
    size_t at = m->at;
    if (at > a->n || a->n - at < MEMBER_SIZE || word(a->b + at) != MEMBER) return damaged(a);
    m->at = at + MEMBER_SIZE + half(a->b + at + 26) + half(a->b + at + 28);
    if (m->at > a->n || a->n - m->at < m->packed) return damaged(a);
    return m->method || m->packed == m->size ? AD_OK : damaged(a);
}

static ad_status read_member(const archive *a, member *m, ds_npy *array)
{
    char where[512], *owned = NULL;
    AD_TRY(find_bytes(a, m));
    snprintf(where, sizeof where, "%.300s, array '%s'", a->name, m->name);
    if (m->method) AD_TRY(ds_inflate(&owned, m->size, where, DS_RAW, a->b + m->at, m->packed));
    const char *bytes = owned ? owned : (const char *)a->b + m->at;
    uint32_t    crc   = (uint32_t)crc32_z(0, (const Bytef *)bytes, m->size);
    ad_status   s     = AD_OK;
    if (crc != m->crc)
        s = ad_fail(AD_BAD_FILE,
                    "%s is damaged: its checksum is %08x, not %08x; copy or save it again", where,
                    (unsigned)crc, (unsigned)m->crc);
    if (!s) s = ds_npy_parse(array, where, bytes, m->size);
    ad_free(owned);
    return s;
}

static ad_status read_all(ds_npz *out, const archive *a)
{
    int    count = 0;
    size_t at    = 0;
    AD_TRY(find_directory(a, &count, &at));
    out->name  = ad_alloc(((size_t)count + 1) * sizeof *out->name);
    out->array = ad_alloc(((size_t)count + 1) * sizeof *out->array);
    if (!out->name || !out->array) return AD_NO_MEMORY;
    for (; out->count < count; out->count++) {
        member m;
        AD_TRY(read_entry(a, &at, &m));
        AD_TRY(read_member(a, &m, &out->array[out->count]));
        size_t n = strlen(m.name);
        if (n > 4 && !strcmp(m.name + n - 4, ".npy")) m.name[n - 4] = 0;
        out->name[out->count] = ad_strdup(m.name);
        if (!out->name[out->count]) {
            ds_npy_clear(&out->array[out->count]);
            return AD_NO_MEMORY;
        }
    }
    return AD_OK;
}

ad_status ds_npz_parse(ds_npz *out, const char *name, const void *bytes, size_t n)
{
    archive a = { name, bytes, n };
    *out      = (ds_npz){ 0 };
    if (!ds_npz_is(bytes, n)) return ad_fail(AD_BAD_FILE, "%s is not a .npz file", name);
    ad_status s = read_all(out, &a);
    if (s) ds_npz_clear(out);
    return s;
}

ad_status ds_npz_read(ds_npz *out, const char *path)
{
    char  *bytes;
    size_t n;
    *out = (ds_npz){ 0 };
    AD_TRY(ds_load(path, &bytes, &n));
    ad_status s = ds_npz_parse(out, path, bytes, n);
    ad_free(bytes);
    return s;
}

void ds_npz_clear(ds_npz *z)
{
    for (int i = 0; i < z->count; i++) {
        ad_free(z->name[i]);
        ds_npy_clear(&z->array[i]);
    }
    ad_free(z->name);
    ad_free(z->array);
    *z = (ds_npz){ 0 };
}

const ds_npy *ds_npz_find(const ds_npz *z, const char *name)
{
    char list[256] = "";
    for (int i = 0; i < z->count; i++) {
        if (!strcmp(z->name[i], name)) return &z->array[i];
        size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", z->name[i]);
    }
    const char *near = ad_nearest(name, z->count, (const char *const *)z->name);
    if (near)
        ad_fail(AD_BAD_FILE, "the archive has no array '%s'; did you mean '%s'?", name, near);
    else
        ad_fail(AD_BAD_FILE, "the archive has no array '%s'; its arrays are %s", name,
                z->count ? list : "none");
    return NULL;
}
