/*
 * node.h - from a place in an object back to the node of YAML; private to this folder.
 */
#ifndef POLICY_MANIFEST_NODE_H
#define POLICY_MANIFEST_NODE_H

#include "lib/yaml/to_json.h"
#include "policy/object/path.h"

/* The deepest node on the way to the place; root where there is none. */
const struct yaml_node *manifest_node_at(struct yaml_converter *c, const struct yaml_node *root,
					 const struct place *place);

#endif
