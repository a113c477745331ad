/* The page of an experiment without trials. */
#include <stdarg.h>
#include <string.h>

#include <jansson.h>

#include <costate/autodiff/file.h>
#include <costate/autodiff/memory.h>

#include "json.h"
#include "reproduce_page.h"

struct repro_page {
    const repro *r;
    cli_report  *report;
    json_t      *json;
    cli_buffer   markdown, told;
};

ad_status repro_page_new(repro_page **out, const repro *r)
{
    const repro_experiment *e = r->e;
    char                    title[REPRO_TEXT];
    repro_page             *p = *out = ad_alloc(sizeof *p);
    if (!p) return AD_NO_MEMORY;
    p->r    = r;
    p->json = json_object();
    snprintf(title, sizeof title, "%s: %s", e->name, e->about);
    ad_status s = cli_report_new(&p->report, title, e->cite);
    if (!s && !p->json) s = ad_fail(AD_NO_MEMORY, "no memory for the results of %s", e->name);
    if (s) {
        repro_page_free(p);
        *out = NULL;
        return s;
    }
    json_object_set_new(p->json, "experiment", json_string(e->name));
    json_object_set_new(p->json, "cite", json_string(e->cite));
    cli_buffer_format(&p->markdown, "# %s\n\n%s.\n", title, e->cite);
    for (int i = 0; e->notes && e->notes[i]; i++) {
        cli_report_text(p->report, "%s", e->notes[i]);
        cli_buffer_format(&p->markdown, "%s- %s\n", i ? "" : "\n", e->notes[i]);
    }
    return AD_OK;
}

void repro_page_free(repro_page *p)
{
    if (!p) return;
    cli_report_free(p->report);
    json_decref(p->json);
    cli_buffer_free(&p->markdown);
    cli_buffer_free(&p->told);
    ad_free(p);
}

void repro_page_section(repro_page *p, const char *title)
{
    cli_report_section(p->report, title);
    cli_buffer_format(&p->markdown, "\n## %s\n", title);
    cli_buffer_format(&p->told, "%s%s\n", p->told.size ? "\n" : "", title);
}

void repro_page_text(repro_page *p, const char *format, ...)
{
    char    text[1024];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    cli_report_text(p->report, "%s", text);
    cli_buffer_format(&p->markdown, "\n%s\n", text);
    cli_buffer_format(&p->told, "%s\n", text);
}

static const char *cell_of(const cli_table *t, int row, int column)
{
    const char *text = row < 0 ? t->heads[column] : t->cells[row * t->columns + column];
    return text ? text : "";
}

static int width(const cli_table *t, int column)
{
    int most = 0;
    for (int i = -1; i < t->rows; i++) {
        int n = (int)strlen(cell_of(t, i, column));
        if (n > most) most = n;
    }
    return most;
}

/* The first column flush left, others flush right. */
static void tell_table(cli_buffer *b, const cli_table *t)
{
    for (int i = -1; i < t->rows; i++)
        for (int c = 0; c < t->columns; c++)
            cli_buffer_format(b, "%*s%s", (c ? 1 : -1) * (width(t, c) + (c ? 2 : 0)),
                              cell_of(t, i, c), c + 1 < t->columns ? "" : "\n");
}

static void markdown_table(cli_buffer *b, const cli_table *t)
{
    cli_buffer_text(b, "\n");
    if (t->caption) cli_buffer_format(b, "%s\n\n", t->caption);
    for (int i = -1; i < t->rows; i++) {
        for (int c = 0; c < t->columns; c++) cli_buffer_format(b, "| %s ", cell_of(t, i, c));
        cli_buffer_text(b, "|\n");
        for (int c = 0; c < t->columns && i < 0; c++) cli_buffer_text(b, c ? "|---:" : "|---");
        if (i < 0) cli_buffer_text(b, "|\n");
    }
}

void repro_page_table(repro_page *p, const cli_table *t)
{
    cli_report_table(p->report, t);
    markdown_table(&p->markdown, t);
    tell_table(&p->told, t);
}

void repro_page_figure(repro_page *p, const char *name, const char *caption, const cli_figure *f)
{
    char file[REPRO_NAME], path[REPRO_PATH];
    snprintf(file, sizeof file, "%s.svg", name);
    if (repro_path(p->r, NULL, file, path)) return;
    cli_report_figure(p->report, name, caption, f, path);
}

void repro_page_picture(repro_page *p, const char *name, const char *caption, const char *path)
{
    cli_report_picture(p->report, name, caption, path);
}

json_t *repro_page_json(repro_page *p)
{
    return p->json;
}

static ad_status save_markdown(const repro_page *p, const char *path)
{
    ad_file f;
    if (p->markdown.status) return p->markdown.status;
    AD_TRY(ad_file_create(&f, path));
    ad_file_write(&f, p->markdown.text, p->markdown.size);
    return ad_file_commit(&f);
}

ad_status repro_page_save(repro_page *p)
{
    const repro *r = p->r;
    char         path[REPRO_PATH];
    AD_TRY(repro_path(r, NULL, "table.md", path));
    AD_TRY(save_markdown(p, path));
    AD_TRY(repro_path(r, NULL, "results.json", path));
    AD_TRY(cli_json_save(p->json, path));
    AD_TRY(repro_path(r, NULL, "report.html", path));
    AD_TRY(cli_report_save(p->report, path));
    if (cli_flag(r->args, "json")) return cli_json_print(p->json, stdout);
    if (p->told.status) return p->told.status;
    fputs(p->told.text ? p->told.text : "", stdout);
    printf("\n%s/report.html has the pictures, table.md the tables for a page, results.json the "
           "numbers.\n",
           r->directory);
    return AD_OK;
}
