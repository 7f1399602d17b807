/* SPDX-License-Identifier: Apache-2.0
 * merge_key.h - which items of two lists of objects belong together.
 */
#ifndef POLICY_OBJECT_MERGE_KEY_H
#define POLICY_OBJECT_MERGE_KEY_H

#include "lib/json/json.h"

struct list_item {
	struct str key; /* value of the merge key */
	const struct json *item;
	struct list_item *other; /* of the other list; NULL: there is none */
};

struct list_pairs {
	struct str key; /* the merge key: "name" */
	struct list_item *old, *new;
	size_t old_n, new_n;
	bool reordered; /* those that both lists hold stand in another order */
};

/* The key by which Kubernetes merges lists of that name: "name", or the first of several. */
struct str list_merge_key(struct str field);

/* Does the list hold nothing but objects? An empty one does. */
bool list_of_objects(const struct json *list);

/*
 * Pair two lists of objects, members of the name `field`, by the first merge key of that
 * field that every item of both has as a string or number, without repeats. 1, or 0 when
 * there is no such key: compare by index. -1 when the arena is full.
 */
int list_pair(struct str field, const struct json *old, const struct json *new, struct arena *arena,
	      struct list_pairs *out);

/*
 * A merge key of the field that tells who the item is, for lists that are compared by index:
 * both items have it with the same value, or one is NULL. Where there is none, key and value stay
 * as they are.
 */
void list_identity(struct str field, const struct json *old, const struct json *new,
		   struct str *key, struct str *value);

#endif
