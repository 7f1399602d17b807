/* SPDX-License-Identifier: Apache-2.0
 * worst.h - reviews that are made so that judging them costs as much as can be, of any size.
 *
 * Each was a place where the work once grew faster than the input, or is a sibling of one. A
 * table of them serves the tests (the steps of an input that is doubled) and the bench (the time of
 * the largest).
 */
#ifndef TESTS_UNIT_WORST_H
#define TESTS_UNIT_WORST_H

#include "oke/policy.h"

struct worst {
	const char *name;
	struct gvk kind;
	const char *resource, *namespace, *object_name;
	bool update;   /* there is an old object, of half the size, as the new one is */
	bool sendable; /* by an API server: a kind that it serves, with fields that it knows */
	/* Write an object of about so many bytes. */
	void (*write)(struct text *t, bool old, size_t bytes);
};

static inline void worst_begin(struct text *t, const char *version, const char *kind,
			       const char *name)
{
	text_printf(t, "{\"apiVersion\":\"%s\",\"kind\":\"%s\",\"metadata\":{\"name\":\"%s\"}",
		    version, kind, name);
}

static inline const char *worst_comma(size_t i)
{
	return i ? "," : "";
}

static inline void worst_fill(struct text *t, char c, size_t n)
{
	char run[64];

	memset(run, c, sizeof run);
	for (; n; n -= n < sizeof run ? n : sizeof run)
		text_add(t, run, n < sizeof run ? n : sizeof run);
}

/* ---- command lines ---- */

static inline void worst_flags(struct text *t, bool old, size_t bytes)
{
	size_t i = 0;

	(void)old;
	worst_begin(t, "v1", "Pod", "p");
	text_puts(t,
		  ",\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"kube-proxy\",\"args\":[");
	for (; t->n < bytes / 2; i++)
		text_printf(t, "%s\"--feature-gates=$(N%zu)\"", worst_comma(i), i);
	text_puts(t, "],\"env\":[");
	for (i = 0; t->n < bytes; i++)
		text_printf(t, "%s{\"name\":\"V%zu\"}", worst_comma(i), i);
	text_puts(t, "]}]}}");
}

/* One variable, named by each word. */
static inline void worst_flag_value(struct text *t, bool old, size_t bytes)
{
	size_t i = 0;

	(void)old;
	worst_begin(t, "v1", "Pod", "p");
	text_puts(t,
		  ",\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"kube-proxy\",\"args\":[");
	for (; t->n < bytes / 2; i++)
		text_printf(t, "%s\"--feature-gates=$(N)\"", worst_comma(i));
	text_puts(t, "],\"env\":[{\"name\":\"N\",\"value\":\"A=true");
	while (t->n < bytes)
		text_puts(t, ",AllAlpha=false,ImageVolume=true");
	text_puts(t, "\"}]}]}}");
}

static inline void worst_script(struct text *t, bool old, size_t bytes)
{
	(void)old;
	worst_begin(t, "v1", "Pod", "p");
	text_puts(t,
		  ",\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"kube-proxy\",\"command\":"
		  "[\"sh\",\"-c\",\"");
	while (t->n < bytes)
		text_puts(t, "--feature-gates $A;");
	text_puts(t, "\"]}]}}");
}

static inline void worst_gate_env(struct text *t, bool old, size_t bytes)
{
	size_t i = 0;

	worst_begin(t, "v1", "Pod", "p");
	text_puts(t, ",\"spec\":{\"containers\":[{\"name\":\"c\",\"env\":[");
	for (; t->n < bytes; i++)
		text_printf(t, "%s{\"name\":\"KUBE_FEATURE_%s%zu\",\"value\":\"true\"}",
			    worst_comma(i), old ? "A" : "B", i);
	text_puts(t, "]}]}}");
}

/* ---- lists whose items moved ---- */

/* From the last to the first, or from the first to the last. */
static inline void worst_named(struct text *t, bool old, size_t bytes, const char *item)
{
	size_t each = strlen(item) + 6, n = bytes > t->n ? (bytes - t->n) / each : 1;

	for (size_t i = 0; i < n; i++) {
		const char *at = strchr(item, '#');

		text_puts(t, worst_comma(i));
		text_add(t, item, (size_t)(at - item));
		text_printf(t, "%06zu", old ? i : n - 1 - i);
		text_puts(t, at + 1);
	}
}

static inline void worst_env_moved(struct text *t, bool old, size_t bytes)
{
	worst_begin(t, "v1", "Pod", "p");
	text_puts(t, ",\"spec\":{\"containers\":[{\"name\":\"c\",\"env\":[");
	worst_named(t, old, bytes, "{\"name\":\"\\u003d#\",\"value\":\"\"}");
	text_puts(t, "]}]}}");
}

static inline void worst_containers_moved(struct text *t, bool old, size_t bytes)
{
	worst_begin(t, "v1", "Pod", "p");
	text_puts(t, ",\"spec\":{\"initContainers\":[");
	worst_named(t, old, bytes,
		    "{\"name\":\"c#\",\"args\":[\"--feature-gates=A=true\"],\"volumeMounts\":[]}");
	text_puts(t, "]}}");
}

static inline void worst_volumes_moved(struct text *t, bool old, size_t bytes)
{
	worst_begin(t, "v1", "Pod", "p"); /* with an escape, so that it is read */
	text_puts(t, ",\"sp\\u0065c\":{\"volumes\":[");
	worst_named(t, old, bytes, "{\"name\":\"v#\",\"image\":{\"reference\":\"x\"}}");
	text_puts(t, "]}}");
}

/* Without names, and alike up to their ends. */
static inline void worst_alike(struct text *t, bool old, size_t bytes)
{
	const size_t n = 450;
	size_t each = bytes / n;

	worst_begin(t, "v1", "Pod", "p");
	text_puts(t, ",\"spec\":{\"tolerations\":[");
	for (size_t i = 0; i < n; i++) {
		text_printf(t, "%s{\"key\":\"", worst_comma(i));
		worst_fill(t, 'k', each > 30 ? each - 30 : 1);
		text_printf(t, "%zu\",\"operator\":\"Lt\"}", old ? i : n - 1 - i);
	}
	text_puts(t, "]}}");
}

static inline void worst_unnamed(struct text *t, bool old, size_t bytes)
{
	worst_begin(t, "v1", "Pod", "p");
	text_puts(t, ",\"spec\":{\"tolerations\":[");
	worst_named(t, old, bytes, "{\"key\":\"#\",\"operator\":\"Lt\"}");
	text_puts(t, "]}}");
}

static inline void worst_taints(struct text *t, bool old, size_t bytes)
{
	worst_begin(t, "v1", "Node", "n");
	text_puts(t, ",\"spec\":{\"taints\":[");
	for (size_t i = 0; t->n < bytes; i++)
		text_printf(t,
			    "%s{\"key\":\"node.alpha.kubernetes.io/notReady\",\"value\":\"%zu\"}",
			    worst_comma(i), i + old);
	text_puts(t, "]}}");
}

static inline void worst_crd(struct text *t, bool old, size_t bytes)
{
	worst_begin(t, "apiextensions.k8s.io/v1", "CustomResourceDefinition", "x.apps");
	text_puts(t, ",\"spec\":{\"group\":\"apps\",\"names\":{\"kind\":\"X\"},\"versions\":[");
	worst_named(t, old, bytes, "{\"name\":\"v1alpha#\"}");
	text_puts(t, "]}}");
}

/* ---- members ---- */

static inline void worst_members(struct text *t, size_t bytes, const char *head)
{
	text_puts(t, head);
	for (size_t i = 0; t->n < bytes; i++)
		text_printf(t, ",\"m%zu\":0", i);
	text_puts(t, "}");
}

static inline void worst_top(struct text *t, bool old, size_t bytes)
{
	worst_members(
		t, bytes,
		old ? "{\"metadata\":{\"name\":\"d\",\"managedFields\":[]}"
		    : "{\"metadata\":{\"name\":\"\\u0064\",\"managedFields\":[{\"fieldsType\":"
		      "\"FieldsV1\",\"fieldsV1\":{\"f:spec\":{\"f:template\":{\"f:spec\":{"
		      "\"f:hostUsers\":{}}}}}}]}");
}

static inline void worst_alpha_kind(struct text *t, bool old, size_t bytes)
{
	(void)old;
	worst_members(t, bytes, "{\"metadata\":{\"name\":\"d\"}");
}

static inline void worst_unsorted(struct text *t, bool old, size_t bytes)
{
	worst_begin(t, "v1", "ConfigMap", "coredns");
	text_puts(t, ",\"data\":{\"Corefile\":\"\"");
	for (size_t i = 0; t->n < bytes; i++)
		text_printf(t, ",\"%zx\":\"%s\"", (i * 2654435761u) & 0xffffffff, old ? "" : "1");
	text_puts(t, "}}");
}

static inline void worst_annotations(struct text *t, bool old, size_t bytes)
{
	text_puts(t, "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"p\","
		     "\"annotations\":{\"\\u0061\":\"\"");
	for (size_t i = 0; t->n < bytes; i++)
		text_printf(t, ",\"container.seccomp.security.alpha.kubernetes.io/%zu\":\"%d\"", i,
			    old);
	text_puts(t, "}}}");
}

static inline void worst_finalizers(struct text *t, bool old, size_t bytes)
{
	const size_t n = 250;
	size_t each = bytes / n;

	text_puts(
		t,
		"{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"coredns\","
		"\"finalizers\":[");
	for (size_t i = old ? 0 : 1; i < n; i++) {
		text_printf(t, "%s\"", i > !old ? "," : "");
		worst_fill(t, 'f', each > 8 ? each - 8 : 1);
		text_printf(t, "%zu\"", old ? i : n - i);
	}
	text_puts(t, "]}}");
}

/* ---- what was applied, and who manages what ---- */

/* Fields that the API server would have dropped, of containers that are there or are not. */
static inline void worst_applied(struct text *t, bool old, size_t bytes)
{
	size_t half = bytes / 2, i = 0;

	(void)old;
	text_puts(
		t,
		"{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"p\",\"annotations\":"
		"{\"kubectl.kubernetes.io/last-applied-configuration\":\"{\\\"apiVersion\\\":\\\"v1"
		"\\\",\\\"kind\\\":\\\"Pod\\\",\\\"spec\\\":{\\\"containers\\\":[");
	for (; t->n < half; i++)
		text_printf(t,
			    "%s{\\\"name\\\":\\\"a%06zu\\\",\\\"lifecycle\\\":{\\\"stopSignal\\\":"
			    "\\\"SIGUSR1\\\"}}",
			    worst_comma(i), i);
	text_puts(t, "]}}\"}},\"spec\":{\"containers\":[");
	for (size_t k = 0; t->n < bytes; k++)
		text_printf(t, "%s{\"name\":\"%c%06zu\"}", worst_comma(k), k % 2 ? 'a' : 'b', k);
	text_puts(t, "]}}");
}

static inline void worst_managed(struct text *t, bool old, size_t bytes)
{
	size_t half = bytes / 2, i = 0;

	text_puts(t, "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"p\",");
	text_printf(t, "\"managedFields\":[{\"manager\":\"m%d\",", old);
	text_puts(t, "\"fieldsV1\":{\"f:spec\":{\"f:containers\":{");
	for (; t->n < half; i++)
		text_printf(t,
			    "%s\"k:{\\\"name\\\":\\\"a%06zu\\\"}\":{\"f:lifecycle\":{\"f:stopSignal"
			    "\":{}}}",
			    worst_comma(i), i);
	text_printf(t, "}}}}],\"labels\":{\"a\":\"%d\"}},\"spec\":{\"containers\":[", old);
	for (size_t k = 0; t->n < bytes; k++)
		text_printf(t, "%s{\"name\":\"a%06zu\"}", worst_comma(k), i ? i - 1 - k % i : k);
	text_puts(t, "]}}");
}

/* ---- configuration in a ConfigMap ---- */

static inline void worst_config_map(struct text *t)
{
	worst_begin(t, "v1", "ConfigMap", "c");
	text_puts(t, ",\"data\":{");
}

static inline void worst_profiles(struct text *t, bool old, size_t bytes)
{
	const size_t most = 128u << 10;

	worst_config_map(t);
	for (size_t i = 0; t->n < bytes; i++) {
		text_printf(t,
			    "%s\"f%zu\":\"apiVersion: kubescheduler.config.k8s.io/v1\\nkind: "
			    "KubeSchedulerConfiguration\\nx: %d\\nprofiles: [",
			    worst_comma(i), i, old);
		for (size_t end = t->n + most; t->n < end && t->n < bytes;)
			text_puts(t, "{},");
		text_puts(t, "]\\n\"");
	}
	text_puts(t, "}}");
}

static inline void worst_profiles_sent(struct text *t, bool old, size_t bytes)
{
	(void)old;
	text_puts(t, "{\"apiVersion\":\"kubescheduler.config.k8s.io/v1\",\"kind\":"
		     "\"KubeSchedulerConfiguration\",\"profiles\":[{}");
	while (t->n < bytes)
		text_puts(t, ",{}");
	text_puts(t, "]}");
}

static inline void worst_plugins(struct text *t, bool old, size_t bytes)
{
	(void)old;
	text_puts(t, "{\"apiVersion\":\"kubescheduler.config.k8s.io/v1\",\"kind\":"
		     "\"KubeSchedulerConfiguration\",\"profiles\":[{\"pluginConfig\":[{}");
	worst_fill(t, ' ', 0);
	while (t->n < bytes / 2)
		text_puts(t, ",{\"name\":\"x\"}");
	while (t->n < bytes)
		text_puts(t, ",{\"name\":\"VolumeBinding\",\"args\":{}}");
	text_puts(t, "]}]}");
}

static inline void worst_anchors(struct text *t, bool old, size_t bytes)
{
	const size_t most = 128u << 10;

	worst_config_map(t);
	for (size_t i = 0; t->n < bytes; i++) {
		size_t end = t->n + most;

		text_printf(
			t,
			"%s\"f%zu\":\"apiVersion: kubelet.config.k8s.io/v1\\nkind: K\\nx: %d\\na: [",
			worst_comma(i), i, old);
		for (int k = 0; k < 900; k++)
			text_printf(t, "&a%d x,", k);
		while (t->n < end && t->n < bytes)
			text_puts(t, "*a899,");
		text_puts(t, "]\\n\"");
	}
	text_puts(t, "}}");
}

/* ---- comparing and telling ---- */

/* Nothing but empty strings: the most values for the bytes. */
static inline void worst_empty_strings(struct text *t, bool old, size_t bytes)
{
	(void)old;
	worst_begin(t, "v1", "Pod", "p");
	text_puts(
		t,
		",\"spec\":{\"containers\":[{\"name\":\"c\",\"lifecycle\":{\"stopSignal\":\"SIGUSR1\","
		"\"preStop\":{\"exec\":{\"command\":[\"\"");
	while (t->n < bytes)
		text_puts(t, ",\"\"");
	text_puts(t, "]}}}}]}}");
}

/* Changes below a path that is as deep as may be. */
static inline void worst_deep(struct text *t, bool old, size_t bytes)
{
	const int depth = 120;

	worst_begin(t, "apps/v1", "Deployment", "coredns");
	text_puts(t, ",\"spec\":");
	for (int i = 0; i < depth; i++)
		text_puts(t, "{\"a\":");
	text_puts(t, "[{}");
	while (t->n + 2u * (unsigned)depth < bytes)
		text_printf(t, ",{\"b\":%d}", old);
	text_puts(t, "]");
	for (int i = 0; i < depth; i++)
		text_puts(t, "}");
	text_puts(t, "}");
}

static inline void worst_text(struct text *t, bool old, size_t bytes)
{
	worst_begin(t, "v1", "ConfigMap", "coredns");
	text_printf(t, ",\"data\":{\"Corefile\":\"%d", old);
	while (t->n < bytes)
		text_puts(t, "e=x -a =");
	text_puts(t, "\"}}");
}

static inline void worst_long_keys(struct text *t, bool old, size_t bytes)
{
	worst_begin(t, "v1", "ConfigMap", "coredns");
	text_puts(t, ",\"data\":{\"");
	while (t->n < bytes)
		text_puts(t, "Passe");
	text_printf(t, "\":\"%d\"}}", old);
}

/* Pairs of name and value within each other, in lists that are compared by index. */
static inline void worst_pairs(struct text *t, bool old, size_t bytes)
{
	const int depth = 28;

	worst_begin(t, "apps/v1", "Deployment", "coredns");
	text_puts(t, ",\"spec\":{\"x\":[0");
	for (int i = 0; i < depth; i++) {
		for (size_t end = bytes / (size_t)depth * (size_t)(i + 1); t->n < end;)
			text_puts(t, ",0");
		text_puts(t, ",{\"value\":[0");
	}
	text_printf(t, ",{\"value\":%d},{\"value\":%d}", old, old);
	for (int i = 0; i < depth; i++)
		text_puts(t, "]}");
	text_puts(t, "]}}");
}

/* Many changes below one setting of an add-on, in the last of many containers. */
static inline void worst_setting(struct text *t, bool old, size_t bytes)
{
	worst_begin(t, "apps/v1", "Deployment", "coredns");
	text_puts(t, ",\"spec\":{\"template\":{\"spec\":{\"containers\":[");
	for (size_t i = 0; t->n < bytes / 2; i++)
		text_printf(t, "%s{\"name\":\"c%zu\"}", worst_comma(i), i);
	text_puts(t, ",{\"name\":\"coredns\",\"resources\":{\"limits\":{\"a\":\"1\"");
	for (size_t i = 0; t->n < bytes; i++)
		text_printf(t, ",\"x%zu\":\"%d\"", i, old);
	text_puts(t, "}}}]}}}}");
}

/* ---- conditions: what selects, what is lost ---- */

static inline void worst_repeat(struct text *t, size_t bytes, const char *item, const char *end)
{
	while (t->n + strlen(item) < bytes)
		text_puts(t, item);
	text_puts(t, end);
}

/* None of them decides: each is looked at, for each of OKE's pods. */
static inline void worst_selector(struct text *t, bool old, size_t bytes)
{
	worst_begin(t, "networking.k8s.io/v1", "NetworkPolicy", "n");
	text_printf(t, ",\"spec\":{\"x\":%d,\"podSelector\":{\"matchExpressions\":[", old);
	worst_repeat(t, bytes, "{\"key\":\"x\",\"operator\":\"DoesNotExist\"},",
		     "{\"key\":\"x\",\"operator\":\"Exists\"}]}}}");
}

static inline void worst_selector_values(struct text *t, bool old, size_t bytes)
{
	worst_begin(t, "policy/v1", "PodDisruptionBudget", "n");
	text_printf(t,
		    ",\"spec\":{\"x\":%d,\"selector\":{\"matchExpressions\":[{\"key\":\"k8s-app\","
		    "\"operator\":\"In\",\"values\":[\"\"",
		    old);
	worst_repeat(t, bytes, ",\"x\"", "]}]}}}");
}

static inline void worst_selectors(struct text *t, bool old, size_t bytes)
{
	worst_begin(t, "cilium.io/v2", "CiliumNetworkPolicy", "n");
	text_printf(t, ",\"x\":%d,\"specs\":[{}", old);
	worst_repeat(t, bytes, ",{\"endpointSelector\":{\"matchLabels\":{\"k8s:k8s-app\":\"x\"}}}",
		     "]}");
}

static inline void worst_calico(struct text *t, bool old, const char *item, size_t bytes,
				const char *end)
{
	worst_begin(t, "crd.projectcalico.org/v1", "GlobalNetworkPolicy", "n");
	text_printf(t, ",\"spec\":{\"x\":%d,\"selector\":\"", old);
	worst_repeat(t, bytes, item, end);
	text_puts(t, "\"}}");
}

static inline void worst_calico_tests(struct text *t, bool old, size_t bytes)
{
	worst_calico(t, old, "!has(x)&&", bytes, "has(x)");
}

static inline void worst_calico_values(struct text *t, bool old, size_t bytes)
{
	worst_calico(t, old, "k8s-app in {'x','y'}||k8s-app!='x'&&", bytes, "has(x)");
}

static inline void worst_calico_groups(struct text *t, bool old, size_t bytes)
{
	worst_calico(t, old, "!!(", bytes, "all()");
}

static inline void worst_subjects(struct text *t, bool old, size_t bytes)
{
	worst_begin(t, "rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "cluster-admin");
	text_puts(t, ",\"subjects\":[");
	worst_named(t, old, bytes, "{\"kind\":\"User\",\"name\":\"#\"}");
	text_puts(t, "]}");
}

/* All alike: no digest tells them apart. */
static inline void worst_subjects_alike(struct text *t, bool old, size_t bytes)
{
	worst_begin(t, "rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "cluster-admin");
	text_printf(t, ",\"x\":%d,\"subjects\":[{}", old);
	worst_repeat(t, bytes, ",{\"kind\":\"User\",\"name\":\"a\"}", "]}");
}

#define WORST_POD                                                                                  \
	{                                                                                          \
		{ "", 0 }, { "v1", 2 },                                                            \
		{                                                                                  \
			"Pod", 3                                                                   \
		}                                                                                  \
	}
#define WORST_CM                                                                                   \
	{                                                                                          \
		{ "", 0 }, { "v1", 2 },                                                            \
		{                                                                                  \
			"ConfigMap", 9                                                             \
		}                                                                                  \
	}
#define WORST_DEP                                                                                  \
	{                                                                                          \
		{ "apps", 4 }, { "v1", 2 },                                                        \
		{                                                                                  \
			"Deployment", 10                                                           \
		}                                                                                  \
	}

#define WORST_CALICO                                                                               \
	{                                                                                          \
		{ "crd.projectcalico.org", 21 }, { "v1", 2 },                                      \
		{                                                                                  \
			"GlobalNetworkPolicy", 19                                                  \
		}                                                                                  \
	}
#define WORST_BINDING                                                                              \
	{                                                                                          \
		{ "rbac.authorization.k8s.io", 25 }, { "v1", 2 },                                  \
		{                                                                                  \
			"ClusterRoleBinding", 18                                                   \
		}                                                                                  \
	}

static const struct worst worst_inputs[] = {
	{ "flags and variables", WORST_POD, "pods", "team", "p", false, true, worst_flags },
	{ "flags and one variable", WORST_POD, "pods", "team", "p", false, true, worst_flag_value },
	{ "flags in a script", WORST_POD, "pods", "team", "p", false, true, worst_script },
	{ "gates in env", WORST_POD, "pods", "team", "p", true, true, worst_gate_env },
	{ "env moved", WORST_POD, "pods", "team", "p", true, true, worst_env_moved },
	{ "containers moved", WORST_POD, "pods", "team", "p", true, true, worst_containers_moved },
	{ "volumes moved", WORST_POD, "pods", "team", "p", true, true, worst_volumes_moved },
	{ "items alike up to their ends", WORST_POD, "pods", "team", "p", true, true, worst_alike },
	{ "items without names", WORST_POD, "pods", "team", "p", true, true, worst_unnamed },
	{ "taints of one key",
	  { { "", 0 }, { "v1", 2 }, { "Node", 4 } },
	  "nodes",
	  "",
	  "n",
	  true,
	  true,
	  worst_taints },
	{ "versions of a CRD",
	  { { "apiextensions.k8s.io", 20 }, { "v1", 2 }, { "CustomResourceDefinition", 24 } },
	  "customresourcedefinitions",
	  "",
	  "x.apps",
	  true,
	  true,
	  worst_crd },
	{ "members at the top", WORST_DEP, "deployments", "team", "d", true, false, worst_top },
	{ "members of an alpha kind",
	  { { "resource.k8s.io", 15 }, { "v1alpha3", 8 }, { "DeviceTaintRule", 15 } },
	  "devicetaintrules",
	  "",
	  "d",
	  true,
	  false,
	  worst_alpha_kind },
	{ "unsorted keys", WORST_CM, "configmaps", "kube-system", "coredns", true, true,
	  worst_unsorted },
	{ "alpha annotations", WORST_POD, "pods", "team", "p", true, false, worst_annotations },
	{ "finalizers", WORST_CM, "configmaps", "kube-system", "coredns", true, true,
	  worst_finalizers },
	{ "last-applied", WORST_POD, "pods", "team", "p", false, false, worst_applied },
	{ "managedFields", WORST_POD, "pods", "team", "p", true, true, worst_managed },
	{ "profiles in YAML", WORST_CM, "configmaps", "team", "c", true, true, worst_profiles },
	{ "profiles",
	  { { "kubescheduler.config.k8s.io", 27 },
	    { "v1", 2 },
	    { "KubeSchedulerConfiguration", 26 } },
	  "x",
	  "",
	  "c",
	  true,
	  false,
	  worst_profiles_sent },
	{ "plug-ins",
	  { { "kubescheduler.config.k8s.io", 27 },
	    { "v1", 2 },
	    { "KubeSchedulerConfiguration", 26 } },
	  "x",
	  "",
	  "c",
	  true,
	  false,
	  worst_plugins },
	{ "anchors and aliases", WORST_CM, "configmaps", "team", "c", true, true, worst_anchors },
	{ "empty strings", WORST_POD, "pods", "team", "p", false, true, worst_empty_strings },
	{ "changes far down", WORST_DEP, "deployments", "kube-system", "coredns", true, false,
	  worst_deep },
	{ "changes of one setting", WORST_DEP, "deployments", "kube-system", "coredns", true, true,
	  worst_setting },
	{ "a text full of signs", WORST_CM, "configmaps", "kube-system", "coredns", true, true,
	  worst_text },
	{ "a key without end", WORST_CM, "configmaps", "kube-system", "coredns", true, false,
	  worst_long_keys },
	{ "pairs within pairs", WORST_DEP, "deployments", "kube-system", "coredns", true, false,
	  worst_pairs },
	{ "expressions of a selector",
	  { { "networking.k8s.io", 17 }, { "v1", 2 }, { "NetworkPolicy", 13 } },
	  "networkpolicies",
	  "kube-system",
	  "n",
	  true,
	  true,
	  worst_selector },
	{ "values of a selector",
	  { { "policy", 6 }, { "v1", 2 }, { "PodDisruptionBudget", 19 } },
	  "poddisruptionbudgets",
	  "kube-system",
	  "n",
	  true,
	  true,
	  worst_selector_values },
	{ "selectors",
	  { { "cilium.io", 9 }, { "v2", 2 }, { "CiliumNetworkPolicy", 19 } },
	  "ciliumnetworkpolicies",
	  "kube-system",
	  "n",
	  true,
	  true,
	  worst_selectors },
	{ "tests in a text", WORST_CALICO, "globalnetworkpolicies", "", "n", true, true,
	  worst_calico_tests },
	{ "values in a text", WORST_CALICO, "globalnetworkpolicies", "", "n", true, true,
	  worst_calico_values },
	{ "groups in a text", WORST_CALICO, "globalnetworkpolicies", "", "n", true, true,
	  worst_calico_groups },
	{ "subjects moved", WORST_BINDING, "clusterrolebindings", "", "cluster-admin", true, true,
	  worst_subjects },
	{ "subjects alike", WORST_BINDING, "clusterrolebindings", "", "cluster-admin", true, true,
	  worst_subjects_alike },
};
#define WORST_N (sizeof worst_inputs / sizeof *worst_inputs)

static inline void worst_gvk(struct text *t, const char *key, const struct gvk *k, const char *of,
			     const char *value)
{
	text_printf(t, "\"%s\":{\"group\":\"%.*s\",\"version\":\"%.*s\",\"%s\":\"%s\"},", key,
		    STR_ARG(k->group), STR_ARG(k->version), of, value);
}

static inline void worst_object(const struct worst *w, bool old, size_t bytes, struct arena *arena,
				struct text *out)
{
	struct text t;

	text_init(&t, arena, 64u << 20);
	w->write(&t, old, bytes);
	text_str(out, text_get(&t));
}

/* The review: of a customer, of about so many bytes. */
static inline struct str worst_review(const struct worst *w, size_t bytes, struct arena *arena)
{
	size_t each = w->update ? bytes / 2 : bytes;
	struct text t;

	text_init(&t, arena, 64u << 20);
	text_puts(
		&t,
		"{\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/v1\",\"request\":{"
		"\"uid\":\"u\",");
	worst_gvk(&t, "kind", &w->kind, "kind", w->kind.kind.s);
	worst_gvk(&t, "resource", &w->kind, "resource", w->resource);
	text_printf(&t,
		    "\"name\":\"%s\",\"namespace\":\"%s\",\"operation\":\"%s\",\"userInfo\":{"
		    "\"username\":\"ocid1.user.oc1..a\",\"groups\":[\"system:authenticated\"]},"
		    "\"object\":",
		    w->object_name, w->namespace, w->update ? "UPDATE" : "CREATE");
	worst_object(w, false, each, arena, &t);
	text_puts(&t, ",\"oldObject\":");
	if (w->update) {
		worst_object(w, true, each, arena, &t);
		t.n--;
		text_puts(&t, " }"); /* of two that are the same to the byte none is read */
	} else {
		text_puts(&t, "null");
	}
	text_puts(&t, ",\"dryRun\":true,\"options\":null}}");
	return t.full ? (struct str){ NULL, 0 } : text_get(&t);
}

#endif
