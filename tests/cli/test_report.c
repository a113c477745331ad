#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include <costate/autodiff/file.h>
#include <costate/autodiff/memory.h>

#include "cli/buffer.h"
#include "cli/plot.h"
#include "cli/plot_internal.h"
#include "cli/report.h"

static const double    x[] = { 0, 1, 2, 3 }, y[] = { 1, NAN, 2, -1 };
static const cli_curve curves[] = { { "it's <b>", CLI_LINE, 0, 4, x, y },
                                    { NULL, CLI_POINTS, 1, 4, NULL, y } };
static const cli_panel panels[] = {
    { .title = "one", .x_label = "t", .curves = 2, .curve = curves, .x_line = 2 },
    { .title = "two", .arrows = { 4, x, x, y, x }, .curves = 1, .curve = curves, .log_y = 1 },
    { .title = "none" },
};
static const cli_figure figure = {
    .title = "a 'quoted' figure", .panels = 3, .columns = 2, .panel = panels
};

static char folder[] = "/tmp/costate-report-XXXXXX";

static char *in_folder(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void make_folder(void)
{
    cr_assert_not_null(mkdtemp(folder));
}

static void remove_folder(void)
{
    char command[300];
    snprintf(command, sizeof command, "PATH=/usr/bin:/bin rm -rf '%s'", folder);
    cr_assert_eq(system(command), 0);
}

/* From here on the only program to be found is a gnuplot that does this. */
static void impostor(const char *does)
{
    FILE *f = fopen(in_folder("gnuplot"), "w");
    cr_assert_not_null(f);
    fprintf(f, "#!/bin/sh\n%s\n", does);
    fclose(f);
    cr_assert_eq(chmod(in_folder("gnuplot"), 0755), 0);
    setenv("PATH", folder, 1);
}

static int have_gnuplot(void)
{
    return system("gnuplot --version > /dev/null 2>&1") == 0;
}

/* An axis from 2 to 9 would have no number on it. */
Test(plot, logarithmic_where_there_is_a_decade)
{
    static const double u[] = { 0, 1, 2 }, narrow[] = { 2, 4, 9 }, broad[] = { 0.5, -1, 9 };
    for (int k = 0; k < 2; k++) {
        cli_curve  c = { NULL, CLI_LINE, 0, 3, u, k ? broad : narrow };
        cli_panel  p = { .curves = 1, .curve = &c, .log_y = 1 };
        cli_buffer b = { 0 };
        cli_plot_script(&b, &(cli_figure){ .panels = 1, .panel = &p }, 1);
        cr_assert_eq(b.status, AD_OK);
        cr_assert(strstr(b.text, k ? "\nset logscale y" : "\nunset logscale y"), "%d", k);
        cli_buffer_free(&b);
    }
}

Test(buffer, base64_of_rfc_4648)
{
    static const char *const want[] = { "",         "Zg==",     "Zm8=",    "Zm9v",
                                        "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy" };
    for (size_t n = 0; n <= 6; n++) { /* section 10's vectors */
        cli_buffer b = { 0 };
        cli_buffer_base64(&b, "foobar", n);
        cr_assert_str_eq(b.text ? b.text : "", want[n]);
        cli_buffer_free(&b);
    }
}

Test(plot, files_of_both_kinds, .init = make_folder, .fini = remove_folder)
{
    void  *data;
    size_t bytes;
    if (!have_gnuplot()) cr_skip("gnuplot is not installed");
    cr_assert_eq(cli_plot(&figure, in_folder("a.png")), AD_OK, "%s", ad_message());
    cr_assert_eq(ad_file_read(in_folder("a.png"), &data, &bytes), AD_OK);
    cr_assert_arr_eq(data, "\x89PNG\r\n\x1a\n", 8);
    ad_free(data);
    cr_assert_eq(cli_plot(&figure, in_folder("a.svg")), AD_OK, "%s", ad_message());
    cr_assert_eq(ad_file_read(in_folder("a.svg"), &data, &bytes), AD_OK);
    cr_assert(strstr(data, "</svg>"));
    cr_assert(strstr(data, "it's &lt;b>"), "the title of a curve is in the key");
    ad_free(data);
    cr_assert_eq(cli_plot(&figure, in_folder("a.gif")), AD_INVALID);
    cr_assert_eq(cli_plot(&figure, "/nowhere/at/all.png"), AD_IO);
}

Test(plot, without_gnuplot, .init = make_folder, .fini = remove_folder)
{
    setenv("PATH", folder, 1);
    cr_assert_eq(cli_plot(&figure, in_folder("a.png")), AD_UNSUPPORTED);
    cr_assert(strstr(ad_message(), "gnuplot-nox"), "%s", ad_message());
    cr_assert(access(in_folder("a.png"), F_OK) != 0);
}

Test(plot, a_gnuplot_that_dies_or_fails_harms_nobody, .init = make_folder, .fini = remove_folder)
{
    enum { N = 100000 }; /* more than a pipe holds: writing finds it broken */
    double         *many  = calloc(N, sizeof *many);
    const cli_curve curve = { NULL, CLI_LINE, 0, N, many, many };
    const cli_panel panel = { .curves = 1, .curve = &curve };
    cli_figure      large = { .panels = 1, .panel = &panel };
    char           *svg;
    size_t          bytes;
    cr_assert_not_null(many);
    impostor("kill -9 $$");
    cr_assert_eq(cli_plot_svg(&large, &svg, &bytes), AD_IO);
    cr_assert(strstr(ad_message(), "signal 9"), "%s", ad_message());
    impostor("exec <&-; echo no terminal of that name >&2; exit 3");
    cr_assert_eq(cli_plot_svg(&large, &svg, &bytes), AD_IO);
    cr_assert(strstr(ad_message(), "no terminal of that name"), "%s", ad_message());
    impostor("exit 0");
    cr_assert_eq(cli_plot_svg(&large, &svg, &bytes), AD_IO);
    cr_assert_null(svg);
    free(many);
}

static char *report_text(int with_figure)
{
    static const char *const heads[] = { "model", "error" };
    static const char *const cells[] = { "a & b", "0.25", "<script>", NULL };
    const cli_table          table   = { "errors", 2, 2, heads, cells, 1 };
    cli_report              *r;
    void                    *text;
    size_t                   bytes;
    cr_assert_eq(cli_report_new(&r, "A <title>", "of \"something\""), AD_OK);
    cli_report_section(r, "Section");
    cli_report_text(r, "%d < %d", 1, 2);
    cli_report_table(r, &table);
    cli_report_code(r, "if (a < b) { }");
    if (with_figure) cli_report_figure(r, "fit & forecast", "a caption", &figure, NULL);
    cr_assert_eq(cli_report_save(r, in_folder("report.html")), AD_OK, "%s", ad_message());
    cli_report_free(r);
    cr_assert_eq(ad_file_read(in_folder("report.html"), &text, &bytes), AD_OK);
    return text;
}

Test(report, everything_is_escaped_and_inside, .init = make_folder, .fini = remove_folder)
{
    char *text = report_text(0);
    cr_assert_null(strstr(text, "<script>"));
    cr_assert_null(strstr(text, "http"));
    const char *const parts[] = {
        "A &lt;title&gt;",           "of &quot;something&quot;", "<p>1 &lt; 2</p>", "a &amp; b",
        "<td class=\"n\">0.25</td>", "<tr class=\"best\"><td>a", "if (a &lt; b)",   "</html>"
    };
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        cr_assert(strstr(text, parts[i]), "no %s", parts[i]);
    ad_free(text);
}

Test(report, figures_are_embedded, .init = make_folder, .fini = remove_folder)
{
    if (!have_gnuplot()) cr_skip("gnuplot is not installed");
    char *text = report_text(1);
    cr_assert(strstr(
        text,
        "<img alt=\"fit &amp; forecast\" src=\"data:image/svg+xml;base64,PD94bWw")); /* "<?xml" */
    cr_assert_null(strstr(text, "Left out"));
    ad_free(text);
}

Test(report, figures_left_out_are_named, .init = make_folder, .fini = remove_folder)
{
    setenv("PATH", folder, 1);
    char *text = report_text(1);
    cr_assert_null(strstr(text, "<img"));
    cr_assert(strstr(text, "1 figure (fit &amp; forecast): gnuplot is not installed"));
    ad_free(text);
}

Test(report, a_directory_that_is_not_there)
{
    cli_report *r;
    cr_assert_eq(cli_report_new(&r, "t", NULL), AD_OK);
    cr_assert_eq(cli_report_save(r, "/nowhere/at/all.html"), AD_IO);
    cli_report_free(r);
}
