#include "reproduce.h"
ad_status repro_report(const repro *r, const repro_results *s)
{
    (void)r, (void)s;
    return AD_OK;
}
