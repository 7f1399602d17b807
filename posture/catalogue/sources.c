/* SPDX-License-Identifier: Apache-2.0
 * sources.c - what a scan asks the API server for: one table, in this order.
 *
 * Lists are asked for whole where features or rights are judged, and in kube-system where only the
 * components matter; ConfigMaps are asked for one by one. Secrets are never asked for.
 */
#include "posture/catalogue/sources.h"

#define K "kube-system"

const struct source sources[SOURCES_N] = {
	[SRC_VERSION] = { .method = "get", .resource = "/version" },
	[SRC_APIS] = { .method = "get", .resource = "/apis" },
	[SRC_READYZ] = { .method = "text", .resource = "/readyz?verbose" },
	[SRC_DEPLOYMENTS] = { "list", "apps", "v1", "deployments", "Deployment", .narrowed = true },
	[SRC_DAEMONSETS] = { "list", "apps", "v1", "daemonsets", "DaemonSet", .narrowed = true },
	[SRC_REPLICASETS] = { "list", "apps", "v1", "replicasets", "ReplicaSet", K, .name = NULL },
	[SRC_REVISIONS] = { "list", "apps", "v1", "controllerrevisions", "ControllerRevision", K,
			    .name = NULL },
	[SRC_STATEFULSETS] = { "list", "apps", "v1", "statefulsets", "StatefulSet",
			       .narrowed = true },
	[SRC_CRONJOBS] = { "list", "batch", "v1", "cronjobs", "CronJob", .narrowed = true },
	[SRC_JOBS] = { "list", "batch", "v1", "jobs", "Job", .narrowed = true },
	[SRC_PODS] = { "list", "", "v1", "pods", "Pod", K, .name = NULL },
	[SRC_NODES] = { "table", "", "v1", "nodes", "Node", .name = NULL },
	[SRC_CONFIGMAPS] = { "named", "", "v1", "configmaps", "ConfigMap", K, .name = NULL },
	[SRC_SERVICES] = { "list", "", "v1", "services", "Service", .narrowed = true },
	[SRC_ACCOUNTS] = { "list", "", "v1", "serviceaccounts", "ServiceAccount", K, .name = NULL },
	[SRC_SLICES] = { "list", "discovery.k8s.io", "v1", "endpointslices", "EndpointSlice",
			 .name = NULL },
	[SRC_CLUSTERROLES] = { "list", "rbac.authorization.k8s.io", "v1", "clusterroles",
			       "ClusterRole", .name = NULL },
	[SRC_CLUSTERROLEBINDINGS] = { "list", "rbac.authorization.k8s.io", "v1",
				      "clusterrolebindings", "ClusterRoleBinding", .name = NULL },
	[SRC_ROLES] = { "list", "rbac.authorization.k8s.io", "v1", "roles", "Role", .name = NULL },
	[SRC_ROLEBINDINGS] = { "list", "rbac.authorization.k8s.io", "v1", "rolebindings",
			       "RoleBinding", .name = NULL },
	[SRC_STORAGECLASSES] = { "list", "storage.k8s.io", "v1", "storageclasses", "StorageClass",
				 .name = NULL },
	[SRC_CSIDRIVERS] = { "list", "storage.k8s.io", "v1", "csidrivers", "CSIDriver",
			     .name = NULL },
	[SRC_VALIDATING] = { "list", "admissionregistration.k8s.io", "v1",
			     "validatingwebhookconfigurations", "ValidatingWebhookConfiguration",
			     .name = NULL },
	[SRC_MUTATING] = { "list", "admissionregistration.k8s.io", "v1",
			   "mutatingwebhookconfigurations", "MutatingWebhookConfiguration",
			   .name = NULL },
	[SRC_VAPS] = { "list", "admissionregistration.k8s.io", "v1", "validatingadmissionpolicies",
		       "ValidatingAdmissionPolicy", .optional = true },
	[SRC_VAPBINDINGS] = { "list", "admissionregistration.k8s.io", "v1",
			      "validatingadmissionpolicybindings",
			      "ValidatingAdmissionPolicyBinding", .optional = true },
	/* v1beta1 while it was beta (1.34, 1.35): off there by default. */
	[SRC_MAPS] = { "list", "admissionregistration.k8s.io", "v1", "mutatingadmissionpolicies",
		       "MutatingAdmissionPolicy", .optional = true },
	[SRC_BUDGETS] = { "list", "policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget",
			  .narrowed = true },
	[SRC_HPAS] = { "list", "autoscaling", "v2", "horizontalpodautoscalers",
		       "HorizontalPodAutoscaler", .narrowed = true },
	[SRC_VPAS] = { "list", "autoscaling.k8s.io", "v1", "verticalpodautoscalers",
		       "VerticalPodAutoscaler", K, .optional = true },
	[SRC_SCALEDOBJECTS] = { "list", "keda.sh", "v1alpha1", "scaledobjects", "ScaledObject", K,
				.optional = true },
	[SRC_QUOTAS] = { "list", "", "v1", "resourcequotas", "ResourceQuota", K, .name = NULL },
	[SRC_LIMITRANGES] = { "list", "", "v1", "limitranges", "LimitRange", K, .name = NULL },
	[SRC_NETWORKPOLICIES] = { "list", "networking.k8s.io", "v1", "networkpolicies",
				  "NetworkPolicy", K, .name = NULL },
	[SRC_KUBE_SYSTEM] = { "get", "", "v1", "namespaces", "Namespace", .name = K },
	[SRC_FLOWSCHEMAS] = { "list", "flowcontrol.apiserver.k8s.io", "v1", "flowschemas",
			      "FlowSchema", .name = NULL },
	[SRC_VOLUMES] = { "list", "", "v1", "persistentvolumes", "PersistentVolume", .name = NULL },
	[SRC_NPNS] = { "table", "oci.oraclecloud.com", "v1beta1", "nativepodnetworks",
		       "NativePodNetwork", .optional = true },
};

int source_of(struct str group, struct str resource)
{
	for (int i = 0; i < SOURCES_N; i++)
		if (sources[i].group && str_is(group, sources[i].group) &&
		    str_is(resource, sources[i].resource))
			return i;
	return -1;
}

int source_of_kind(struct str group, struct str kind)
{
	for (int i = 0; i < SOURCES_N; i++)
		if (sources[i].group && str_is(group, sources[i].group) &&
		    str_is(kind, sources[i].kind))
			return i;
	return -1;
}
