/* SPDX-License-Identifier: Apache-2.0
 * value.c - look into a value that was read, compare two.
 *
 * Values may be as deep as JSON_DEPTH_MAX: the walks keep their own stacks. No
 * walk visits a value twice, so none is worse than linear, whatever the input.
 */
#include "lib/json/json.h"

#include <assert.h>

#include "lib/base/attributes.h"

const struct json *json_get(const struct json *o, struct str key)
{
	if (!o || o->type != JSON_OBJECT)
		return NULL;
	for (const struct json *m = o->child; m; m = m->next) {
		if (m->key_len == key.n &&
		    (!key.n || (*m->key == *key.s && !memcmp(m->key, key.s, key.n))))
			return m;
	}
	return NULL;
}

/* ---- equality ---- */

/* Two open containers of the same type and size, and the children that come next. */
struct value_pair {
	const struct json *a, *b; /* b is only a guess: where the members stand in the same order */
	const struct json *other; /* the container of b */
};

/* Same type, text or size; the children are not looked at. */
static bool same_head(const struct json *a, const struct json *b)
{
	if (a->type != b->type || a->len != b->len)
		return false;
	return a->type < JSON_NUMBER || a->type > JSON_STRING || !a->len ||
	       !memcmp(a->text, b->text, a->len);
}

static size_t head_steps(const struct json *j)
{
	bool text = j->type == JSON_NUMBER || j->type == JSON_STRING;

	return arena_bytes((text ? j->len : 0) + j->key_len);
}

/* The member of p->other that has the key of m. Large objects are sorted: a wrong guess is final.
 */
static const struct json *value_counterpart(const struct value_pair *p, const struct json *m)
{
	if (p->other->type != JSON_OBJECT || (p->b && str_eq(json_key(m), json_key(p->b))))
		return p->b;
	return p->other->len > JSON_UNSORTED ? NULL : json_get(p->other, json_key(m));
}

static bool is_open(const struct json *j)
{
	return j->type >= JSON_ARRAY && j->len;
}

bool json_equal(const struct json *a, const struct json *b)
{
	size_t uncounted = 0;

	return json_equal_steps(a, b, &uncounted);
}

bool json_equal_steps(const struct json *a, const struct json *b, size_t *steps)
{
	UNZEROED struct value_pair stack[JSON_DEPTH_MAX];
	size_t n = 0;

	if (!a || !b)
		return a == b;
	*steps += head_steps(a);
	if (!same_head(a, b))
		return false;
	if (is_open(a) && !json_shared(a, b))
		stack[n++] = (struct value_pair){ a->child, b->child, b };
	while (n) {
		struct value_pair *p = &stack[n - 1];

		if (!(a = p->a)) {
			n--;
			continue;
		}
		*steps += head_steps(a);
		if (!(b = value_counterpart(p, a)) || !same_head(a, b))
			return false;
		p->a = a->next;
		p->b = b->next;
		if (is_open(a) && !json_shared(a, b)) {
			assert(n < JSON_DEPTH_MAX);
			stack[n++] = (struct value_pair){ a->child, b->child, b };
		}
	}
	return true;
}
