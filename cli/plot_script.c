#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "plot_internal.h"
#include "text.h"

/* Okabe and Ito's palette, which people with any colour vision can tell apart (Wong 2011). */
static const char *const palette[] = { "#0072B2", "#D55E00", "#009E73", "#CC79A7",
                                       "#E69F00", "#56B4E9", "#222222" };

enum { COLORS = sizeof palette / sizeof palette[0] };

/* Single quotes inside single quotes are doubled; a line break would end the command. */
static void quoted(cli_buffer *b, const char *text)
{
    cli_buffer_text(b, "'");
    for (; *text; text++) {
        if (*text == '\'') cli_buffer_text(b, "'");
        cli_buffer_add(b, *text == '\n' ? " " : text, 1);
    }
    cli_buffer_text(b, "'");
}

static void set_text(cli_buffer *b, const char *what, const char *text)
{
    cli_buffer_format(b, "set %s ", what);
    quoted(b, text ? text : "");
    cli_buffer_text(b, "\n");
}

static void number(cli_buffer *b, double x)
{
    char text[CLI_NUMBER_TEXT];
    cli_buffer_text(b, isfinite(x) ? cli_number_text(x, text) : "NaN");
}

static double x_of(const cli_panel *p, const cli_curve *c, long k)
{
    double x = c->x ? c->x[k] : (double)k;
    return p->log_x && x <= 0 ? NAN : x;
}

static double y_of(const cli_panel *p, const cli_curve *c, long k)
{
    return p->log_y && c->y[k] <= 0 ? NAN : c->y[k];
}

/* gnuplot takes a plot without a single point for a mistake. */
static int has_points(const cli_panel *p, const cli_curve *c)
{
    for (long k = 0; k < c->n; k++)
        if (isfinite(x_of(p, c, k)) && isfinite(y_of(p, c, k))) return 1;
    return 0;
}

static void curve_data(cli_buffer *b, const cli_panel *p, int i)
{
    const cli_curve *c = &p->curve[i];
    cli_buffer_format(b, "$c%d << EOD\n", i);
    for (long k = 0; k < c->n; k++) { /* a line without an x breaks a curve when it is empty */
        if (isfinite(x_of(p, c, k))) {
            number(b, x_of(p, c, k));
            cli_buffer_text(b, " ");
            number(b, y_of(p, c, k));
        }
        cli_buffer_text(b, "\n");
    }
    cli_buffer_text(b, "EOD\n");
}

static void widen(double *lo, double *hi, long n, const double *x)
{
    for (long k = 0; k < n; k++) {
        if (!isfinite(x[k])) continue;
        if (x[k] < *lo) *lo = x[k];
        if (x[k] > *hi) *hi = x[k];
    }
}

/* A panel stretches x and y to its sides, so lengths are measured in the extents of the arrows' grid: l = |(u / width,
   v / height)|. Drawn is the direction, with a length of (l / longest)^0.4 cells: fields often span decades. */
static void arrow_data(cli_buffer *b, const cli_arrows *a)
{
    double lo_x = DBL_MAX, hi_x = -DBL_MAX, lo_y = DBL_MAX, hi_y = -DBL_MAX, longest = 0;
    widen(&lo_x, &hi_x, a->n, a->x);
    widen(&lo_y, &hi_y, a->n, a->y);
    double width = hi_x > lo_x ? hi_x - lo_x : 1, height = hi_y > lo_y ? hi_y - lo_y : 1;
    for (long k = 0; k < a->n; k++) {
        double l = hypot(a->u[k] / width, a->v[k] / height);
        if (isfinite(l) && l > longest) longest = l;
    }
    cli_buffer_text(b, "$arrows << EOD\n");
    for (long k = 0; k < a->n; k++) {
        double       l     = hypot(a->u[k] / width, a->v[k] / height);
        double       scale = l > 0 ? pow(l / longest, 0.4) / (sqrt((double)a->n) * l) : 0;
        const double row[] = { a->x[k], a->y[k], scale * a->u[k], scale * a->v[k] };
        for (int i = 0; i < 4; i++) {
            number(b, row[i]);
            cli_buffer_text(b, i < 3 ? " " : "\n");
        }
    }
    cli_buffer_text(b, "EOD\n");
}

static void heat_data(cli_buffer *b, const cli_heat *h)
{
    char text[CLI_NUMBER_TEXT];
    cli_buffer_text(b, "$heat << EOD\n");
    for (long k = 0; k < h->nx * h->ny; k++) {
        snprintf(text, sizeof text, "%.4g", h->z[k]);
        cli_buffer_text(b, isfinite(h->z[k]) ? text : "NaN");
        cli_buffer_text(b, (k + 1) % h->nx ? " " : "\n");
    }
    cli_buffer_text(b, "EOD\n");
}

static void set_range(cli_buffer *b, const char *axis, double from, double to)
{
    cli_buffer_format(b, "set %srange [", axis);
    number(b, from);
    cli_buffer_text(b, ":");
    number(b, to);
    cli_buffer_text(b, "]\n");
}

/* The panel ends where the cells do. */
static void heat_plot(cli_buffer *b, const cli_heat *h)
{
    heat_data(b, h);
    set_range(b, "x", h->x0 - h->dx / 2, h->x0 + ((double)h->nx - 0.5) * h->dx);
    set_range(b, "y", h->y0 - h->dy / 2, h->y0 + ((double)h->ny - 0.5) * h->dy);
    cli_buffer_text(b, "plot $heat matrix using (");
    number(b, h->x0);
    cli_buffer_text(b, "+$1*");
    number(b, h->dx);
    cli_buffer_text(b, "):(");
    number(b, h->y0);
    cli_buffer_text(b, "+$2*");
    number(b, h->dy);
    cli_buffer_text(b, "):3 with image notitle");
}

static void curve_style(cli_buffer *b, const cli_curve *c)
{
    static const char *const style[] = {
        [CLI_LINE] = "lines lw 1.8",           [CLI_DASHES] = "lines lw 1.8 dt (8,5)",
        [CLI_POINTS] = "points pt 7 ps 0.6",   [CLI_STEPS] = "steps lw 1.4",
        [CLI_FAINT] = "lines lw 0.8 dt (2,3)", [CLI_DOTS] = "points pt 7 ps 0.2",
        [CLI_THIN] = "lines lw 0.7",
    };
    cli_buffer_format(b, "with %s lc rgb '%s' ", style[c->style],
                      palette[(unsigned)c->color % COLORS]);
    if (c->title) {
        cli_buffer_text(b, "title ");
        quoted(b, c->title);
    } else {
        cli_buffer_text(b, "notitle");
    }
}

static void vertical_line(cli_buffer *b, double x)
{
    cli_buffer_text(b, "set arrow from first ");
    number(b, x);
    cli_buffer_text(b, ", graph 0 to first ");
    number(b, x);
    cli_buffer_text(b, ", graph 1 nohead lc rgb '#888888' dt (2,3)\n");
}

static void panel_settings(cli_buffer *b, const cli_panel *p)
{
    set_text(b, "title", p->title);
    set_text(b, "xlabel", p->x_label);
    set_text(b, "ylabel", p->y_label);
    cli_buffer_format(b, "%s logscale x\n%s logscale y\nunset arrow\n", p->log_x ? "set" : "unset",
                      p->log_y ? "set" : "unset");
    cli_buffer_text(b, p->x_dates ? "set xtics time format '%Y-%m-%d' rotate by -20\n"
                                  : "set xtics numeric format '%g' norotate\n");
    cli_buffer_text(b, p->equal ? "set size ratio -1\n" : "set size noratio\n");
    if (p->x_line != 0) vertical_line(b, p->x_line);
}

/* Within a decade a logarithmic axis may have no number at all. */
static int decades(const cli_panel *p)
{
    double lo = INFINITY, hi = 0;
    for (int i = 0; i < p->curves; i++)
        for (long k = 0; k < p->curve[i].n; k++) {
            double y = p->curve[i].y[k];
            if (!isfinite(y) || y <= 0) continue;
            lo = fmin(lo, y);
            hi = fmax(hi, y);
        }
    return hi > 10 * lo;
}

static void panel(cli_buffer *b, const cli_panel *p)
{
    int drawn = 0;
    panel_settings(b, p);
    for (int i = 0; i < p->curves; i++)
        if (has_points(p, &p->curve[i])) curve_data(b, p, i);
    if (p->arrows.n) arrow_data(b, &p->arrows);
    if (p->heat.nx) {
        heat_plot(b, &p->heat);
        drawn = 1;
    }
    if (p->arrows.n)
        cli_buffer_format(
            b, "%s $arrows using 1:2:3:4 with vectors size graph 0.008,25 lc rgb '#b8b8b8' notitle",
            drawn++ ? "," : "plot");
    for (int i = 0; i < p->curves; i++) {
        if (!has_points(p, &p->curve[i])) continue;
        cli_buffer_format(b, "%s $c%d using 1:2 ", drawn++ ? "," : "plot", i);
        curve_style(b, &p->curve[i]);
    }
    cli_buffer_text(b, drawn ? "\n" : "plot [1:2] [1:2] NaN notitle\n");
    if (p->heat.nx) cli_buffer_text(b, "set autoscale noextend\n");
}

void cli_plot_script(cli_buffer *b, const cli_figure *f, int svg)
{
    int columns = f->columns > 0 ? f->columns : 1;
    int rows    = (f->panels + columns - 1) / columns;
    int width = f->width ? f->width : 900, height = f->height ? f->height : 320 * rows;
    cli_buffer_format(
        b, "set terminal %s size %d,%d font 'sans,%d' background rgb 'white' noenhanced\n",
        svg ? "svg dynamic" : "pngcairo", width, height, svg ? 14 : 10);
    cli_buffer_text(
        b, "set encoding utf8\nset datafile missing 'NaN'\nset border 3 lc rgb '#555555'\n"
           "set tics nomirror out scale 0.5\nset grid lc rgb '#e4e4e4' lt 1 lw 0.6\n"
           "set key outside top right horizontal samplen 2\nset autoscale noextend\nset "
           "offsets graph 0, graph 0, graph 0.04, graph 0.04\n"
           "unset colorbox\nset palette defined (0 '#ffffff', 0.25 '#a6cee3', 0.5 '#3182bd', "
           "0.75 '#08519c', 1 '#08204a')\n");
    cli_buffer_format(b, "set multiplot layout %d,%d ", rows, columns);
    if (f->title) {
        cli_buffer_text(b, "title ");
        quoted(b, f->title);
    }
    cli_buffer_text(b, "\n");
    for (int i = 0; i < f->panels; i++) {
        cli_panel p = f->panel[i];
        p.log_y     = p.log_y && decades(&p);
        panel(b, &p);
    }
    cli_buffer_text(b, "unset multiplot\nset output\n");
}
