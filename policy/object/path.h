/* SPDX-License-Identifier: Apache-2.0
 * path.h - places in an object: the patterns that policies write, the places
 * that a comparison finds, and one text form for both.
 *
 *   spec.template.spec.containers[name=coredns].image
 *   metadata.annotations["kubectl.kubernetes.io/restartedAt"]
 *   spec.rules[*].http        any item, or their order
 *   spec.tolerations[0]       by index
 *   spec.versions[order]      the order of the items
 *
 * A pattern begins with a key. A key that is not [A-Za-z0-9_-]+ (or $name alone, in a `when`)
 * stands in brackets and double quotes, with \", \\ and \u{1f600} as the only escapes.
 * [key=value] selects the items of a list of objects whose member `key` is that string or
 * number; a value that is not [A-Za-z0-9_./:@+%~-]+ stands in double quotes. What is printed
 * is ASCII, and can be read again.
 */
#ifndef POLICY_OBJECT_PATH_H
#define POLICY_OBJECT_PATH_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/str.h"

struct json;

enum step_kind {
	STEP_KEY,   /* .key */
	STEP_INDEX, /* [3] */
	STEP_ITEM,  /* [key=value] */
	STEP_ANY,   /* [*]; in patterns only */
	STEP_ORDER, /* [order]: the items stand in another order; names no value */
};

/*
 * In a place, an item of a list has index and, where they are known, key and value besides
 * its kind: so a pattern finds it by either. The index is that in the new list, or in the
 * old one of an item that is gone.
 */

struct step {
	enum step_kind kind;
	struct str key, value;
	size_t index;
};

#define PATH_STEPS_MAX 64

struct path { /* of a policy: compiled once */
	struct step *steps;
	size_t n;
};

/* A place that was found: a chain from the leaf up to the root (NULL is the root). */
struct place {
	const struct place *up;
	struct step step;
	unsigned depth; /* 1 for a child of the root */
};

/*
 * ERR_SYNTAX with the column (in bytes, from 1) and what is allowed there: "column 6: ...".
 * ERR_LIMIT when the arena is full. The path does not point into the text.
 */
int path_parse(struct str text, struct arena *arena, struct path *out, struct err *err);

/* Does the place lie at the path or below it? */
bool path_covers(const struct path *path, const struct place *place);

/* Does the place lie strictly above the path, so that a change there may change the path's value?
 */
bool path_below(const struct path *path, const struct place *place);

/*
 * Visit each value that the path names in the object (several where it holds
 * [*] or repeated keys). Stops when visit returns true, and returns that.
 */
bool path_any(const struct path *path, const struct json *root,
	      bool (*visit)(const struct json *value, void *ctx), void *ctx);

/* Does the step lead from a list to this item, which has that index? */
bool step_takes(const struct step *step, const struct json *item, size_t index);

/* The first value that the step leads to, and its index in a list; NULL: none. */
const struct json *step_into(const struct step *step, const struct json *from, size_t *index);

/* The value that stands at the place; NULL: none, or the place is deeper than PATH_STEPS_MAX. */
const struct json *place_value(const struct json *root, const struct place *place);

/* The text form. Of the root (NULL) nothing. */
void path_print(const struct path *path, struct text *out);
void place_print(const struct place *place, struct text *out);

#endif
