/* SPDX-License-Identifier: Apache-2.0
 * sources.h - what a scan asks the API server for; private to posture.
 */
#ifndef POSTURE_CATALOGUE_SOURCES_H
#define POSTURE_CATALOGUE_SOURCES_H

#include "oke/posture.h"

enum source_id {
	SRC_VERSION,
	SRC_APIS,
	SRC_READYZ,
	SRC_DEPLOYMENTS,
	SRC_DAEMONSETS,
	SRC_REPLICASETS,
	SRC_REVISIONS,
	SRC_STATEFULSETS,
	SRC_CRONJOBS,
	SRC_JOBS,
	SRC_PODS,
	SRC_NODES,
	SRC_CONFIGMAPS,
	SRC_SERVICES,
	SRC_ACCOUNTS,
	SRC_SLICES,
	SRC_CLUSTERROLES,
	SRC_CLUSTERROLEBINDINGS,
	SRC_ROLES,
	SRC_ROLEBINDINGS,
	SRC_STORAGECLASSES,
	SRC_CSIDRIVERS,
	SRC_VALIDATING,
	SRC_MUTATING,
	SRC_VAPS,
	SRC_VAPBINDINGS,
	SRC_MAPS,
	SRC_BUDGETS,
	SRC_HPAS,
	SRC_VPAS,
	SRC_SCALEDOBJECTS,
	SRC_QUOTAS,
	SRC_LIMITRANGES,
	SRC_NETWORKPOLICIES,
	SRC_KUBE_SYSTEM,
	SRC_FLOWSCHEMAS,
	SRC_VOLUMES,
	SRC_NPNS,
	SOURCES_N
};
#define SRC(id) ((uint64_t)1 << SRC_##id)

struct source {
	const char *method, *group, *version, *resource, *kind;
	const char *namespace; /* asked there alone; NULL: everywhere */
	const char *name;      /* one object; NULL: all */
	bool narrowed;         /* -n asks in that namespace (and in kube-system) alone */
	bool optional;         /* 404 is an answer: the kind is not there */
};
extern const struct source sources[SOURCES_N];

/* The source of a resource; -1: none. */
int source_of(struct str group, struct str resource);
int source_of_kind(struct str group, struct str kind);

#endif
