/* SPDX-License-Identifier: Apache-2.0
 * api_resources.h - the API groups of Kubernetes itself and their resources, of the versions
 * that the catalogue knows. Other projects' groups all have a dot in their names.
 */
#ifndef POLICY_CATALOGUE_API_RESOURCES_H
#define POLICY_CATALOGUE_API_RESOURCES_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/str.h"

struct api_group {
	const char *name;             /* "" is the core group */
	const char *const *resources; /* plurals; ends with NULL */
	bool any_case;                /* names of its objects may hold capitals */
};

const struct api_group *api_group_named(struct str name); /* NULL: none of Kubernetes' own */
const struct api_group *api_group_at(size_t i);           /* NULL: there are fewer */
bool api_group_has(const struct api_group *group, struct str resource);
/* A group that has the resource; NULL: none has. */
const struct api_group *api_group_of(struct str resource);

#endif
