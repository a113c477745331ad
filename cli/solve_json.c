/* solve_json.c - the result as one JSON object. */
#include <jansson.h>

#include "json.h"
#include "solve.h"

static int put(json_t *object, const char *key, json_t *value)
{
    return json_object_set_new(object, key, value);
}

static json_t *column(const solve *s, int state)
{
    json_t *list = json_array();
    for (long r = 0; list && r < s->rows; r++)
        if (json_array_append_new(list, cli_json_number(s->y[r * s->about->states + state]))) {
            json_decref(list);
            return NULL;
        }
    return list;
}

static json_t *columns(const solve *s)
{
    json_t *y = json_object();
    for (int i = 0; y && s->about && i < s->about->states; i++)
        if (put(y, s->about->state[i].name, column(s, i))) {
            json_decref(y);
            return NULL;
        }
    return y;
}

static json_t *statistics(const solve *s)
{
    return json_pack("{s:I, s:I, s:I, s:o, s:I}", "accepted", (json_int_t)s->stats.accepted,
                     "rejected", (json_int_t)s->stats.rejected, "nfe", (json_int_t)s->stats.nfe,
                     "seconds", cli_json_number(s->stats.seconds), "bytes",
                     (json_int_t)s->stats.bytes);
}

/* A view from axis `axis` on as nested lists; *x moves behind what was taken. */
static json_t *nested(const ad_shape *shape, int axis, const double **x)
{
    if (axis == shape->rank) return cli_json_number(*(*x)++);
    json_t *list = json_array();
    for (long i = 0; list && i < shape->dim[axis]; i++)
        if (json_array_append_new(list, nested(shape, axis + 1, x))) {
            json_decref(list);
            return NULL;
        }
    return list;
}

static int put_gradient(const solve *s, json_t *g)
{
    char key[128];
    int  bad = 0;
    for (int i = 0; s->layout && i < ad_params_views(s->layout); i++) {
        const ad_param_view *v = ad_params_view(s->layout, i);
        const double        *x = s->theta_bar + v->offset;
        bad |= put(g, v->name,
                   i < s->about->parameters ? cli_json_number(*x) : nested(&v->shape, 0, &x));
    }
    for (int i = 0; i < s->about->states; i++)
        if (s->about->state[i].start == NDE_START_NUMBER)
            bad |= put(g, solve_start_key(s, i, key, sizeof key), cli_json_number(s->y0_bar[i]));
    bad |= put(g, "t0", cli_json_number(s->t0_bar));
    bad |= put(g, "t1", cli_json_number(s->t1_bar));
    return bad | put(g, "t", cli_json_numbers(s->ats, s->at_bar));
}

static int put_all(const solve *s, json_t *all)
{
    int bad = put(all, "t", cli_json_numbers(s->rows, s->t));
    bad |= put(all, "y", columns(s)) | put(all, "stats", statistics(s));
    if (s->gradient && s->at_bar) { /* there is a system to speak of */
        json_t *g = json_object();
        bad |= put(all, "loss", cli_json_number(s->loss));
        bad |= !g || put_gradient(s, g);
        bad |= put(all, "gradient", g);
    }
    bad |= put(all, "status", json_string(ad_status_name(s->status)));
    return bad | put(all, "message", json_string(s->message));
}

ad_status solve_print_json(const solve *s, FILE *out)
{
    json_t   *all = json_object();
    ad_status e   = !all || put_all(s, all) ? ad_fail(AD_NO_MEMORY, "out of memory for the result")
                                            : cli_json_print(all, out);
    json_decref(all);
    return e;
}
