/*
 * diff.h - two objects to the list of changed places.
 *
 * Rules (DESIGN "Paths"): lists of objects are compared by their Kubernetes
 * merge key only if every item on both sides has it as a string or number and none repeats (the API
 * server accepts a second env entry of the same name), else by index. A list
 * that holds anything but objects is compared as a whole and is one change. An absent labels,
 * annotations, data or binaryData map counts as empty; any other value that is
 * added or removed whole is one change, its own; an absent map against {} is one
 * change, at the map. Another order of a keyed list is the change "<list>[order]".
 *
 * Property: json_equal(old, new) exactly when there is no change.
 */
#ifndef POLICY_DIFF_H
#define POLICY_DIFF_H

#include "policy/json.h"
#include "policy/path.h"

struct change {
	const struct change *next;
	const struct place *place;    /* NULL: the whole value */
	const struct json *from, *to; /* NULL: absent; both NULL for [order] */
};

struct change_list {
	struct change *first, **last;
	size_t n;
};

/*
 * Places, changes and what they point to live in the arena and in the two
 * objects. ERR_LIMIT when the arena is full; *out is then unspecified.
 * Either side may be NULL (absent).
 */
int diff(const struct json *old, const struct json *new, struct arena *arena,
	 struct change_list *out, struct err *err);

#endif
