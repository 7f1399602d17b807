/* SPDX-License-Identifier: Apache-2.0
 * members.h - the members of a mapping of YAML, as kubectl reads them (scalar.h).
 *
 * Bounded by limits of the caller's; nothing recurses on input. Merge keys count in the
 * order in which they stand, as kubectl's reader has it.
 */
#ifndef LIB_YAML_MEMBERS_H
#define LIB_YAML_MEMBERS_H

#include "lib/yaml/yaml.h"

#define YAML_JSON_DEPTH_MAX 128 /* what yaml_limits.depth may be at most */

struct yaml_limits {
	size_t bytes;   /* of the JSON text */
	size_t visits;  /* of nodes in a document; 64 bytes of text count as one */
	unsigned depth; /* of the JSON; 1 is a scalar */
	/*
	 * Nothing is refused for what it says: a scalar that cannot be read is a text, a merge
	 * key that takes no mapping adds nothing, of keys that come to the same the last counts.
	 */
	bool lenient;
};

struct yaml_converter {
	const struct yaml_limits *limits;
	struct arena *arena; /* what is made, and what it takes to make it */
	size_t visits;       /* that are left; begin with limits->visits */
	unsigned line;       /* of the last failure */
	bool full;           /* the arena was, then */
	struct err *err;
};

/* ---- members of a mapping ---- */

struct yaml_member {
	struct str key;
	const struct yaml_node *value;
	const struct yaml_node *from; /* the mapping that it stands in */
	unsigned order;
};

struct yaml_members {
	struct yaml_member *v;
	size_t n;
};

/* The members of a mapping, sorted by key. -1: err, line. */
int yaml_members_of(struct yaml_converter *c, const struct yaml_node *map,
		    struct yaml_members *out);
/* NULL: there is none. */
const struct yaml_member *yaml_member_find(const struct yaml_members *m, struct str key);

/* The value of a key, if it is a text. */
struct str yaml_member_text(const struct yaml_members *m, struct str key);

/* ---- for members.c and to_json.c: what ends a conversion, in the line of `at`; -1 ---- */

int yaml_convert_fail(struct yaml_converter *c, const struct yaml_node *at);
int yaml_convert_too_large(struct yaml_converter *c, const struct yaml_node *at);
int yaml_convert_too_many(struct yaml_converter *c, const struct yaml_node *at);

/* Count a node. */
static inline int yaml_convert_visit(struct yaml_converter *c, const struct yaml_node *n)
{
	size_t cost = 1 + (n->kind == YAML_SCALAR ? n->text.n / 64 : 0);

	if (c->visits < cost)
		return yaml_convert_too_many(c, n);
	c->visits -= cost;
	return 0;
}

#endif
