/* SPDX-License-Identifier: Apache-2.0
 * diff.h - two objects to the list of changed places.
 *
 * Lists of objects are compared by their Kubernetes merge key (merge_key.c has the
 * table) only if every item on both sides has it as a string or number and none
 * repeats (the API server accepts a second env entry of the same name), else by
 * index. An item that is added or removed is one change. Another order of the items
 * that stayed is the change "<list>[order]". A list that holds anything but objects
 * is compared as a whole and is one change.
 *
 * An absent labels, annotations, data or binaryData map counts as empty; any other
 * value that is added or removed whole is one change, its own; an absent map against
 * {} is one change, at the map.
 *
 * Property: json_equal(old, new) exactly when there is no change. Time and memory
 * are linear in the input but for sorting, at any depth.
 */
#ifndef POLICY_OBJECT_DIFF_H
#define POLICY_OBJECT_DIFF_H

#include "lib/json/json.h"
#include "policy/object/path.h"

/* Patterns are shorter mostly: whoever asks what a change lies below need not go up all the way. */
#define CHANGE_NEAR 12

struct change {
	struct change *next;
	const struct place *place;    /* NULL: the whole value */
	const struct place *near;     /* the place above it that is CHANGE_NEAR deep, or itself */
	const struct json *from, *to; /* NULL: absent; both NULL for [order] */
};

/* The place, or one above it that is at least `depth` deep where the place is. */
static inline const struct place *change_above(const struct change *c, size_t depth)
{
	return depth <= CHANGE_NEAR && c->near ? c->near : c->place;
}

struct change_list {
	struct change *first, **last;
	size_t n;
};

/*
 * Places, changes and what they point to live in the arena and in the two
 * objects. ERR_LIMIT when the arena is full; *out is then unspecified.
 * Either side may be NULL (absent). Changes stand in the order of the old object,
 * what was added to a container behind the rest of it.
 */
int diff_objects(const struct json *old, const struct json *new, struct arena *arena,
		 struct change_list *out, struct err *err);

#endif
