/* SPDX-License-Identifier: Apache-2.0
 * json_nodes.h - JSON as nodes of YAML, so that both go one way; private to this room.
 */
#ifndef POLICY_MANIFEST_JSON_NODES_H
#define POLICY_MANIFEST_JSON_NODES_H

#include "lib/yaml/yaml.h"

/*
 * One value; the nodes are flow nodes with the lines of the input, counted from 1. NULL:
 * err, and *line of the trouble.
 */
struct yaml_node *manifest_json(struct str input, struct arena *arena, unsigned *line,
				struct err *err);

/*
 * Where does the JSON value at the beginning of `text` end? 0: not within it. *state is
 * kept between calls as text grows; zeroed for a new value.
 */
struct manifest_json_end {
	size_t at; /* bytes looked at */
	size_t depth;
	bool in_string, escaped;
};
size_t manifest_json_end(struct str text, struct manifest_json_end *state);

#endif
