/* SPDX-License-Identifier: Apache-2.0
 * ways.h - from places in an object back to the nodes of the file, for many places.
 *
 * An object may have as many findings as it has fields. So what it takes to find one child of a
 * mapping or a list is made once: members sorted, items by number and by name.
 */
#ifndef POLICY_MANIFEST_WAYS_H
#define POLICY_MANIFEST_WAYS_H

#include "lib/yaml/to_json.h"
#include "policy/object/path.h"

struct ways; /* of one object */

/* NULL: out of memory. limit: bytes of memory, beyond which the nearest node that was found counts.
 */
struct ways *ways_new(size_t limit, const struct yaml_limits *limits);
/* Another object comes. */
void ways_forget(struct ways *w);
void ways_free(struct ways *w); /* NULL is fine */

/* The deepest node on the way to the place; root where there is none. */
const struct yaml_node *ways_node(struct ways *w, const struct yaml_node *root,
				  const struct place *place);

#endif
