/* SPDX-License-Identifier: Apache-2.0
 * resources.c - what is known of Kubernetes' own kinds: their plurals, which have no namespace,
 * which have a status or a scale.
 */
#include "policy/model/resources.h"

#include <ctype.h>

#include "policy/catalogue/catalogue.h"

static bool kind_ends(struct str s, const char *tail)
{
	size_t n = strlen(tail);

	return s.n >= n && !memcmp(s.s + s.n - n, tail, n);
}

/* "gateways", but "policies". */
static bool ends_in_vowel_y(struct str s)
{
	return s.n > 1 && s.s[s.n - 1] == 'y' && strchr("aeiou", s.s[s.n - 2]);
}

static void add_plural(struct str kind, struct text *out)
{
	static const char *const hissing[] = { "s", "x", "ch", "sh" };

	if (str_is(kind, "endpoints") || kind_ends(kind, "parameters")) { /* plural already */
		text_str(out, kind);
		return;
	}
	if (kind_ends(kind, "y") && !ends_in_vowel_y(kind)) {
		text_add(out, kind.s, kind.n - 1);
		text_puts(out, "ies");
		return;
	}
	text_str(out, kind);
	for (size_t i = 0; i < sizeof hissing / sizeof *hissing; i++)
		if (kind_ends(kind, hissing[i])) {
			text_puts(out, "es");
			return;
		}
	text_puts(out, "s");
}

struct str kind_resource(struct str kind, struct arena *arena)
{
	char *lower = arena_alloc(arena, kind.n + 1);
	struct text out;

	if (!lower)
		return (struct str){ NULL, 0 };
	for (size_t i = 0; i < kind.n; i++)
		lower[i] = (char)tolower((unsigned char)kind.s[i]);
	text_init(&out, arena, kind.n + 4);
	add_plural((struct str){ lower, kind.n }, &out);
	return out.full ? (struct str){ NULL, 0 } : text_get(&out);
}

static const struct {
	const char *group, *kind, *resource; /* the last two NULL: all of the group */
} cluster_scoped[] = {
	{ "", "ComponentStatus", "componentstatuses" },
	{ "", "Namespace", "namespaces" },
	{ "", "Node", "nodes" },
	{ "", "PersistentVolume", "persistentvolumes" },
	{ "admissionregistration.k8s.io", NULL, NULL },
	{ "apiextensions.k8s.io", "CustomResourceDefinition", "customresourcedefinitions" },
	{ "apiregistration.k8s.io", "APIService", "apiservices" },
	{ "authentication.k8s.io", "SelfSubjectReview", "selfsubjectreviews" },
	{ "authentication.k8s.io", "TokenReview", "tokenreviews" },
	{ "authorization.k8s.io", "SelfSubjectAccessReview", "selfsubjectaccessreviews" },
	{ "authorization.k8s.io", "SelfSubjectRulesReview", "selfsubjectrulesreviews" },
	{ "authorization.k8s.io", "SubjectAccessReview", "subjectaccessreviews" },
	{ "certificates.k8s.io", "CertificateSigningRequest", "certificatesigningrequests" },
	{ "certificates.k8s.io", "ClusterTrustBundle", "clustertrustbundles" },
	{ "extensions", "PodSecurityPolicy", "podsecuritypolicies" },
	{ "flowcontrol.apiserver.k8s.io", NULL, NULL },
	{ "internal.apiserver.k8s.io", "StorageVersion", "storageversions" },
	{ "networking.k8s.io", "ClusterCIDR", "clustercidrs" },
	{ "networking.k8s.io", "IPAddress", "ipaddresses" },
	{ "networking.k8s.io", "IngressClass", "ingressclasses" },
	{ "networking.k8s.io", "ServiceCIDR", "servicecidrs" },
	{ "node.k8s.io", "RuntimeClass", "runtimeclasses" },
	{ "policy", "PodSecurityPolicy", "podsecuritypolicies" },
	{ "rbac.authorization.k8s.io", "ClusterRole", "clusterroles" },
	{ "rbac.authorization.k8s.io", "ClusterRoleBinding", "clusterrolebindings" },
	{ "resource.k8s.io", "DeviceClass", "deviceclasses" },
	{ "resource.k8s.io", "DeviceTaintRule", "devicetaintrules" },
	{ "resource.k8s.io", "ResourceClass", "resourceclasses" },
	{ "resource.k8s.io", "ResourcePoolStatusRequest", "resourcepoolstatusrequests" },
	{ "resource.k8s.io", "ResourceSlice", "resourceslices" },
	{ "scheduling.k8s.io", "PriorityClass", "priorityclasses" },
	{ "storage.k8s.io", "CSIDriver", "csidrivers" },
	{ "storage.k8s.io", "CSINode", "csinodes" },
	{ "storage.k8s.io", "StorageClass", "storageclasses" },
	{ "storage.k8s.io", "VolumeAttachment", "volumeattachments" },
	{ "storage.k8s.io", "VolumeAttributesClass", "volumeattributesclasses" },
	{ "storagemigration.k8s.io", "StorageVersionMigration", "storageversionmigrations" },
};

bool kind_cluster_scoped(struct str group, struct str kind)
{
	for (size_t i = 0; i < sizeof cluster_scoped / sizeof *cluster_scoped; i++)
		if (str_is(group, cluster_scoped[i].group) &&
		    (!cluster_scoped[i].kind || str_is(kind, cluster_scoped[i].kind)))
			return true;
	return false;
}

/* ---- from the resource back to the kind ---- */

static const struct {
	const char *resource, *kind;
} kinds[] = {
	{ "deployments", "Deployment" },
	{ "daemonsets", "DaemonSet" },
	{ "statefulsets", "StatefulSet" },
	{ "replicasets", "ReplicaSet" },
	{ "replicationcontrollers", "ReplicationController" },
	{ "pods", "Pod" },
	{ "services", "Service" },
	{ "serviceaccounts", "ServiceAccount" },
	{ "namespaces", "Namespace" },
	{ "nodes", "Node" },
	{ "jobs", "Job" },
	{ "certificatesigningrequests", "CertificateSigningRequest" },
	{ "persistentvolumeclaims", "PersistentVolumeClaim" },
	{ "customresourcedefinitions", "CustomResourceDefinition" },
};

struct str resource_kind(const struct request *req)
{
	static const char *const same[] = { "", "status", "resize", "ephemeralcontainers" };

	for (size_t i = 0; i < sizeof same / sizeof *same; i++)
		if (str_is(req->subresource, same[i]))
			return req->kind.kind;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (str_is(req->resource.resource, kinds[i].resource))
			return str_of(kinds[i].kind);
	return req->resource.resource;
}

bool resource_cluster_scoped(struct str group, struct str resource)
{
	const char *slash = resource.n ? memchr(resource.s, '/', resource.n) : NULL;

	if (slash)
		resource.n = (size_t)(slash - resource.s);
	for (size_t i = 0; i < sizeof cluster_scoped / sizeof *cluster_scoped; i++)
		if (str_is(group, cluster_scoped[i].group) &&
		    (!cluster_scoped[i].resource || str_is(resource, cluster_scoped[i].resource)))
			return true;
	return false;
}

/* ---- subresources ---- */

/* Kinds of Kubernetes itself without a status; and the few that have a scale. */
static const struct {
	const char *group, *resource; /* resource "": all of the group */
} no_status[] = {
	{ "", "configmaps" },
	{ "", "endpoints" },
	{ "", "limitranges" },
	{ "", "podtemplates" },
	{ "", "secrets" },
	{ "", "serviceaccounts" },
	{ "discovery.k8s.io", "endpointslices" },
	{ "rbac.authorization.k8s.io", "" },
	{ "scheduling.k8s.io", "priorityclasses" },
	{ "storage.k8s.io", "storageclasses" },
	{ "storage.k8s.io", "csidrivers" },
	{ "networking.k8s.io", "networkpolicies" },
};

static bool has_status(struct str group, struct str resource)
{
	for (size_t i = 0; i < sizeof no_status / sizeof *no_status; i++)
		if (str_is(group, no_status[i].group) &&
		    (!*no_status[i].resource || str_is(resource, no_status[i].resource)))
			return false;
	return true;
}

/* Custom resources may have one. */
static bool has_scale(struct str group, struct str resource)
{
	if (str_is(group, "cert-manager.io"))
		return false;
	if (group.n && !catalogue_own_group(group))
		return true;
	return str_is(resource, "deployments") || str_is(resource, "replicasets") ||
	       str_is(resource, "statefulsets") || str_is(resource, "replicationcontrollers");
}

bool resource_has(struct str group, struct str resource, struct str subresource)
{
	if (str_is(subresource, "status"))
		return has_status(group, resource);
	if (str_is(subresource, "ephemeralcontainers") || str_is(subresource, "resize"))
		return !group.n && str_is(resource, "pods");
	return !str_is(subresource, "scale") || has_scale(group, resource);
}
