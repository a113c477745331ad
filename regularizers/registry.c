/* registry.c - the regularizers by number. */
#include "kind.h"

#define REG_KIND(name) extern const reg_kind reg_kind_##name;
#include "registry.def"
#undef REG_KIND

static const reg_kind *const kinds[] = {
#define REG_KIND(name) &reg_kind_##name,
#include "registry.def"
#undef REG_KIND
};

enum { KINDS = sizeof kinds / sizeof *kinds };

int reg_kind_count(void)
{
    return KINDS;
}

const reg_kind *reg_kind_at(int i)
{
    return i >= 0 && i < KINDS ? kinds[i] : NULL;
}

const reg_about *reg_about_at(int i)
{
    const reg_kind *k = reg_kind_at(i);
    return k ? &k->about : NULL;
}
