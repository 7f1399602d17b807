/* SPDX-License-Identifier: Apache-2.0
 * resources.h - what is known of Kubernetes' own kinds and resources.
 */
#ifndef POLICY_MODEL_RESOURCES_H
#define POLICY_MODEL_RESOURCES_H

#include "oke/policy.h"

/*
 * "deployments" for Deployment, by the rule that Kubernetes itself guesses by; {NULL, 0} when the
 * arena is full.
 */
struct str kind_resource(struct str kind, struct arena *arena);

/* Is it a built-in kind without namespaces? Of other kinds that is not known: false. */
bool kind_cluster_scoped(struct str group, struct str kind);

/* The same of a resource ("nodes"), or of a subresource of it ("nodes/status"). */
bool resource_cluster_scoped(struct str group, struct str resource);

/* The kind of a resource, for requests whose own kind is another (Scale, TokenRequest):
 * "deployments" -> "Deployment". */
struct str resource_kind(const struct request *req);

/* Has it the subresource? A rule may name more than each of its objects has. */
bool resource_has(struct str group, struct str resource, struct str subresource);

#endif
