/* SPDX-License-Identifier: Apache-2.0
 * templates.h - pods, and every template that makes pods: what an entry with `pods: true` means.
 *
 * The paths of its rules are those of a pod. In a Deployment the pod stands below spec.template, in
 * a CronJob below spec.jobTemplate.spec.template, in a PodTemplate below template.
 */
#ifndef POLICY_MODEL_TEMPLATES_H
#define POLICY_MODEL_TEMPLATES_H

#include "lib/json/json.h"
#include "policy/model/model.h"

/* The pod of the object: its metadata and spec; NULL: there is none. */
const struct json *pod_of(const struct json *object, enum pod_view view);

/*
 * Put the other kinds behind each entry with `pods: true`, which the reader left as one about
 * pods. -1: the arena is full.
 */
int pods_expand(struct object_ref *refs, struct arena *arena);

/* Compute what a rule about pods needs (struct rule). -1: the arena is full. */
int pods_link(struct rule *rule, struct arena *arena);

/* Does the place lie in the pod's metadata, or in its content? `top` and `second` are its steps. */
bool pods_step(const struct place *place, enum pod_view view, const struct place **top,
	       const struct place **second);

/*
 * The operations for which requests of the entry must be seen: a rule about pods that names
 * CREATE is also about the UPDATE that makes it so.
 */
unsigned pods_operations(const struct rule *rule, const struct object_ref *ref);

#endif
