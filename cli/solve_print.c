/* solve_print.c - the result for people, and as CSV. */
#include <math.h>
#include <string.h>

#include <costate/autodiff/file.h>

#include "buffer.h"
#include "solve.h"
#include "text.h"

enum { MOST_COLUMNS = 6, MOST_LINES = 60 };

static int widest(const solve *s)
{
    int w = 2;
    for (int i = 0; i < s->about->states; i++) {
        int n = (int)strlen(s->about->state[i].name);
        if (n > w) w = n;
    }
    return w;
}

/* One time, a state a line. */
static void print_state(const solve *s, long row, FILE *out)
{
    int w = widest(s), n = s->about->states;
    fprintf(out, "t = %.10g\n", s->t[row]);
    for (int i = 0; i < n && i < MOST_LINES; i++)
        fprintf(out, "  %-*s  % .10g\n", w, s->about->state[i].name, s->y[row * n + i]);
    if (n > MOST_LINES)
        fprintf(out, "  ... and %d more (--json or --output has them)\n", n - MOST_LINES);
}

/* A time a line. */
static void print_rows(const solve *s, FILE *out)
{
    fprintf(out, "%16s", "t");
    for (int i = 0; i < s->about->states; i++) fprintf(out, " %16s", s->about->state[i].name);
    fputc('\n', out);
    for (long r = 0; r < s->rows; r++) {
        fprintf(out, "%16.10g", s->t[r]);
        for (int i = 0; i < s->about->states; i++)
            fprintf(out, " %16.10g", s->y[r * s->about->states + i]);
        fputc('\n', out);
    }
}

static void print_statistics(const solve *s, FILE *out)
{
    char seconds[32], bytes[32];
    fprintf(out, "%s: %ld steps, %ld rejected, %ld evaluations, %s, %s\n", s->o.method->name,
            s->stats.accepted, s->stats.rejected, s->stats.nfe,
            cli_seconds_text(s->stats.seconds, seconds, sizeof seconds),
            cli_bytes_text((double)s->stats.bytes, bytes, sizeof bytes));
}

static void print_entry(const char *key, double x, FILE *out)
{
    fprintf(out, "  %-12s  % .10g\n", key, x);
}

static void print_weights(const ad_param_view *v, const double *x, FILE *out)
{
    char   shape[64];
    double sum = 0;
    long   n   = ad_elements(v->shape);
    for (long i = 0; i < n; i++) sum += x[i] * x[i];
    fprintf(out, "  %-12s  norm %.6g of %s (--json has all)\n", v->name, sqrt(sum),
            ad_shape_text(v->shape, shape, sizeof shape));
}

static void print_gradient(const solve *s, FILE *out)
{
    char key[128];
    fprintf(out, "\nloss = %.15g, and its derivative by\n", s->loss);
    for (int i = 0; s->layout && i < ad_params_views(s->layout); i++) {
        const ad_param_view *v = ad_params_view(s->layout, i);
        if (i < s->about->parameters)
            print_entry(v->name, s->theta_bar[v->offset], out);
        else
            print_weights(v, s->theta_bar + v->offset, out);
    }
    for (int i = 0; i < s->about->states; i++)
        if (s->about->state[i].start == NDE_START_NUMBER)
            print_entry(solve_start_key(s, i, key, sizeof key), s->y0_bar[i], out);
    print_entry("t0", s->t0_bar, out);
    print_entry("t1", s->t1_bar, out);
    for (int i = 0; i < s->ats && i < MOST_LINES; i++) {
        snprintf(key, sizeof key, "t = %.6g", s->at[i]);
        print_entry(key, s->at_bar[i], out);
    }
    if (s->ats > MOST_LINES) fprintf(out, "  ... and %d times more\n", s->ats - MOST_LINES);
}

void solve_print(const solve *s, FILE *out)
{
    if (s->rows && s->ats && s->about->states <= MOST_COLUMNS)
        print_rows(s, out);
    else if (s->ats)
        for (long r = 0; r < s->rows; r++) print_state(s, r, out);
    else if (s->rows)
        print_state(s, s->rows - 1, out);
    if (s->rows) fputc('\n', out);
    print_statistics(s, out);
    if (s->gradient && !s->status) print_gradient(s, out);
}

ad_status solve_save(const solve *s, const char *path)
{
    char       number[CLI_NUMBER_TEXT];
    cli_buffer b = { 0 };
    ad_file    f;
    cli_buffer_text(&b, "t");
    for (int i = 0; i < s->about->states; i++)
        cli_buffer_format(&b, ",%s", s->about->state[i].name);
    for (long r = 0; r < s->rows; r++) {
        cli_buffer_format(&b, "\n%s", cli_number_text(s->t[r], number));
        for (int i = 0; i < s->about->states; i++)
            cli_buffer_format(&b, ",%s", cli_number_text(s->y[r * s->about->states + i], number));
    }
    cli_buffer_text(&b, "\n");
    ad_status e = b.status;
    if (!e) e = ad_file_create(&f, path);
    if (!e) {
        ad_file_write(&f, b.text, b.size);
        e = ad_file_commit(&f);
    }
    cli_buffer_free(&b);
    return e;
}
