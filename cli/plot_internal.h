/* plot_internal.h - a figure as gnuplot's text, and gnuplot run on a text. */
#ifndef COSTATE_CLI_PLOT_INTERNAL_H
#define COSTATE_CLI_PLOT_INTERNAL_H

#include "buffer.h"
#include "plot.h"

void cli_plot_script(cli_buffer *b, const cli_figure *f, int svg); /* plot_script.c */

/* What gnuplot answers on its standard output to the script; ad_free(*result). */
ad_status cli_gnuplot(const char *script, size_t size, char **result, size_t *bytes); /* plot.c */

#endif
