/*
 * resources.c - plurals, and which built-in kinds have no namespace.
 */
#include "policy/model/resources.h"

#include <ctype.h>

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
	const char *group, *kind; /* kind "": all of the group */
} cluster_scoped[] = {
	{ "", "ComponentStatus" },
	{ "", "Namespace" },
	{ "", "Node" },
	{ "", "PersistentVolume" },
	{ "admissionregistration.k8s.io", "" },
	{ "apiextensions.k8s.io", "CustomResourceDefinition" },
	{ "apiregistration.k8s.io", "APIService" },
	{ "authentication.k8s.io", "SelfSubjectReview" },
	{ "authentication.k8s.io", "TokenReview" },
	{ "authorization.k8s.io", "SelfSubjectAccessReview" },
	{ "authorization.k8s.io", "SelfSubjectRulesReview" },
	{ "authorization.k8s.io", "SubjectAccessReview" },
	{ "certificates.k8s.io", "CertificateSigningRequest" },
	{ "certificates.k8s.io", "ClusterTrustBundle" },
	{ "extensions", "PodSecurityPolicy" },
	{ "flowcontrol.apiserver.k8s.io", "" },
	{ "internal.apiserver.k8s.io", "StorageVersion" },
	{ "networking.k8s.io", "ClusterCIDR" },
	{ "networking.k8s.io", "IPAddress" },
	{ "networking.k8s.io", "IngressClass" },
	{ "networking.k8s.io", "ServiceCIDR" },
	{ "node.k8s.io", "RuntimeClass" },
	{ "policy", "PodSecurityPolicy" },
	{ "rbac.authorization.k8s.io", "ClusterRole" },
	{ "rbac.authorization.k8s.io", "ClusterRoleBinding" },
	{ "resource.k8s.io", "DeviceClass" },
	{ "resource.k8s.io", "DeviceTaintRule" },
	{ "resource.k8s.io", "ResourceClass" },
	{ "resource.k8s.io", "ResourcePoolStatusRequest" },
	{ "resource.k8s.io", "ResourceSlice" },
	{ "scheduling.k8s.io", "PriorityClass" },
	{ "storage.k8s.io", "CSIDriver" },
	{ "storage.k8s.io", "CSINode" },
	{ "storage.k8s.io", "StorageClass" },
	{ "storage.k8s.io", "VolumeAttachment" },
	{ "storage.k8s.io", "VolumeAttributesClass" },
	{ "storagemigration.k8s.io", "StorageVersionMigration" },
};

bool kind_cluster_scoped(struct str group, struct str kind)
{
	for (size_t i = 0; i < sizeof cluster_scoped / sizeof *cluster_scoped; i++)
		if (str_is(group, cluster_scoped[i].group) &&
		    (!*cluster_scoped[i].kind || str_is(kind, cluster_scoped[i].kind)))
			return true;
	return false;
}

bool kind_resource_cluster_scoped(struct str group, struct str resource)
{
	for (size_t i = 0; i < sizeof cluster_scoped / sizeof *cluster_scoped; i++) {
		struct str kind = str_of(cluster_scoped[i].kind), plural;
		bool same;
		struct arena scratch;

		if (!str_is(group, cluster_scoped[i].group))
			continue;
		if (!kind.n)
			return true;
		arena_init(&scratch, 1024);
		plural = kind_resource(kind, &scratch);
		same = str_eq(plural, resource);
		arena_done(&scratch);
		if (same)
			return true;
	}
	return false;
}
