/*
 * node.h - a node of YAML as JSON, and members of mappings with their merge keys
 * resolved; private to manifest*.c.
 */
#ifndef POLICY_MANIFEST_NODE_H
#define POLICY_MANIFEST_NODE_H

#include "policy/object/path.h"
#include "lib/yaml/yaml.h"

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

struct yaml_converter {
	struct arena *arena; /* what is made, and what it takes to make it */
	size_t visits;       /* that are left */
	unsigned line;       /* of the last failure */
	struct err *err;
};

/* The members of a mapping, sorted by key. -1: err, line. */
int yaml_members_of(struct yaml_converter *c, const struct yaml_node *map,
		    struct yaml_members *out);
/* NULL: there is none. */
const struct yaml_member *yaml_member_find(const struct yaml_members *m, struct str key);

/* The value of a key, if it is a text. */
struct str yaml_member_text(const struct yaml_members *m, struct str key);

/* The whole as JSON text. -1: err, line. */
int yaml_node_to_json(struct yaml_converter *c, const struct yaml_node *root, struct str *out);

/* The deepest node on the way to the place; root where there is none. */
const struct yaml_node *manifest_node_at(struct yaml_converter *c, const struct yaml_node *root,
					 const struct place *place);

#endif
