/*
 * resources.h - from the kind in a manifest to the resource of a request.
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

/* The same of a resource ("nodes"). */
bool kind_resource_cluster_scoped(struct str group, struct str resource);

#endif
