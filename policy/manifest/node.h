/*
 * node.h - a node of YAML as JSON, and members of mappings with their merge keys
 * resolved; private to manifest*.c.
 */
#ifndef POLICY_MANIFEST_NODE_H
#define POLICY_MANIFEST_NODE_H

#include "policy/object/path.h"
#include "lib/yaml/yaml.h"

struct member {
	struct str key;
	const struct yaml_node *value;
	const struct yaml_node *from; /* the mapping that it stands in */
	unsigned order;
};

struct members {
	struct member *v;
	size_t n;
};

struct converter {
	struct arena *arena; /* what is made, and what it takes to make it */
	size_t visits;       /* that are left */
	unsigned line;       /* of the last failure */
	struct err *err;
};

/* The members of a mapping, sorted by key. -1: err, line. */
int members_of(struct converter *c, const struct yaml_node *map, struct members *out);
/* NULL: there is none. */
const struct member *member_find(const struct members *m, struct str key);

/* The value of a key, if it is a text. */
struct str member_text(const struct members *m, struct str key);

/* The whole as JSON text. -1: err, line. */
int node_json(struct converter *c, const struct yaml_node *root, struct str *out);

/* The deepest node on the way to the place; root where there is none. */
const struct yaml_node *node_at(struct converter *c, const struct yaml_node *root,
				const struct place *place);

#endif
