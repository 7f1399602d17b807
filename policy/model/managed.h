/* SPDX-License-Identifier: Apache-2.0
 * managed.h - the pods that OKE runs, as label selectors see them.
 */
#ifndef POLICY_MODEL_MANAGED_H
#define POLICY_MODEL_MANAGED_H

#include "policy/model/model.h"

struct pod_label {
	const char *key, *value; /* value NULL: it has the label, nobody knows its value */
};

#define POD_LABELS_MAX 8

struct managed_pods {
	const char *workload, *namespace;
	struct pod_label labels[POD_LABELS_MAX]; /* key NULL: the end; it has no other label */
	const char *addon; /* whose `managed` fact counts; NULL: OKE always runs it */
	bool optional;     /* counts only where the fact is "true"; else unless it is "false" */
	bool daemonset, host_network;
};

extern const struct managed_pods managed_pods[];
extern const size_t managed_pods_n;

/* Are they there, as far as the configuration says? */
bool managed_present(const struct managed_pods *pods, const struct config *config);

#endif
