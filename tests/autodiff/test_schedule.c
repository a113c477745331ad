#include <criterion/criterion.h>

#include <costate/autodiff/schedule.h>

#include "support.h"

static ad_schedule parsed(const char *text, long total)
{
    ad_schedule s;
    cr_assert_eq(ad_schedule_parse(&s, text, total), AD_OK, "%s", ad_message());
    return s;
}

Test(schedule, constant)
{
    ad_schedule s = parsed("constant", 0);
    for (long i = 0; i < 1000; i += 7) cr_assert_eq(ad_schedule_factor(&s, i), 1);
}

Test(schedule, cosine)
{
    ad_schedule s = parsed("cosine", 100), last = parsed("cosine:0.25", 100);
    cr_assert_eq(ad_schedule_factor(&s, 0), 1);
    cr_assert_float_eq(ad_schedule_factor(&s, 50), 0.5, 1e-15);
    cr_assert_float_eq(ad_schedule_factor(&s, 25), (1 + sqrt(0.5)) / 2, 1e-15);
    cr_assert_eq(ad_schedule_factor(&s, 100), 0);
    cr_assert_eq(ad_schedule_factor(&s, 12345), 0);
    cr_assert_float_eq(ad_schedule_factor(&last, 50), 0.625, 1e-15);
    cr_assert_eq(ad_schedule_factor(&last, 100), 0.25);
}

Test(schedule, exponential)
{
    ad_schedule s = parsed("exponential:0.99", 0), to = parsed("exponential", 201);
    cr_assert_eq(ad_schedule_factor(&s, 0), 1);
    cr_assert_float_eq(ad_schedule_factor(&s, 10),
                       0.99 * 0.99 * 0.99 * 0.99 * 0.99 * 0.99 * 0.99 * 0.99 * 0.99 * 0.99, 1e-15);
    cr_assert_float_eq(ad_schedule_factor(&to, 100), 0.1, 1e-15);
    cr_assert_float_eq(ad_schedule_factor(&to, 200), 0.01, 1e-16);
}

Test(schedule, steps)
{
    ad_schedule s = parsed("step:0.1,60", 0), shifted = parsed("step:0.5,10+warmup:5", 100);
    cr_assert_eq(ad_schedule_factor(&s, 0), 1);
    cr_assert_eq(ad_schedule_factor(&s, 59), 1);
    cr_assert_eq(ad_schedule_factor(&s, 60), 0.1);
    cr_assert_eq(ad_schedule_factor(&s, 119), 0.1);
    cr_assert_float_eq(ad_schedule_factor(&s, 180), 1e-3, 1e-18);
    cr_assert_eq(ad_schedule_factor(&shifted, 14), 1);
    cr_assert_eq(ad_schedule_factor(&shifted, 15), 0.5);
}

Test(schedule, inverse_decay)
{
    ad_schedule s = parsed("inverse:1e-5", 0), none = parsed("inverse:0", 0);
    for (long i = 0; i < 300000; i += 9973) {
        cr_assert_eq(ad_schedule_factor(&s, i), 1 / (1 + 1e-5 * (double)i));
        cr_assert_eq(ad_schedule_factor(&none, i), 1);
    }
    cr_assert_float_eq(ad_schedule_factor(&s, 100000), 0.5, 1e-15);
}

Test(schedule, warmup_rises_and_shifts)
{
    ad_schedule s = parsed("cosine+warmup:10", 110), plain = parsed("cosine", 100);
    for (long i = 0; i < 10; i++)
        cr_assert_float_eq(ad_schedule_factor(&s, i), (i + 1) / 10.0, 1e-15);
    for (long i = 0; i <= 100; i++)
        cr_assert_eq(ad_schedule_factor(&s, i + 10), ad_schedule_factor(&plain, i));
    ad_schedule p = parsed("plateau:0.5,3+warmup:4", 0);
    cr_assert_eq(ad_schedule_factor(&p, 1), 0.5);
    cr_assert_eq(ad_schedule_factor(&p, 4), 1);
}

Test(schedule, plateau_cuts_after_patience)
{
    ad_schedule s = parsed("plateau:0.1,2,0.01", 0);
    ad_schedule_observe(&s, 10);
    ad_schedule_observe(&s, 5);
    ad_schedule_observe(&s, 4.96); /* not lower by a hundredth of 5 */
    ad_schedule_observe(&s, NAN);
    cr_assert_eq(ad_schedule_factor(&s, 3), 1);
    ad_schedule_observe(&s, 7); /* the third in a row */
    cr_assert_eq(ad_schedule_factor(&s, 3), 0.1);
    ad_schedule_observe(&s, 7);
    ad_schedule_observe(&s, 4.9); /* better: counting starts again */
    ad_schedule_observe(&s, 4.9);
    ad_schedule_observe(&s, 4.9);
    cr_assert_eq(ad_schedule_factor(&s, 3), 0.1);
    ad_schedule_observe(&s, 4.9);
    cr_assert_float_eq(ad_schedule_factor(&s, 3), 0.01, 1e-17);
}

Test(schedule, plateau_takes_negative_losses)
{
    ad_schedule s = parsed("plateau:0.5,0,0.1", 0);
    ad_schedule_observe(&s, -10);
    ad_schedule_observe(&s, -12); /* lower by more than a tenth of 10 */
    cr_assert_eq(ad_schedule_factor(&s, 0), 1);
    ad_schedule_observe(&s, -12.5);
    cr_assert_eq(ad_schedule_factor(&s, 0), 0.5);
}

Test(schedule, state_is_exact)
{
    const char *const texts[] = { "constant",      "cosine",     "exponential:0.9",
                                  "plateau:0.3,2", "step:0.5,7", "inverse:0.1" };
    uint64_t          state   = 9;
    for (int k = 0; k < 6; k++) {
        ad_schedule a = parsed(texts[k], 50), b = a;
        char        text[200];
        cr_assert_eq(ad_schedule_restore(&b, ad_schedule_state(&a, text, sizeof text)),
                     AD_OK); /* best = inf */
        for (int i = 0; i < 20; i++) ad_schedule_observe(&a, draw(&state, 0, 1));
        cr_assert_eq(ad_schedule_restore(&b, ad_schedule_state(&a, text, sizeof text)), AD_OK);
        cr_assert_eq(a.best, b.best);
        cr_assert_eq(a.bad, b.bad);
        for (long i = 0; i < 50; i++)
            cr_assert_eq(ad_schedule_factor(&a, i), ad_schedule_factor(&b, i));
    }
    ad_schedule s = parsed("plateau", 0);
    cr_assert_eq(ad_schedule_restore(&s, "cosine best inf cut 0x1p+0 bad 0"), AD_INVALID);
    cr_assert_eq(ad_schedule_restore(&s, "plateau best"), AD_INVALID);
}

Test(schedule, mistakes_are_sentences)
{
    const char *const wrong[] = {
        "cosin",          "",           "cosine:",      "cosine:2",         "cosine:0,1",
        "exponential:0",  "plateau:a",  "plateau:0.5,", "plateau:1,2,3,4,", "constant:1",
        "cosine+warmup:", "constant+x", "cosine:0.1x",  "plateau:-1",       "exponential:nan",
        "step",           "step:0.1",   "step:0,5",     "step:0.5,0",       "step:2,5",
        "step:0.5,5,1",   "inverse",    "inverse:-1",   "inverse:+warmup:3"
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        ad_schedule s;
        cr_assert_eq(ad_schedule_parse(&s, wrong[i], 10), AD_INVALID, "%s", wrong[i]);
        cr_assert(strstr(ad_message(), wrong[i]), "%s", ad_message());
    }
    ad_schedule s;
    cr_assert_eq(ad_schedule_parse(&s, "cosine", 0), AD_INVALID);
    cr_assert_eq(ad_schedule_parse(&s, "exponential", 0), AD_INVALID);
    cr_assert_eq(ad_schedule_parse(&s, "cosine+warmup:11", 10), AD_INVALID);
    cr_assert_eq(ad_schedule_parse(&s, "step:0.1", 10), AD_INVALID);
    cr_assert(strstr(ad_message(), "1 of 2 numbers were given, it is step:FACTOR,EVERY"), "%s",
              ad_message());
    cr_assert_not_null(ad_schedule_usage(5));
    cr_assert_null(ad_schedule_usage(6));
}
