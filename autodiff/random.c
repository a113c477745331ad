#include <math.h>
#include <string.h>

#include <costate/autodiff/random.h>

/* Salmon et al. 2011, section 3.3 and table 2: multipliers and Weyl constants (golden ratio, sqrt(3) - 1). */
#define PHILOX_M0 UINT64_C(0xD2511F53)
#define PHILOX_M1 UINT64_C(0xCD9E8D57)
#define PHILOX_W0 UINT32_C(0x9E3779B9)
#define PHILOX_W1 UINT32_C(0xBB67AE85)

enum { ROUNDS = 10, LANES = 64, CHUNK = 2 * LANES };

/* The counters and then the words of LANES blocks, laid out for vectors. */
typedef struct lanes {
    uint32_t c[4][LANES];
} lanes;

static void rounds(lanes *x, int n, uint32_t k0, uint32_t k1)
{
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < n; i++) {
            uint64_t p = PHILOX_M0 * x->c[0][i], q = PHILOX_M1 * x->c[2][i];
            x->c[0][i] = (uint32_t)(q >> 32) ^ x->c[1][i] ^ k0;
            x->c[2][i] = (uint32_t)(p >> 32) ^ x->c[3][i] ^ k1;
            x->c[1][i] = (uint32_t)q;
            x->c[3][i] = (uint32_t)p;
        }
        k0 += PHILOX_W0;
        k1 += PHILOX_W1;
    }
}

void ad_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    lanes x;
    for (int j = 0; j < 4; j++) x.c[j][0] = counter[j];
    rounds(&x, 1, key[0], key[1]);
    for (int j = 0; j < 4; j++) out[j] = x.c[j][0];
}

/* Blocks first .. first + n - 1 of a stream as two halves of 64 bits each. */
static void blocks(uint64_t seed, uint64_t stream, uint64_t first, int n, uint64_t a[],
                   uint64_t b[])
{
    lanes x;
    for (int i = 0; i < n; i++) {
        uint64_t block = first + (uint64_t)i;
        x.c[0][i]      = (uint32_t)block;
        x.c[1][i]      = (uint32_t)(block >> 32);
        x.c[2][i]      = (uint32_t)stream;
        x.c[3][i]      = (uint32_t)(stream >> 32);
    }
    rounds(&x, n, (uint32_t)seed, (uint32_t)(seed >> 32));
    for (int i = 0; i < n; i++) {
        a[i] = (uint64_t)x.c[1][i] << 32 | x.c[0][i];
        b[i] = (uint64_t)x.c[3][i] << 32 | x.c[2][i];
    }
}

uint64_t ad_random_bits(uint64_t seed, uint64_t stream, uint64_t element)
{
    uint64_t half[2];
    blocks(seed, stream, element / 2, 1, &half[0], &half[1]);
    return half[element % 2];
}

/* (bits + 1/2) 2^-bits: never 0, never 1, and exact. */
static inline double open_unit(uint64_t bits)
{
    return ((double)(int64_t)(bits >> 12) + 0.5) * 0x1p-52;
}
static inline double open_unit_single(uint64_t bits)
{
    return ((double)(int64_t)(bits >> 41) + 0.5) * 0x1p-23;
}

/* log u for normal positive u: u = 2^e m, sqrt(1/2) <= m < sqrt(2), log m = 2 artanh s, s = (m - 1) / (m + 1), by its series;
   s^2 < 0.0295, so that the first term left out, 2 s^23 / 23, is below 2^-57 of the sum. */
static inline double log_series(double u)
{
    uint64_t bits, m_bits;
    memcpy(&bits, &u, sizeof bits);
    uint64_t e = (bits - UINT64_C(0x3fe6a09e667f3bcd)) >>
                 52; /* modulo 2^12: small negative wraps */
    int64_t n = (int64_t)(e ^ 0x800) - 0x800;
    m_bits    = bits - ((uint64_t)n << 52);
    double m;
    memcpy(&m, &m_bits, sizeof m);
    double s = (m - 1) / (m + 1), z = s * s, p = 1.0 / 21;
    for (int k = 19; k >= 3; k -= 2) p = p * z + 1.0 / k;
    return (double)n * 0x1.62e42fefa39efp-1 + (2 * s + 2 * s * z * p);
}

/* cos and sin of 2 pi v, 0 < v < 1: quarter turns q off, then the Taylor series for |x| <= pi/4, to below 2^-53. */
static inline void cos_sin_turn(double v, double *c, double *s)
{
    double q = floor(4 * v + 0.5), x = (4 * v - q) * 0x1.921fb54442d18p+0, z = x * x;
    double sine = 1, cosine = 1;
    for (int k = 14; k >= 2; k -= 2) {
        sine   = 1 - z * (1.0 / (k * (k + 1))) * sine;
        cosine = 1 - z * (1.0 / ((k + 2) * (k + 1))) * cosine;
    }
    cosine = 1 - z * 0.5 * cosine;
    sine *= x;
    int    turn = (int)q & 3;
    double a = turn & 1 ? sine : cosine, b = turn & 1 ? cosine : sine;
    *c = turn == 1 || turn == 2 ? -a : a;
    *s = turn >= 2 ? -b : b;
}

/* Makes the elements of n blocks, at most CHUNK. */
typedef void chunk_fn(ad_type type, uint64_t seed, uint64_t stream, uint64_t block, int n,
                      double v[]);

static void uniform_chunk(ad_type type, uint64_t seed, uint64_t stream, uint64_t block, int n,
                          double v[])
{
    uint64_t a[LANES], b[LANES];
    blocks(seed, stream, block, n, a, b);
    if (type == AD_F32)
        for (int i = 0; i < n; i++) {
            v[2 * i]     = open_unit_single(a[i]);
            v[2 * i + 1] = open_unit_single(b[i]);
        }
    else
        for (int i = 0; i < n; i++) {
            v[2 * i]     = open_unit(a[i]);
            v[2 * i + 1] = open_unit(b[i]);
        }
}

static void normal_chunk(ad_type type, uint64_t seed, uint64_t stream, uint64_t block, int n,
                         double v[])
{
    (void)type;
    uint64_t a[LANES], b[LANES];
    blocks(seed, stream, block, n, a, b);
    for (int i = 0; i < n; i++) {
        double r = sqrt(-2 * log_series(open_unit(a[i]))), c, s;
        cos_sin_turn(open_unit(b[i]), &c, &s);
        v[2 * i]     = r * c;
        v[2 * i + 1] = r * s;
    }
}

static void rademacher_chunk(ad_type type, uint64_t seed, uint64_t stream, uint64_t block, int n,
                             double v[])
{
    (void)type;
    uint64_t half[2];
    for (int i = 0; i < n; i++) {
        blocks(seed, stream, block + (uint64_t)i, 1, &half[0], &half[1]);
        for (int j = 0; j < 128; j++) v[128 * i + j] = half[j / 64] >> (j % 64) & 1 ? 1.0 : -1.0;
    }
}

typedef struct draws {
    ad_type   type;
    uint64_t  seed, stream;
    int       per_block;
    chunk_fn *chunk;
} draws;

static void fill(const draws *d, uint64_t first, long n, void *out)
{
    double v[CHUNK];
    for (long done = 0; done < n;) {
        uint64_t element = first + (uint64_t)done, block = element / (uint64_t)d->per_block;
        long     skip  = (long)(element % (uint64_t)d->per_block);
        long     count = n - done < CHUNK - skip ? n - done : CHUNK - skip;
        d->chunk(d->type, d->seed, d->stream, block,
                 (int)((skip + count + d->per_block - 1) / d->per_block), v);
        if (d->type == AD_F32)
            for (long i = 0; i < count; i++) ((float *)out)[done + i] = (float)v[skip + i];
        else
            memcpy((double *)out + done, v + skip, (size_t)count * sizeof v[0]);
        done += count;
    }
}

void ad_random_uniform(ad_type type, uint64_t seed, uint64_t stream, uint64_t first, long n,
                       void *out)
{
    fill(&(draws){ type, seed, stream, 2, uniform_chunk }, first, n, out);
}

void ad_random_normal(ad_type type, uint64_t seed, uint64_t stream, uint64_t first, long n,
                      void *out)
{
    fill(&(draws){ type, seed, stream, 2, normal_chunk }, first, n, out);
}

void ad_random_rademacher(ad_type type, uint64_t seed, uint64_t stream, uint64_t first, long n,
                          void *out)
{
    fill(&(draws){ type, seed, stream, 128, rademacher_chunk }, first, n, out);
}

void ad_random_permutation(uint64_t seed, uint64_t stream, long n, long order[])
{
    for (long i = 0; i < n; i++) order[i] = i;
    for (long i = 0; i < n - 1; i++) {
        /* the upper half of bits x (n - i): uniform to within (n - i) 2^-64 */
        unsigned __int128 wide = (unsigned __int128)ad_random_bits(seed, stream, (uint64_t)i) *
                                 (uint64_t)(n - i);
        long j    = i + (long)(wide >> 64);
        long keep = order[i];
        order[i]  = order[j];
        order[j]  = keep;
    }
}
