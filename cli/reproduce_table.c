/* reproduce_table.c - results for people: on the terminal, as Markdown, as JSON. */
#include <math.h>
#include <string.h>

#include <jansson.h>

#include <costate/autodiff/file.h>
#include <costate/autodiff/memory.h>

#include "json.h"
#include "reproduce.h"
#include "text.h"

char *repro_cell(const repro_column *c, repro_figure f, char text[48])
{
    if (isnan(f.value))
        snprintf(text, 48, "-");
    else if (isnan(f.spread) || (f.spread == 0 && c->ratio))
        snprintf(text, 48, "%.*f", c->decimals, f.value);
    else
        snprintf(text, 48, "%.*f ± %.*f", c->decimals, f.value, c->decimals, f.spread);
    return text;
}

char *repro_setting_text(const repro_setting *s, char text[REPRO_TEXT])
{
    snprintf(text, REPRO_TEXT, "%s, tolerance %g, batches of %ld, %ld iterations%s%.120s%s",
             s->precision, s->rtol, s->batch, s->iterations, *s->data ? "; " : "", s->data,
             s->quick ? "; quick: a trial of the machinery, not of the method" : "");
    return text;
}

char *repro_title(const repro_group *g, char text[96])
{
    if (g->scale != 1)
        snprintf(text, 96, "%s x %g", g->title, g->scale);
    else
        snprintf(text, 96, "%s", g->title);
    return text;
}

char *repro_paper_cell(const repro_experiment *e, const repro_group *g, int c, char text[48])
{
    repro_figure f;
    if (g->scale != 1 || !repro_paper(e, g->row, c, &f)) f.value = NAN;
    return repro_cell(&e->column[c], f, text);
}

/* --- the terminal -------------------------------------------------------------------------------------------------------- */

/* Letters, of which ± has two bytes. */
static int letters(const char *text)
{
    int n = 0;
    for (; *text; text++) n += (*text & 0xC0) != 0x80;
    return n;
}

static void left(FILE *out, const char *text, int width)
{
    fprintf(out, "%s%*s", text, width > letters(text) ? width - letters(text) : 0, "");
}

static void right(FILE *out, const char *text, int width)
{
    fprintf(out, "%*s%s", width > letters(text) ? width - letters(text) : 0, "", text);
}

/* Of the cells of a column, both lines, and the space in front. */
static int width_of(const repro_results *s, int c)
{
    char text[48];
    int  width = letters(s->e->column[c].title);
    for (int i = 0; i < s->groups; i++) {
        int ours  = letters(repro_cell(&s->e->column[c], s->group[i].figure[c], text));
        int paper = letters(repro_paper_cell(s->e, &s->group[i], c, text));
        if (ours > width) width = ours;
        if (paper > width) width = paper;
    }
    return width + 2;
}

static int title_width(const repro_results *s)
{
    char text[96];
    int  width = 8;
    for (int i = 0; i < s->groups; i++) {
        int n = letters(repro_title(&s->group[i], text));
        if (n > width) width = n;
    }
    return width + 2;
}

static void print_group(const repro_results *s, const repro_group *g, FILE *out)
{
    const repro_experiment *e = s->e;
    char                    text[96], cell[48];
    int                     told = 0;
    for (int c = 0; c < e->columns; c++) told |= strcmp(repro_paper_cell(e, g, c, cell), "-") != 0;
    left(out, repro_title(g, text), title_width(s));
    if (told) {
        fputs("paper", out);
        for (int c = 0; c < e->columns; c++)
            right(out, repro_paper_cell(e, g, c, cell), width_of(s, c));
        fprintf(out, "\n%*s", title_width(s), "");
    }
    fputs("ours ", out);
    for (int c = 0; c < e->columns; c++)
        right(out, repro_cell(&e->column[c], g->figure[c], cell), width_of(s, c));
    fprintf(out, "  %d seed%s\n", g->seeds, g->seeds > 1 ? "s" : "");
}

void repro_print(const repro_results *s, FILE *out)
{
    char text[REPRO_TEXT];
    for (int k = 0; k < s->settings; k++) {
        fprintf(out, "%s%s: ", k ? "\n" : "", s->e->name);
        cli_wrap(out, repro_setting_text(&s->setting[k], text), (int)strlen(s->e->name) + 2);
        fprintf(out, "%*s", title_width(s) + 5, "");
        for (int c = 0; c < s->e->columns; c++) right(out, s->e->column[c].title, width_of(s, c));
        fputs("\n", out);
        for (int i = 0; i < s->groups; i++)
            if (s->group[i].setting == k) print_group(s, &s->group[i], out);
    }
}

/* --- Markdown ------------------------------------------------------------------------------------------------------------ */

void repro_row_cells(const repro_results *s, const repro_group *g, char (*text)[64],
                     const char **cell)
{
    const repro_experiment *e = s->e;
    repro_figure            f;
    int                     n = 0;
    char                    title[96];
    snprintf(text[n], 64, "%.63s", repro_title(g, title));
    cell[n]   = text[n], n++;
    cell[n++] = g->regularizer;
    for (int c = 0; c < e->columns; c++) {
        cell[n] = repro_cell(&e->column[c], g->figure[c], text[n]), n++;
        if (!repro_paper(e, &e->row[0], c, &f)) continue;
        cell[n] = repro_paper_cell(e, g, c, text[n]), n++;
    }
    snprintf(text[n], 64, "%d", g->seeds);
    cell[n] = text[n];
}

static void markdown_row(cli_buffer *b, int n, const char *const *cell)
{
    for (int i = 0; i < n; i++) {
        const char *mark = i == 1 && *cell[i] ? "`" : "";
        cli_buffer_format(b, "| %s%s%s ", mark, cell[i], mark);
    }
    cli_buffer_text(b, "|\n");
}

static void markdown_table(const repro_results *s, int setting, cli_buffer *b)
{
    const repro_experiment *e = s->e;
    char                    text[REPRO_TEXT], cells[2 * REPRO_COLUMNS + 3][64];
    const char             *cell[2 * REPRO_COLUMNS + 3];
    repro_figure            f;
    int                     n = 3;
    cli_buffer_format(b, "\n%s:\n\n| | regularizer |",
                      repro_setting_text(&s->setting[setting], text));
    for (int c = 0; c < e->columns; c++) {
        int told = repro_paper(e, &e->row[0], c, &f);
        cli_buffer_format(b, " %s |%s", e->column[c].title, told ? " paper |" : "");
        n += 1 + told;
    }
    cli_buffer_text(b, " seeds |\n|---|---|");
    for (int i = 2; i < n; i++) cli_buffer_text(b, "---:|");
    cli_buffer_text(b, "\n");
    for (int i = 0; i < s->groups; i++) {
        if (s->group[i].setting != setting) continue;
        repro_row_cells(s, &s->group[i], cells, cell);
        markdown_row(b, n, cell);
    }
}

ad_status repro_markdown(const repro_results *s, const char *path)
{
    cli_buffer b = { 0 };
    ad_file    f;
    cli_buffer_format(&b, "# %s: %s\n\n%s.\n", s->e->name, s->e->about, s->e->cite);
    for (int k = 0; k < s->settings; k++) markdown_table(s, k, &b);
    cli_buffer_text(&b, "\n");
    for (int i = 0; s->e->notes[i]; i++) cli_buffer_format(&b, "- %s\n", s->e->notes[i]);
    ad_status status = b.status ? b.status : ad_file_create(&f, path);
    if (!status) {
        ad_file_write(&f, b.text, b.size);
        status = ad_file_commit(&f);
    }
    cli_buffer_free(&b);
    return status;
}

/* --- JSON ---------------------------------------------------------------------------------------------------------------- */

static json_t *figure_json(repro_figure f, double plain)
{
    json_t *j = json_object();
    json_object_set_new(j, "mean", cli_json_number(f.value));
    json_object_set_new(j, "deviation", cli_json_number(f.spread));
    if (!isnan(plain)) json_object_set_new(j, "plain", cli_json_number(plain));
    return j;
}

static json_t *group_json(const repro_results *s, const repro_group *g)
{
    const repro_experiment *e = s->e;
    const repro_setting    *t = &s->setting[g->setting];
    json_t                 *j = json_object(), *ours = json_object(), *paper = json_object();
    json_object_set_new(j, "row", json_string(g->row_name));
    json_object_set_new(j, "regularizer", json_string(g->regularizer));
    json_object_set_new(j, "coefficient", cli_json_number(g->scale));
    json_object_set_new(j, "precision", json_string(t->precision));
    json_object_set_new(j, "rtol", cli_json_number(t->rtol));
    json_object_set_new(j, "batch", json_integer(t->batch));
    json_object_set_new(j, "iterations", json_integer(t->iterations));
    json_object_set_new(j, "data", json_string(t->data));
    json_object_set_new(j, "seeds", json_integer(g->seeds));
    for (int c = 0; c < e->columns; c++) {
        const repro_column *k = &e->column[c];
        repro_figure        f;
        json_object_set_new(ours, k->key,
                            figure_json(g->figure[c], k->ratio ? g->plain[c].value : NAN));
        if (repro_paper(e, g->row, c, &f) && g->scale == 1)
            json_object_set_new(paper, k->key, figure_json(f, NAN));
    }
    json_object_set_new(j, "ours", ours);
    json_object_set_new(j, "paper", paper);
    return j;
}

ad_status repro_print_json(const repro_results *s, FILE *out)
{
    json_t *j = json_object(), *list = json_array();
    json_object_set_new(j, "experiment", json_string(s->e->name));
    json_object_set_new(j, "cite", json_string(s->e->cite));
    for (int i = 0; i < s->groups; i++) json_array_append_new(list, group_json(s, &s->group[i]));
    json_object_set_new(j, "results", list);
    ad_status status = cli_json_print(j, out);
    json_decref(j);
    return status;
}
