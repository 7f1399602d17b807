/* SPDX-License-Identifier: Apache-2.0
 * read_admission.c - webhooks and policies that stand between the system and its own objects.
 *
 * Selectors are evaluated; a CEL condition is not, and then it is "may". Whether a backend is there
 * is known only when the endpoints are, so entries are kept as they are.
 */
#include "posture/components.h"

#include "oke/webhooks.h"
#include "posture/history/owners.h"

#define OBJECT_MEMORY (64u << 20)
#define TIMEOUT_LONG  10 /* seconds that the system may have to wait for one webhook */

int scan_read_webhooks(struct posture *p, const struct item *i, struct err *err)
{
	(void)err;
	keep_object(p, &p->webhooks, i);
	return 0;
}

int scan_read_admission_policy(struct posture *p, const struct item *i, struct err *err)
{
	(void)err;
	keep_object(p, &p->policies, i);
	return 0;
}

/* ---- selectors ---- */

static bool value_among(const struct json *values, struct str value)
{
	if (!values || values->type != JSON_ARRAY)
		return false;
	for (const struct json *v = values->child; v; v = v->next)
		if (str_eq(json_str(v), value))
			return true;
	return false;
}

static bool expression_holds(const struct json *e, const struct json *labels)
{
	const struct json *label = json_get(labels, json_str(json_get(e, STR("key"))));
	struct str op = json_str(json_get(e, STR("operator")));
	bool among = label && value_among(json_get(e, STR("values")), json_str(label));

	if (str_is(op, "In"))
		return among;
	if (str_is(op, "NotIn"))
		return !among;
	return str_is(op, "Exists") ? label != NULL : label == NULL;
}

/* An empty or absent selector selects everything. */
static bool selector_holds(const struct json *selector, const struct json *labels)
{
	const struct json *equal = json_get(selector, STR("matchLabels"));
	const struct json *list = json_get(selector, STR("matchExpressions"));

	if (equal && equal->type == JSON_OBJECT)
		for (const struct json *l = equal->child; l; l = l->next)
			if (!json_get(labels, json_key(l)) ||
			    !str_eq(json_str(json_get(labels, json_key(l))), json_str(l)))
				return false;
	if (list && list->type == JSON_ARRAY)
		for (const struct json *e = list->child; e; e = e->next)
			if (!expression_holds(e, labels))
				return false;
	return true;
}

static bool is_empty(const struct json *selector)
{
	return !selector || selector->type != JSON_OBJECT || !selector->len;
}

/* The labels of kube-system: at least the one that every namespace has. */
static const struct json *system_labels(const struct posture *p, struct arena *arena)
{
	struct str text = p->kube_system_labels.n
				  ? p->kube_system_labels
				  : STR("{\"kubernetes.io/metadata.name\":\"kube-system\"}");
	struct err ignored;

	return json_parse(text, NULL, arena, &ignored);
}

/* ---- rules ---- */

static bool has_word(const struct json *list, const char *word)
{
	if (!list || list->type != JSON_ARRAY)
		return false;
	for (const struct json *j = list->child; j; j = j->next)
		if (str_is(json_str(j), word) || str_is(json_str(j), "*") ||
		    str_is(json_str(j), "*/*"))
			return true;
	return false;
}

static const struct critical {
	const char *group, *resource;
	bool cluster; /* no namespace selector keeps it away */
	const char *words;
} criticals[] = {
	{ "", "pods", false, "pods of kube-system" },
	{ "apps", "daemonsets", false, "DaemonSets of kube-system" },
	{ "apps", "deployments", false, "Deployments of kube-system" },
	{ "apps", "replicasets", false, "ReplicaSets of kube-system" },
	{ "apps", "controllerrevisions", false, "ControllerRevisions of kube-system" },
	{ "", "configmaps", false, "ConfigMaps of kube-system" },
	{ "", "secrets", false, "Secrets of kube-system" },
	{ "", "services", false, "Services of kube-system" },
	{ "", "endpoints", false, "Endpoints of kube-system" },
	{ "discovery.k8s.io", "endpointslices", false, "EndpointSlices of kube-system" },
	{ "", "serviceaccounts", false, "ServiceAccounts of kube-system" },
	{ "coordination.k8s.io", "leases", false, "leases of kube-system" },
	{ "", "nodes", true, "nodes" },
	{ "", "namespaces", true, "namespaces" },
	{ "certificates.k8s.io", "certificatesigningrequests", true, "certificate requests" },
};

static bool rule_matches(const struct json *rule, const struct critical *c, const char *operation)
{
	struct str scope = json_str(json_get(rule, STR("scope")));

	if (str_is(scope, c->cluster ? "Namespaced" : "Cluster"))
		return false;
	return has_word(json_get(rule, STR("apiGroups")), c->group) &&
	       has_word(json_get(rule, STR("resources")), c->resource) &&
	       (!operation || has_word(json_get(rule, STR("operations")), operation));
}

static const struct critical *entry_meets(const struct json *rules, bool in_system,
					  const char *resource, const char *operation)
{
	if (!rules || rules->type != JSON_ARRAY)
		return NULL;
	for (size_t i = 0; i < sizeof criticals / sizeof *criticals; i++) {
		const struct critical *c = &criticals[i];

		if ((!c->cluster && !in_system) || (resource && strcmp(c->resource, resource) != 0))
			continue;
		for (const struct json *r = rules->child; r; r = r->next)
			if (rule_matches(r, c, operation))
				return c;
	}
	return NULL;
}

/* ---- one entry ---- */

struct entry {
	const struct kept *object;
	const struct json *webhook, *service;
	struct str name, tool;
	const struct critical *meets;
	bool fails, dead, told, unknown, oracles, maybe;
	long timeout;
};

static long number_of(const struct json *j, long absent)
{
	struct str s = json_str(j);
	long v = 0;

	if (!s.n || s.n > 6)
		return absent;
	for (size_t i = 0; i < s.n; i++)
		v = 10 * v + (s.s[i] - '0');
	return v;
}

/* A Service without a ready endpoint: nobody answers. Without the endpoints that is not known. */
static void look_at_backend(struct posture *p, struct entry *e, struct arena *arena)
{
	struct str namespace = json_str(json_get(e->service, STR("namespace")));
	struct str name = json_str(json_get(e->service, STR("name")));
	struct str service = words_of(arena, "%.*s/%.*s", STR_ARG(namespace), STR_ARG(name));

	e->oracles = str_is(namespace, "kube-system");
	if (!e->service)
		return;
	if (p->sources[SRC_SLICES].got != GOT_WHOLE && p->sources[SRC_SLICES].got != GOT_SOME) {
		e->unknown = true;
		return;
	}
	e->dead = !word_list_finds(&p->backed, service);
}

static void entry_fill(struct posture *p, struct entry *e, const struct json *labels,
		       struct arena *arena)
{
	const struct json *conditions = json_get(e->webhook, STR("matchConditions"));
	bool in_system = selector_holds(json_get(e->webhook, STR("namespaceSelector")), labels);

	e->name = json_str(json_get(e->webhook, STR("name")));
	e->service = json_get(json_get(e->webhook, STR("clientConfig")), STR("service"));
	e->fails = !str_is(json_str(json_get(e->webhook, STR("failurePolicy"))), "Ignore");
	e->timeout = number_of(json_get(e->webhook, STR("timeoutSeconds")), 10);
	e->maybe = (conditions && conditions->type == JSON_ARRAY && conditions->len) ||
		   !is_empty(json_get(e->webhook, STR("objectSelector")));
	e->meets = entry_meets(json_get(e->webhook, STR("rules")), in_system, NULL, NULL);
	look_at_backend(p, e, arena);
}

static struct posture_finding found_entry(const struct entry *e, struct arena *arena,
					  enum tier tier)
{
	struct posture_finding f = found_kept(e->object, arena, tier);

	f.path = words_of(arena, "webhooks[name=%.*s]", STR_ARG(e->name));
	f.tool = e->tool;
	return f;
}

static void judge_blocking(struct posture *p, const struct entry *e, struct arena *arena)
{
	struct posture_finding f = found_entry(e, arena, TIER_UNSUPPORTED);
	const char *may = e->maybe ? "the webhook may be" : "the webhook is";

	if (!e->meets)
		return;
	if (e->fails && e->dead) {
		f.text =
			words_of(arena,
				 "%s asked about %s, must answer (failurePolicy Fail), and Service "
				 "%.*s/%.*s has no ready endpoint: such writes fail",
				 may, e->meets->words,
				 STR_ARG(json_str(json_get(e->service, STR("namespace")))),
				 STR_ARG(json_str(json_get(e->service, STR("name")))));
	} else if (e->fails && !e->oracles) {
		f.tier = TIER_SUPPORTED;
		f.text =
			words_of(arena,
				 "%s asked about %s and must answer (failurePolicy Fail): when its "
				 "backend is gone, such writes fail",
				 may, e->meets->words);
	} else if (e->timeout > TIMEOUT_LONG) {
		f.tier = TIER_SUPPORTED;
		f.text = words_of(arena, "%s asked about %s and may take %ld seconds each time",
				  may, e->meets->words, e->timeout);
	} else {
		return;
	}
	if (f.tier == TIER_SUPPORTED && str_starts(e->name, STR("support.oke-guard.")))
		return; /* chosen by failClosed, and said in its documentation */
	f.remedy = STR("failurePolicy Ignore, or a namespaceSelector that leaves kube-system out");
	found_add(p, CHECK_WEBHOOKS, &f);
}

/* Does the selector take a pod of some component? */
static bool selects_component(const struct posture *p, const struct json *selector)
{
	if (is_empty(selector))
		return true;
	for (const struct kept *k = p->objects.first; k; k = k->next) {
		scoped(arena_end) struct arena arena = { .blocks = NULL };
		const struct json *template;

		if (!str_is(k->gvk.group, "apps"))
			continue;
		arena_init(&arena, OBJECT_MEMORY);
		template = json_get(json_get(kept_parse(k, false, &arena), STR("spec")),
				    STR("template"));
		if (selector_holds(selector,
				   json_get(json_get(template, STR("metadata")), STR("labels"))))
			return true;
	}
	return false;
}

static void judge_mutating(struct posture *p, const struct entry *e, const struct json *labels,
			   struct arena *arena)
{
	struct posture_finding f = found_entry(e, arena, TIER_BEST_EFFORT);
	const struct json *conditions = json_get(e->webhook, STR("matchConditions"));
	bool may = conditions && conditions->type == JSON_ARRAY && conditions->len;

	if (e->oracles || !selector_holds(json_get(e->webhook, STR("namespaceSelector")), labels) ||
	    !entry_meets(json_get(e->webhook, STR("rules")), true, "pods", "CREATE") ||
	    !selects_component(p, json_get(e->webhook, STR("objectSelector"))))
		return;
	f.tier = may ? TIER_SUPPORTED : TIER_BEST_EFFORT;
	f.text = words_of(
		arena, "the webhook %s asked to change OKE's pods in kube-system as they are made",
		may ? "may be" : "is");
	f.remedy = STR("leave kube-system out: namespaceSelector with kubernetes.io/metadata.name "
		       "NotIn [kube-system]");
	found_add(p, CHECK_MUTATING, &f);
}

static void judge_configuration(struct posture *p, const struct kept *k)
{
	scoped(arena_end) struct arena arena = { .blocks = NULL };
	const struct json *root, *list, *labels;
	struct owners owners;

	arena_init(&arena, OBJECT_MEMORY);
	labels = system_labels(p, &arena);
	root = kept_parse(k, true, &arena);
	list = json_get(root, STR("webhooks"));
	if (!list || list->type != JSON_ARRAY)
		return;
	owners_read(root, &owners);
	for (const struct json *w = list->child; w; w = w->next) {
		struct entry e = { .object = k, .webhook = w, .tool = owners_sole(&owners) };

		entry_fill(p, &e, labels, &arena);
		judge_blocking(p, &e, &arena);
		if (e.fails && e.meets && e.unknown)
			outcome_unknown(p, CHECK_WEBHOOKS,
					"whether the backends of webhooks are there is not told "
					"without endpointslices");
		if (str_is(k->gvk.kind, "MutatingWebhookConfiguration"))
			judge_mutating(p, &e, labels, &arena);
	}
}

static void judge_mutating_policy(struct posture *p, const struct kept *k)
{
	scoped(arena_end) struct arena arena = { .blocks = NULL };
	const struct json *match, *labels;
	struct posture_finding f;

	arena_init(&arena, OBJECT_MEMORY);
	labels = system_labels(p, &arena);
	match = json_get(json_get(kept_parse(k, false, &arena), STR("spec")),
			 STR("matchConstraints"));
	if (!selector_holds(json_get(match, STR("namespaceSelector")), labels) ||
	    !entry_meets(json_get(match, STR("resourceRules")), true, "pods", "CREATE") ||
	    !selects_component(p, json_get(match, STR("objectSelector"))))
		return;
	f = found_kept(k, &arena, TIER_SUPPORTED);
	f.path = STR("spec.matchConstraints");
	f.text = STR(
		"the policy may change OKE's pods in kube-system as they are made, if it is bound there");
	found_add(p, CHECK_MUTATING, &f);
}

/* ---- OKE's guard of CNI pods ---- */

static bool updates_on_delete(const struct kept *k, struct arena *arena)
{
	const struct json *spec = json_get(kept_parse(k, false, arena), STR("spec"));

	return str_is(json_str(json_get(json_get(spec, STR("updateStrategy")), STR("type"))),
		      "OnDelete");
}

static void judge_cni_guard(struct posture *p)
{
	static const char *const kinds[][2] = {
		{ "ValidatingAdmissionPolicy", "npn-pod-deletion-deny-policy" },
		{ "ValidatingAdmissionPolicyBinding", "npn-pod-deletion-deny-policy-binding" }
	};
	static const int from[] = { SRC_VAPS, SRC_VAPBINDINGS };
	const struct kept *cni =
		kept_find(&p->objects, "DaemonSet", "kube-system", STR("vcn-native-ip-cni"));
	scoped(arena_end) struct arena arena = { .blocks = NULL };

	arena_init(&arena, OBJECT_MEMORY);
	if (!cni || !updates_on_delete(cni, &arena)) {
		outcome_not_applicable(p, CHECK_CNI_GUARD,
				       cni ? "the VCN-native CNI is of a version before 2.3.0"
					   : "VCN-native pod networking is not used");
		return;
	}
	for (size_t i = 0; i < 2; i++) {
		struct posture_finding f = { .tier = TIER_UNSUPPORTED,
					     .api_version = STR("admissionregistration.k8s.io/v1"),
					     .kind = str_of(kinds[i][0]),
					     .name = str_of(kinds[i][1]),
					     .evidence = "absent" };

		if (p->sources[from[i]].got != GOT_WHOLE ||
		    kept_find(&p->policies, kinds[i][0], "", f.name))
			continue;
		f.text =
			words_of(&arena, "%s %s is not there: left over from an update of the CNI?",
				 kinds[i][0], kinds[i][1]);
		f.remedy = STR("apply it again from the copy that the update's first step saved");
		found_add(p, CHECK_CNI_GUARD, &f);
	}
}

/* ---- the guard itself ---- */

/* The differences of one entry are one finding: its first, and how many more. */
struct difference {
	struct posture *p;
	const struct kept *object;
	struct arena *arena;
	struct str entry, first;
	size_t n, blind, locks;
};

static const char *tell_effect(const struct difference *d, const char *blind)
{
	if (d->locks)
		return ": while no server answers, the control plane itself is refused";
	return d->blind ? blind : "";
}

static void tell_entry(struct difference *d)
{
	struct posture_finding f = found_kept(d->object, d->arena, TIER_SUPPORTED);

	if (!d->n)
		return;
	f.path = words_of(d->arena, "webhooks[name=%.*s]", STR_ARG(d->entry));
	f.text = d->n > 1
			 ? words_of(d->arena, "%.*s; and %zu more differences%s", STR_ARG(d->first),
				    d->n - 1, tell_effect(d, ": the guard does not see all"))
			 : words_of(d->arena, "%.*s%s", STR_ARG(d->first),
				    tell_effect(d, ": the guard does not see it"));
	found_add(d->p, CHECK_GUARD, &f);
	d->n = d->blind = d->locks = 0;
}

static void on_difference(void *ctx, enum webhooks_effect effect, const char *text)
{
	struct difference *d = ctx;
	const char *colon = strchr(text, ':');
	struct str entry = { text, colon ? (size_t)(colon - text) : strlen(text) };

	if (!str_eq(entry, d->entry)) {
		tell_entry(d);
		d->entry = str_copy(d->arena, entry);
		d->first = str_copy(d->arena, str_of(colon ? colon + 2 : text));
	}
	d->n++;
	d->blind += effect == WEBHOOKS_BLIND;
	d->locks += effect == WEBHOOKS_LOCKS;
}

static bool is_guards(const struct json *root, struct webhook_target *target)
{
	const struct json *list = json_get(root, STR("webhooks"));

	if (!list || list->type != JSON_ARRAY)
		return false;
	for (const struct json *w = list->child; w; w = w->next) {
		struct str name = json_str(json_get(w, STR("name")));
		const struct json *service =
			json_get(json_get(w, STR("clientConfig")), STR("service"));

		if (!str_is(name, "support.oke-guard.internal") &&
		    !str_is(name, "alpha.oke-guard.internal"))
			continue;
		target->namespace = json_str(json_get(service, STR("namespace")));
		target->service = json_str(json_get(service, STR("name")));
		target->port = (unsigned)number_of(json_get(service, STR("port")), 443);
		return true;
	}
	return false;
}

static bool judge_guard(struct posture *p, const struct kept *k)
{
	scoped(arena_end) struct arena arena = { .blocks = NULL };
	struct difference d = { .p = p, .object = k, .arena = &arena };
	struct webhooks_report report = { .difference = on_difference, .ctx = &d };
	struct webhook_target target = { .configuration = k->name };
	struct err err = { .kind = ERR_NONE };
	struct webhooks wanted;

	arena_init(&arena, OBJECT_MEMORY);
	if (!is_guards(kept_parse(k, false, &arena), &target))
		return false;
	if (webhooks_of(p->set, &arena, &wanted, &err) < 0 ||
	    webhooks_compare(&wanted, &target, k->text, &arena, &report, &err) < 0)
		outcome_unknown(p, CHECK_GUARD, "its configuration cannot be compared: %s",
				err.msg);
	tell_entry(&d);
	return true;
}

void scan_judge_admission(struct posture *p)
{
	bool guarded = false;

	word_list_sort(&p->backed);
	for (const struct kept *k = p->webhooks.first; k; k = k->next) {
		judge_configuration(p, k);
		guarded = judge_guard(p, k) || guarded;
	}
	for (const struct kept *k = p->policies.first; k; k = k->next)
		if (str_is(k->gvk.kind, "MutatingAdmissionPolicy"))
			judge_mutating_policy(p, k);
	judge_cni_guard(p);
	if (!guarded && p->sources[SRC_VALIDATING].got == GOT_WHOLE)
		outcome_not_applicable(p, CHECK_GUARD, "oke-guard is not installed as a webhook");
}
