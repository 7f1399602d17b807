/* SPDX-License-Identifier: Apache-2.0
 * components.h - what OKE installs; private to this folder.
 */
#ifndef POSTURE_COMPONENTS_H
#define POSTURE_COMPONENTS_H

#include "posture/scan.h"

enum component_class {
	COMPONENT_ESSENTIAL, /* every cluster has it, unless its add-on is switched off */
	COMPONENT_CNI,       /* one of them */
	COMPONENT_USUAL,     /* OKE's where it is; not every cluster has it */
	COMPONENT_ADDON,     /* may be OKE's, documented, or the customer's own */
};

struct component {
	const char *kind, *namespace, *name;
	const char *addon; /* NULL: no add-on */
	enum component_class class;
	const char *cni; /* the fact's value; NULL: no CNI */
};
#define COMPONENTS_N 17
extern const struct component components[COMPONENTS_N];

const struct component *component_of(struct str kind, struct str namespace, struct str name);

/* Of the configuration; {NULL, 0}: unset. */
struct str fact_of(const struct posture *p, const char *name);
struct str fact_of_addon(const struct posture *p, const char *addon, const char *key);

bool image_is_oracle(struct str image);
const struct json *pod_spec_of(const struct json *object); /* of a workload */
bool images_are_oracle(const struct json *pod_spec);       /* all; false: it has none */

#endif
