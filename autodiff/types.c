#include <stdio.h>
#include <string.h>

#include <costate/autodiff/types.h>

size_t ad_type_size(ad_type t)
{
    return t == AD_F32 ? 4 : 8;
}

double ad_get(ad_type t, const void *x, long i)
{
    return t == AD_F32 ? (double)((const float *)x)[i] : ((const double *)x)[i];
}

void ad_put(ad_type t, void *x, long i, double value)
{
    if (t == AD_F32)
        ((float *)x)[i] = (float)value;
    else
        ((double *)x)[i] = value;
}

ad_shape ad_dims(int rank, const long dim[], int batched)
{
    ad_shape s = { .rank = rank, .batched = batched != 0 };
    for (int i = 0; i < rank && i < AD_RANK; i++) s.dim[i] = dim[i];
    return s;
}

ad_shape ad_scalar(void)
{
    return ad_vector(1);
}

ad_shape ad_vector(long d)
{
    return ad_dims(1, &d, 0);
}

ad_shape ad_matrix(long rows, long cols)
{
    return ad_dims(2, (long[]){ rows, cols }, 0);
}

ad_shape ad_rows(long d)
{
    return ad_dims(2, (long[]){ 1, d }, 1);
}

long ad_elements(ad_shape s)
{
    long n = 1;
    for (int i = 0; i < s.rank; i++) n *= s.dim[i];
    return n;
}

int ad_shape_equal(ad_shape a, ad_shape b)
{
    return a.rank == b.rank && a.batched == b.batched &&
           !memcmp(a.dim, b.dim, (size_t)a.rank * sizeof a.dim[0]);
}

/* "[7,2]"; the leading extent of a batched shape counts in n: "[n,50]", "[2n,3]". */
char *ad_shape_text(ad_shape s, char *text, size_t size)
{
    char   full[AD_RANK * 24 + 8] = "[";
    size_t at                     = 1;
    for (int i = 0; i < s.rank && i < AD_RANK; i++) {
        const char *comma = i ? "," : "", *n = i == 0 && s.batched ? "n" : "";
        if (*n && s.dim[i] == 1)
            at += (size_t)snprintf(full + at, sizeof full - at, "%sn", comma);
        else
            at += (size_t)snprintf(full + at, sizeof full - at, "%s%ld%s", comma, s.dim[i], n);
    }
    snprintf(full + at, sizeof full - at, "]");
    if (size) snprintf(text, size, "%s", full);
    return text;
}
