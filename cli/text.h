/* text.h - numbers, flags and lines as people type and read them. */
#ifndef COSTATE_CLI_TEXT_H
#define COSTATE_CLI_TEXT_H

#include <stddef.h>
#include <stdio.h>

/* 1 if the whole word is a finite number, a whole number ("1e4" is one), yes or no (true, on, 1; false, off, 0). */
int cli_parse_number(const char *word, double *x);
int cli_parse_integer(const char *word, long *k);
int cli_parse_flag(const char *word, int *flag);

enum { CLI_NUMBER_TEXT = 32 };
/* The shortest text that reads back as x exactly: "0.1", "1e-08", "nan", "inf". Returns text. */
char *cli_number_text(double x, char text[CLI_NUMBER_TEXT]);

/* For people: three significant digits and a unit. Return text. */
char *cli_seconds_text(double seconds, char *text, size_t size); /* "1 m 20 s", "3.2 s", "45 ms" */
char *cli_bytes_text(double bytes, char *text, size_t size);     /* "1.2 MB"                     */

enum { CLI_WIDTH = 96 };
/* Words of text from a column on, where the cursor stands, in lines of CLI_WIDTH letters; ends the line. */
void cli_wrap(FILE *out, const char *text, int column);

#endif
