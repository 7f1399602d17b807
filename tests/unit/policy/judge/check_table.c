/* SPDX-License-Identifier: Apache-2.0
 * check_table.c - the decision table, a row for each way that a condition, a rule or a cap can go
 * and that no built-in policy needs. JSON is written with ' for ".
 */
#include "tests/unit/policy/judge/set_of.h"

#include "policy/judge/judge.h"
#include "policy/object/diff.h"
#include "tests/unit/suite.h"

#define WHEN(name, condition)                                                                      \
	POLICY(name, RULE("r", "CREATE, UPDATE", ", when: [{path: " condition "}]"))

static const char *const policies[] = {
	WHEN("prefix", "data.a, prefix: pre"),
	WHEN("suffix", "data.a, suffix: end"),
	WHEN("least", "data.a, atLeast: \"64Mi\""),
	WHEN("most", "data.a, atMost: \"2\""),
	WHEN("every", "'data.l[*].a', in: [x], every: true"),
	WHEN("any", "'data.l[*].a', in: [x]"),
	WHEN("istrue", "data.a, in: [\"true\"]"),
	WHEN("isfalse", "data.a, in: [\"false\"]"),
	WHEN("notin", "data.a, notIn: [x]"),
	WHEN("there", "data.a, exists: true"),
	WHEN("absent", "data.a, exists: false"),
	WHEN("named", "$name, exists: true"),
	WHEN("nameless", "$name, exists: false"),
	WHEN("prename", "$name, prefix: prename"),
	WHEN("othername", "$name, in: [x]"),
	WHEN("old", "data.a, in: [x], old: true"),
	WHEN("lost", "data.l, lost: true"),
	WHEN("losing", "'data.l[*]', lost: true"),
	WHEN("dns", "data.a, in: [$cluster.dnsIP]"),
	WHEN("selects", "data.s, selects: {app: x}"),
	WHEN("subject", "'data.s[*]', in: [$exemptSubjects]"),
	WHEN("exempt", "data.a, in: [$exemptServiceAccounts]"),
	WHEN("granted", "data.a, in: [$setServiceAccounts]"),
	WHEN("coredns", "data, coredns: unsound"),
	WHEN("sound", "data, coredns: sound"),
	POLICY("shift", RULE("admins", "CREATE", ", notIdentities: [admins]")
				RULE("r", "CREATE", ", identities: [admins]")),
	POLICY("others", RULE("r", "CREATE", ", notIdentities: [admins]")),
	POLICY("mine", RULE("r", "CREATE", ", identities: [robots, admins]")),
	POLICY("nobody", RULE("r", "CREATE", ", notIdentities: [none]")),
	ABOUT("content-of-pods", "pods: true, namespace: v",
	      RULE("r", "UPDATE", ", changed: [$content]")),
	POLICY("unread", RULE("low", "CREATE, UPDATE", ", action: audit, changed: [$content]")
				 RULE("r", "CREATE, UPDATE", ", notIdentities: [admins]")),
	POLICY("unreadwhen",
	       RULE("low", "CREATE", ", action: audit, when: [{path: data.a, in: [x]}]")
		       RULE("r", "CREATE", "")),
	POLICY("unreadname",
	       RULE("low", "CREATE", ", action: audit, when: [{path: $name, prefix: un}]")
		       RULE("r", "CREATE", "")),
	POLICY("scaled", RULE("r", "UPDATE", ", subresources: [scale]")),
	POLICY("facts", RULE("r", "CREATE", ", cluster: {cni: [flannel]}")),
	POLICY("nofacts", RULE("r", "CREATE", ", cluster: {cni: [vcn-native]}")),
	ABOUT("templates", "pods: true, namespace: t, labels: {a: b}",
	      RULE("r", "CREATE", ", when: [{path: spec.nodeName, in: [x]}]")),
	POLICY("meta", RULE("r", "UPDATE", ", changed: [$metadata]")),
	POLICY("content", RULE("r", "UPDATE", ", changed: [$content]")),
	POLICY("onlydelete", RULE("r", "DELETE", "")),
	POLICY("low", RULE("r", "CREATE", ", action: audit")),
	POLICY("allowed", "  - {name: r, operations: [CREATE], tier: supported}\n"),
	POLICY("unknowns", RULE("r", "CREATE", ", unknown: audit")),
	POLICY("narrow", RULE("r", "CREATE",
			      ", objects: [{group: \"\", resource: configmaps, "
			      "namespace: t, names: [narrow], labels: {a: b}}]")),
	"---\napiVersion: oke-guard.internal/v1\nkind: SupportException\nmetadata: {name: e}\nspec:\n"
	"  rules: [low/r, prefix/r]\n  objects: [{group: \"\", resource: configmaps, namespace: t, "
	"names: [low, prefix]}]\n  identities: {users: [ocid1.user.oc1..b]}\n  ticket: T\n"
	"  approvedBy: a\n  reason: r\n  notBefore: \"2026-11-22T00:00:00Z\"\n"
	"  expires: \"2026-11-30T00:00:00Z\"\n",
	"---\napiVersion: oke-guard.internal/v1\nkind: GuardConfig\nmetadata: {name: c}\nspec:\n"
	"  cluster: {dnsIP: \"10.96.5.5\", cni: flannel}\n"
	"  identities: {exempt: {serviceAccounts: [t/sync]}, sets: {admins: {groups: [admins]}, robots: {groups: [robots]}, none: {}}}\n",
	NULL
};

static struct policy_set *set, *bare;

static void setup(void)
{
	set = set_of(policies);
	bare = set_of((const char *const[]){ POLICY("old", RULE("r", "CREATE", "")), NULL });
}

static void teardown(void)
{
	policy_set_unref(set);
	policy_set_unref(bare);
}

/* ---- rows ---- */

#define A(value)            "{'data':{'a':" value "}}"
#define L(value)            "{'data':{'l':" value "}}"
#define SUBJECT(kind, name) S("[{'kind':'" kind "','name':'" name "'}]")
#define S(value)            "{'data':{'s':" value "}}"

enum { DENIED = ACTION_DENY, WARNED = ACTION_WARN, NOTED = ACTION_AUDIT, ALLOWED = ACTION_ALLOW };

/* As a customer. */
#define ROW(why, name, object, old, want)                                                          \
	{                                                                                          \
		why, name, object, old, want, NULL, NULL, false                                    \
	}

static const struct table_case {
	const char *why, *name, *object, *old; /* name: of policy and ConfigMap */
	int want;
	const char *user, *group; /* NULL: a customer, of no group */
	bool removed;             /* DELETE */
} rows[] = {
	ROW("a prefix", "prefix", A("'prefix'"), NULL, DENIED),
	ROW("no such prefix", "prefix", A("'a pre'"), NULL, ALLOWED),
	ROW("an object has no prefix", "prefix", A("{}"), NULL, ALLOWED),
	ROW("a suffix", "suffix", A("'the end'"), NULL, DENIED),
	ROW("all of it", "suffix", A("'end'"), NULL, DENIED),
	ROW("no such suffix", "suffix", A("'the ends'"), NULL, ALLOWED),
	ROW("shorter than the suffix", "suffix", A("'nd'"), NULL, ALLOWED),
	ROW("a list has no suffix", "suffix", A("[]"), NULL, ALLOWED),
	ROW("at least", "least", A("'64Mi'"), NULL, DENIED),
	ROW("less", "least", A("'63Mi'"), NULL, ALLOWED),
	ROW("no quantity is no less", "least", A("'many'"), NULL, ALLOWED),
	ROW("no text is none", "least", A("{}"), NULL, ALLOWED),
	ROW("at most", "most", A("2"), NULL, DENIED),
	ROW("more", "most", A("2.5"), NULL, ALLOWED),
	ROW("any of them", "any", L("[{'a':'y'},{'a':'x'}]"), NULL, DENIED),
	ROW("none of them", "any", L("[{'a':'y'}]"), NULL, ALLOWED),
	ROW("every one", "every", L("[{'a':'x'},{'a':'x'}]"), NULL, DENIED),
	ROW("all but the last", "every", L("[{'a':'x'},{'a':'y'}]"), NULL, ALLOWED),
	ROW("all but the first", "every", L("[{'a':'y'},{'a':'x'}]"), NULL, ALLOWED),
	ROW("every one of none", "every", L("[]"), NULL, ALLOWED),
	ROW("true is a word", "istrue", A("true"), NULL, DENIED),
	ROW("false is another", "istrue", A("false"), NULL, ALLOWED),
	ROW("false", "isfalse", A("false"), NULL, DENIED),
	ROW("null is neither", "isfalse", A("null"), NULL, ALLOWED),
	ROW("another value", "notin", A("'y'"), NULL, DENIED),
	ROW("that value", "notin", A("'x'"), NULL, ALLOWED),
	ROW("no value", "notin", "{'data':{}}", NULL, ALLOWED),
	ROW("there", "there", A("0"), NULL, DENIED),
	ROW("not there", "there", "{'data':{}}", NULL, ALLOWED),
	ROW("absent", "absent", "{'data':{}}", NULL, DENIED),
	ROW("not absent", "absent", A("0"), NULL, ALLOWED),
	ROW("it has a name", "named", "{}", NULL, DENIED),
	ROW("it has none", "nameless", "{}", NULL, ALLOWED),
	ROW("its name begins so", "prename", "{}", NULL, DENIED),
	ROW("its name is another", "othername", "{}", NULL, ALLOWED),
	ROW("the old value", "old", A("'y'"), A("'x'"), DENIED),
	ROW("the new value alone", "old", A("'x'"), A("'y'"), ALLOWED),
	ROW("no old object", "old", A("'x'"), NULL, ALLOWED),
	ROW("lost", "losing", L("['b']"), L("['a','b']"), DENIED),
	ROW("in another order", "losing", L("['b','a','c']"), L("['a','b']"), ALLOWED),
	ROW("a number is no text", "losing", L("['1','b']"), L("[1]"), DENIED),
	ROW("an object with one value less", "losing", L("[{'k':1}]"), L("[{'k':1,'m':[2]}]"),
	    DENIED),
	ROW("an object with its members the other way round", "losing", L("[{'m':[2,3],'k':1},4]"),
	    L("[{'k':1,'m':[2,3]}]"), ALLOWED),
	ROW("a list the other way round", "losing", L("[[2,3]]"), L("[[3,2]]"), DENIED),
	ROW("the same one twice and once", "losing", L("['a','b']"), L("['a','a','b']"), ALLOWED),
	ROW("a list as a whole", "lost", L("['b','a']"), L("['a','b']"), DENIED),
	ROW("another place changed", "lost", "{'data':{'l':[1],'x':2}}", L("[1]"), ALLOWED),
	ROW("the address of DNS", "dns", A("'10.96.5.5'"), NULL, DENIED),
	ROW("another address", "dns", A("'10.96.5.6'"), NULL, ALLOWED),
	ROW("no address", "dns", A("[]"), NULL, ALLOWED),
	ROW("a selector takes it", "selects", S("{'matchLabels':{'app':'x'}}"), NULL, DENIED),
	ROW("another value of the label", "selects", S("{'matchLabels':{'app':'y'}}"), NULL,
	    ALLOWED),
	ROW("an empty one takes all", "selects", S("{}"), NULL, DENIED),
	ROW("one that is not there takes all", "selects", "{}", NULL, DENIED),
	ROW("an expression, in", "selects",
	    S("{'matchExpressions':[{'key':'app','operator':'In','values':['y','x']}]}"), NULL,
	    DENIED),
	ROW("in none", "selects", S("{'matchExpressions':[{'key':'app','operator':'In'}]}"), NULL,
	    ALLOWED),
	ROW("not in", "selects",
	    S("{'matchExpressions':[{'key':'app','operator':'NotIn','values':['x']}]}"), NULL,
	    ALLOWED),
	ROW("not in what is not there", "selects",
	    S("{'matchExpressions':[{'key':'b','operator':'NotIn','values':['x']}]}"), NULL,
	    DENIED),
	ROW("in, of a label that is not there", "selects",
	    S("{'matchExpressions':[{'key':'b','operator':'In','values':['x']}]}"), NULL, ALLOWED),
	ROW("values that are no list", "selects",
	    S("{'matchExpressions':[{'key':'app','operator':'NotIn','values':'x'}]}"), NULL,
	    DENIED),
	ROW("a user who is exempt", "subject", SUBJECT("User", "system:kube-controller-manager"),
	    NULL, DENIED),
	ROW("a user who is not", "subject", SUBJECT("User", "ann"), NULL, ALLOWED),
	ROW("an account by the name of its user", "subject",
	    SUBJECT("User", "system:serviceaccount:kube-system:generic-garbage-collector"), NULL,
	    DENIED),
	ROW("the name of the user of an account that is not exempt", "subject",
	    SUBJECT("User", "system:serviceaccount:shop:web"), NULL, ALLOWED),
	ROW("the beginning of such a name", "subject",
	    SUBJECT("User", "system:serviceaccount:kube-system"), NULL, ALLOWED),
	ROW("nothing but that", "subject", SUBJECT("User", "system:serviceaccount:"), NULL,
	    ALLOWED),
	ROW("a group that proves nothing alone", "subject", SUBJECT("Group", "system:nodes"), NULL,
	    ALLOWED),
	ROW("neither user, group nor account", "subject",
	    SUBJECT("Robot", "system:kube-controller-manager"), NULL, ALLOWED),
	ROW("an account that is exempt", "subject",
	    S("[{'kind':'ServiceAccount','namespace':'kube-system','name':'generic-garbage-collector'}]"),
	    NULL, DENIED),
	ROW("that account elsewhere", "subject",
	    S("[{'kind':'ServiceAccount','namespace':'shop','name':'generic-garbage-collector'}]"),
	    NULL, ALLOWED),
	ROW("an account's name that is exempt in this namespace", "exempt", A("'sync'"), NULL,
	    DENIED),
	ROW("another account's", "exempt", A("'web'"), NULL, ALLOWED),
	ROW("one that is exempt, and in no set", "granted", A("'sync'"), NULL, ALLOWED),
	ROW("a customer is no admin", "shift", "{}", NULL, DENIED),
	{ "an admin is", "shift", "{}", NULL, DENIED, CUSTOMER, "admins", false },
	ROW("a customer is among the others", "others", "{}", NULL, DENIED),
	{ "an admin is not", "others", "{}", NULL, ALLOWED, CUSTOMER, "admins", false },
	ROW("nor is a customer an admin", "mine", "{}", NULL, ALLOWED),
	{ "who is in the second set", "mine", "{}", NULL, DENIED, CUSTOMER, "admins", false },
	{ "who is in the first set", "mine", "{}", NULL, DENIED, CUSTOMER, "robots", false },
	{ "who is in neither", "mine", "{}", NULL, ALLOWED, CUSTOMER, "humans", false },
	ROW("all but nobody: the set was not filled in", "nobody", "{}", NULL, ALLOWED),
	ROW("the facts hold", "facts", "{}", NULL, DENIED),
	ROW("the facts do not hold", "nofacts", "{}", NULL, ALLOWED),
	ROW("metadata", "meta", "{'metadata':{'labels':{'a':'b'}}}", "{'metadata':{}}", DENIED),
	ROW("a part of metadata", "meta", "{'metadata':{'labels':{'a':'b'}}}",
	    "{'metadata':{'labels':{}}}", DENIED),
	ROW("metadata as a whole", "meta", "{'metadata':{'labels':{'a':'b'}}}", "{}", DENIED),
	ROW("not metadata", "meta", A("1"), A("2"), ALLOWED),
	ROW("not content", "content", "{'metadata':{'labels':{'a':'b'}}}", "{'metadata':{}}",
	    ALLOWED),
	ROW("status is not content", "content", "{'status':1}", "{'status':2}", ALLOWED),
	ROW("content", "content", A("1"), A("2"), DENIED),
	ROW("an object that is a list now", "content", "[1]", "{}", DENIED),
	ROW("a list within the object", "content", "[1]", "[2]", DENIED),
	ROW("nothing changed", "content", A("1"), A("1"), ALLOWED),
	ROW("a finalizer less", "content", "{'metadata':{'finalizers':['b']}}",
	    "{'metadata':{'finalizers':['a','b']}}", ALLOWED),
	ROW("an operation that the rule does not name", "onlydelete", "{}", NULL, ALLOWED),
	{ "the one that it names", "onlydelete", "{}", NULL, DENIED, NULL, NULL, true },
	ROW("a rule that lowers its tier", "low", "{}", NULL, NOTED),
	{ "an exception lowers", "prefix", A("'prefix'"), NULL, WARNED, "ocid1.user.oc1..b", NULL,
	  false },
	{ "and never raises", "low", "{}", NULL, NOTED, "ocid1.user.oc1..b", NULL, false },
	ROW("a tier that allows", "allowed", "{}", NULL, ALLOWED),
	{ "of unknown identities, less", "unknowns", "{}", NULL, NOTED, "somebody", NULL, false },
	{ "of unknown identities, the cap", "shift", "{}", NULL, WARNED, "somebody", NULL, false },
	ROW("of a customer", "unknowns", "{}", NULL, DENIED),
	{ "of nobody who is exempt", "unknowns", "{}", NULL, ALLOWED, "system:apiserver",
	  "system:masters", false },
	ROW("a rule's own objects", "narrow", "{'metadata':{'labels':{'a':'b'}}}", NULL, DENIED),
	ROW("which are others", "narrow", "{'metadata':{'labels':{'a':'c'}}}", NULL, ALLOWED),
	ROW("a Corefile that is unsound", "coredns", "{'data':{'a.server':'{'}}", NULL, DENIED),
	ROW("and one that is not", "coredns", "{'data':{'a.server':'a.b:53 {\\n errors\\n}'}}",
	    NULL, ALLOWED),
	ROW("sound", "sound", "{'data':{'a.server':'a.b:53 {\\n errors\\n}'}}", NULL, DENIED),
	ROW("not sound", "sound", "{'data':{'a.server':'{'}}", NULL, ALLOWED),
};

static struct request request_of(const struct table_case *c, struct arena *arena)
{
	struct str *group = arena_zalloc(arena, sizeof *group);
	struct request r = { .uid = STR("u"),
			     .operation = c->removed ? OP_DELETE
					  : c->old   ? OP_UPDATE
						     : OP_CREATE,
			     .kind = { STR(""), STR("v1"), STR("ConfigMap") },
			     .resource = { STR(""), STR("v1"), STR("configmaps") },
			     .subresource = STR(""),
			     .request_subresource = STR(""),
			     .namespace = STR("t"),
			     .name = str_of(c->name),
			     .user = { str_of(c->user ? c->user : CUSTOMER), group,
				       c->group ? 1 : 0 },
			     .object = with_quotes(c->removed ? NULL : c->object, arena),
			     .old_object = with_quotes(c->removed ? c->object : c->old, arena) };

	ck_assert_ptr_nonnull(group);
	*group = str_of(c->group);
	r.request_kind = r.kind;
	r.request_resource = r.resource;
	return r;
}

static struct verdict verdict_of(const struct policy_set *by, const struct request *r,
				 struct arena *arena)
{
	struct verdict v;
	struct err err;

	ck_assert_msg(policy_judge(by, r, NOW, arena, NULL, &v, &err) == 0, "%s", err.msg);
	return v;
}

START_TEST(a_row_of_the_table)
{
	const struct table_case *c = &rows[_i];
	scoped(arena_end) struct arena arena;
	struct request r;
	struct verdict v;

	arena_init(&arena, MEMORY);
	r = request_of(c, &arena);
	v = verdict_of(set, &r, &arena);
	ck_assert_msg((int)v.action == c->want, "%s: %s", c->why, action_name(v.action));
	ck_assert_msg(!v.error.n, "%s: %.*s", c->why, STR_ARG(v.error));
}
END_TEST

/* Who is in the set behind the last one is in none of them. */
START_TEST(sets_up_to_the_last)
{
	static const struct table_case asked = { .name = "mine",
						 .object = "{}",
						 .group = "admins" };
	struct str names[] = { STR("robots"), STR("admins") }, none = STR("");
	struct rule names_sets = { .active = true,
				   .operations = OP_CREATE,
				   .subresources = { &none, 1 },
				   .identities = { names, 1 } };
	struct rule leaves_out = names_sets;
	scoped(arena_end) struct arena arena;
	struct request r;
	struct judge j = { .set = set, .config = &set->model.config, .req = &r };

	leaves_out.not_identities = names_sets.identities;
	leaves_out.identities.n = 0;
	arena_init(&arena, MEMORY);
	r = request_of(&asked, &arena);
	identity_of(j.config, &r.user, &j.id);
	ck_assert(!rule_may_fit(&j, &names_sets));
	ck_assert(rule_may_fit(&j, &leaves_out));
	names_sets.identities.n = leaves_out.not_identities.n = 2;
	ck_assert(rule_may_fit(&j, &names_sets));
	ck_assert(!rule_may_fit(&j, &leaves_out));
}
END_TEST

/* A rule may name the subresource as the client sent it, or as the policy's version has it. */
START_TEST(subresources)
{
	static const struct {
		const char *sent, *same;
		int want;
	} t[] = {
		{ "scale", "scale", DENIED },    { "scale", "other", DENIED },
		{ "other", "scale", DENIED },    { "", "", ALLOWED },
		{ "status", "status", ALLOWED },
	};
	static const struct table_case asked = { .name = "scaled", .object = "{}", .old = "[]" };
	scoped(arena_end) struct arena arena;

	arena_init(&arena, MEMORY);
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct request r = request_of(&asked, &arena);

		r.request_subresource = str_of(t[i].sent);
		r.subresource = str_of(t[i].same);
		ck_assert_int_eq(verdict_of(set, &r, &arena).action, t[i].want);
	}
}
END_TEST

/* ---- what an UPDATE makes so ---- */

#define TEMPLATE(labels, spec, more)                                                               \
	"{'spec':{'template':{'metadata':{'labels':{" labels "}},'spec':{" spec "}}" more "}}"
#define HAS  "'a':'b'"
#define NODE "'nodeName':'x'"

static const struct made_case {
	const char *why, *old, *object, *path; /* of the one change that is told; NULL: allowed */
} made[] = {
	{ "its pods get the node", TEMPLATE(HAS, "", ""), TEMPLATE(HAS, NODE, ""),
	  "spec.template.spec.nodeName" },
	{ "and something else", TEMPLATE(HAS, "'nodeName':'y'", ",'replicas':1"),
	  TEMPLATE(HAS, NODE ",'hostname':'h'", ",'replicas':2"), "spec.template.spec.nodeName" },
	{ "its pods get the label", TEMPLATE("'a':'c'", NODE, ""),
	  TEMPLATE(HAS, NODE ",'hostname':'h'", ""), "spec.template.metadata.labels.a" },
	{ "they had it all", TEMPLATE(HAS, NODE, ""), TEMPLATE(HAS, NODE ",'hostname':'h'", ""),
	  NULL },
	{ "they lose it", TEMPLATE(HAS, NODE, ""), TEMPLATE("'a':'c'", NODE, ""), NULL },
	{ "they had the label alone", TEMPLATE(HAS, "", ""), TEMPLATE(HAS, "'nodeName':'y'", ""),
	  NULL },
	{ "there was no template", "{'spec':{}}", TEMPLATE(HAS, NODE, ""), "spec.template" },
	{ "the object's own labels", TEMPLATE("'a':'c'", NODE, ""),
	  "{'metadata':{'labels':{'a':'b'}},'spec':{'template':{'metadata':{'labels':{'a':'c'}},"
	  "'spec':{'nodeName':'x'}}}}",
	  NULL },
};

START_TEST(made_so)
{
	const struct made_case *c = &made[_i];
	struct table_case asked = { .name = "d", .object = c->object, .old = c->old };
	scoped(arena_end) struct arena arena;
	struct request r;
	struct verdict v;

	arena_init(&arena, MEMORY);
	r = request_of(&asked, &arena);
	r.kind = r.request_kind = (struct gvk){ STR("apps"), STR("v1"), STR("Deployment") };
	r.resource = r.request_resource =
		(struct gvr){ STR("apps"), STR("v1"), STR("deployments") };
	v = verdict_of(set, &r, &arena);
	ck_assert_msg((v.action == ACTION_DENY) == (c->path != NULL), "%s: %s", c->why,
		      action_name(v.action));
	if (!c->path)
		return;
	ck_assert_uint_eq(v.findings_n, 1);
	ck_assert_msg(v.findings->changes_n == 1 && v.findings->changes_all == 1 &&
			      str_is(v.findings->changes->path, c->path),
		      "%s: %zu, %.*s", c->why, v.findings->changes_n,
		      STR_ARG(v.findings->changes->path));
}
END_TEST

/* Of a rule about pods, $content is that of the template. */
START_TEST(content_of_pods)
{
	static const struct {
		const char *old, *object;
		int want;
	} t[] = {
		{ TEMPLATE(HAS, "", ""), TEMPLATE(HAS, NODE, ""), DENIED },
		{ TEMPLATE(HAS, NODE, ""), TEMPLATE("", NODE, ""), ALLOWED },
		{ TEMPLATE(HAS, NODE, ""), TEMPLATE(HAS, NODE, ",'replicas':2"), ALLOWED },
		{ "{'other':{'template':{'spec':{'nodeName':'y'}}}}",
		  "{'other':{'template':{'spec':{'nodeName':'x'}}}}", ALLOWED },
	};
	scoped(arena_end) struct arena arena;

	arena_init(&arena, MEMORY);
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct table_case asked = { .name = "d", .object = t[i].object, .old = t[i].old };
		struct request r = request_of(&asked, &arena);

		r.kind = r.request_kind = (struct gvk){ STR("apps"), STR("v1"), STR("Deployment") };
		r.resource = r.request_resource =
			(struct gvr){ STR("apps"), STR("v1"), STR("deployments") };
		r.namespace = STR("v");
		ck_assert_msg((int)verdict_of(set, &r, &arena).action == t[i].want, "%zu", i);
	}
}
END_TEST

/* ---- what was not read ---- */

/* The highest that any rule can come to, but none behind one that takes all for sure. */
START_TEST(unread_reviews)
{
	static const struct {
		const char *why, *name;
		enum operation operation;
		int want;
	} t[] = {
		{ "what an UPDATE changes is not known", "unread", OP_UPDATE, DENIED },
		{ "a CREATE changes all", "unread", OP_CREATE, NOTED },
		{ "a condition on the content", "unreadwhen", OP_CREATE, DENIED },
		{ "a condition on the name", "unreadname", OP_CREATE, NOTED },
	};
	static const struct unread unread = { .why = UNREAD_LARGE, .bytes = 9, .limit = 8 };
	scoped(arena_end) struct arena arena;

	arena_init(&arena, MEMORY);
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct table_case asked = { .name = t[i].name };
		struct request r = request_of(&asked, &arena);
		struct verdict v;
		struct err err;

		r.operation = t[i].operation;
		ck_assert_msg(
			policy_judge_envelope(set, &r, &unread, NOW, &arena, NULL, &v, &err) == 0,
			"%s", err.msg);
		ck_assert_msg((int)v.action == t[i].want, "%s: %s", t[i].why,
			      action_name(v.action));
	}
}
END_TEST

/* ---- who asks and is not known ---- */

#define KIND_20 "abcdefghij0123456789"

static const struct unknown_case {
	const char *user, *told; /* NULL: no line to add */
	size_t behind;           /* so many bytes of the text are no part of the name */
} unknowns[] = {
	{ "ocid1.devopsdeploypipeline.oc1..a", "\"ocid1.devopsdeploypipeline.*\"", 0 },
	{ "ocid1.a.", "\"ocid1.a.*\"", 0 },
	{ "ocid1.z9.oc1", "\"ocid1.z9.*\"", 0 },
	{ "ocid1." KIND_20 KIND_20 "abcdefghij0123.o",
	  "\"ocid1." KIND_20 KIND_20 "abcdefghij0123.*\"", 0 },
	{ "ocid1." KIND_20 KIND_20 "abcdefghij01234.o", NULL, 0 }, /* 61 bytes before the dot */
	{ "ocid1.", NULL, 0 },
	{ "ocid1.nodot", NULL, 0 },
	{ "ocid1..oc1", NULL, 0 },
	{ "ocid1.Upper.oc1", NULL, 0 },
	{ "ocid1.a-b.oc1", NULL, 0 },
	{ "ocid1.a\"b.oc1", NULL, 0 },
	{ "ocid2.pipeline.oc1", NULL, 0 },
	{ "somebody", NULL, 0 },
	{ "ocid1.nodot.oc1", NULL, 4 },
};

START_TEST(unknown_identities)
{
	struct table_case asked = { .name = "shift", .object = "{}", .user = unknowns[_i].user };
	scoped(arena_end) struct arena arena;
	struct verdict v;
	struct request r;

	arena_init(&arena, MEMORY);
	r = request_of(&asked, &arena);
	r.user.name.n -= unknowns[_i].behind;
	v = verdict_of(set, &r, &arena);
	ck_assert(v.identity == IDENTITY_UNKNOWN && v.action == ACTION_WARN);
	if (unknowns[_i].told)
		ck_assert_msg(memmem(v.note.s, v.note.n, unknowns[_i].told,
				     strlen(unknowns[_i].told)) != NULL,
			      "%s: %.*s", asked.user, STR_ARG(v.note));
	else
		ck_assert_msg(str_is(v.note,
				     "Who asks is unknown to the guard, so it warns at most; "
				     "a customer (identities.customer) is refused this"),
			      "%s: %.*s", asked.user, STR_ARG(v.note));
}
END_TEST

/* What is found, or was read from a file, is judged as a customer's, whoever is said to have asked.
 */
START_TEST(stored_and_offline_objects)
{
	static const struct table_case asked = { .name = "unknowns",
						 .object = "{}",
						 .user = "somebody" };
	scoped(arena_end) struct arena arena;
	struct request r;

	arena_init(&arena, MEMORY);
	r = request_of(&asked, &arena);
	ck_assert_int_eq(verdict_of(set, &r, &arena).action, NOTED);
	r.stored = true;
	ck_assert_int_eq(verdict_of(set, &r, &arena).action, DENIED);
	r.stored = false;
	r.offline = true;
	ck_assert_int_eq(verdict_of(set, &r, &arena).action, DENIED);
}
END_TEST

/* Changes that are given count, and the difference of the two objects does not. */
START_TEST(given_changes)
{
	static const struct table_case asked = { .name = "content",
						 .object = A("1"),
						 .old = A("2") };
	scoped(arena_end) struct arena arena;
	struct change_list none = { 0 }, some;
	struct request r;
	struct err err;

	arena_init(&arena, MEMORY);
	r = request_of(&asked, &arena);
	r.changes = &none;
	ck_assert_int_eq(verdict_of(set, &r, &arena).action, ALLOWED);
	ck_assert_int_eq(diff_objects(must_parse(r.old_object, &arena),
				      must_parse(r.object, &arena), &arena, &some, &err),
			 0);
	r.old_object = r.object;
	r.changes = &some;
	ck_assert_int_eq(verdict_of(set, &r, &arena).action, DENIED);
}
END_TEST

/* Without a policy about features no gate is looked for; and a policy that names others is none. */
START_TEST(a_set_without_features)
{
	static const struct table_case asked = { .name = "old", .object = A("'x'") };
	scoped(arena_end) struct arena arena;
	struct request r;

	arena_init(&arena, MEMORY);
	r = request_of(&asked, &arena);
	ck_assert_int_eq(verdict_of(bare, &r, &arena).action, DENIED);
	ck_assert(policy_concerns(bare, &r, &arena));
	r.name = STR("new");
	ck_assert_int_eq(verdict_of(bare, &r, &arena).action, ALLOWED);
	ck_assert(!policy_concerns(bare, &r, &arena));
	r.name = STR("old");
	r.part = POLICIES_ALPHA;
	ck_assert(!policy_concerns(bare, &r, &arena));
}
END_TEST

/* Of a request that brings no name, or another one, the name of either object counts. */
START_TEST(names_of_both_objects)
{
#define NAMED(value) "{'kind':'ConfigMap','metadata':{'name':" value ",'labels':{}}}"
	static const struct {
		const char *object, *old;
		bool want;
	} t[] = {
		{ NAMED("'seen'"), NAMED("'seen'"), true },
		{ NAMED("'seen'"), NAMED("'x'"), true },
		{ NAMED("'x'"), NAMED("'seen'"), true },
		{ NAMED("'see'"), NAMED("'seen'"), true },
		{ NAMED("'seen2'"), NAMED("'seen'"), true },
		{ NAMED("'s\\u0065en'"), NAMED("'x'"), true },
		{ NAMED("'x'"), NAMED("'s\\u0065en'"), true },
		{ NAMED("1"), NAMED("12"), true }, /* begins the same, and is another number */
		{ NAMED("12"), NAMED("1"), true },
		{ "{'metadata':{}}", NAMED("'seen'"), true },
		{ "{'metadata':1}", NAMED("'seen'"), true },
		{ NAMED("'seen'"), "{}", true },
		{ NAMED("'x'"), NAMED("'x'"), false },
		{ NAMED("'x'"), "{}", false },
	};
	struct policy_set *by =
		set_of((const char *const[]){ POLICY("seen", RULE("r", "UPDATE", "")),
					      POLICY("\"12\"", RULE("r", "UPDATE", "")), NULL });
	scoped(arena_end) struct arena arena;

	arena_init(&arena, MEMORY);
	for (size_t i = 0; i < ROWS(t); i++) {
		const struct table_case asked = { .name = i % 2 ? "other" : "",
						  .object = t[i].object,
						  .old = t[i].old };
		struct request r = request_of(&asked, &arena);

		ck_assert_msg(policy_concerns(by, &r, &arena) == t[i].want, "%s, %s", t[i].object,
			      t[i].old);
	}
	policy_set_unref(by);
}
END_TEST

/* Findings of one action stand in the order of the policies, however each was found. */
START_TEST(in_the_order_of_the_policies)
{
#define ANY(name)                                                                                  \
	"---\napiVersion: oke-guard.internal/v1\nkind: SupportPolicy\nmetadata: {name: " name      \
	"}\nspec:\n  title: t\n  objects: [{group: \"\", resource: configmaps, namespace: t}]\n"   \
	"  rules:\n" RULE("r", "CREATE", "")
	static const char *const sets[][4] = {
		{ POLICY("named", RULE("r", "CREATE", "")), ANY("b"), ANY("a"), NULL },
		{ ANY("b"), POLICY("named", RULE("r", "CREATE", "")), ANY("a"), NULL },
		{ ANY("a"), ANY("b"), POLICY("named", RULE("r", "CREATE", "")), NULL },
	};
	static const char *const want[][3] = { { "named", "b", "a" },
					       { "b", "named", "a" },
					       { "a", "b", "named" } };
	static const struct table_case asked = { .name = "named", .object = "{}" };
	struct policy_set *by = set_of(sets[_i]);
	scoped(arena_end) struct arena arena;
	struct request r;
	struct verdict v;

	arena_init(&arena, MEMORY);
	r = request_of(&asked, &arena);
	v = verdict_of(by, &r, &arena);
	ck_assert_uint_eq(v.findings_n, 3);
	for (size_t i = 0; i < 3; i++)
		ck_assert_msg(str_is(v.findings[i].policy, want[_i][i]), "%zu: %.*s", i,
			      STR_ARG(v.findings[i].policy));
	policy_set_unref(by);
}
END_TEST

/* What lowered a denial is told, though another finding warns by itself. */
START_TEST(what_lowered_one_of_two)
{
#define ABOUT_TWO(name, action)                                                                    \
	ABOUT(name, "group: \"\", resource: configmaps, namespace: t, names: [two]",               \
	      RULE("r", "CREATE", action))
	static const char *const sets[][3] = {
		{ ABOUT_TWO("a", ", action: warn"), ABOUT_TWO("b", ""), NULL },
		{ ABOUT_TWO("a", ""), ABOUT_TWO("b", ", action: warn"), NULL },
		{ ABOUT_TWO("a", ", action: warn"), ABOUT_TWO("b", ", unknown: audit"), NULL },
	};
	static const bool told[] = { true, true, false };
	static const struct table_case asked = { .name = "two",
						 .object = "{}",
						 .user = "somebody" };
	struct policy_set *by = set_of(sets[_i]);
	scoped(arena_end) struct arena arena;
	struct request r;
	struct verdict v;

	arena_init(&arena, MEMORY);
	r = request_of(&asked, &arena);
	v = verdict_of(by, &r, &arena);
	ck_assert_uint_eq(v.findings_n, 2);
	ck_assert_int_eq(v.action, ACTION_WARN);
	ck_assert_msg(str_starts(v.note, STR("Who asks is unknown to the guard")) == told[_i],
		      "%d: %.*s", _i, STR_ARG(v.note));
	policy_set_unref(by);
}
END_TEST

static void trace_line(void *ctx, const char *text)
{
	text_add(ctx, text, strcspn(text, "(")); /* not the file */
	text_puts(ctx, ";");
}

/* The steps have the numbers of the decision's table. */
static void steps_are(const struct policy_set *by, const struct request *r, const char *want)
{
	scoped(arena_end) struct arena arena;
	struct text said;
	struct trace trace = { .line = trace_line, .ctx = &said };
	struct verdict v;
	struct err err;

	arena_init(&arena, MEMORY);
	text_init(&said, &arena, 4096);
	ck_assert_int_eq(policy_judge(by, r, NOW, &arena, &trace, &v, &err), 0);
	ck_assert_msg(str_is(text_get(&said), want), "%.*s", STR_ARG(text_get(&said)));
}

START_TEST(steps_of_the_decision)
{
#define ONE "1 identity customer: identities.customer.users;"
	static const struct {
		struct table_case asked;
		const char *want;
	} t[] = {
		{ ROW("", "meta", A("1"), A("1"), 0),
		  ONE "2 candidate meta ;3 object and oldObject are the same: allow;"
		      "9 allow, 0 findings;" },
		{ ROW("", "meta", "{'metadata':{'generation':2}}", "{'metadata':{'generation':1}}",
		      0),
		  ONE "2 candidate meta ;3 nothing changed that counts: allow;9 allow, 0 "
		      "findings;" },
		{ ROW("", "meta", A("2"), A("1"), 0),
		  ONE "2 candidate meta ;4 meta: 1 changes are taken by no rule;"
		      "9 allow, 0 findings;" },
		{ ROW("", "no-policys", "{}", NULL, 0), ONE "2 no policy concerns it: allow;" },
	};

	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		scoped(arena_end) struct arena arena;
		struct request r;

		arena_init(&arena, MEMORY);
		r = request_of(&t[i].asked, &arena);
		steps_are(set, &r, t[i].want);
	}
}
END_TEST

/* ---- rules about features ---- */

#define PODS(objects, rules)                                                                       \
	"apiVersion: oke-guard.internal/v1\nkind: SupportPolicy\nmetadata: {name: f}\nspec:\n"     \
	"  title: t\n  objects: [{group: \"\", resource: pods" objects "}]\n  rules:\n" rules
#define USES(name, operations, features, rest)                                                     \
	RULE(name, operations, ", features: {" features "}" rest)
#define STOPS "'lifecycle':{'stopSignal':'SIGUSR1'}"

static const struct feature_case {
	const char *why, *policy, *kubernetes;
	unsigned minor; /* of the request; 0: the configuration's */
	int want;
	bool offline;
	size_t findings;
} features[] = {
	{ "an alpha field", PODS("", USES("r", "CREATE", "stages: [alpha], uses: [field]", "")),
	  "1.36", 0, DENIED, false, 1 },
	{ "another stage", PODS("", USES("r", "CREATE", "stages: [beta]", "")), "1.36", 0, ALLOWED,
	  false, 0 },
	{ "any kind of use", PODS("", USES("r", "CREATE", "stages: [alpha]", "")), "1.36", 0,
	  DENIED, false, 1 },
	{ "another kind of use",
	  PODS("", USES("r", "CREATE", "stages: [alpha], uses: [value]", "")), "1.36", 0, ALLOWED,
	  false, 0 },
	{ "a gate that is fine",
	  PODS("", USES("r", "CREATE",
			"stages: [alpha], uses: [field], allow: [ContainerStopSignals]", "")),
	  "1.36", 0, ALLOWED, false, 0 },
	{ "another gate that is fine",
	  PODS("",
	       USES("r", "CREATE", "stages: [alpha], uses: [field], allow: [GenericWorkload]", "")),
	  "1.36", 0, DENIED, false, 1 },
	{ "the second rule, by its operation",
	  PODS("", USES("d", "DELETE", "stages: [alpha], uses: [field]", "")
			   USES("r", "CREATE", "stages: [alpha], uses: [field]", "")),
	  "1.36", 0, DENIED, false, 1 },
	{ "no rule, by its operation",
	  PODS("", USES("d", "DELETE", "stages: [alpha], uses: [field]", "")), "1.36", 0, ALLOWED,
	  false, 0 },
	{ "the second rule, by a condition",
	  PODS("", USES("w", "CREATE", "stages: [alpha], uses: [field]",
			", action: audit, when: [{path: spec.nodeName, exists: true}]")
			   USES("r", "CREATE", "stages: [alpha], uses: [field]", "")),
	  "1.36", 0, DENIED, false, 1 },
	{ "the first rule",
	  PODS("", USES("w", "CREATE", "stages: [alpha], uses: [field]", ", action: audit")
			   USES("r", "CREATE", "stages: [alpha], uses: [field]", "")),
	  "1.36", 0, NOTED, false, 1 },
	{ "another object",
	  PODS(", names: [other]", USES("r", "CREATE", "stages: [alpha], uses: [field]", "")),
	  "1.36", 0, ALLOWED, false, 0 },
	{ "an object with other labels",
	  PODS(", labels: {a: b}", USES("r", "CREATE", "stages: [alpha], uses: [field]", "")),
	  "1.36", 0, ALLOWED, false, 0 },
	{ "before the field was there",
	  PODS("", USES("r", "CREATE", "stages: [alpha], uses: [field]", "")), "1.32", 0, ALLOWED,
	  false, 0 },
	{ "of the minor that the request names",
	  PODS("", USES("r", "CREATE", "stages: [alpha], uses: [field]", "")), "1.32", 36, DENIED,
	  false, 1 },
	{ "of a manifest each use is told",
	  PODS("", USES("r", "CREATE", "stages: [alpha], uses: [field]", "")), "1.36", 0, DENIED,
	  true, 2 },
	{ "of a manifest, none",
	  PODS("", USES("r", "CREATE", "stages: [alpha], uses: [value]", "")), "1.36", 0, ALLOWED,
	  true, 0 },
	{ "of a version that nobody knows, no denial",
	  PODS("", USES("r", "CREATE", "stages: [alpha], uses: [field]", "")), "1.60", 0, WARNED,
	  false, 1 },
	{ "nor more than there was",
	  PODS("", USES("r", "CREATE", "stages: [alpha], uses: [field]", ", action: audit")),
	  "1.60", 0, NOTED, false, 1 },
};

START_TEST(a_row_of_features)
{
	static const struct table_case pod = {
		.name = "p",
		.object = "{'apiVersion':'v1','kind':'Pod','spec':{'containers':[{'name':'a'," STOPS
			  "},{'name':'b'," STOPS "}]}}"
	};
	const struct feature_case *c = &features[_i];
	scoped(arena_end) struct arena arena;
	char config[256];
	struct policy_set *by;
	struct request r;
	struct verdict v;

	arena_init(&arena, MEMORY);
	snprintf(config, sizeof config,
		 "---\napiVersion: oke-guard.internal/v1\nkind: GuardConfig\n"
		 "metadata: {name: c}\nspec: {cluster: {kubernetes: \"%s\"}}\n",
		 c->kubernetes);
	by = set_of((const char *const[]){ c->policy, config, NULL });
	r = request_of(&pod, &arena);
	r.kind.kind = r.request_kind.kind = STR("Pod");
	r.resource.resource = r.request_resource.resource = STR("pods");
	r.minor = c->minor;
	r.offline = c->offline;
	v = verdict_of(by, &r, &arena);
	ck_assert_msg((int)v.action == c->want && v.findings_n == c->findings, "%s: %s, %zu",
		      c->why, action_name(v.action), v.findings_n);
	if (!_i)
		steps_are(
			by, &r,
			"1 identity customer: identities.customer.users;4 2 uses of feature gates;"
			"4 f: field ContainerStopSignals, 2 times, taken by r;"
			"5 f/r: unsupported, so deny;9 deny, 1 findings;");
	r.part = POLICIES_SUPPORT;
	ck_assert_int_eq(verdict_of(by, &r, &arena).action, ALLOWED);
	policy_set_unref(by);
}
END_TEST

/* A rule that takes all kinds of use: those of one kind and gate are one finding. */
START_TEST(uses_that_are_alike)
{
	static const struct {
		const char *why, *containers, *more;
		size_t findings, changes; /* of the first one */
	} t[] = {
		{ "a field, twice", "{'name':'a'," STOPS "},{'name':'b'," STOPS "}", "", 1, 2 },
		{ "two values of one gate", "{'name':'a'}",
		  ",'tolerations':[{'key':'k','operator':'Lt','value':'1'},"
		  "{'key':'k','operator':'Gt','value':'1'}]",
		  1, 2 },
		{ "a field and a value", "{'name':'a'," STOPS "}",
		  ",'tolerations':[{'key':'k','operator':'Lt','value':'1'}]", 2, 1 },
		{ "a field, and its gate by hand",
		  "{'name':'a','image':'kube-proxy','args':['--feature-gates=ContainerStopSignals=true']," STOPS
		  "}",
		  "", 2, 1 },
	};
	struct policy_set *by = set_of((const char *const[]){
		PODS("", USES("r", "CREATE", "stages: [alpha]", "")),
		"---\napiVersion: oke-guard.internal/v1\nkind: GuardConfig\nmetadata: {name: c}\n"
		"spec: {cluster: {kubernetes: \"1.36\"}}\n",
		NULL });
	scoped(arena_end) struct arena arena;

	arena_init(&arena, MEMORY);
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct table_case pod = { .name = "p" };
		char object[1024];
		struct request r;
		struct verdict v;

		snprintf(object, sizeof object,
			 "{'apiVersion':'v1','kind':'Pod','spec':{'containers':[%s]%s}}",
			 t[i].containers, t[i].more);
		pod.object = object;
		r = request_of(&pod, &arena);
		r.kind.kind = r.request_kind.kind = STR("Pod");
		r.resource.resource = r.request_resource.resource = STR("pods");
		v = verdict_of(by, &r, &arena);
		ck_assert_msg(v.findings_n == t[i].findings &&
				      v.findings->changes_n == t[i].changes,
			      "%s: %zu of %zu", t[i].why, v.findings_n,
			      v.findings_n ? v.findings->changes_n : 0);
	}
	policy_set_unref(by);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("table");
	TCase *tc = tcase_create("rows");

	tcase_add_unchecked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, a_row_of_the_table, 0, ROWS(rows));
	tcase_add_test(tc, sets_up_to_the_last);
	tcase_add_test(tc, subresources);
	tcase_add_loop_test(tc, made_so, 0, ROWS(made));
	tcase_add_test(tc, content_of_pods);
	tcase_add_test(tc, unread_reviews);
	tcase_add_loop_test(tc, unknown_identities, 0, ROWS(unknowns));
	tcase_add_loop_test(tc, a_row_of_features, 0, ROWS(features));
	tcase_add_test(tc, names_of_both_objects);
	tcase_add_loop_test(tc, in_the_order_of_the_policies, 0, 3);
	tcase_add_loop_test(tc, what_lowered_one_of_two, 0, 3);
	tcase_add_test(tc, steps_of_the_decision);
	tcase_add_test(tc, uses_that_are_alike);
	tcase_add_test(tc, stored_and_offline_objects);
	tcase_add_test(tc, given_changes);
	tcase_add_test(tc, a_set_without_features);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
