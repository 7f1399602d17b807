/*
 * selector.c - matchLabels and matchExpressions against the labels of OKE's pods.
 */
#include "policy/judge/selector.h"

#include "policy/model/managed.h"

enum known { LABEL_ABSENT, LABEL_KNOWN, LABEL_UNKNOWN };

struct pod {
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
static enum known pod_label(const struct pod *pod, struct str key, struct str *value)
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
		enum known known = pod_label(pod, json_key(l), &value);

		if (known == LABEL_ABSENT || (known == LABEL_KNOWN && !str_eq(json_str(l), value)))
			return false;
	}
	return true;
}

static bool values_hold(const struct json *values, struct str s)
{
	const struct json *v = values && values->type == JSON_ARRAY ? values->child : NULL;

	while (v && !str_eq(json_str(v), s))
		v = v->next;
	return v;
}

static bool takes_expression(const struct json *e, const struct pod *pod)
{
	struct str operator= json_str(json_get(e, STR("operator"))), value = { NULL, 0 };
	const struct json *values = json_get(e, STR("values"));
	enum known known = pod_label(pod, json_str(json_get(e, STR("key"))), &value);

	if (str_is(operator, "Exists"))
		return known != LABEL_ABSENT;
	if (str_is(operator, "DoesNotExist"))
		return known == LABEL_ABSENT;
	if (str_is(operator, "NotIn"))
		return known != LABEL_KNOWN || !values_hold(values, value);
	return known == LABEL_UNKNOWN || (known == LABEL_KNOWN && values_hold(values, value));
}

static bool takes_pod(const struct json *selector, const struct pod *pod)
{
	const struct json *expressions = json_get(selector, STR("matchExpressions"));

	if (!takes_labels(json_get(selector, STR("matchLabels")), pod))
		return false;
	if (!expressions || expressions->type != JSON_ARRAY)
		return true;
	for (const struct json *e = expressions->child; e; e = e->next)
		if (!takes_expression(e, pod))
			return false;
	return true;
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
		const struct pod pod = { .labels = managed_pods[i].labels,
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
	struct pod pod = { .labels = NULL, .given = c->labels };

	if (c->selects == SELECTS_MANAGED)
		return takes_managed(j, selector);
	if (c->selects == SELECTS_SELF)
		pod = (struct pod){ .labels = self_labels };
	return takes_pod(selector, &pod);
}
