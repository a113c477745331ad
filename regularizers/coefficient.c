/* coefficient.c - a coefficient over training. */
#include <math.h>

#include <costate/regularizers/regularizer.h>

double reg_coefficient_at(const reg_coefficient *c, reg_progress progress)
{
    double p = c->epochs ? progress.epoch : progress.now;
    p        = fmin(fmax(p, 0), 1);
    switch (c->shape) {
    case REG_CONSTANT: return c->from;
    case REG_LINEAR: return c->from + (c->to - c->from) * p;
    case REG_EXPONENTIAL: return c->from * pow(c->to / c->from, p);
    case REG_INVERSE: return c->from / (1 + (c->from / c->to - 1) * p);
    }
    return c->from;
}
