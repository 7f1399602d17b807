/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/catalogue/api_resources.h"

#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })

static const struct api_group groups[] = {
	{ "",
	  LIST("bindings", "componentstatuses", "configmaps", "endpoints", "events", "limitranges",
	       "namespaces", "nodes", "persistentvolumeclaims", "persistentvolumes", "pods",
	       "podtemplates", "replicationcontrollers", "resourcequotas", "secrets",
	       "serviceaccounts", "services"),
	  false },
	{ "admissionregistration.k8s.io",
	  LIST("mutatingadmissionpolicies", "mutatingadmissionpolicybindings",
	       "mutatingwebhookconfigurations", "validatingadmissionpolicies",
	       "validatingadmissionpolicybindings", "validatingwebhookconfigurations"),
	  false },
	{ "apiextensions.k8s.io", LIST("customresourcedefinitions"), false },
	{ "apiregistration.k8s.io", LIST("apiservices"), true },
	{ "apps",
	  LIST("controllerrevisions", "daemonsets", "deployments", "replicasets", "statefulsets"),
	  false },
	{ "authentication.k8s.io", LIST("selfsubjectreviews", "tokenreviews"), false },
	{ "authorization.k8s.io",
	  LIST("localsubjectaccessreviews", "selfsubjectaccessreviews", "selfsubjectrulesreviews",
	       "subjectaccessreviews"),
	  false },
	{ "autoscaling", LIST("horizontalpodautoscalers"), false },
	{ "batch", LIST("cronjobs", "jobs"), false },
	{ "certificates.k8s.io",
	  LIST("certificatesigningrequests", "clustertrustbundles", "podcertificaterequests"),
	  true },
	{ "coordination.k8s.io", LIST("leases", "leasecandidates"), false },
	{ "discovery.k8s.io", LIST("endpointslices"), false },
	{ "events.k8s.io", LIST("events"), false },
	{ "extensions",
	  LIST("daemonsets", "deployments", "ingresses", "networkpolicies", "podsecuritypolicies",
	       "replicasets"),
	  false },
	{ "flowcontrol.apiserver.k8s.io", LIST("flowschemas", "prioritylevelconfigurations"),
	  false },
	{ "internal.apiserver.k8s.io", LIST("storageversions"), false },
	{ "networking.k8s.io",
	  LIST("clustercidrs", "ingresses", "ingressclasses", "ipaddresses", "networkpolicies",
	       "servicecidrs"),
	  false },
	{ "node.k8s.io", LIST("runtimeclasses"), false },
	{ "policy", LIST("poddisruptionbudgets", "podsecuritypolicies"), false },
	{ "rbac.authorization.k8s.io",
	  LIST("clusterrolebindings", "clusterroles", "rolebindings", "roles"), true },
	{ "resource.k8s.io",
	  LIST("deviceclasses", "devicetaintrules", "podschedulingcontexts", "resourceclaims",
	       "resourceclaimtemplates", "resourceclasses", "resourcepoolstatusrequests",
	       "resourceslices"),
	  false },
	{ "scheduling.k8s.io", LIST("podgroups", "priorityclasses", "workloads"), false },
	{ "storage.k8s.io",
	  LIST("csidrivers", "csinodes", "csistoragecapacities", "storageclasses",
	       "volumeattachments", "volumeattributesclasses"),
	  false },
	{ "storagemigration.k8s.io", LIST("storageversionmigrations"), false },
};
#define GROUPS_N (sizeof groups / sizeof *groups)

const struct api_group *api_group_at(size_t i)
{
	return i < GROUPS_N ? &groups[i] : NULL;
}

const struct api_group *api_group_named(struct str name)
{
	for (size_t i = 0; i < GROUPS_N; i++)
		if (str_is(name, groups[i].name))
			return &groups[i];
	return NULL;
}

bool api_group_has(const struct api_group *group, struct str resource)
{
	for (const char *const *r = group->resources; *r; r++)
		if (str_is(resource, *r))
			return true;
	return false;
}

const struct api_group *api_group_of(struct str resource)
{
	for (size_t i = 0; i < GROUPS_N; i++)
		if (api_group_has(&groups[i], resource))
			return &groups[i];
	return NULL;
}
