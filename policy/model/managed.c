/* SPDX-License-Identifier: Apache-2.0
 * managed.c - the table of OKE's pods.
 *
 * Labels after Oracle's pages, sources and clusters of users (docs/built-in-policies.md); what the
 * controllers of Deployments and DaemonSets add to a pod's labels is there with a value that
 * nobody can know beforehand.
 */
#include "policy/model/managed.h"

#define OF_DEPLOYMENT                                                                              \
	{                                                                                          \
		"pod-template-hash", NULL                                                          \
	}
#define OF_DAEMONSET                                                                               \
	{ "controller-revision-hash", NULL },                                                      \
	{                                                                                          \
		"pod-template-generation", NULL                                                    \
	}

const struct managed_pods managed_pods[] = {
	{ .workload = "coredns",
	  .namespace = "kube-system",
	  .labels = { { "k8s-app", "kube-dns" }, OF_DEPLOYMENT },
	  .addon = "CoreDNS" },
	{ .workload = "kube-dns-autoscaler",
	  .namespace = "kube-system",
	  .labels = { { "k8s-app", "kube-dns-autoscaler" }, OF_DEPLOYMENT },
	  .addon = "CoreDNS" },
	{ .workload = "kube-proxy",
	  .namespace = "kube-system",
	  .labels = { { "k8s-app", "kube-proxy" }, OF_DAEMONSET },
	  .addon = "KubeProxy",
	  .daemonset = true,
	  .host_network = true },
	{ .workload = "csi-oci-node",
	  .namespace = "kube-system",
	  .labels = { { "app", "csi-oci-node" }, { "role", "csi-oci" }, OF_DAEMONSET },
	  .daemonset = true,
	  .host_network = true },
	{ .workload = "vcn-native-ip-cni",
	  .namespace = "kube-system",
	  .labels = { { "app", "vcn-native-ip-cni" }, OF_DAEMONSET },
	  .addon = "OciVcnIpNative",
	  .daemonset = true,
	  .host_network = true },
	{ .workload = "metrics-server",
	  .namespace = "kube-system",
	  .labels = { { "k8s-app", "metrics-server" }, OF_DEPLOYMENT },
	  .addon = "KubernetesMetricsServer",
	  .optional = true },
	{ .workload = "cluster-autoscaler",
	  .namespace = "kube-system",
	  .labels = { { "app", "cluster-autoscaler" }, OF_DEPLOYMENT },
	  .addon = "ClusterAutoscaler",
	  .optional = true },
};
const size_t managed_pods_n = sizeof managed_pods / sizeof *managed_pods;

static struct str managed_fact(const char *addon, const struct config *config)
{
	for (const struct fact *f = config->facts; f; f = f->next) {
		struct str rest = f->name;

		if (!str_starts(rest, STR("addons.")))
			continue;
		rest = str_from(rest, sizeof "addons." - 1);
		if (str_starts(rest, str_of(addon)) &&
		    str_is(str_from(rest, strlen(addon)), ".managed"))
			return f->value;
	}
	return (struct str){ NULL, 0 };
}

bool managed_present(const struct managed_pods *pods, const struct config *config)
{
	struct str fact;

	if (!pods->addon)
		return true;
	fact = managed_fact(pods->addon, config);
	return pods->optional ? str_is(fact, "true") : !str_is(fact, "false");
}
