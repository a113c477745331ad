#include <string.h>

#include <zlib.h>

#include <costate/autodiff/file.h>
#include <costate/autodiff/memory.h>

#include "png.h"

static void put_word(unsigned char *to, unsigned long w)
{
    for (int k = 0; k < 4; k++) to[k] = (unsigned char)(w >> (24 - 8 * k));
}

/* Length, type, data, and the CRC of type and data. */
static void chunk(ad_file *f, const char *type, const unsigned char *data, size_t n)
{
    unsigned char word[8];
    put_word(word, n);
    memcpy(word + 4, type, 4);
    ad_file_write(f, word, 8);
    if (n) ad_file_write(f, data, n);
    uLong crc = crc32(0, word + 4, 4);
    put_word(word, n ? crc32_z(crc, data, n) : crc);
    ad_file_write(f, word, 4);
}

/* Rows enlarged, each with the filter type 0 in front. */
static void enlarge(unsigned char *to, long width, long height, int channels, int scale,
                    const unsigned char *pixel)
{
    for (long y = 0; y < height * scale; y++) {
        const unsigned char *row = pixel + y / scale * width * channels;
        *to++                    = 0;
        for (long x = 0; x < width; x++)
            for (int k = 0; k < scale; k++, to += channels)
                memcpy(to, row + x * channels, (size_t)channels);
    }
}

static ad_status write_file(const char *path, const unsigned char head[13],
                            const unsigned char *packed, size_t n)
{
    ad_file f;
    AD_TRY(ad_file_create(&f, path));
    ad_file_write(&f, "\x89PNG\r\n\x1a\n", 8);
    chunk(&f, "IHDR", head, 13);
    chunk(&f, "IDAT", packed, n);
    chunk(&f, "IEND", NULL, 0);
    return ad_file_commit(&f);
}

ad_status cli_png_write(const char *path, long width, long height, int channels, int scale,
                        const unsigned char *pixel)
{
    unsigned char head[13] = { [8] = 8, [9] = channels == 3 ? 2 : 0 };
    put_word(head, (unsigned long)(width * scale));
    put_word(head + 4, (unsigned long)(height * scale));
    uLong          n   = (uLong)((width * scale * channels + 1) * height * scale);
    uLongf         m   = compressBound(n);
    unsigned char *raw = ad_alloc(n), *packed = ad_alloc(m);
    ad_status      status = raw && packed ? AD_OK : AD_NO_MEMORY;
    if (!status) enlarge(raw, width, height, channels, scale, pixel);
    if (!status && compress2(packed, &m, raw, n, 9) != Z_OK)
        status = ad_fail(AD_NO_MEMORY, "%s: no memory to pack the picture", path);
    if (!status) status = write_file(path, head, packed, m);
    ad_free(raw);
    ad_free(packed);
    return status;
}
