/* SPDX-License-Identifier: Apache-2.0
 * check_bound.c - what a request of which not all is known can come to: a row for each way that a
 * bound is found. JSON is written with ' for ".
 */
#include "tests/unit/policy/judge/set_of.h"

#include "oke/bound.h"
#include "tests/unit/suite.h"

#define MAP(more) "group: \"\", resource: configmaps, namespace: t" more
#define X         ", when: [{path: data.a, in: [x]}]"

static const char *const policies[] = {
	POLICY("made", RULE("r", "CREATE", "")),
	POLICY("madex", RULE("r", "CREATE", X)),
	POLICY("steps", RULE("low", "CREATE", ", action: audit" X) RULE("r", "CREATE", "")),
	POLICY("lowfirst", RULE("low", "CREATE", ", action: audit, notIdentities: [admins]")
				   RULE("r", "CREATE", "")),
	POLICY("others", RULE("low", "CREATE", ", action: audit, identities: [admins]")
				 RULE("r", "CREATE", "")),
	POLICY("lowlast", RULE("r", "CREATE", X) RULE("low", "CREATE", ", action: audit")),
	POLICY("gonex", RULE("r", "DELETE", X)),
	POLICY("wasx", RULE("r", "CREATE, UPDATE", ", when: [{path: data.a, in: [x], old: true}]")),
	POLICY("lost", RULE("r", "UPDATE", ", when: [{path: data.l, lost: true}]")),
	POLICY("inactive", RULE("r", "CREATE", ", cluster: {addons.CoreDNS.managed: [\"false\"]}")),
	POLICY("updated", RULE("r", "UPDATE", "")),
	POLICY("updatedx", RULE("r", "UPDATE", X)),
	POLICY("meta", RULE("r", "UPDATE", ", changed: [$metadata]")),
	POLICY("content", RULE("r", "UPDATE", ", changed: [$content]")),
	POLICY("place", RULE("r", "UPDATE", ", changed: [data.a.b, 'data.l[*].c']")),
	POLICY("allowed", "  - {name: r, operations: [CREATE], tier: supported}\n"),
	ABOUT("names", MAP(", names: [named]"), RULE("r", "CREATE, UPDATE, DELETE", "")),
	ABOUT("prefix", MAP(", namePrefix: pre-"), RULE("r", "CREATE", "")),
	ABOUT("labels", MAP(", names: [o], labels: {l: \"yes\"}"),
	      RULE("r", "CREATE, UPDATE, DELETE", "")),
	ABOUT("inprefix", MAP(", namePrefix: if-"),
	      RULE("r", "CREATE", ", when: [{path: $name, prefix: if-a}]")),
	ABOUT("rulelabels", MAP(", names: [narrow]"),
	      RULE("r", "CREATE",
		   ", objects: [{group: \"\", resource: configmaps, namespace: t, names: [narrow], "
		   "labels: {l: \"yes\"}}]")),
	ABOUT("morepods", "pods: true, namespace: u",
	      RULE("r", "CREATE, UPDATE", ", when: [{path: spec.nodeName, in: [x]}]")),
	ABOUT("pods", "pods: true, namespace: t",
	      RULE("r", "CREATE", ", when: [{path: spec.nodeName, in: [x]}]")),
	"---\napiVersion: oke-guard.internal/v1\nkind: GuardConfig\nmetadata: {name: c}\nspec:\n"
	"  identities: {sets: {admins: {groups: [admins]}}}\n",
	NULL
};

static struct policy_set *bound_set;

static void setup(void)
{
	bound_set = set_of(policies);
}

static void teardown(void)
{
	policy_set_unref(bound_set);
}

enum { ALLOWED = ACTION_ALLOW, NOTED = ACTION_AUDIT, WARNED = ACTION_WARN, DENIED = ACTION_DENY };

#define A(value) "{'data':{'a':" value "}}"
#define YES      "{'metadata':{'labels':{'l':'yes'}}}"
#define NO       "{'metadata':{'labels':{'l':'no'}}}"

static const struct bound_case {
	const char *why, *name; /* NULL: not known */
	enum operation operation;
	const char *object, *old; /* NULL: not known */
	const char *touched;      /* "metadata data.a.b"; NULL: anything */
	int least, most;
} rows[] = {
	{ "it is made", "made", OP_CREATE, NULL, NULL, NULL, DENIED, DENIED },
	{ "of no policy", "other", OP_CREATE, NULL, NULL, NULL, ALLOWED, ALLOWED },
	{ "another operation", "made", OP_UPDATE, NULL, NULL, NULL, ALLOWED, ALLOWED },
	{ "a tier that allows", "allowed", OP_CREATE, NULL, NULL, NULL, ALLOWED, ALLOWED },
	{ "the facts leave the rule out", "inactive", OP_CREATE, NULL, NULL, NULL, ALLOWED,
	  ALLOWED },
	{ "its content is asked", "madex", OP_CREATE, NULL, NULL, NULL, ALLOWED, DENIED },
	{ "it is so", "madex", OP_CREATE, A("'x'"), NULL, NULL, DENIED, DENIED },
	{ "it is not so", "madex", OP_CREATE, A("'y'"), NULL, NULL, ALLOWED, ALLOWED },
	{ "one rule or the next", "steps", OP_CREATE, NULL, NULL, NULL, NOTED, DENIED },
	{ "the first one", "steps", OP_CREATE, A("'x'"), NULL, NULL, NOTED, NOTED },
	{ "the next one", "steps", OP_CREATE, A("'y'"), NULL, NULL, DENIED, DENIED },
	{ "the first one takes all", "lowfirst", OP_CREATE, NULL, NULL, NULL, NOTED, NOTED },
	{ "the first one is about somebody else", "others", OP_CREATE, NULL, NULL, NULL, DENIED,
	  DENIED },
	{ "the last one takes what is left", "lowlast", OP_CREATE, NULL, NULL, NULL, NOTED,
	  DENIED },
	/* DELETE */
	{ "what is removed is not known", "gonex", OP_DELETE, NULL, NULL, NULL, ALLOWED, DENIED },
	{ "what is removed is so", "gonex", OP_DELETE, NULL, A("'x'"), NULL, DENIED, DENIED },
	{ "what is removed is not so", "gonex", OP_DELETE, NULL, A("'y'"), NULL, ALLOWED, ALLOWED },
	/* UPDATE */
	{ "it was so", "wasx", OP_UPDATE, NULL, A("'x'"), NULL, ALLOWED, DENIED },
	{ "it was not", "wasx", OP_UPDATE, NULL, A("'y'"), NULL, ALLOWED, ALLOWED },
	{ "nobody knows what it was", "wasx", OP_UPDATE, A("'y'"), NULL, NULL, ALLOWED, DENIED },
	{ "lost, of nothing known", "lost", OP_UPDATE, NULL, NULL, NULL, ALLOWED, DENIED },
	{ "lost, without the old one", "lost", OP_UPDATE, A("'y'"), NULL, NULL, ALLOWED, DENIED },
	{ "lost, without the new one", "lost", OP_UPDATE, NULL, A("'y'"), NULL, ALLOWED, DENIED },
	{ "nothing was lost", "lost", OP_UPDATE, A("'y'"), A("'z'"), NULL, ALLOWED, ALLOWED },
	{ "an update changes nothing, maybe", "updated", OP_UPDATE, "{}", "{}", NULL, ALLOWED,
	  DENIED },
	{ "an update that touches something", "updated", OP_UPDATE, NULL, NULL, "spec", ALLOWED,
	  DENIED },
	{ "an update that touches nothing", "updated", OP_UPDATE, NULL, NULL, "", ALLOWED,
	  ALLOWED },
	{ "an update of what is not so", "updatedx", OP_UPDATE, A("'y'"), NULL, NULL, ALLOWED,
	  ALLOWED },
	{ "metadata is not touched", "meta", OP_UPDATE, NULL, NULL, "data.a", ALLOWED, ALLOWED },
	{ "metadata is touched", "meta", OP_UPDATE, NULL, NULL, "data.a metadata.labels", ALLOWED,
	  DENIED },
	{ "metadata is no content", "content", OP_UPDATE, NULL, NULL, "metadata status", ALLOWED,
	  ALLOWED },
	{ "content", "content", OP_UPDATE, NULL, NULL, "metadata data", ALLOWED, DENIED },
	{ "the place", "place", OP_UPDATE, NULL, NULL, "data.a.b", ALLOWED, DENIED },
	{ "above the place", "place", OP_UPDATE, NULL, NULL, "data", ALLOWED, DENIED },
	{ "beside the place", "place", OP_UPDATE, NULL, NULL, "data.b", ALLOWED, ALLOWED },
	{ "beside it, deeper", "place", OP_UPDATE, NULL, NULL, "data.a.c", ALLOWED, ALLOWED },
	{ "the same below something else", "place", OP_UPDATE, NULL, NULL, "other.a.b", ALLOWED,
	  ALLOWED },
	{ "a list above the other place", "place", OP_UPDATE, NULL, NULL, "data.l", ALLOWED,
	  DENIED },
	{ "nothing but that is known", "place", OP_UPDATE, NULL, NULL, NULL, ALLOWED, DENIED },
	/* which object it is */
	{ "its name", "named", OP_CREATE, NULL, NULL, NULL, DENIED, DENIED },
	{ "any name", NULL, OP_CREATE, "{}", NULL, NULL, ALLOWED, DENIED },
	{ "the beginning of its name", "pre-a", OP_CREATE, NULL, NULL, NULL, DENIED, DENIED },
	{ "not that beginning", "post", OP_CREATE, NULL, NULL, NULL, ALLOWED, ALLOWED },
	{ "a condition on the name", "if-ab", OP_CREATE, NULL, NULL, NULL, DENIED, DENIED },
	{ "which does not hold", "if-b", OP_CREATE, NULL, NULL, NULL, ALLOWED, ALLOWED },
	{ "its labels are not known", "o", OP_DELETE, NULL, NULL, NULL, ALLOWED, DENIED },
	{ "it has the label", "o", OP_DELETE, NULL, YES, NULL, DENIED, DENIED },
	{ "it has not", "o", OP_DELETE, NULL, NO, NULL, ALLOWED, ALLOWED },
	{ "the new one has it", "o", OP_UPDATE, YES, NULL, NULL, ALLOWED, DENIED },
	{ "the new one has it not", "o", OP_UPDATE, NO, NULL, NULL, ALLOWED, DENIED },
	{ "the old one has it not", "o", OP_UPDATE, NULL, NO, NULL, ALLOWED, DENIED },
	{ "neither has it", "o", OP_UPDATE, NO, NO, NULL, ALLOWED, ALLOWED },
	{ "the rule asks for a label", "narrow", OP_CREATE, NULL, NULL, NULL, ALLOWED, DENIED },
	{ "which is there", "narrow", OP_CREATE, YES, NULL, NULL, DENIED, DENIED },
	{ "which is not", "narrow", OP_CREATE, NO, NULL, NULL, ALLOWED, ALLOWED },
};

/* "a.b c": two places. */
static void touched_of(const char *text, struct touched *out)
{
	*out = (struct touched){ .n = 0 };
	while (*text) {
		struct touched_place *at = &out->v[out->n++];

		do {
			size_t n = strcspn(text, ". ");

			at->steps[at->n++] = (struct str){ text, n };
			text += n;
		} while (*text == '.' && text++);
		text += *text == ' ';
	}
}

static struct request bound_request(const struct bound_case *c, struct arena *arena)
{
	struct request r = { .uid = STR("u"),
			     .operation = c->operation,
			     .kind = { STR(""), STR("v1"), STR("ConfigMap") },
			     .resource = { STR(""), STR("v1"), STR("configmaps") },
			     .subresource = STR(""),
			     .request_subresource = STR(""),
			     .namespace = STR("t"),
			     .name = str_of(c->name),
			     .user = { STR(CUSTOMER), NULL, 0 },
			     .object = with_quotes(c->object, arena),
			     .old_object = with_quotes(c->old, arena) };

	r.request_kind = r.kind;
	r.request_resource = r.resource;
	return r;
}

static struct bound bound_of(const struct policy_set *by, const struct request *r,
			     const char *places, struct arena *arena)
{
	struct touched touched;
	struct bound b;
	struct err err;

	touched_of(places ? places : "", &touched);
	ck_assert_msg(policy_bound(by, r, places ? &touched : NULL, NOW, arena, &b, &err) == 0,
		      "%s", err.msg);
	return b;
}

static void bound_is(const char *why, const struct bound *b, int least, int most)
{
	size_t certain = 0;

	ck_assert_msg((int)b->least == least && (int)b->most.action == most, "%s: %s to %s", why,
		      action_name(b->least), action_name(b->most.action));
	ck_assert_msg(b->most.concerned == (most > ALLOWED), "%s", why);
	ck_assert_msg((b->most.findings_n > 0) == (most > ALLOWED), "%s", why);
	for (size_t i = 0; i < b->certain_n; i++)
		certain += (int)b->most.findings[i].action == most;
	ck_assert_msg((certain > 0) == (least == most && most > ALLOWED), "%s: %zu are certain",
		      why, b->certain_n);
}

START_TEST(a_row_of_bounds)
{
	const struct bound_case *c = &rows[_i];
	scoped(arena_end) struct arena arena;
	struct request r;
	struct bound b;

	arena_init(&arena, MEMORY);
	r = bound_request(c, &arena);
	b = bound_of(bound_set, &r, c->touched, &arena);
	bound_is(c->why, &b, c->least, c->most);
	ck_assert(b.most.identity == IDENTITY_CUSTOMER);
	ck_assert(str_eq(b.most.name, r.name) && str_is(b.most.kind, "ConfigMap") &&
		  str_is(b.most.namespace, "t"));
}
END_TEST

/* ---- rules about pods ---- */

/* One that a pod's template may be made so by; not by what stands beside its content. */
START_TEST(rules_about_pods)
{
	static const struct {
		const char *why, *namespace, *resource, *kind, *touched;
		enum operation operation;
		int most;
	} t[] = {
		{ "made", "t", "deployments", "Deployment", NULL, OP_CREATE, DENIED },
		{ "anything of a template", "t", "deployments", "Deployment", NULL, OP_UPDATE,
		  DENIED },
		{ "content", "t", "deployments", "Deployment", "spec.replicas", OP_UPDATE, DENIED },
		{ "metadata alone", "t", "deployments", "Deployment", "metadata", OP_UPDATE,
		  ALLOWED },
		{ "status alone", "t", "deployments", "Deployment", "status", OP_UPDATE, ALLOWED },
		{ "what is called so deeper down", "t", "deployments", "Deployment", "spec.status",
		  OP_UPDATE, DENIED },
		{ "metadata alone, of a rule about both", "u", "deployments", "Deployment",
		  "metadata", OP_UPDATE, ALLOWED },
		{ "content, of a rule about both", "u", "deployments", "Deployment", "spec",
		  OP_UPDATE, DENIED },
		{ "metadata of a pod", "t", "pods", "Pod", "metadata", OP_UPDATE, DENIED },
		{ "nothing of a pod", "t", "pods", "Pod", "", OP_UPDATE, ALLOWED },
		{ "removed", "t", "pods", "Pod", NULL, OP_DELETE, ALLOWED },
		{ "no pods", "t", "secrets", "Secret", NULL, OP_CREATE, ALLOWED },
	};
	scoped(arena_end) struct arena arena;

	arena_init(&arena, MEMORY);
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct request r = bound_request(
			&(struct bound_case){ .name = "d", .operation = t[i].operation }, &arena);
		struct bound b;

		r.namespace = str_of(t[i].namespace);
		if (t[i].kind[0] == 'D')
			r.resource.group = r.kind.group = STR("apps");
		r.resource.resource = str_of(t[i].resource);
		r.kind.kind = str_of(t[i].kind);
		r.request_kind = r.kind;
		r.request_resource = r.resource;
		b = bound_of(bound_set, &r, t[i].touched, &arena);
		bound_is(t[i].why, &b, ALLOWED, t[i].most);
	}
}
END_TEST

/* ---- rules about features ---- */

#define USES(name, features, rest) RULE(name, "CREATE, UPDATE", ", features: {" features "}" rest)

/*
 * Each rule takes other uses: none of them ends the walk. The strongest one is the most that an
 * object nobody knows can come to.
 */
START_TEST(the_strongest_rule_about_features)
{
	static const struct {
		const char *why, *object;
		enum operation operation;
		int least, most;
	} t[] = {
		{ "made, of nothing known", NULL, OP_CREATE, ALLOWED, DENIED },
		{ "changed, of nothing known", NULL, OP_UPDATE, ALLOWED, DENIED },
		{ "made, with a field",
		  "{'spec':{'containers':[{'name':'a','lifecycle':"
		  "{'stopSignal':'SIGUSR1'}}]}}",
		  OP_CREATE, ALLOWED, WARNED },
		{ "made, without one", "{'spec':{'containers':[{'name':'a'}]}}", OP_CREATE, ALLOWED,
		  ALLOWED },
		/* A resize, and some other changes, are uses by themselves. */
		{ "changed, without one", "{'spec':{'containers':[{'name':'a'}]}}", OP_UPDATE,
		  ALLOWED, DENIED },
	};
	struct policy_set *by = set_of((const char *const[]){
		"apiVersion: oke-guard.internal/v1\nkind: SupportPolicy\nmetadata: {name: f}\nspec:\n"
		"  title: t\n  objects: [{group: \"\", resource: pods}]\n  rules:\n" USES(
			"fields", "stages: [alpha], uses: [field]", ", action: warn")
			USES("values", "stages: [alpha], uses: [value]", ""),
		"---\napiVersion: oke-guard.internal/v1\nkind: GuardConfig\nmetadata: {name: c}\n"
		"spec: {cluster: {kubernetes: \"1.36\"}}\n",
		NULL });
	scoped(arena_end) struct arena arena;

	arena_init(&arena, MEMORY);
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct request r = bound_request(&(struct bound_case){ .name = "p",
								       .operation = t[i].operation,
								       .object = t[i].object },
						 &arena);
		struct bound b;

		r.kind.kind = r.request_kind.kind = STR("Pod");
		r.resource.resource = r.request_resource.resource = STR("pods");
		b = bound_of(by, &r, NULL, &arena);
		bound_is(t[i].why, &b, t[i].least, t[i].most);
		r.part = POLICIES_SUPPORT;
		b = bound_of(by, &r, NULL, &arena);
		bound_is(t[i].why, &b, ALLOWED, ALLOWED);
	}
	policy_set_unref(by);
}
END_TEST

/* ---- who asks, and which objects ---- */

START_TEST(who_is_exempt_may)
{
	static const struct str masters = { "system:masters", 14 };
	scoped(arena_end) struct arena arena;
	struct request r;
	struct bound b;

	arena_init(&arena, MEMORY);
	r = bound_request(&(struct bound_case){ .name = "made", .operation = OP_CREATE }, &arena);
	ck_assert(policy_identity(bound_set, &r.user) == IDENTITY_CUSTOMER);
	r.part = POLICIES_ALPHA;
	b = bound_of(bound_set, &r, NULL, &arena);
	bound_is("of the other part", &b, ALLOWED, ALLOWED);
	r.part = POLICIES_ALL;
	r.user = (struct user){ STR("system:apiserver"), &masters, 1 };
	b = bound_of(bound_set, &r, NULL, &arena);
	bound_is("exempt", &b, ALLOWED, ALLOWED);
	ck_assert(b.most.identity == IDENTITY_EXEMPT);
	ck_assert(policy_identity(bound_set, &r.user) == IDENTITY_EXEMPT);
}
END_TEST

START_TEST(objects_that_policies_name)
{
	scoped(arena_end) struct arena arena;
	struct request r;

	arena_init(&arena, MEMORY);
	r = bound_request(&(struct bound_case){ .name = "made", .operation = OP_DELETE }, &arena);
	ck_assert(policy_names(bound_set, &r, &arena));
	r.namespace = STR("other");
	ck_assert(!policy_names(bound_set, &r, &arena));
	r.name = (struct str){ NULL, 0 };
	ck_assert(!policy_names(bound_set, &r, &arena));
	r.namespace = STR("t");
	ck_assert(policy_names(bound_set, &r, &arena));
}
END_TEST

/* Whatever tells one set's objects from another's changes the mark; the rules do not. */
START_TEST(a_mark_of_the_objects)
{
	static const char *const sets[] = {
		ABOUT("m", MAP(", names: [a, b]"), RULE("r", "CREATE", "")),
		ABOUT("m", MAP(", names: [a]"), RULE("r", "CREATE", "")),
		ABOUT("m", MAP(", names: [a, c]"), RULE("r", "CREATE", "")),
		ABOUT("m", MAP(", namePrefix: a"), RULE("r", "CREATE", "")),
		ABOUT("m", MAP(""), RULE("r", "CREATE", "")),
		ABOUT("m", "group: \"\", resource: secrets, namespace: t", RULE("r", "CREATE", "")),
		ABOUT("m", "group: \"\", resource: secrets, namespace: u", RULE("r", "CREATE", "")),
		ABOUT("m", "group: apps, resource: deployments, namespace: u",
		      RULE("r", "CREATE", "")),
		ABOUT("m", "group: extensions, resource: deployments, namespace: u",
		      RULE("r", "CREATE", "")),
		ABOUT("m", MAP(", names: [a]}, {" MAP(", names: [b]")), RULE("r", "CREATE", "")),
	};
	uint64_t marks[sizeof sets / sizeof *sets];
	struct policy_set *other = set_of((const char *const[]){
		ABOUT("m", MAP(", names: [a, b]"), RULE("r", "UPDATE", "")), NULL });

	for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
		struct policy_set *one = set_of((const char *const[]){ sets[i], NULL });

		marks[i] = policy_objects_mark(one);
		policy_set_unref(one);
		for (size_t k = 0; k < i; k++)
			ck_assert_msg(marks[k] != marks[i], "%zu and %zu", k, i);
	}
	ck_assert(policy_objects_mark(other) == marks[0]);
	policy_set_unref(other);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bound");
	TCase *tc = tcase_create("bound");

	tcase_add_unchecked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, a_row_of_bounds, 0, ROWS(rows));
	tcase_add_test(tc, rules_about_pods);
	tcase_add_test(tc, the_strongest_rule_about_features);
	tcase_add_test(tc, who_is_exempt_may);
	tcase_add_test(tc, objects_that_policies_name);
	tcase_add_test(tc, a_mark_of_the_objects);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
