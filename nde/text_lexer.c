/* text_lexer.c - a text into tokens. Columns count characters, not bytes. */
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text_internal.h"

ad_status nde_text_fail(const char *file, int line, int column, const char *format, ...)
{
    char    text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return ad_fail(AD_BAD_FILE, "%s:%d:%d: %s", file, line, column, text);
}

/* Bytes of the UTF-8 character at p, its code point in *code; 0: not one (overlong, surrogate, cut off). */
static int utf8(const unsigned char *p, const unsigned char *end, unsigned *code)
{
    static const unsigned least[5] = { 0, 0, 0x80, 0x800, 0x10000 };

    int n = *p < 0x80 ? 1 : *p >> 5 == 6 ? 2 : *p >> 4 == 14 ? 3 : *p >> 3 == 30 ? 4 : 0;
    if (n == 0 || end - p < n) return 0;
    unsigned c = n == 1 ? *p : *p & (0x7Fu >> n);
    for (int i = 1; i < n; i++) {
        if (p[i] >> 6 != 2) return 0;
        c = c << 6 | (p[i] & 0x3F);
    }
    *code = c;
    return c < least[n] || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000) ? 0 : n;
}

ad_status nde_text_validate(const char *file, const char *text, size_t length)
{
    const unsigned char *p = (const unsigned char *)text, *end = p + length;

    int line = 1, column = 1;
    if (length >= 2 && ((p[0] == 0xFF && p[1] == 0xFE) || (p[0] == 0xFE && p[1] == 0xFF)))
        return nde_text_fail(file, 1, 1, "this is UTF-16; save the file as UTF-8");
    while (p < end) {
        unsigned code;
        int      n = utf8(p, end, &code);
        if (n == 0)
            return nde_text_fail(
                file, line, column,
                "byte 0x%02X is not UTF-8; this is a binary file, or text to be saved as UTF-8",
                *p);
        if (code == 0)
            return nde_text_fail(file, line, column,
                                 "a NUL byte; this is a binary file, not a system as text");
        p += n;
        column = code == '\n' ? 1 : column + 1;
        line += code == '\n';
    }
    return AD_OK;
}

void nde_text_lexer_start(text_lexer *l, const char *file, const char *text, size_t length)
{
    *l = (text_lexer){ .file = file, .p = text, .end = text + length, .line = 1, .column = 1 };
    if (length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) l->p += 3;
}

const char *nde_text_found(const text_token *t, char found[64])
{
    if (t->kind == TEXT_END) return "the end of the file";
    if (t->kind == TEXT_EOL) return "the end of the line";
    int long_one = t->length > 40;
    snprintf(found, 64, "'%.*s%s'", long_one ? 40 : t->length, t->at, long_one ? "..." : "");
    return found;
}

static int is_digit(const text_lexer *l, const char *p)
{
    return p < l->end && *p >= '0' && *p <= '9';
}

static int is_letter(const text_lexer *l, const char *p)
{
    return p < l->end && ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || *p == '_');
}

/* strtod() reads the decimal point of the process's locale. */
static ad_status number(const text_lexer *l, text_token *t)
{
    char        digits[1024];
    const char *point = localeconv()->decimal_point;
    size_t      n     = 0;
    if (t->length > 900)
        return nde_text_fail(l->file, t->line, t->column,
                             "a number of %d characters; 900 are the most", t->length);
    for (int i = 0; i < t->length; i++) {
        if (t->at[i] == '.') {
            for (const char *c = point; *c && n < sizeof digits - 1; c++) digits[n++] = *c;
        } else {
            digits[n++] = t->at[i];
        }
    }
    digits[n] = 0;
    t->value  = strtod(digits, NULL);
    if (t->value - t->value != 0) {
        char found[64];
        return nde_text_fail(l->file, t->line, t->column, "the number %s is too large for a double",
                             nde_text_found(t, found));
    }
    return AD_OK;
}

/* digits [. digits] [e digits]; in "0..10" the two dots win. */
static const char *number_end(const text_lexer *l, const char *p)
{
    while (is_digit(l, p)) p++;
    if (p < l->end && *p == '.' && !(p + 1 < l->end && p[1] == '.')) p++;
    while (is_digit(l, p)) p++;
    if (p < l->end && (*p == 'e' || *p == 'E')) {
        const char *q = p + 1;
        if (q < l->end && (*q == '+' || *q == '-')) q++;
        if (is_digit(l, q)) {
            while (is_digit(l, q)) q++;
            p = q;
        }
    }
    return p;
}

/* Characters that papers and word processors put where the language has ASCII. */
static ad_status foreign(const text_lexer *l)
{
    static const struct {
        unsigned    code;
        const char *hint;
    } known[] = {
        { 0x2212, "a minus is '-'" },  { 0x2013, "a minus is '-'" },
        { 0xD7, "a product is '*'" },  { 0xB7, "a product is '*'" },
        { 0x2032, "a prime is '" },    { 0x2019, "a prime is '" },
        { 0xA0, "a blank is needed" }, { 0xB2, "a square is ^2" },
        { 0xB3, "a cube is ^3" },      { 0x2264, "a <= b is le(a, b)" },
        { '<', "a <= b is le(a, b)" }, { '>', "a >= b is le(b, a)" },
        { '"', "names stand bare" },   { ':', "a number is given by '='" },
    };

    unsigned    code = 0;
    int         n    = utf8((const unsigned char *)l->p, (const unsigned char *)l->end, &code);
    const char *hint = "names are of letters A-Z, a-z, digits and _";
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].code == code) hint = known[i].hint;
    if (code < 0x20 || code == 0x7F)
        return nde_text_fail(l->file, l->line, l->column, "found the control character 0x%02X; %s",
                             code, hint);
    return nde_text_fail(l->file, l->line, l->column,
                         "found '%.*s' (U+%04X), which has no meaning here; %s", n, l->p, code,
                         hint);
}

static void skip(text_lexer *l)
{
    for (; l->p < l->end; l->p++, l->column++) {
        if (*l->p == ' ' || *l->p == '\t') continue;
        if (*l->p == '\r' && (l->p + 1 == l->end || l->p[1] == '\n')) continue;
        break;
    }
    if (l->p < l->end && *l->p == '#')
        while (l->p < l->end && *l->p != '\n') l->p++;
}

ad_status nde_text_next(text_lexer *l, text_token *t)
{
    skip(l);
    *t = (text_token){ .kind = TEXT_END, .at = l->p, .line = l->line, .column = l->column };
    if (l->p == l->end) return AD_OK;

    const char *p = l->p;
    if (*p == '\n') {
        t->kind   = TEXT_EOL;
        l->p      = p + 1;
        l->column = 1;
        l->line++;
        return AD_OK;
    }
    if (is_letter(l, p)) {
        t->kind = TEXT_NAME;
        while (is_letter(l, p) || is_digit(l, p)) p++;
    } else if (is_digit(l, p) || (*p == '.' && is_digit(l, p + 1))) {
        t->kind  = TEXT_NUMBER;
        p        = number_end(l, p);
        t->whole = 1;
        for (const char *q = l->p; q < p; q++) t->whole &= is_digit(l, q);
    } else if (*p == '.' && p + 1 < l->end && p[1] == '.') {
        t->kind = TEXT_DOTS;
        p += 2;
    } else if (memchr("+-*/^()[]=,;'.", *p, 14)) {
        t->kind = *p++;
    } else {
        return foreign(l);
    }
    t->length = (int)(p - l->p);
    l->column += t->length;
    l->p = p;
    return t->kind == TEXT_NUMBER ? number(l, t) : AD_OK;
}
