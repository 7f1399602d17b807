/* SPDX-License-Identifier: Apache-2.0
 * selector.c - matchLabels and matchExpressions, and Calico's text, against the labels of OKE's
 * pods.
 */
#include "policy/judge/selector.h"

#include "policy/model/managed.h"
#include "policy/object/expression.h"

struct pod {
	struct arena *arena;            /* whose steps are taken */
	const struct pod_label *labels; /* NULL: those of a condition */
	const struct label *given;
	const char *namespace; /* as Cilium's label; NULL: not known */
};

/* Cilium names the source of a label before it, and has one for the namespace. */
static struct str plain_key(struct str key)
{
	static const struct str sources[] = { { "k8s:", 4 }, { "any:", 4 } };

	for (size_t i = 0; i < sizeof sources / sizeof *sources; i++)
		if (str_starts(key, sources[i]))
			return str_from(key, sources[i].n);
	return key;
}

/* The label of the pod, and its value where that is known. */
static enum label_known pod_label(const struct pod *pod, struct str key, struct str *value)
{
	key = plain_key(key);
	if (pod->namespace && str_is(key, "io.kubernetes.pod.namespace")) {
		*value = str_of(pod->namespace);
		return LABEL_KNOWN;
	}
	for (const struct pod_label *l = pod->labels; l && l->key; l++)
		if (str_is(key, l->key)) {
			*value = str_of(l->value);
			return l->value ? LABEL_KNOWN : LABEL_UNKNOWN;
		}
	for (const struct label *l = pod->given; l; l = l->next)
		if (str_eq(key, l->key)) {
			*value = l->value;
			return LABEL_KNOWN;
		}
	return LABEL_ABSENT;
}

static bool takes_labels(const struct json *labels, const struct pod *pod)
{
	if (!labels || labels->type != JSON_OBJECT)
		return true;
	for (const struct json *l = labels->child; l; l = l->next) {
		struct str value = { NULL, 0 };
		enum label_known known = pod_label(pod, json_key(l), &value);

		arena_step(pod->arena, arena_bytes(json_key(l).n));
		if (known == LABEL_ABSENT || (known == LABEL_KNOWN && !str_eq(json_str(l), value)))
			return false;
	}
	return true;
}

static bool values_hold(const struct json *values, struct str s, struct arena *arena)
{
	const struct json *v = values && values->type == JSON_ARRAY ? values->child : NULL;

	for (; v && !str_eq(json_str(v), s); v = v->next)
		arena_step(arena, 1);
	return v;
}

static bool takes_expression(const struct json *e, const struct pod *pod)
{
	struct str operator= json_str(json_get(e, STR("operator"))), value = { NULL, 0 };
	const struct json *values = json_get(e, STR("values"));
	enum label_known known = pod_label(pod, json_str(json_get(e, STR("key"))), &value);

	if (str_is(operator, "Exists"))
		return known != LABEL_ABSENT;
	if (str_is(operator, "DoesNotExist"))
		return known == LABEL_ABSENT;
	if (str_is(operator, "NotIn"))
		return known != LABEL_KNOWN || !values_hold(values, value, pod->arena);
	return known == LABEL_UNKNOWN ||
	       (known == LABEL_KNOWN && values_hold(values, value, pod->arena));
}

static bool takes_object(const struct json *selector, const struct pod *pod)
{
	const struct json *expressions = json_get(selector, STR("matchExpressions"));

	if (!takes_labels(json_get(selector, STR("matchLabels")), pod))
		return false;
	if (!expressions || expressions->type != JSON_ARRAY)
		return true;
	for (const struct json *e = expressions->child; e; e = e->next) {
		arena_step(pod->arena, 1);
		if (!takes_expression(e, pod))
			return false;
	}
	return true;
}

/* ---- Calico's ---- */

/* Calico gives each pod labels of its own. */
static enum label_known calico_label(const void *ctx, struct str key, struct str *value)
{
	const struct pod *pod = ctx;

	if (pod->namespace && str_is(key, "projectcalico.org/namespace")) {
		*value = str_of(pod->namespace);
		return LABEL_KNOWN;
	}
	if (pod->namespace && str_is(key, "projectcalico.org/orchestrator")) {
		*value = STR("k8s");
		return LABEL_KNOWN;
	}
	if (pod->namespace && str_is(key, "projectcalico.org/serviceaccount"))
		return LABEL_UNKNOWN;
	return pod_label(pod, key, value);
}

/* What is no such expression takes nothing, as far as can be told; what memory ends at may take
 * all. */
static bool takes_text(struct str text, const struct pod *pod)
{
	enum truth takes;

	if (expression_takes(text, calico_label, pod, pod->arena, &takes) < 0)
		return pod->arena->full;
	return takes != TRUTH_NO;
}

static bool takes_pod(const struct json *selector, const struct pod *pod)
{
	if (selector && selector->type == JSON_STRING)
		return takes_text(json_str(selector), pod);
	return takes_object(selector, pod);
}

/* Would an object of this kind concern such pods at all? */
static bool concerns_pods(const struct judge *j, const struct managed_pods *pods)
{
	struct str resource = j->req->resource.resource;

	/* What has no namespace itself concerns those of all. */
	if (!managed_present(pods, j->config) ||
	    (j->req->namespace.n && !str_is(j->req->namespace, pods->namespace)))
		return false;
	if (str_is(resource, "poddisruptionbudgets"))
		return !pods->daemonset;
	return !pods->host_network;
}

static bool takes_managed(const struct judge *j, const struct json *selector)
{
	for (size_t i = 0; i < managed_pods_n; i++) {
		const struct pod pod = { .arena = j->arena,
					 .labels = managed_pods[i].labels,
					 .namespace = managed_pods[i].namespace };

		if (concerns_pods(j, &managed_pods[i]) && takes_pod(selector, &pod))
			return true;
	}
	return false;
}

/* The chart's pods: Helm and the chart's values give them more labels. */
static const struct pod_label self_labels[] = {
	{ "app.kubernetes.io/part-of", "oke-guard" },
	{ "app.kubernetes.io/name", NULL },
	{ "app.kubernetes.io/instance", NULL },
	{ "app.kubernetes.io/component", NULL },
	{ "pod-template-hash", NULL },
	{ NULL, NULL },
};

bool selector_takes(const struct judge *j, const struct condition *c, const struct json *selector)
{
	struct pod pod = { .arena = j->arena, .given = c->labels };

	if (c->selects == SELECTS_MANAGED)
		return takes_managed(j, selector);
	if (c->selects == SELECTS_SELF)
		pod = (struct pod){ .arena = j->arena, .labels = self_labels };
	return takes_pod(selector, &pod);
}
