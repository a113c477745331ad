#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "cli/interrupt.h"
#include "cli/progress.h"
#include "cli/text.h"

static const cli_progress_state state = { .iteration     = 760,
                                          .iterations    = 2000,
                                          .loss          = 0.0123,
                                          .gradient_norm = 0.45,
                                          .nfe           = 84,
                                          .rejected      = 2 };

static void drawn(char *text, size_t size, int terminal)
{
    cli_progress p;
    cli_progress_begin(&p, "train", 0);
    p.out      = tmpfile();
    p.terminal = terminal;
    cli_progress_update(&p, &state); /* too soon after the beginning: nothing */
    p.shown -= 10;
    cli_progress_update(&p, &state);
    cli_progress_update(&p, &state); /* too soon again */
    cli_progress_end(&p, &state);
    rewind(p.out);
    text[fread(text, 1, size - 1, p.out)] = 0;
    fclose(p.out);
}

static int count(const char *text, char c)
{
    int n = 0;
    for (; *text; text++) n += *text == c;
    return n;
}

Test(progress, plain_lines)
{
    char text[1024];
    drawn(text, sizeof text, 0);
    cr_assert_eq(count(text, '\n'), 2, "%s", text);
    cr_assert_eq(count(text, '\r'), 0);
    cr_assert(strstr(text, "iteration 760/2000  loss 0.0123  NFE 84  rejected 2  |g| 0.45"), "%s",
              text);
    cr_assert(strstr(text, " left\n"), "%s", text);
}

Test(progress, one_line_drawn_again)
{
    char text[1024];
    drawn(text, sizeof text, 1);
    cr_assert_eq(count(text, '\n'), 1, "%s", text);
    cr_assert_eq(count(text, '\r'), 2, "%s", text);
    cr_assert(strstr(text, " 38%"), "%s", text);
}

Test(progress, what_is_unknown_is_left_out)
{
    const cli_progress_state bare = {
        .iteration = 3, .loss = NAN, .gradient_norm = NAN, .nfe = -1, .rejected = -1
    };
    char         text[256];
    cli_progress p;
    cli_progress_begin(&p, "solve", 0);
    p.out = tmpfile();
    cli_progress_end(&p, &bare);
    rewind(p.out);
    text[fread(text, 1, sizeof text - 1, p.out)] = 0;
    fclose(p.out);
    cr_assert(strstr(text, "iteration 3  in "), "%s", text);
}

Test(progress, other_things_and_how_many_a_second)
{
    const cli_progress_state samples = { .iteration     = 64,
                                         .iterations    = 100,
                                         .loss          = NAN,
                                         .gradient_norm = NAN,
                                         .nfe           = -1,
                                         .rejected      = -1,
                                         .noun          = "sample",
                                         .rate          = 512 };
    char                     text[256];
    cli_progress             p;
    cli_progress_begin(&p, "sample", 0);
    p.out = tmpfile();
    cli_progress_end(&p, &samples);
    rewind(p.out);
    text[fread(text, 1, sizeof text - 1, p.out)] = 0;
    fclose(p.out);
    cr_assert(strstr(text, "sample 64/100  512 samples a second"), "%s", text);
}

Test(interrupt, the_first_asks)
{
    cli_interrupt_install();
    cr_assert_not(cli_interrupted());
    raise(SIGINT);
    cr_assert(cli_interrupted());
}

Test(interrupt, the_second_kills, .signal = SIGINT)
{
    cli_interrupt_install();
    raise(SIGINT);
    raise(SIGINT);
}

Test(text, durations_and_bytes)
{
    char text[32];
    cr_assert_str_eq(cli_seconds_text(80, text, sizeof text), "1 m 20 s");
    cr_assert_str_eq(cli_seconds_text(3.21, text, sizeof text), "3.2 s");
    cr_assert_str_eq(cli_seconds_text(0.045, text, sizeof text), "45 ms");
    cr_assert_str_eq(cli_seconds_text(7260, text, sizeof text), "2 h 01 m");
    cr_assert_str_eq(cli_bytes_text(1.2e6, text, sizeof text), "1.2 MB");
    cr_assert_str_eq(cli_bytes_text(999.9, text, sizeof text), "1 kB");
}
