/* SPDX-License-Identifier: Apache-2.0
 * check_entries.c - the webhook configuration: what policies ask for and how little of it, what
 * linters of other projects would say of it, and what a comparison with a live one says.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "oke/webhooks.h"
#include "policy/catalogue/catalogue.h"
#include "tests/unit/judged.h"
#include "tests/unit/suite.h"

#define RULE "{name: r, operations: [UPDATE, DELETE], tier: unsupported}"

/* ---- a set from one policy's objects and rules ---- */

#define FOLDER "/tmp/oke-guard-webhooks-XXXXXX"

static char folder[sizeof FOLDER]; /* of the test that runs */

static const char *write_file(const char *name, const char *text)
{
	static char path[2][128];
	static size_t turn;
	char *p = path[turn++ % 2];
	FILE *f;

	snprintf(p, sizeof path[0], "%s/%s", folder, name);
	ck_assert_ptr_nonnull(f = fopen(p, "we"));
	fputs(text, f);
	fclose(f);
	return p;
}

/* NULL: it was refused. What was said is the caller's. */
static struct policy_set *load_said(const char *objects, const char *rules, const char *config,
				    bool builtin, char **text)
{
	char policy[4096], guard[4096];
	struct policy_report report;
	struct judged_said said;
	struct policy_set *set;
	const char *paths[1];
	struct policy_source src = { .paths = paths, .no_builtin = !builtin };

	snprintf(
		policy, sizeof policy,
		"apiVersion: oke-guard.internal/v1\nkind: SupportPolicy\nmetadata: {name: p}\n"
		"spec:\n  title: t\n  docs: https://example.com/\n  objects: [%s]\n  rules: [%s]\n",
		objects, rules);
	snprintf(guard, sizeof guard,
		 "apiVersion: oke-guard.internal/v1\nkind: GuardConfig\nmetadata: {name: g}\n"
		 "spec: {%s}\n",
		 config);
	if (objects) {
		paths[0] = write_file("policy.yaml", policy);
		src.paths_n = 1;
	}
	src.config = write_file("guard.yaml", guard);
	said_start(&said, &report);
	set = policy_set_new(&src, &report);
	*text = said_end(&said);
	return set;
}

static struct policy_set *load(const char *objects, const char *rules, const char *config,
			       bool builtin)
{
	char *text;
	struct policy_set *set = load_said(objects, rules, config, builtin, &text);

	ck_assert_msg(set, "%s", text);
	free(text);
	return set;
}

static void setup(void)
{
	memcpy(folder, FOLDER, sizeof folder);
	ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void teardown(void)
{
	char command[256];

	snprintf(command, sizeof command, "rm -r %s", folder);
	ck_assert_int_eq(system(command), 0); /* NOLINT(cert-env33-c): our own folder */
}

/* ---- entries in short: a line an entry, its rules behind it ---- */

static void put_list(struct text *out, const struct strings *s)
{
	for (size_t i = 0; i < s->n; i++)
		text_printf(out, "%s%.*s", i ? "," : "", STR_ARG(s->v[i]));
}

static void put_short(struct text *out, const struct webhook *w)
{
	text_printf(out, "%.*s%s%s", STR_ARG(w->name), w->fail ? " FAIL" : "",
		    w->namespaces.n ? w->except_namespaces ? " not " : " in " : "");
	put_list(out, &w->namespaces);
	for (size_t i = 0; i < w->rules_n; i++) {
		const struct webhook_rule *r = &w->rules[i];

		text_puts(out, " | ");
		put_list(out, &r->groups);
		text_puts(out, r->groups.n == 1 && !r->groups.v[0].n ? "core " : " ");
		if (r->versions.n > 1 || !str_is(r->versions.v[0], "*")) {
			put_list(out, &r->versions);
			text_puts(out, " ");
		}
		text_printf(out, "%s%s%s%s %s ", r->operations & OP_CREATE ? "C" : "",
			    r->operations & OP_UPDATE ? "U" : "",
			    r->operations & OP_DELETE ? "D" : "",
			    r->operations & OP_CONNECT ? "X" : "", webhook_scope_name(r->scope));
		put_list(out, &r->resources);
	}
	text_puts(out, "\n");
}

#define DEPLOYMENT "{group: apps, resource: deployments, namespace: "

/* spec.behavior.*.tolerance: alpha in 1.33, beta in 1.35 (gate HPAConfigurableTolerance). */
#define AUTOSCALERS "{group: autoscaling, resource: horizontalpodautoscalers}"
#define ALPHA_FIELDS                                                                               \
	"{name: r, operations: [UPDATE], features: {stages: [alpha], uses: [field]}, tier: "       \
	"unsupported}"
#define ASKED_OF_AUTOSCALERS "alpha.oke-guard.internal | autoscaling U * horizontalpodautoscalers\n"

static const struct webhooks_row {
	const char *name, *objects, *rules, *config, *want;
} rows[] = {
	{ "one kind in one namespace", DEPLOYMENT "kube-system, names: [a]}", RULE, "",
	  "support.oke-guard.internal in kube-system | apps UD Namespaced deployments\n" },
	{ "names are not filtered, kinds are joined",
	  DEPLOYMENT "a, names: [x]}, " DEPLOYMENT "a, namePrefix: q}, {group: apps, resource: "
		     "daemonsets, namespace: a}",
	  RULE, "",
	  "support.oke-guard.internal in a | apps UD Namespaced daemonsets,deployments\n" },
	{ "namespaces with the same table share an entry", DEPLOYMENT "b}, " DEPLOYMENT "a}", RULE,
	  "", "support.oke-guard.internal in a,b | apps UD Namespaced deployments\n" },
	{ "others have their own, that of kube-system the short name",
	  DEPLOYMENT "a}, {group: \"\", resource: services, namespace: kube-system}", RULE, "",
	  "support.oke-guard.internal in kube-system | core UD Namespaced services\n"
	  "a.support.oke-guard.internal in a | apps UD Namespaced deployments\n" },
	{ "objects without a namespace",
	  DEPLOYMENT "a}, {group: \"\", resource: nodes}, {group: x.io, resource: things}", RULE,
	  "",
	  "support.oke-guard.internal in a | apps UD Namespaced deployments\n"
	  "support-cluster.oke-guard.internal | core UD Cluster nodes | x.io UD * things\n" },
	{ "those alone", "{group: \"\", resource: namespaces, names: [x]}", RULE, "",
	  "support.oke-guard.internal | core UD Cluster namespaces\n" },
	{ "a kind of any namespace, and of one by name",
	  "{group: apps, resource: deployments, names: [w]}, " DEPLOYMENT
	  "kube-system}, {group: \"\", resource: secrets, namespace: kube-system}",
	  RULE, "",
	  "support.oke-guard.internal in kube-system | core UD Namespaced secrets | apps UD "
	  "Namespaced deployments\n"
	  "support-elsewhere.oke-guard.internal not kube-system | apps UD * deployments\n" },
	{ "a kind of any namespace, another of one",
	  "{group: apps, resource: deployments}, "
	  "{group: \"\", resource: secrets, namespace: kube-system}",
	  RULE, "",
	  "support.oke-guard.internal in kube-system | core UD Namespaced secrets\n"
	  "support-cluster.oke-guard.internal | apps UD * deployments\n" },
	{ "subresources that the kind has",
	  DEPLOYMENT "a}, {group: \"\", resource: configmaps, namespace: a}",
	  "{name: r, operations: [UPDATE], subresources: [\"\", scale, status], tier: unsupported}",
	  "",
	  "support.oke-guard.internal in a | core U Namespaced configmaps | apps U Namespaced "
	  "deployments,deployments/scale,deployments/status\n" },
	{ "a custom resource may have each", "{group: x.io, resource: things, namespace: a}",
	  "{name: r, operations: [UPDATE], subresources: [scale, status], tier: unsupported}", "",
	  "support.oke-guard.internal in a | x.io U Namespaced things/scale,things/status\n" },
	{ "a rule's objects narrow it", DEPLOYMENT "a}, " DEPLOYMENT "b}",
	  "{name: r, operations: [DELETE], objects: [" DEPLOYMENT "b}], tier: unsupported}", "",
	  "support.oke-guard.internal in b | apps D Namespaced deployments\n" },
	{ "what only allows is not asked for", DEPLOYMENT "a}",
	  "{name: ok, operations: [CREATE], tier: supported}, " RULE, "",
	  "support.oke-guard.internal in a | apps UD Namespaced deployments\n" },
	{ "what is allowed whatever it is", DEPLOYMENT "a}",
	  "{name: ok, operations: [DELETE], objects: [" DEPLOYMENT "a}], tier: supported}, " RULE,
	  "", "support.oke-guard.internal in a | apps U Namespaced deployments\n" },
	{ "what is allowed to some identities is asked for", DEPLOYMENT "a}",
	  "{name: ok, operations: [DELETE], identities: [guardAdmins], objects: [" DEPLOYMENT
	  "a}], tier: supported}, " RULE,
	  "", "support.oke-guard.internal in a | apps UD Namespaced deployments\n" },
	{ "what is allowed to all but some is asked for", DEPLOYMENT "a}",
	  "{name: ok, operations: [DELETE], notIdentities: [guardAdmins], objects: [" DEPLOYMENT
	  "a}], tier: supported}, " RULE,
	  "", "support.oke-guard.internal in a | apps UD Namespaced deployments\n" },
	{ "what is allowed of some objects is asked for", DEPLOYMENT "a}",
	  "{name: ok, operations: [DELETE], when: [{path: $name, in: [x]}], objects: [" DEPLOYMENT
	  "a}], tier: supported}, " RULE,
	  "", "support.oke-guard.internal in a | apps UD Namespaced deployments\n" },
	{ "what is allowed of some clusters is asked for", DEPLOYMENT "a}",
	  "{name: ok, operations: [DELETE], cluster: {cni: [flannel]}, objects: [" DEPLOYMENT
	  "a}], tier: supported}, " RULE,
	  "", "support.oke-guard.internal in a | apps UD Namespaced deployments\n" },
	{ "what is allowed of some changes is asked for", DEPLOYMENT "a}",
	  "{name: ok, operations: [UPDATE], changed: [spec.a], objects: [" DEPLOYMENT
	  "a}], tier: supported}, " RULE,
	  "", "support.oke-guard.internal in a | apps UD Namespaced deployments\n" },
	{ "what is allowed in one namespace is asked for in another",
	  DEPLOYMENT "a}, " DEPLOYMENT "b}",
	  "{name: ok, operations: [DELETE], objects: [" DEPLOYMENT "b}], tier: supported}, " RULE,
	  "",
	  "support.oke-guard.internal in a | apps UD Namespaced deployments\n"
	  "b.support.oke-guard.internal in b | apps U Namespaced deployments\n" },
	{ "what is allowed of one kind is asked for of another",
	  DEPLOYMENT "a}, {group: apps, resource: daemonsets, namespace: a}",
	  "{name: ok, operations: [DELETE], objects: [" DEPLOYMENT "a}], tier: supported}, " RULE,
	  "",
	  "support.oke-guard.internal in a | apps U Namespaced deployments | apps UD Namespaced "
	  "daemonsets\n" },
	{ "what is allowed of some names is asked for of others", DEPLOYMENT "a}",
	  "{name: ok, operations: [DELETE], objects: [" DEPLOYMENT
	  "a, namePrefix: q}], tier: supported}, " RULE,
	  "", "support.oke-guard.internal in a | apps UD Namespaced deployments\n" },
	{ "and of other labels", DEPLOYMENT "a}",
	  "{name: ok, operations: [DELETE], objects: [" DEPLOYMENT
	  "a, labels: {k: v}}], tier: supported}, " RULE,
	  "", "support.oke-guard.internal in a | apps UD Namespaced deployments\n" },
	{ "unless the configuration says more of it", DEPLOYMENT "a}",
	  "{name: ok, operations: [CREATE], tier: supported}, " RULE,
	  "overrides: [{rule: p/ok, action: audit}]",
	  "support.oke-guard.internal in a | apps CUD Namespaced deployments\n" },
	{ "an override to allow", DEPLOYMENT "a}", RULE, "overrides: [{rule: p/*, action: allow}]",
	  "" },
	{ "a rule whose facts do not hold", DEPLOYMENT "a}",
	  "{name: r, operations: [DELETE], cluster: {cni: [custom]}, tier: unsupported}", "", "" },
	{ "a set without members", DEPLOYMENT "a}",
	  "{name: r, operations: [DELETE], identities: [s], tier: unsupported}",
	  "identities: {sets: {s: {}}}", "" },
	{ "notIdentities of a set without members", DEPLOYMENT "a}",
	  "{name: r, operations: [DELETE], notIdentities: [guardAdmins], tier: unsupported}", "",
	  "" },
	{ "what is never sent",
	  "{group: coordination.k8s.io, resource: leases, namespace: a}, "
	  "{group: \"\", resource: endpoints, namespace: a}, {group: discovery.k8s.io, resource: "
	  "endpointslices}, {group: events.k8s.io, resource: events}, {group: \"\", resource: "
	  "events}, {group: authentication.k8s.io, resource: tokenreviews}, {group: "
	  "authorization.k8s.io, resource: subjectaccessreviews}, {group: "
	  "admissionregistration.k8s.io, resource: validatingwebhookconfigurations}",
	  RULE, "", "" },
	{ "endpoints by name in one namespace",
	  "{group: \"\", resource: endpoints, namespace: a, names: [x]}", RULE, "",
	  "support-endpoints.oke-guard.internal in a | core UD Namespaced endpoints\n" },
	{ "endpoints of one namespace, and slices of any",
	  "{group: \"\", resource: endpoints, namespace: a, names: [x]}, {group: "
	  "discovery.k8s.io, resource: endpointslices, labels: {k: v}}",
	  RULE, "",
	  "support-endpoints.oke-guard.internal | core UD Namespaced endpoints | discovery.k8s.io UD "
	  "* endpointslices\n" },
	{ "accounts that the guard trusts are in few namespaces",
	  "{group: \"\", resource: serviceaccounts}",
	  "{name: r, operations: [CREATE], subresources: [token], when: [{path: $name, in: "
	  "[$exemptServiceAccounts]}], tier: unsupported}",
	  "identities: {exempt: {serviceAccounts: [flux/f]}}",
	  "support.oke-guard.internal in flux,kube-system | core C Namespaced "
	  "serviceaccounts/token\n" },
	{ "exec", "{group: \"\", resource: pods, namespace: a}",
	  "{name: r, operations: [CONNECT], subresources: [exec], tier: unsupported}", "",
	  "support.oke-guard.internal in a | core X Namespaced pods/exec\n" },
	{ "gates in one namespace's ConfigMaps",
	  "{group: \"\", resource: configmaps, namespace: a}",
	  "{name: r, operations: [CREATE, UPDATE], features: {stages: [alpha], uses: [gate]}, "
	  "tier: unsupported}",
	  "", "alpha.oke-guard.internal in a | core CU Namespaced configmaps\n" },
	{ "alpha versions of one group", "{group: resource.k8s.io, resource: \"*\"}",
	  "{name: r, operations: [CREATE], features: {stages: [alpha], uses: [version]}, tier: "
	  "unsupported}",
	  "",
	  "alpha.oke-guard.internal | resource.k8s.io v1alpha1,v1alpha2,v1alpha3,v2alpha1 C * "
	  "*\n" },
	{ "alpha versions of a group and of a resource in it",
	  "{group: resource.k8s.io, resource: \"*\"}, {group: resource.k8s.io, resource: "
	  "resourceclaims}",
	  "{name: r, operations: [CREATE], features: {stages: [alpha], uses: [version]}, tier: "
	  "unsupported}",
	  "",
	  "alpha.oke-guard.internal | resource.k8s.io v1alpha1,v1alpha2,v1alpha3,v2alpha1 C * "
	  "*\n" },
	{ "alpha versions in a group whose leases are never sent",
	  "{group: coordination.k8s.io, resource: leases}, {group: coordination.k8s.io, resource: "
	  "leasecandidates}",
	  "{name: r, operations: [CREATE], features: {stages: [alpha], uses: [version]}, tier: "
	  "unsupported}",
	  "",
	  "alpha.oke-guard.internal | coordination.k8s.io v1alpha1,v1alpha2 C * leasecandidates\n" },
	{ "a kind without anything alpha", "{group: networking.k8s.io, resource: ingresses}",
	  "{name: r, operations: [CREATE], features: {stages: [alpha], uses: [field]}, tier: "
	  "unsupported}",
	  "cluster: {kubernetes: \"1.36\"}", "" },
	{ "a key that may stand on it", "{group: networking.k8s.io, resource: ingresses}",
	  "{name: r, operations: [CREATE], features: {stages: [alpha], uses: [key]}, tier: "
	  "unsupported}",
	  "cluster: {kubernetes: \"1.36\"}",
	  "alpha-keys.oke-guard.internal | networking.k8s.io C * ingresses\n" },
	{ "a field that was alpha until 1.34", AUTOSCALERS, ALPHA_FIELDS,
	  "cluster: {kubernetes: \"1.34\"}", ASKED_OF_AUTOSCALERS },
	{ "a field that is no longer alpha in 1.37", AUTOSCALERS, ALPHA_FIELDS,
	  "cluster: {kubernetes: \"1.37\"}", "" },
	{ "a field that is alpha in some version, and the cluster's not known", AUTOSCALERS,
	  ALPHA_FIELDS, "", ASKED_OF_AUTOSCALERS },
	{ "alpha by version and by field",
	  "{group: coordination.k8s.io, resource: leasecandidates}",
	  "{name: r, operations: [UPDATE], features: {stages: [alpha], uses: [field, version]}, "
	  "tier: unsupported}",
	  "cluster: {kubernetes: \"1.32\"}",
	  "alpha.oke-guard.internal | coordination.k8s.io U * leasecandidates\n" },
	{ "marked failClosed", DEPLOYMENT "a, names: [x, z]}", RULE, "failClosed: [p/r]",
	  "support.oke-guard.internal in a | apps UD Namespaced deployments\n"
	  "required.oke-guard.internal FAIL in a | apps UD Namespaced deployments\n" },
	{ "of several rules only those that deny", DEPLOYMENT "a, names: [x]}",
	  "{name: d, operations: [DELETE], tier: unsupported}, {name: w, operations: [UPDATE], "
	  "tier: best-effort}",
	  "failClosed: [p/*]",
	  "support.oke-guard.internal in a | apps UD Namespaced deployments\n"
	  "required.oke-guard.internal FAIL in a | apps D Namespaced deployments\n" },
};

START_TEST(policies_ask)
{
	const struct webhooks_row *r = &rows[_i];
	struct policy_set *set = load(r->objects, r->rules, r->config, false);
	scoped(arena_end) struct arena arena;
	struct webhooks made;
	struct text out;
	struct err err;

	arena_init(&arena, MEMORY);
	text_init(&out, &arena, 1u << 16);
	ck_assert_int_eq(webhooks_of(set, &arena, &made, &err), 0);
	for (size_t i = 0; i < made.n; i++)
		put_short(&out, &made.v[i]);
	ck_assert_msg(str_is(text_get(&out), r->want), "%s:\n%.*swant:\n%s", r->name,
		      STR_ARG(text_get(&out)), r->want);
	policy_set_unref(set);
}
END_TEST

/* ---- what linters look for ---- */

/*
 * Gardener's list of resources that a webhook must not hold up, and clusterlint's rules. namespace
 * NULL: cluster-wide, or of any namespace.
 */
static const struct critical {
	const char *group, *resource, *namespace;
} criticals[] = {
	{ "", "pods", "kube-system" },
	{ "", "pods/status", "kube-system" },
	{ "", "configmaps", "kube-system" },
	{ "", "secrets", "kube-system" },
	{ "", "serviceaccounts", "kube-system" },
	{ "", "services", "kube-system" },
	{ "", "endpoints", "kube-system" },
	{ "apps", "daemonsets", "kube-system" },
	{ "apps", "deployments", "kube-system" },
	{ "apps", "deployments/scale", "kube-system" },
	{ "apps", "replicasets", "kube-system" },
	{ "apps", "controllerrevisions", "kube-system" },
	{ "networking.k8s.io", "networkpolicies", "kube-system" },
	{ "rbac.authorization.k8s.io", "roles", "kube-system" },
	{ "rbac.authorization.k8s.io", "rolebindings", "kube-system" },
	{ "", "nodes", NULL },
	{ "", "nodes/status", NULL },
	{ "", "namespaces", NULL },
	{ "rbac.authorization.k8s.io", "clusterroles", NULL },
	{ "rbac.authorization.k8s.io", "clusterrolebindings", NULL },
	{ "apiextensions.k8s.io", "customresourcedefinitions", NULL },
	{ "apiregistration.k8s.io", "apiservices", NULL },
	{ "certificates.k8s.io", "certificatesigningrequests", NULL },
	{ "certificates.k8s.io", "certificatesigningrequests/approval", NULL },
	{ "scheduling.k8s.io", "priorityclasses", NULL },
	{ "", "services", "default" },
	{ "", "endpoints", "default" },
};

/* What none of ours may catch, however it fails: a timeout of 3 s is asked for there. */
static const struct critical never[] = {
	{ "coordination.k8s.io", "leases", NULL },
	{ "", "events", NULL },
	{ "events.k8s.io", "events", NULL },
	{ "", "endpoints", NULL },
	{ "discovery.k8s.io", "endpointslices", NULL },
	{ "authentication.k8s.io", "tokenreviews", NULL },
	{ "authentication.k8s.io", "selfsubjectreviews", NULL },
	{ "authorization.k8s.io", "subjectaccessreviews", NULL },
	{ "authorization.k8s.io", "selfsubjectaccessreviews", NULL },
	{ "admissionregistration.k8s.io", "validatingwebhookconfigurations", NULL },
};

static bool list_takes(const struct strings *list, const char *s)
{
	for (size_t i = 0; i < list->n; i++)
		if (str_is(list->v[i], s) || str_is(list->v[i], "*"))
			return true;
	return false;
}

/* As the linters do: by group, resource and namespace, not by version or matchConditions. */
static bool catches(const struct webhook *w, const struct critical *c)
{
	bool in = !w->namespaces.n || !c->namespace ||
		  list_takes(&w->namespaces, c->namespace) != w->except_namespaces;

	for (size_t i = 0; i < w->rules_n && in; i++)
		if (list_takes(&w->rules[i].groups, c->group) &&
		    list_takes(&w->rules[i].resources, c->resource))
			return true;
	return false;
}

static struct policy_set *builtin_webhooks(const char *config, struct arena *arena,
					   struct webhooks *out)
{
	struct policy_set *set = load(NULL, "", config, true);
	struct err err;

	arena_init(arena, MEMORY);
	ck_assert_int_eq(webhooks_of(set, arena, out, &err), 0);
	ck_assert_uint_gt(out->n, 2);
	return set;
}

static void set_end(struct policy_set **set)
{
	policy_set_unref(*set);
}

/* Endpoints are sent of guarded Services alone: a condition says so. */
static bool is_narrowed(const struct webhook *w, const char *resource)
{
	return (!strcmp(resource, "endpoints") || !strcmp(resource, "endpointslices")) &&
	       str_is(w->name, "support-endpoints.oke-guard.internal") && w->conditions_n == 5 &&
	       str_is(w->conditions[4].name, "of-a-guarded-service");
}

/* Nothing to remediate: each may fail, none waits long, and none is on the cluster's own pulse. */
START_TEST(linters_find_nothing)
{
	scoped(set_end) struct policy_set *set = NULL;
	scoped(arena_end) struct arena arena;
	struct webhooks made;

	set = builtin_webhooks("", &arena, &made);
	ck_assert_uint_le(WEBHOOKS_TIMEOUT, 3);
	ck_assert_uint_ge(WEBHOOKS_TIMEOUT, 1);
	for (size_t i = 0; i < made.n; i++) {
		ck_assert(!made.v[i].fail);
		for (size_t k = 0; k < sizeof never / sizeof *never; k++)
			ck_assert_msg(!catches(&made.v[i], &never[k]) ||
					      is_narrowed(&made.v[i], never[k].resource),
				      "%.*s catches %s", STR_ARG(made.v[i].name),
				      never[k].resource);
	}
}
END_TEST

static bool wild_among_others(const struct strings *list)
{
	return list->n > 1 && list_takes(list, "*");
}

/* As the API server's validation has it (pkg/apis/admissionregistration/validation). */
static void check_rule(const struct webhook *w, const struct webhook_rule *r)
{
	const char *slash;

	ck_assert(r->groups.n && r->versions.n && r->resources.n && r->operations);
	ck_assert_msg(!wild_among_others(&r->groups) && !wild_among_others(&r->versions),
		      "%.*s: '*' beside others, with %.*s", STR_ARG(w->name),
		      STR_ARG(r->resources.v[0]));
	for (size_t i = 0; i < r->resources.n && list_takes(&r->resources, "*"); i++) {
		slash = memchr(r->resources.v[i].s, '/', r->resources.v[i].n);
		ck_assert(slash || r->resources.n == 1);
	}
}

/* Of every version of Kubernetes that is known, and of none: 0. */
START_TEST(the_api_server_takes_the_rules)
{
	scoped(set_end) struct policy_set *set = NULL;
	scoped(arena_end) struct arena arena;
	struct webhooks made;
	char config[64] = "";

	if (_i)
		snprintf(config, sizeof config, "cluster: {kubernetes: \"1.%d\"}", _i);
	set = builtin_webhooks(config, &arena, &made);
	for (size_t i = 0; i < made.n; i++)
		for (size_t k = 0; k < made.v[i].rules_n; k++)
			check_rule(&made.v[i], &made.v[i].rules[k]);
}
END_TEST

/*
 * What fails closed is flagged where the user marked it, and nowhere else: here the Deployment, its
 * scale, the account and the roles of CoreDNS, and each of these by its name alone.
 */
START_TEST(fail_closed_is_narrow)
{
	static const char *const marked[] = { "deployments", "deployments/scale", "serviceaccounts",
					      "clusterroles", "clusterrolebindings" };
	scoped(set_end) struct policy_set *set = NULL;
	scoped(arena_end) struct arena arena;
	struct webhooks made;
	size_t required = 0, flagged = 0;

	set = builtin_webhooks("failClosed: [coredns/*]", &arena, &made);
	for (size_t i = 0; i < made.n; i++) {
		const struct webhook *w = &made.v[i];
		struct str last = w->conditions[w->conditions_n - 1].expression;

		if (!w->fail)
			continue;
		required++;
		ck_assert(str_is(w->name, "required.oke-guard.internal"));
		for (size_t k = 0; k < sizeof criticals / sizeof *criticals; k++) {
			bool mine = false;

			if (!catches(w, &criticals[k]))
				continue;
			flagged++;
			for (size_t m = 0; m < sizeof marked / sizeof *marked; m++)
				mine |= !strcmp(marked[m], criticals[k].resource);
			ck_assert_msg(mine, "%s is caught", criticals[k].resource);
		}
		for (size_t k = 0; k < sizeof never / sizeof *never; k++)
			ck_assert(!catches(w, &never[k]));
		ck_assert(memmem(last.s, last.n, "name in ['coredns']", 19));
		ck_assert(!memmem(last.s, last.n, "kube-dns-autoscaler", 19));
	}
	ck_assert_uint_eq(required, 1);
	ck_assert_uint_eq(flagged, 5);
}
END_TEST

/* What a dead guard refuses, and of whom: the conditions behind those that every entry has. */
static const struct required_row {
	const char *name, *objects, *rules, *config;
	const char *conditions; /* their names */
	const char *want;       /* the last one, from the object on */
} required_rows[] = {
	{ "of a customer alone", DEPLOYMENT "a, names: [x, z]}", RULE, "failClosed: [p/r]",
	  "a-customer a-named-object ",
	  "(request.resource.group == 'apps' && request.resource.resource == 'deployments' && "
	  "(has(request.subResource) ? request.subResource : '') in [''] && request.operation in "
	  "['UPDATE', 'DELETE'] && (has(request.namespace) ? request.namespace : '') == 'a' && "
	  "name in ['x', 'z']))" },
	{ "of no exempt user", DEPLOYMENT "a, names: [x]}", RULE,
	  "failClosed: [p/r], identities: {exempt: {users: [u]}}",
	  "not-exempted a-customer a-named-object ", "name in ['x']))" },
	{ "of no exempt group", DEPLOYMENT "a, names: [x]}", RULE,
	  "failClosed: [p/r], identities: {exempt: {groups: [g]}}",
	  "not-exempted a-customer a-named-object ", "name in ['x']))" },
	{ "of no exempt account", DEPLOYMENT "a, names: [x]}", RULE,
	  "failClosed: [p/r], identities: {exempt: {serviceAccounts: [n/s]}}",
	  "not-exempted a-customer a-named-object ", "name in ['x']))" },
	{ "of the names that policy and rule share", DEPLOYMENT "a, names: [k, l]}",
	  "{name: r, operations: [UPDATE], objects: [" DEPLOYMENT
	  "a, names: [l, m]}], tier: unsupported}",
	  "failClosed: [p/r]", "a-customer a-named-object ", "name in ['l']))" },
	{ "of no object that is another rule's",
	  DEPLOYMENT "a, names: [x]}, " DEPLOYMENT "a, names: [l]}",
	  "{name: r, operations: [UPDATE], objects: [" DEPLOYMENT
	  "a, names: [x]}], tier: unsupported}",
	  "failClosed: [p/r]", "a-customer a-named-object ", "name in ['x']))" },
	{ "of every operation", DEPLOYMENT "a, names: [x]}",
	  "{name: r, operations: [CREATE, UPDATE, DELETE], tier: unsupported}", "failClosed: [p/r]",
	  "a-customer a-named-object ",
	  "request.operation in ['CREATE', 'UPDATE', 'DELETE'] && (has(request.namespace) ? "
	  "request.namespace : '') == 'a' && name in ['x']))" },
	{ "what two rules refuse, once", DEPLOYMENT "a, names: [x]}",
	  "{name: q, operations: [UPDATE], changed: [spec.x], tier: unsupported}, {name: r, "
	  "operations: [UPDATE], changed: [spec.y], tier: unsupported}",
	  "failClosed: [p/*]", "a-customer a-named-object ",
	  "exists(name, (request.resource.group == 'apps' && request.resource.resource == "
	  "'deployments' && (has(request.subResource) ? request.subResource : '') in [''] && "
	  "request.operation in ['UPDATE'] && (has(request.namespace) ? request.namespace : '') == "
	  "'a' && name in ['x']))" },
	{ "and what a third one does", DEPLOYMENT "a, names: [x]}",
	  "{name: q, operations: [DELETE], tier: unsupported}, {name: r, operations: [UPDATE], "
	  "changed: [spec.x], tier: unsupported}, {name: s, operations: [UPDATE], changed: "
	  "[spec.y], tier: unsupported}",
	  "failClosed: [p/*]", "a-customer a-named-object ",
	  "in ['DELETE'] && (has(request.namespace) ? request.namespace : '') == 'a' && name in "
	  "['x']) || (request.resource.group == 'apps' && request.resource.resource == "
	  "'deployments' && (has(request.subResource) ? request.subResource : '') in [''] && "
	  "request.operation in ['UPDATE'] && (has(request.namespace) ? request.namespace : '') == "
	  "'a' && name in ['x']))" },
};

START_TEST(a_dead_guard_refuses)
{
	const struct required_row *row = &required_rows[_i];
	struct policy_set *set = load(row->objects, row->rules, row->config, false);
	scoped(arena_end) struct arena arena;
	const struct webhook *w;
	struct webhooks made;
	struct text names;
	struct err err;
	struct str last;

	arena_init(&arena, MEMORY);
	text_init(&names, &arena, 1024);
	ck_assert_int_eq(webhooks_of(set, &arena, &made, &err), 0);
	w = &made.v[made.n - 1];
	ck_assert_msg(w->fail && w->conditions_n > 4, "%s: no entry", row->name);
	for (size_t i = 4; i < w->conditions_n; i++)
		text_printf(&names, "%.*s ", STR_ARG(w->conditions[i].name));
	ck_assert_msg(str_is(text_get(&names), row->conditions), "%s: %.*s", row->name,
		      STR_ARG(text_get(&names)));
	last = w->conditions[w->conditions_n - 1].expression;
	ck_assert_msg(last.n > strlen(row->want) &&
			      str_is(str_from(last, last.n - strlen(row->want)), row->want),
		      "%s: %.*s", row->name, STR_ARG(last));
	ck_assert_msg(!memmem(last.s, last.n, "in []", 5), "%s: %.*s", row->name, STR_ARG(last));
	policy_set_unref(set);
}
END_TEST

/* What a dead guard must not refuse cannot be marked, and it is said why. */
START_TEST(marks_that_are_refused)
{
	static const struct {
		const char *objects, *says;
	} t[] = {
		{ DEPLOYMENT "a}", "its object deployments has no exact \"names\"" },
		{ DEPLOYMENT "a, namePrefix: x}", "its object deployments has no exact \"names\"" },
		{ DEPLOYMENT "a, names: [x], labels: {k: v}}",
		  "its object deployments has no exact \"names\"" },
		{ DEPLOYMENT "a, names: [x]}, " DEPLOYMENT "b}",
		  "its object deployments has no exact \"names\"" },
		{ "{group: apps, resource: deployments, names: [x]}",
		  "its object deployments names no namespace" },
		{ DEPLOYMENT "oke-guard, names: [x]}", "in the guard's own namespace" },
		{ "{group: \"\", resource: pods, namespace: a, names: [x]}",
		  "the cluster cannot run without writes to pods" },
	};
	char *text;

	ck_assert_ptr_null(load_said(t[_i].objects, RULE, "failClosed: [p/r]", false, &text));
	ck_assert_msg(strstr(text, "failClosed cannot take \"p/r\": ") && strstr(text, t[_i].says),
		      "%s: %s", t[_i].objects, text);
	free(text);
}
END_TEST

/* A status is judged on metadata alone: of a rule about both, what can be asked for counts. */
START_TEST(rules_about_status)
{
	static const struct {
		const char *changed;
		bool fits;
	} t[] = {
		{ "metadata", true },
		{ "metadata.labels", true },
		{ "$metadata", true },
		{ "$content", false },
		{ "spec", false },
		{ "spec.metadata", false },
		{ "spec.x, spec.y", false },
		{ "spec.x, metadata.labels", true },
		{ "$content, $metadata", true },
	};
	char rule[256], *text;
	struct policy_set *set;

	snprintf(rule, sizeof rule,
		 "{name: r, operations: [UPDATE], subresources: [status], changed: [%s], tier: "
		 "unsupported}",
		 t[_i].changed);
	set = load_said(DEPLOYMENT "a}", rule, "", false, &text);
	ck_assert_msg((set != NULL) == t[_i].fits, "%s: %s", t[_i].changed, text);
	ck_assert_msg(
		set || strstr(text, "never fits: writes of status are judged on metadata alone"),
		"%s: %s", t[_i].changed, text);
	free(text);
	policy_set_unref(set);
}
END_TEST

/* ---- who is left out ---- */

START_TEST(conditions_leave_out_the_builtin_identities)
{
	static const char *const want[] = { "not-the-control-plane", "not-a-node",
					    "not-a-node-that-joins", "not-a-controller" };
	scoped(set_end) struct policy_set *set = NULL;
	scoped(arena_end) struct arena arena;
	struct webhooks made;

	/* What the configuration exempts is sent: a name in CEL would be one more place to err. */
	set = builtin_webhooks("identities: {exempt: {users: [robot]}}", &arena, &made);
	for (size_t i = 0; i < made.n; i++) {
		const struct webhook *w = &made.v[i];
		bool keys = str_is(w->name, "alpha-keys.oke-guard.internal") ||
			    str_is(w->name, "support-endpoints.oke-guard.internal");

		ck_assert_uint_eq(w->conditions_n, keys ? 5 : 4);
		for (size_t k = 0; k < w->conditions_n; k++) {
			struct str e = w->conditions[k].expression;

			ck_assert(k == 4 || str_is(w->conditions[k].name, want[k]));
			ck_assert(!memmem(e.s, e.n, "robot", 5));
			ck_assert(memmem(e.s, e.n, "has(", 4));
		}
	}
}
END_TEST

/* ---- comparing ---- */

static const struct webhooks_change {
	const char *name, *from, *to, *says; /* says "": no difference */
	enum webhooks_effect effect;         /* the gravest */
} changes[] = {
	{ "as it is", "", "", "", WEBHOOKS_MORE },
	{ "what the server fills in", "\"matchPolicy\"", "\"objectSelector\": {}, \"matchPolicy\"",
	  "", WEBHOOKS_MORE },
	{ "a port that is the default", ",\n          \"port\": 443", "", "", WEBHOOKS_MORE },
	{ "a star for all operations", "\"UPDATE\", \"DELETE\"", "\"*\"", "a.oke-guard: x",
	  WEBHOOKS_MORE },
	{ "other rows for the same", "[\"deployments\", \"deployments/scale\"]",
	  "[\"deployments/scale\", \"deployments\"]", "", WEBHOOKS_MORE },
	{ "a missing operation", "\"UPDATE\", \"DELETE\"", "\"UPDATE\"",
	  "no rule sends DELETE of apps/deployments (version *)", WEBHOOKS_BLIND },
	{ "a further resource", "[\"deployments\",", "[\"deployments\", \"daemonsets\",",
	  "a rule sends UPDATE, DELETE of apps/daemonsets (version *), which no policy needs",
	  WEBHOOKS_MORE },
	{ "a further group", "[\"apps\"]", "[\"apps\", \"batch\"]",
	  "a rule sends UPDATE, DELETE of batch/deployments/scale (version *), which no policy needs",
	  WEBHOOKS_MORE },
	{ "the core group beside it", "[\"apps\"]", "[\"apps\", \"\"]",
	  "a rule sends UPDATE, DELETE of core/deployments (version *), which no policy needs",
	  WEBHOOKS_MORE },
	{ "a further version is in all", "[\"*\"]", "[\"*\", \"v1\"]", "", WEBHOOKS_MORE },
	{ "one version instead of all", "[\"*\"]", "[\"v1\"]",
	  "no rule sends UPDATE, DELETE of apps/deployments (version *)", WEBHOOKS_BLIND },
	{ "another group", "[\"apps\"]", "[\"batch\"]",
	  "no rule sends UPDATE, DELETE of apps/deployments (version *)", WEBHOOKS_BLIND },
	{ "a missing subresource", ", \"deployments/scale\"", "",
	  "no rule sends UPDATE, DELETE of apps/deployments/scale (version *)", WEBHOOKS_BLIND },
	{ "a missing namespace", "\"kube-system\"", "\"default\"",
	  "namespaceSelector leaves out namespace kube-system", WEBHOOKS_BLIND },
	{ "another selector", "\"In\"", "\"Exists\"", "something else than namespaces' names",
	  WEBHOOKS_BLIND },
	{ "a further label", "\"matchExpressions\"",
	  "\"matchLabels\": {\"a\": \"b\"}, \"matchExpressions\"",
	  "something else than namespaces' names", WEBHOOKS_BLIND },
	{ "a further expression", "\"matchExpressions\": [",
	  "\"matchExpressions\": [{\"key\": \"a\", \"operator\": \"Exists\"},",
	  "something else than namespaces' names", WEBHOOKS_BLIND },
	{ "labels alone", "\"matchExpressions\"", "\"matchLabels\": {\"a\": \"b\"}, \"x\"",
	  "something else than namespaces' names", WEBHOOKS_BLIND },
	{ "an object selector", "\"matchPolicy\"",
	  "\"objectSelector\": {\"matchLabels\": {\"a\": \"b\"}}, \"matchPolicy\"",
	  "objectSelector leaves out objects", WEBHOOKS_BLIND },
	{ "a further condition", "\"matchConditions\": [",
	  "\"matchConditions\": [{\"name\": \"mine\", \"expression\": \"false\"},",
	  "matchCondition mine leaves out more", WEBHOOKS_BLIND },
	{ "a changed condition", "system:kube-scheduler", "ocid1.user.x",
	  "matchCondition not-the-control-plane leaves out more", WEBHOOKS_BLIND },
	{ "an entry of another name", "support.oke-guard.internal", "other.oke-guard.internal",
	  "the entry is missing", WEBHOOKS_BLIND },
	{ "it refuses", "\"Ignore\"", "\"Fail\"", "failurePolicy is Fail, not Ignore",
	  WEBHOOKS_LOCKS },
	{ "it refuses, unsaid", "\"failurePolicy\": \"Ignore\",", "",
	  "failurePolicy is Fail, not Ignore", WEBHOOKS_LOCKS },
	{ "it waits", "\"timeoutSeconds\": 2", "\"timeoutSeconds\": 10",
	  "timeoutSeconds is 10, not 2", WEBHOOKS_MORE },
	{ "the default wait", "\"timeoutSeconds\": 2,", "", "timeoutSeconds is 10, not 2",
	  WEBHOOKS_MORE },
	{ "another path", "/validate/support", "/validate",
	  "the service's path is /validate, not /validate/support", WEBHOOKS_BLIND },
	{ "another service", "\"name\": \"oke-guard\",\n          \"path\"",
	  "\"name\": \"x\", \"path\"", "the service's name is x, not oke-guard", WEBHOOKS_BLIND },
	{ "a URL", "\"service\": {", "\"url\": \"https://x/\", \"services\": {",
	  "is sent to https://x/, not to Service oke-guard/oke-guard", WEBHOOKS_BLIND },
	{ "another CA", "Q0E=", "Q0I=", "caBundle is another one", WEBHOOKS_BLIND },
	{ "no CA", "\"caBundle\": \"Q0E=\"", "\"a\": \"\"", "has no caBundle", WEBHOOKS_BLIND },
	{ "exact versions", "\"Equivalent\"", "\"Exact\"", "matchPolicy is Exact", WEBHOOKS_BLIND },
};

struct heard {
	char text[4096];
	enum webhooks_effect effect;
};

static void hear_difference(void *ctx, enum webhooks_effect effect, const char *text)
{
	struct heard *h = ctx;
	size_t n = strlen(h->text);

	snprintf(h->text + n, sizeof h->text - n, "%s\n", text);
	h->effect = effect > h->effect ? effect : h->effect;
}

static struct str replaced(struct str s, const char *from, const char *to, struct arena *arena)
{
	const char *at = *from ? memmem(s.s, s.n, from, strlen(from)) : s.s;
	struct text out;

	ck_assert_msg(at, "%s is not there", from);
	text_init(&out, arena, 1u << 20);
	text_add(&out, s.s, (size_t)(at - s.s));
	text_puts(&out, to);
	text_add(&out, at + strlen(from), s.n - (size_t)(at - s.s) - strlen(from));
	return text_get(&out);
}

static const struct webhook_target target = { .configuration = { "oke-guard", 9 },
					      .namespace = { "oke-guard", 9 },
					      .service = { "oke-guard", 9 },
					      .ca_bundle = { "CA", 2 } };

START_TEST(differences_are_said)
{
	const struct webhooks_change *c = &changes[_i];
	struct policy_set *set =
		load(DEPLOYMENT "kube-system}",
		     "{name: r, operations: [UPDATE, DELETE], subresources: [\"\", scale], tier: "
		     "unsupported}",
		     "", false);
	scoped(arena_end) struct arena arena;
	struct heard heard = { .text = "" };
	struct webhooks_report report = { .difference = hear_difference, .ctx = &heard };
	struct webhooks made;
	struct text live;
	struct err err;

	arena_init(&arena, MEMORY);
	text_init(&live, &arena, 1u << 20);
	ck_assert_int_eq(webhooks_of(set, &arena, &made, &err), 0);
	webhooks_print(&made, &target, WEBHOOKS_JSON, &live);
	ck_assert_int_eq(webhooks_compare(&made, &target,
					  replaced(text_get(&live), c->from, c->to, &arena), &arena,
					  &report, &err),
			 0);
	if (!strcmp(c->name, "a star for all operations"))
		ck_assert_msg(strstr(heard.text, "a rule sends CREATE, CONNECT of") &&
				      !heard.effect,
			      "%s", heard.text);
	else if (!*c->says)
		ck_assert_msg(!*heard.text && !report.differences, "%s: %s", c->name, heard.text);
	else
		ck_assert_msg(strstr(heard.text, c->says) && heard.effect == c->effect,
			      "%s: %s(effect %d)", c->name, heard.text, heard.effect);
	policy_set_unref(set);
}
END_TEST

/* A live rule of ten thousand rows, as a product of all three columns, is told as one. */
START_TEST(a_rule_of_many_rows)
{
	static const char *const columns[] = { "apiGroups", "apiVersions", "resources" };
	int names = _i ? 22 : 3; /* 22 * 22 * 22 = 10648 */
	struct policy_set *set = load(DEPLOYMENT "kube-system}", RULE, "", false);
	scoped(arena_end) struct arena arena;
	struct heard heard = { .text = "" };
	struct webhooks_report report = { .difference = hear_difference, .ctx = &heard };
	struct webhooks made;
	struct text live, rule;
	struct err err;

	arena_init(&arena, MEMORY);
	text_init(&live, &arena, 1u << 20);
	text_init(&rule, &arena, 1u << 20);
	ck_assert_int_eq(webhooks_of(set, &arena, &made, &err), 0);
	webhooks_print(&made, &target, WEBHOOKS_JSON, &live);
	text_puts(&rule, "\"rules\": [{");
	for (size_t c = 0; c < 3; c++) {
		text_printf(&rule, "\"%s\": [\"a\"", columns[c]);
		for (int i = 1; i < names; i++)
			text_printf(&rule, ", \"n%d\"", i);
		text_puts(&rule, "], ");
	}
	text_printf(&rule, "\"operations\": [\"CREATE\"]},%c", 0);
	ck_assert_int_eq(webhooks_compare(&made, &target,
					  replaced(text_get(&live), "\"rules\": [", rule.s, &arena),
					  &arena, &report, &err),
			 0);
	ck_assert_msg((strstr(heard.text, ": a rule sends more than any policy needs\n") != NULL) ==
			      _i,
		      "%s", heard.text);
	ck_assert_uint_eq(report.differences, _i ? 1 : 27);
	policy_set_unref(set);
}
END_TEST

START_TEST(the_builtin_configuration_is_itself)
{
	static const char *const broken[] = { "", "{", "[]", "{\"kind\": \"Secret\"}" };
	scoped(set_end) struct policy_set *set = NULL;
	scoped(arena_end) struct arena arena;
	struct heard heard = { .text = "" };
	struct webhooks_report report = { .difference = hear_difference, .ctx = &heard };
	struct webhooks made;
	struct text live, list;
	struct err err;

	set = builtin_webhooks("", &arena, &made);
	text_init(&live, &arena, WEBHOOKS_TEXT_MAX);
	text_init(&list, &arena, WEBHOOKS_TEXT_MAX);
	webhooks_print(&made, &target, WEBHOOKS_JSON, &live);
	webhooks_print_list(&made, &target, WEBHOOKS_JSON, &list);
	ck_assert(!live.full && !list.full && list.s[0] == '[');
	ck_assert_int_eq(webhooks_compare(&made, &target, text_get(&live), &arena, &report, &err),
			 0);
	ck_assert_msg(!report.differences, "%s", heard.text);
	/* The shell that the chart makes has no entry. */
	ck_assert_int_eq(webhooks_compare(&made, &target,
					  STR("{\"kind\": \"ValidatingWebhookConfiguration\"}"),
					  &arena, &report, &err),
			 0);
	ck_assert_uint_eq(report.blind, made.n);
	for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
		ck_assert_int_eq(
			webhooks_compare(&made, &target, str_of(broken[i]), &arena, &report, &err),
			-1);
}
END_TEST

/* Each limit of memory ends in an error or in the whole, never in half of it. */
START_TEST(memory_runs_out)
{
	struct policy_set *set = load(NULL, "", "failClosed: [coredns/*]", true);
	size_t whole = 0, n = 0;

	for (size_t limit = 0; limit < (2u << 20); limit += 37003) {
		scoped(arena_end) struct arena arena;
		struct webhooks made;
		struct err err = { .kind = ERR_NONE };

		arena_init(&arena, limit);
		if (webhooks_of(set, &arena, &made, &err) < 0) {
			ck_assert_int_eq(err.kind, ERR_LIMIT);
			ck_assert_uint_eq(made.n, 0);
			continue;
		}
		ck_assert(!whole || made.n == n);
		n = made.n;
		whole++;
	}
	ck_assert_uint_gt(whole, 0);
	policy_set_unref(set);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("webhooks");
	TCase *t = tcase_create("webhooks");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, policies_ask, 0, sizeof rows / sizeof *rows);
	tcase_add_loop_test(t, the_api_server_takes_the_rules, 0, 1);
	tcase_add_loop_test(t, the_api_server_takes_the_rules, CATALOGUE_MINOR_MIN,
			    (int)catalogue_minor_max + 1);
	tcase_add_test(t, linters_find_nothing);
	tcase_add_test(t, fail_closed_is_narrow);
	tcase_add_loop_test(t, a_dead_guard_refuses, 0,
			    sizeof required_rows / sizeof *required_rows);
	tcase_add_loop_test(t, marks_that_are_refused, 0, 7);
	tcase_add_loop_test(t, rules_about_status, 0, 9);
	tcase_add_test(t, conditions_leave_out_the_builtin_identities);
	tcase_add_loop_test(t, differences_are_said, 0, sizeof changes / sizeof *changes);
	tcase_add_loop_test(t, a_rule_of_many_rows, 0, 2);
	tcase_add_test(t, the_builtin_configuration_is_itself);
	tcase_add_test(t, memory_runs_out);
	suite_add_tcase(s, t);
	return run_suite(s);
}
