/* What the checks of samplers share. */
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include <jansson.h>

#include <costate/autodiff/memory.h>

#include "json.h"
#include "sampler_checks.h"

check_table *check_table_new(checks *k, const char *title, const char *note,
                             const char *const *heads)
{
    check_table *t = k->tables < CHECK_TABLES ? ad_alloc(sizeof *t) : NULL;
    if (!t) {
        k->status = ad_fail(AD_NO_MEMORY, "no room for the table '%s'", title);
        return NULL;
    }
    t->title = title, t->note = note;
    while (heads[t->columns]) t->head[t->columns] = heads[t->columns], t->columns++;
    return k->table[k->tables++] = t;
}

void check_row(check_table *t)
{
    if (t && t->rows < CHECK_ROWS) t->rows++;
}

void check_cell(check_table *t, int column, const char *format, ...)
{
    va_list list;
    if (!t || !t->rows) return;
    va_start(list, format);
    vsnprintf(t->text[t->rows - 1][column], CHECK_TEXT, format, list);
    va_end(list);
}

void check_modes(check_table *t, int column, const double x[CHECK_MODES])
{
    check_cell(t, column, "%.3f %.3f %.3f %.3f", x[0], x[1], x[2], x[3]);
}

void check_put_modes(json_t *j, const char *key, const double x[CHECK_MODES])
{
    json_object_set_new(j, key, cli_json_numbers(CHECK_MODES, x));
}

static check_line *add(checks *k, const char *sampler, const char *claim, double value,
                       double bound, int holds)
{
    check_line *l = &k->line[k->lines < CHECK_LINES ? k->lines++ : CHECK_LINES - 1];
    *l            = (check_line){
                   .sampler = sampler, .claim = claim, .value = value, .bound = bound, .holds = holds
    };
    snprintf(l->measured, CHECK_TEXT, "%.3g", value);
    json_t *j = check_json(k, "results");
    json_object_set_new(j, "sampler", json_string(sampler));
    json_object_set_new(j, "check", json_string(claim));
    json_object_set_new(j, "value", cli_json_number(value));
    json_object_set_new(j, "bound", cli_json_number(bound));
    json_object_set_new(j, "holds", json_boolean(holds));
    return l;
}

void check_below(checks *k, const char *sampler, const char *claim, double value, double bound)
{
    check_line *l = add(k, sampler, claim, value, bound, value <= bound);
    snprintf(l->expected, CHECK_TEXT, "<= %.3g", bound);
}

void check_near(checks *k, const char *sampler, const char *claim, double value, double want,
                double within)
{
    check_line *l = add(k, sampler, claim, value, want, fabs(value - want) <= within * fabs(want));
    snprintf(l->expected, CHECK_TEXT, "%.4g +- %g %%", want, 100 * within);
}

json_t *check_json(checks *k, const char *list)
{
    json_t *page = repro_page_json(k->page), *all = json_object_get(page, list);
    if (!all) json_object_set_new(page, list, all = json_array());
    json_t *j = json_object();
    json_array_append_new(all, j);
    return j;
}

/* --- the page ------------------------------------------------------------------------------------------------------------ */

static void tell_table(checks *k, const check_table *t)
{
    const char *cell[CHECK_ROWS * CHECK_COLUMNS];
    for (int i = 0; i < t->rows; i++)
        for (int c = 0; c < t->columns; c++) cell[i * t->columns + c] = t->text[i][c];
    repro_page_section(k->page, t->title);
    repro_page_table(
        k->page,
        &(cli_table){ .columns = t->columns, .rows = t->rows, .heads = t->head, .cells = cell });
    if (t->note) repro_page_text(k->page, "%s", t->note);
}

void check_tell(checks *k)
{
    static const char *const heads[] = { "sampler", "check", "measured", "expected", "holds" };
    const char              *cell[CHECK_LINES * 5];
    int                      holds = 0;
    for (int i = 0; i < k->lines; i++) {
        const check_line *l = &k->line[i];
        cell[5 * i] = l->sampler, cell[5 * i + 1] = l->claim, cell[5 * i + 2] = l->measured;
        cell[5 * i + 3] = l->expected, cell[5 * i + 4] = l->holds ? "yes" : "NO";
        holds += l->holds;
    }
    repro_page_section(k->page, "Each paper's own check");
    repro_page_table(k->page,
                     &(cli_table){ .columns = 5, .rows = k->lines, .heads = heads, .cells = cell });
    repro_page_text(k->page, "%d of %d hold.", holds, k->lines);
    for (int i = 0; i < k->tables; i++) tell_table(k, k->table[i]);
}
