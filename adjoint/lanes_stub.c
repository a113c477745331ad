#include "internal.h"
ad_status adj_pullback_lanes(adj_solver *a, const adj_cotangents *c) { (void)a; (void)c; return ad_fail(AD_UNSUPPORTED, "not yet"); }
