#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <costate/autodiff/file.h>
#include <costate/autodiff/memory.h>

#include "buffer.h"
#include "report.h"
#include "text.h"

static const char style[] =
    ":root{color-scheme:light "
    "dark;--ink:#1c1c1e;--soft:#6b6b70;--line:#dcdce0;--page:#fff;--shade:#f4f4f6;--mark:#eaf3fb}\n"
    "@media(prefers-color-scheme:dark){:root{--ink:#e8e8ea;--soft:#9a9aa0;--line:#3a3a3e;--page:#"
    "18181a;--shade:#232326;"
    "--mark:#1d2f3f}}\n"
    "body{margin:2.5rem auto;padding:0 1.2rem;max-width:60rem;font:16px/1.5 "
    "system-ui,sans-serif;color:var(--ink);"
    "background:var(--page)}\n"
    "h1{font-size:1.7rem;margin:0}h2{font-size:1.2rem;margin:2.2rem 0 .6rem;border-bottom:1px "
    "solid var(--line)}\n"
    ".sub,figcaption{color:var(--soft);font-size:.92rem}\n"
    "table{border-collapse:collapse;margin:1rem "
    "0;font-size:.94rem}th{text-align:left;font-weight:600}\n"
    "th,td{padding:.25rem .8rem;border-bottom:1px solid "
    "var(--line)}.n{text-align:right;font-variant-numeric:tabular-nums}td.n{white-space:nowrap}\n"
    ".many{font-size:.86rem}.many th,.many td{padding:.25rem .45rem}\n"
    "tr.best{background:var(--mark);font-weight:600}.wide{overflow-x:auto}\n"
    ".beside{display:flex;flex-wrap:wrap;gap:1.2rem}.beside figure{flex:1 1 18rem}\n"
    "figure{margin:1.2rem 0}img{width:100%;height:auto;background:#fff;border-radius:6px}\n"
    "pre{background:var(--shade);padding:.8rem "
    "1rem;border-radius:6px;overflow-x:auto;font-size:.86rem}\n";

struct cli_report {
    cli_buffer page, left_out; /* left_out: names, comma-separated */
    int        left_out_count;
    char       reason[256];
};

ad_status cli_report_new(cli_report **out, const char *title, const char *subtitle)
{
    cli_report *r = *out = ad_alloc(sizeof *r);
    if (!r) return AD_NO_MEMORY;
    cli_buffer_text(&r->page, "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
                              "<meta name=\"viewport\" content=\"width=device-width\">\n<title>");
    cli_buffer_html(&r->page, title);
    cli_buffer_format(&r->page, "</title>\n<style>\n%s</style>\n<h1>", style);
    cli_buffer_html(&r->page, title);
    cli_buffer_text(&r->page, "</h1>\n");
    if (subtitle) {
        cli_buffer_text(&r->page, "<p class=\"sub\">");
        cli_buffer_html(&r->page, subtitle);
        cli_buffer_text(&r->page, "</p>\n");
    }
    return AD_OK;
}

void cli_report_free(cli_report *r)
{
    if (!r) return;
    cli_buffer_free(&r->page);
    cli_buffer_free(&r->left_out);
    ad_free(r);
}

static void element(cli_report *r, const char *open, const char *text, const char *close)
{
    cli_buffer_text(&r->page, open);
    cli_buffer_html(&r->page, text);
    cli_buffer_text(&r->page, close);
}

void cli_report_section(cli_report *r, const char *title)
{
    element(r, "<h2>", title, "</h2>\n");
}
void cli_report_code(cli_report *r, const char *text)
{
    element(r, "<pre>", text, "</pre>\n");
}

void cli_report_text(cli_report *r, const char *format, ...)
{
    char    text[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    element(r, "<p>", text, "</p>\n");
}

static const char *cell(const cli_table *t, int row, int column)
{
    const char *text = t->cells[row * t->columns + column];
    return text ? text : "";
}

/* Numbers, perhaps with a unit sign behind or a dash for none, but at least one number. */
static int is_numeric(const cli_table *t, int column)
{
    int numbers = 0;
    for (int row = 0; row < t->rows; row++) {
        const char *text = cell(t, row, column);
        char        word[64];
        double      x;
        if (!*text || strcmp(text, "-") == 0) continue;
        snprintf(word, sizeof word, "%.*s", (int)strcspn(text, " %"), text);
        if (!cli_parse_number(word, &x)) return 0;
        numbers++;
    }
    return numbers > 0;
}

static void table_row(cli_report *r, const cli_table *t, int row)
{
    cli_buffer_text(&r->page, row >= 0 && row == t->best - 1 ? "<tr class=\"best\">" : "<tr>");
    for (int column = 0; column < t->columns; column++) {
        const char *tag = row < 0 ? "th" : "td";
        cli_buffer_format(&r->page, "<%s%s>", tag, is_numeric(t, column) ? " class=\"n\"" : "");
        cli_buffer_html(&r->page, row < 0 ? t->heads[column] : cell(t, row, column));
        cli_buffer_format(&r->page, "</%s>", tag);
    }
    cli_buffer_text(&r->page, "</tr>\n");
}

void cli_report_table(cli_report *r, const cli_table *t)
{
    if (t->caption)
        element(r, "<p class=\"sub\">", t->caption, "</p>\n"); /* not as narrow as the table */
    cli_buffer_format(&r->page, "<div class=\"wide\"><table%s>\n",
                      t->columns > 8 ? " class=\"many\"" : "");
    for (int row = t->heads ? -1 : 0; row < t->rows; row++) table_row(r, t, row);
    cli_buffer_text(&r->page, "</table></div>\n");
}

static void leave_out(cli_report *r, const char *name)
{
    if (!r->left_out_count++) snprintf(r->reason, sizeof r->reason, "%s", ad_message());
    cli_buffer_format(&r->left_out, "%s%s", r->left_out.size ? ", " : "", name);
}

static void embed(cli_report *r, const char *name, const char *caption, const char *type,
                  const char *picture, size_t bytes)
{
    cli_buffer_text(&r->page, "<figure><img alt=\"");
    cli_buffer_html(&r->page, name);
    /* gnuplot's SVGs repeat their element ids from one to the next, so they must not stand in one document */
    cli_buffer_format(&r->page, "\" src=\"data:image/%s;base64,", type);
    cli_buffer_base64(&r->page, picture, bytes);
    cli_buffer_text(&r->page, "\">");
    if (caption) element(r, "<figcaption>", caption, "</figcaption>");
    cli_buffer_text(&r->page, "</figure>\n");
}

int cli_report_figure(cli_report *r, const char *name, const char *caption, const cli_figure *f,
                      const char *path)
{
    char  *svg;
    size_t bytes;
    if (cli_plot_svg(f, &svg, &bytes)) {
        leave_out(r, name);
        return 0;
    }
    embed(r, name, caption, "svg+xml", svg, bytes);
    ad_free(svg);
    if (path && cli_plot(f, path)) leave_out(r, path);
    return 1;
}

void cli_report_beside(cli_report *r, int begin)
{
    cli_buffer_text(&r->page, begin ? "<div class=\"beside\">\n" : "</div>\n");
}

int cli_report_picture(cli_report *r, const char *name, const char *caption, const char *path)
{
    void       *picture;
    size_t      bytes;
    const char *dot = strrchr(path, '.');
    if (ad_file_read(path, &picture, &bytes)) {
        leave_out(r, name);
        return 0;
    }
    embed(r, name, caption, dot && !strcmp(dot, ".png") ? "png" : "svg+xml", picture, bytes);
    ad_free(picture);
    return 1;
}

int cli_report_left_out(const cli_report *r)
{
    return r->left_out_count;
}
const char *cli_report_reason(const cli_report *r)
{
    return r->left_out_count ? r->reason : NULL;
}

ad_status cli_report_save(const cli_report *r, const char *path)
{
    cli_buffer end = { 0 };
    ad_file    f;
    if (r->left_out_count) {
        cli_buffer_format(&end, "<h2>Left out</h2>\n<p>%d figure%s (", r->left_out_count,
                          r->left_out_count > 1 ? "s" : "");
        cli_buffer_html(&end, r->left_out.text ? r->left_out.text : "");
        cli_buffer_text(&end, "): ");
        cli_buffer_html(&end, r->reason);
        cli_buffer_text(&end, ".</p>\n");
    }
    ad_status s = r->page.status       ? r->page.status
                  : r->left_out.status ? r->left_out.status
                                       : end.status;
    if (s == AD_OK) s = ad_file_create(&f, path);
    if (s == AD_OK) {
        ad_file_write(&f, r->page.text, r->page.size);
        if (end.size) ad_file_write(&f, end.text, end.size);
        ad_file_write(&f, "</html>\n", 8);
        s = ad_file_commit(&f);
    }
    cli_buffer_free(&end);
    return s;
}
