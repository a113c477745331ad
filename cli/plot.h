/* plot.h - figures, drawn by gnuplot through a pipe.

   A figure is a grid of panels, a panel a set of curves, perhaps over a vector field. Everything is handed to gnuplot
   inline; NaN breaks a curve. Without gnuplot the functions return AD_UNSUPPORTED with a sentence; when it fails or is
   killed, AD_IO. Neither harms the caller. */
#ifndef COSTATE_CLI_PLOT_H
#define COSTATE_CLI_PLOT_H

#include <stdio.h>

#include <costate/autodiff/status.h>

typedef enum cli_style {
    CLI_LINE,
    CLI_DASHES,
    CLI_POINTS,
    CLI_STEPS,
    CLI_FAINT,
    CLI_DOTS,
    CLI_THIN
} cli_style;

typedef struct cli_curve {
    const char   *title; /* NULL: not in the key                                  */
    cli_style     style;
    int           color; /* 0, 1, ...: of a palette that the colour-blind can read */
    long          n;
    const double *x, *y; /* x NULL: 0, 1, 2, ...                                  */
} cli_curve;

/* Arrows along (u, v) at the n points (x, y) of a grid; the longest fills a cell. */
typedef struct cli_arrows {
    long          n;
    const double *x, *y, *u, *v;
} cli_arrows;

/* A field of nx ny cells, z[j nx + i] standing at (x0 + i dx, y0 + j dy), the middle of its cell. */
typedef struct cli_heat {
    long          nx, ny;
    double        x0, y0, dx, dy;
    const double *z;
} cli_heat;

typedef struct cli_panel {
    const char      *title, *x_label, *y_label; /* NULL: none                            */
    int              curves;
    const cli_curve *curve;
    cli_arrows       arrows; /* n = 0: none                                      */
    cli_heat         heat;   /* nx = 0: none; behind everything else             */
    int              equal;  /* x and y have the same unit                       */
    int    log_x, log_y;     /* what is not positive is left out; log_y: where there are decades */
    int    x_dates;          /* x is in seconds since 1970, UTC                  */
    double x_line;           /* a vertical line (forecast from here); 0: none    */
} cli_panel;

typedef struct cli_figure {
    const char      *title;
    int              panels, columns; /* columns 0: 1                                    */
    const cli_panel *panel;
    int              width, height; /* of the whole, in pixels; 0: 900, 320 a row      */
} cli_figure;

/* By the ending of path, .png or .svg. A file that stands there is replaced whole. */
ad_status cli_plot(const cli_figure *f, const char *path);
/* An SVG text in a block to ad_free(). */
ad_status cli_plot_svg(const cli_figure *f, char **svg, size_t *bytes);

#endif
