/* SPDX-License-Identifier: Apache-2.0
 * components.c - what OKE installs: the names that the policies guard, and what a cluster must
 * have.
 *
 * The table holds only what the policies do not say: which component is essential, which belongs to
 * which CNI, and whose fact says that it is not OKE's here.
 */
#include "posture/components.h"

#include "policy/model/set.h"

const struct component components[COMPONENTS_N] = {
	{ "Deployment", "kube-system", "coredns", "CoreDNS", COMPONENT_ESSENTIAL, NULL },
	{ "Deployment", "kube-system", "kube-dns-autoscaler", "CoreDNS", COMPONENT_USUAL, NULL },
	{ "DaemonSet", "kube-system", "kube-proxy", "KubeProxy", COMPONENT_ESSENTIAL, NULL },
	{ "DaemonSet", "kube-system", "kube-flannel-ds", "Flannel", COMPONENT_CNI, "flannel" },
	{ "DaemonSet", "kube-system", "vcn-native-ip-cni", "OciVcnIpNative", COMPONENT_CNI,
	  "vcn-native" },
	{ "DaemonSet", "kube-system", "csi-oci-node", NULL, COMPONENT_ESSENTIAL, NULL },
	{ "DaemonSet", "kube-system", "proxymux-client", NULL, COMPONENT_USUAL, NULL },
	{ "DaemonSet", "kube-system", "oke-node-problem-detector", "NodeProblemDetector",
	  COMPONENT_ADDON, NULL },
	{ "DaemonSet", "kube-system", "oke-dataplane-observability-agent", "ObservabilityAgent",
	  COMPONENT_USUAL, NULL },
	{ "DaemonSet", "kube-system", "nvidia-gpu-device-plugin", "NvidiaGpuPlugin",
	  COMPONENT_ADDON, NULL },
	{ "Deployment", "kube-system", "cluster-autoscaler", "ClusterAutoscaler", COMPONENT_ADDON,
	  NULL },
	{ "Deployment", "kube-system", "metrics-server", "KubernetesMetricsServer", COMPONENT_ADDON,
	  NULL },
	{ "Deployment", "kube-system", "kubernetes-dashboard", "KubernetesDashboard",
	  COMPONENT_ADDON, NULL },
	{ "Deployment", "kube-system", "tiller-deploy", "Tiller", COMPONENT_ADDON, NULL },
	{ "Deployment", "cert-manager", "cert-manager", "CertManager", COMPONENT_ADDON, NULL },
	{ "Deployment", "istio-system", "istiod", "Istio", COMPONENT_ADDON, NULL },
	{ "Deployment", "native-ingress-controller-system", "oci-native-ingress-controller",
	  "NativeIngressController", COMPONENT_ADDON, NULL },
};

const struct component *component_of(struct str kind, struct str namespace, struct str name)
{
	for (size_t i = 0; i < COMPONENTS_N; i++)
		if (str_is(kind, components[i].kind) &&
		    str_is(namespace, components[i].namespace) && str_is(name, components[i].name))
			return &components[i];
	return NULL;
}

/* ---- what the policies guard ---- */

static bool guards_components(const struct policy *policy)
{
	return policy->active && str_is(policy->area, "Kubernetes Data Plane");
}

static bool strings_have(const struct strings *list, struct str s)
{
	for (size_t i = 0; i < list->n; i++)
		if (str_eq(list->v[i], s))
			return true;
	return false;
}

static bool ref_names_object(const struct object_ref *ref, struct str group, struct str resource,
			     struct str namespace, struct str name)
{
	return !ref->labels && ref->names.n && str_eq(ref->group, group) &&
	       str_eq(ref->resource, resource) && str_eq(ref->namespace, namespace) &&
	       strings_have(&ref->names, name);
}

bool component_named(const struct posture *p, const struct gvk *gvk, struct str namespace,
		     struct str name)
{
	int source = source_of_kind(gvk->group, gvk->kind);
	struct str resource = source < 0 ? STR("") : str_of(sources[source].resource);

	for (const struct policy *policy = p->set->model.policies; policy; policy = policy->next)
		if (guards_components(policy))
			for (const struct object_ref *ref = policy->objects; ref; ref = ref->next)
				if (ref_names_object(ref, gvk->group, resource, namespace, name))
					return true;
	return false;
}

/* The ConfigMaps of the policies are asked for by name. */
void components_name(struct posture *p)
{
	for (const struct policy *policy = p->set->model.policies; policy; policy = policy->next)
		if (guards_components(policy))
			for (const struct object_ref *ref = policy->objects; ref; ref = ref->next)
				if (!ref->group.n && str_is(ref->resource, "configmaps") &&
				    str_is(ref->namespace, "kube-system"))
					for (size_t i = 0; i < ref->names.n; i++)
						named_add(p, SRC_CONFIGMAPS, "kube-system",
							  ref->names.v[i], (struct str){ NULL, 0 });
}

/* ---- facts of the configuration ---- */

struct str fact_of(const struct posture *p, const char *name)
{
	for (const struct fact *f = p->set->model.config.facts; f; f = f->next)
		if (str_is(f->name, name))
			return f->value;
	return (struct str){ NULL, 0 };
}

struct str fact_of_addon(const struct posture *p, const char *addon, const char *key)
{
	char name[128];

	snprintf(name, sizeof name, "addons.%s.%s", addon, key);
	return fact_of(p, name);
}

/* ---- images ---- */

/* "iad.ocir.io/axoxdievda5j/oke-public-coredns@sha256:..": any region, realm and tenancy. */
bool image_is_oracle(struct str image)
{
	const char *last = image.s;

	for (size_t i = 0; i < image.n; i++)
		if (image.s[i] == '/')
			last = image.s + i + 1;
	return last != image.s &&
	       str_starts(str_from(image, (size_t)(last - image.s)), STR("oke-public-"));
}

const struct json *pod_spec_of(const struct json *object)
{
	return json_get(json_get(json_get(object, STR("spec")), STR("template")), STR("spec"));
}

bool images_are_oracle(const struct json *pod_spec)
{
	static const char *const lists[] = { "containers", "initContainers" };
	size_t n = 0;

	for (size_t l = 0; l < 2; l++) {
		const struct json *list = json_get(pod_spec, str_of(lists[l]));

		if (!list || list->type != JSON_ARRAY)
			continue;
		for (const struct json *c = list->child; c; c = c->next, n++)
			if (!image_is_oracle(json_str(json_get(c, STR("image")))))
				return false;
	}
	return n;
}
