/* SPDX-License-Identifier: Apache-2.0
 * to_json.h - what a document of YAML is as JSON: as kubectl reads it (scalar.h), merge
 * keys resolved, aliases followed.
 *
 * Bounded by limits of the caller's; nothing recurses on input.
 */
#ifndef LIB_YAML_TO_JSON_H
#define LIB_YAML_TO_JSON_H

#include "lib/json/json.h"
#include "lib/yaml/members.h"

/* As JSON text. -1: err, line. */
int yaml_node_to_json(struct yaml_converter *c, const struct yaml_node *root, struct str *out);

/* The same as json_parse would give it; texts point into the nodes of YAML. NULL: err, line. */
struct json *yaml_node_to_nodes(struct yaml_converter *c, const struct yaml_node *root);

#endif
