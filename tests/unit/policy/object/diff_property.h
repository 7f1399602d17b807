/* SPDX-License-Identifier: Apache-2.0
 * diff_property.h - what holds for the comparison of any two values; for the
 * property test and the fuzzer.
 */
#ifndef TESTS_UNIT_POLICY_OBJECT_DIFF_PROPERTY_H
#define TESTS_UNIT_POLICY_OBJECT_DIFF_PROPERTY_H

#include "policy/object/diff.h"

static inline bool is_value(const struct json *value, void *ctx)
{
	return value == *(const struct json *const *)ctx;
}

/* The place, printed, reads back to a path that covers it and finds the changed values. */
static inline const char *place_property(const struct change *c, const struct json *old,
					 const struct json *new, struct arena *arena)
{
	struct text t;
	struct path path;
	struct err err;

	text_init(&t, arena, 1 << 22);
	place_print(c->place, &t);
	if (t.full || path_parse(text_get(&t), arena, &path, &err) < 0)
		return "a place does not read back";
	if (!path_covers(&path, c->place) || path_below(&path, c->place))
		return "a place is not covered by its own path";
	if (c->place->step.kind == STEP_ORDER)
		return c->from || c->to ? "an order has no value" : NULL;
	if ((c->to && !path_any(&path, new, is_value, (void *)&c->to)) ||
	    (c->from && !path_any(&path, old, is_value, (void *)&c->from)))
		return "a path does not find what changed";
	return c->from || c->to ? NULL : "a change without values";
}

/* NULL, or what does not hold. Both values should be objects, as a path begins with a key. */
static inline const char *diff_property(const struct json *old, const struct json *new,
					struct arena *arena)
{
	struct change_list there, back;
	struct err err;
	const char *bad;
	size_t n = 0;

	if (diff_objects(old, new, arena, &there, &err) < 0 ||
	    diff_objects(new, old, arena, &back, &err) < 0)
		return err.msg[0] ? "no memory" : "no message";
	if (json_equal(old, new) != !there.n)
		return "no change is not the same as equal";
	if (there.n != back.n)
		return "there are more changes in one direction";
	for (const struct change *c = there.first; c; c = c->next, n++) {
		if (json_equal(c->from, c->to) && (!c->place || c->place->step.kind != STEP_ORDER))
			return "a change between equal values";
		if (c->place && c->place->depth <= PATH_STEPS_MAX &&
		    (bad = place_property(c, old, new, arena)))
			return bad;
	}
	return n == there.n ? NULL : "a wrong count of changes";
}

static inline bool same_place(const struct place *a, const struct place *b)
{
	for (; a && b; a = a->up, b = b->up)
		if (a->step.kind != b->step.kind || a->step.index != b->step.index ||
		    !str_eq(a->step.key, b->step.key) || !str_eq(a->step.value, b->step.value))
			return false;
	return a == b;
}

/*
 * Two texts read as a pair are what they are when read alone, and differ in the same places:
 * whatever the second shares with the first. NULL, or what does not hold.
 */
static inline const char *pair_property(struct str old, struct str new,
					const struct json_limits *limits, struct arena *arena)
{
	struct err err, pair_err;
	struct json *both[2];
	const struct json *n = json_parse(new, limits, arena, &err);
	const struct json *o = n ? json_parse(old, limits, arena, &err) : NULL;
	struct change_list alone, paired;
	const struct change *a, *p;

	if (json_parse_pair(new, old, limits, arena, both, &pair_err) < 0)
		return o ? "the pair is refused" : strcmp(err.msg, pair_err.msg) ? "why" : NULL;
	if (!o)
		return "the pair is accepted";
	if (!json_equal(n, both[0]) || !json_equal(o, both[1]))
		return "the pair has other values";
	if (json_equal(o, n) != json_equal(both[1], both[0]))
		return "what is shared is not equal";
	if (diff_objects(o, n, arena, &alone, &err) < 0 ||
	    diff_objects(both[1], both[0], arena, &paired, &err) < 0)
		return "no memory";
	for (a = alone.first, p = paired.first; a && p; a = a->next, p = p->next)
		if (!same_place(a->place, p->place) || !json_equal(a->from, p->from) ||
		    !json_equal(a->to, p->to))
			return "the pair differs in other places";
	return a || p ? "the pair differs in more places, or fewer" : NULL;
}

#endif
