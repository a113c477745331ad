#include <criterion/criterion.h>

#include <costate/autodiff/random.h>

#include "support.h"

/* Random123's known answers (kat_vectors of its distribution, philox4x32 10): counter, key, words. */
Test(random, philox_known_answers)
{
    static const uint32_t vector[3][10] = {
        { 0, 0, 0, 0, 0, 0, 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 },
        { 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0x408f276d,
          0x41c83b0e, 0xa20bc7c6, 0x6d5451fd },
        { 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0, 0xd16cfe09,
          0x94fdcceb, 0x5001e420, 0x24126ea1 },
    };
    for (int i = 0; i < 3; i++) {
        uint32_t out[4];
        ad_philox(vector[i], vector[i] + 4, out);
        for (int j = 0; j < 4; j++)
            cr_expect(out[j] == vector[i][6 + j], "vector %d, word %d: %08x", i, j, out[j]);
    }
}

typedef void fill_fn(ad_type type, uint64_t seed, uint64_t stream, uint64_t first, long n,
                     void *out);

static fill_fn *const fills[] = { ad_random_uniform, ad_random_normal, ad_random_rademacher };

/* An element does not depend on where a fill begins, nor on its length: bit for bit. */
Test(random, an_element_is_itself_in_every_fill)
{
    enum { N = 1000 };
    static const long length[] = { 1, 2, 3, 127, 128, 129, 300 },
                      from[]   = { 0, 1, 2, 63, 127, 128, 255, 256, 600 };
    static double all[N], part[N];
    static float  all32[N], part32[N];
    for (int k = 0; k < 3; k++) {
        fills[k](AD_F64, 7, 3, 0, N, all);
        fills[k](AD_F32, 7, 3, 0, N, all32);
        for (int i = 0; i < 9; i++)
            for (int j = 0; j < 7; j++) {
                fills[k](AD_F64, 7, 3, (uint64_t)from[i], length[j], part);
                fills[k](AD_F32, 7, 3, (uint64_t)from[i], length[j], part32);
                cr_expect(!memcmp(part, all + from[i], sizeof part[0] * (size_t)length[j]),
                          "%d %d %d", k, i, j);
                cr_expect(!memcmp(part32, all32 + from[i], sizeof part32[0] * (size_t)length[j]),
                          "%d %d %d", k, i, j);
            }
    }
}

/* float32 is float64 rounded; a uniform one is cut to 23 bits first: within 2^-24. */
Test(random, types_agree)
{
    enum { N = 4096 };
    static double a[N];
    static float  b[N];
    for (int k = 0; k < 3; k++) {
        fills[k](AD_F64, 1, 2, 5, N, a);
        fills[k](AD_F32, 1, 2, 5, N, b);
        for (int i = 0; i < N; i++) {
            if (k == 0)
                cr_assert(fabs(a[i] - (double)b[i]) <= 0x1p-24 && b[i] > 0 && b[i] < 1 &&
                          a[i] > 0 && a[i] < 1);
            else
                cr_assert(b[i] == (float)a[i]);
        }
    }
}

/* Seeds, streams and halves of the counter all reach the result. */
Test(random, keys_differ)
{
    uint64_t a = ad_random_bits(1, 2, 3);
    cr_expect(a != ad_random_bits(2, 2, 3));
    cr_expect(a != ad_random_bits(1 + (UINT64_C(1) << 32), 2, 3));
    cr_expect(a != ad_random_bits(1, 3, 3));
    cr_expect(a != ad_random_bits(1, 2 + (UINT64_C(1) << 32), 3));
    cr_expect(a != ad_random_bits(1, 2, 2));
    cr_expect(a != ad_random_bits(1, 2, 3 + (UINT64_C(1) << 40)));
}

/* Box and Muller with the C library: own logarithm and sine are within a few ulp of it. r <= 8.6, so 1e-14 is some 5 ulp of
   the largest results (2.2e-15 is observed, most of it from rounding 2 pi v here). */
Test(random, normal_is_box_muller)
{
    enum { N = 20000 };
    static double x[N], u[N];
    double        worst = 0;
    ad_random_normal(AD_F64, 11, 12, 0, N, x);
    ad_random_uniform(AD_F64, 11, 12, 0, N, u);
    for (int i = 0; i < N; i += 2) {
        double r = sqrt(-2 * log(u[i])), turn = 2 * M_PI * u[i + 1];
        worst = fmax(worst, fmax(fabs(x[i] - r * cos(turn)), fabs(x[i + 1] - r * sin(turn))));
    }
    cr_expect_lt(worst, 1e-14);
}

/* Moments of N draws lie within 5 standard deviations of theirs (chance of failing: 6e-7 each; the seed is fixed). Standard
   deviations of the k-th sample moment: sqrt((m_2k - m_k^2) / N). */
Test(random, moments)
{
    enum { N = 1 << 20 };
    static double       x[N];
    static const double moment[3][9] = {
        { 1, 0, 1.0 / 3, 0, 1.0 / 5, 0, 1.0 / 7, 0, 1.0 / 9 }, /* 2 u - 1 */
        { 1, 0, 1, 0, 3, 0, 15, 0, 105 },
        { 1, 0, 1, 0, 1, 0, 1, 0, 1 },
    };
    for (int k = 0; k < 3; k++) {
        fills[k](AD_F64, 99, 5, 0, N, x);
        double s[5] = { 0 }, lag = 0;
        for (int i = 0; i < N; i++) {
            if (k == 0) x[i] = 2 * x[i] - 1;
            double p = 1;
            for (int m = 1; m <= 4; m++) s[m] += (p *= x[i]);
            if (i) lag += x[i] * x[i - 1];
        }
        for (int m = 1; m <= 4; m++) {
            double deviation = sqrt((moment[k][2 * m] - moment[k][m] * moment[k][m]) / N);
            cr_expect_leq(fabs(s[m] / N - moment[k][m]), 5 * deviation, "kind %d, moment %d: %g", k,
                          m, s[m] / N);
        }
        cr_expect_leq(fabs(lag / N), 5 * moment[k][2] / sqrt(N),
                      "kind %d: neighbours correlate: %g", k, lag / N);
    }
}

Test(random, permutation)
{
    enum { N = 100 };
    long order[N], again[N];
    int  seen[N] = { 0 }, fixed = 0;
    ad_random_permutation(3, 4, N, order);
    ad_random_permutation(3, 4, N, again);
    for (int i = 0; i < N; i++) {
        cr_assert(order[i] >= 0 && order[i] < N && !seen[order[i]]++);
        fixed += order[i] == i;
    }
    cr_expect(!memcmp(order, again, sizeof order));
    cr_expect_lt(fixed, 10); /* one on average */
    ad_random_permutation(3, 4, 0, order);
    ad_random_permutation(3, 4, 1, order);
    cr_expect_eq(order[0], 0);
}
