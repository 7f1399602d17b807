/* SPDX-License-Identifier: Apache-2.0
 * check_judge.c - what an event asks, how sure its verdict is, and which events are kept for
 * judging. JSON is written with ' for ".
 */
#include "policy/replay/judge.h"

#include "tests/unit/policy/judge/set_of.h"
#include "tests/unit/suite.h"

#define PODS(name, names, rules)                                                                   \
	"---\napiVersion: oke-guard.internal/v1\nkind: SupportPolicy\nmetadata: {name: " name      \
	"}\nspec:\n  title: t\n  objects: [{group: \"\", resource: pods, namespace: t" names       \
	"}]\n"                                                                                     \
	"  rules:\n" rules

static const char *const policies[] = {
	POLICY("mine", RULE("r", "CREATE, DELETE", "")),
	POLICY("content", RULE("r", "CREATE", ", when: [{path: data.a, in: [x]}]")),
	POLICY("changes", RULE("r", "UPDATE", ", changed: [data]")),
	PODS("shells", ", names: [shell]", RULE("r", "CONNECT", ", subresources: [exec]")),
	PODS("alpha", "", RULE("r", "CREATE, UPDATE, DELETE", ", features: {stages: [alpha]}")),
	"---\napiVersion: oke-guard.internal/v1\nkind: SupportException\nmetadata: {name: e}\nspec:\n"
	"  rules: [mine/r]\n  objects: [{group: \"\", resource: configmaps, namespace: t, "
	"names: [mine]}]\n  identities: {users: [ocid1.user.oc1..b]}\n  ticket: T\n"
	"  approvedBy: a\n  reason: r\n  notBefore: \"2026-11-22T00:00:00Z\"\n"
	"  expires: \"2026-11-30T00:00:00Z\"\n",
	"---\napiVersion: oke-guard.internal/v1\nkind: GuardConfig\nmetadata: {name: c}\n"
	"spec: {cluster: {kubernetes: \"1.36\"}}\n",
	NULL
};

static struct policy_set *set;
static struct arena arena;

static void setup(void)
{
	set = set_of(policies);
	arena_init(&arena, MEMORY);
}

static void teardown(void)
{
	arena_done(&arena);
	policy_set_unref(set);
}

#define SECOND INT64_C(1000000)

/* Of a customer, about an object of the core group in namespace t. */
static struct event event_of(enum event_verb verb, enum event_level level, const char *resource,
			     const char *name, const char *sent, const char *result)
{
	return (struct event){ .verb = verb,
			       .level = level,
			       .code = 200,
			       .resource = { STR(""), STR("v1"), str_of(resource) },
			       .namespace = STR("t"),
			       .name = str_of(name),
			       .user = { .name = STR(CUSTOMER) },
			       .received = NOW * SECOND,
			       .request_object = with_quotes(sent, &arena),
			       .response_object = with_quotes(result, &arena) };
}

/* ---- the request ---- */

#define NAMED(kind, name) "{'kind':'" kind "','apiVersion':'v1','metadata':{'name':'" name "'}}"

static const struct asked_case {
	const char *why, *ref, *result; /* ref: the name in objectRef */
	const char *name, *kind;        /* that the webhook is asked about */
} asked[] = {
	{ "the name of the reference", "a", NAMED("ConfigMap", "a"), "a", "ConfigMap" },
	{ "whatever the result is called", "a", NAMED("Token", "b"), "a", "Token" },
	{ "a name that the API server made up", "", NAMED("ConfigMap", "a-x7"), "a-x7",
	  "ConfigMap" },
	{ "a Status is no result", "", NAMED("Status", "b"), "", "configmaps" },
	{ "nor is nothing", "", NULL, "", "configmaps" },
};

START_TEST(what_is_asked)
{
	const struct asked_case *c = &asked[_i];
	struct event e =
		event_of(VERB_CREATE, LEVEL_RESPONSE, "configmaps", c->ref, NULL, c->result);
	struct request r;

	replay_request(&e, &r);
	ck_assert_msg(str_is(r.name, c->name), "%s: %.*s", c->why, STR_ARG(r.name));
	ck_assert_msg(str_is(r.kind.kind, c->kind), "%s: %.*s", c->why, STR_ARG(r.kind.kind));
	ck_assert(r.operation == OP_CREATE && str_is(r.namespace, "t"));
}
END_TEST

/* ---- the grade ---- */

#define WITH(value) "{'kind':'ConfigMap','apiVersion':'v1','data':{'a':'" value "'}}"

static const struct graded_case {
	const char *why;
	enum event_verb verb;
	enum event_level level;
	const char *resource, *subresource, *name, *result;
	const char *user; /* NULL: a customer */
	enum grade grade;
	enum action action;
} gradings[] = {
	{ "the object is there", VERB_CREATE, LEVEL_RESPONSE, "configmaps", "", "content",
	  WITH("x"), NULL, GRADE_EXACT, ACTION_DENY },
	{ "and is fine", VERB_CREATE, LEVEL_RESPONSE, "configmaps", "", "content", WITH("y"), NULL,
	  GRADE_EXACT, ACTION_ALLOW },
	{ "a log without objects", VERB_CREATE, LEVEL_METADATA, "configmaps", "", "content", NULL,
	  NULL, GRADE_NAME_ONLY, ACTION_DENY },
	{ "the object was refused", VERB_CREATE, LEVEL_RESPONSE, "configmaps", "", "content", NULL,
	  NULL, GRADE_AT_MOST, ACTION_DENY },
	{ "what was there is not known", VERB_PATCH, LEVEL_RESPONSE, "configmaps", "", "changes",
	  WITH("x"), NULL, GRADE_AT_MOST, ACTION_DENY },
	{ "the rule takes each", VERB_CREATE, LEVEL_METADATA, "configmaps", "", "mine", NULL, NULL,
	  GRADE_EXACT, ACTION_DENY },
	{ "a deletion", VERB_DELETE, LEVEL_METADATA, "configmaps", "", "mine", NULL, NULL,
	  GRADE_EXACT, ACTION_DENY },
	{ "under an exception", VERB_DELETE, LEVEL_METADATA, "configmaps", "", "mine", NULL,
	  "ocid1.user.oc1..b", GRADE_EXACT, ACTION_WARN },
	{ "a shell", VERB_CONNECT, LEVEL_METADATA, "pods", "exec", "shell", NULL, NULL, GRADE_EXACT,
	  ACTION_DENY },
	{ "another connection", VERB_CONNECT, LEVEL_METADATA, "pods", "attach", "shell", NULL, NULL,
	  GRADE_EXACT, ACTION_ALLOW },
};

static struct graded graded_of(const struct event *e)
{
	struct chain chain;
	struct request r;
	struct graded g;
	struct err err;

	chain_init(&chain);
	ck_assert_int_eq(replay_judge(set, &chain, e, &arena, &r, &g, &err), 0);
	chain_done(&chain);
	return g;
}

START_TEST(how_sure_it_is)
{
	const struct graded_case *c = &gradings[_i];
	struct event e = event_of(c->verb, c->level, c->resource, c->name, NULL, c->result);
	struct graded g;

	e.subresource = str_of(c->subresource);
	if (c->user)
		e.user.name = str_of(c->user);
	g = graded_of(&e);
	ck_assert_msg(g.grade == c->grade, "%s: %s", c->why, grade_name(g.grade));
	ck_assert_msg(g.verdict.action == c->action, "%s: %s", c->why,
		      action_name(g.verdict.action));
}
END_TEST

/* An exception counts from its first second to its last, of the event's time. */
START_TEST(exceptions_of_that_time)
{
	static const struct {
		int64_t at; /* seconds since the epoch */
		enum action action;
	} t[] = {
		{ 1795305599, ACTION_DENY }, /* 2026-11-21T23:59:59Z */
		{ 1795305600, ACTION_WARN },
		{ 1795996799, ACTION_WARN },
		{ 1795996800, ACTION_DENY }, /* 2026-11-30T00:00:00Z */
	};

	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct event e =
			event_of(VERB_DELETE, LEVEL_METADATA, "configmaps", "mine", NULL, NULL);

		e.user.name = STR("ocid1.user.oc1..b");
		e.received = t[i].at * SECOND + SECOND / 2;
		ck_assert_int_eq(graded_of(&e).verdict.action, t[i].action);
	}
}
END_TEST

START_TEST(no_time_no_verdict)
{
	struct event e = event_of(VERB_DELETE, LEVEL_METADATA, "configmaps", "mine", NULL, NULL);
	struct graded g;

	e.received = INT64_MIN;
	g = graded_of(&e);
	ck_assert_int_eq(g.grade, GRADE_NONE);
	ck_assert_str_eq(g.why, "the event has no time");
}
END_TEST

/* ---- what is kept ---- */

#define POD(field)                                                                                 \
	"{'kind':'Pod','apiVersion':'v1','metadata':{},'spec':{'containers':[{'name':'a'" field    \
	"}]}}"
#define OPTIONS(more) "{'kind':'DeleteOptions','apiVersion':'meta.k8s.io/v1'" more "}"
#define ALPHA_POD     POD(",'lifecycle':{'stopSignal':'SIGUSR1'}")

static const struct keep_case {
	const char *why;
	enum event_verb verb;
	enum event_level level;
	const char *resource, *name, *sent, *result;
	enum keep keep;
} kept[] = {
	{ "an object that a policy names", VERB_CREATE, LEVEL_METADATA, "configmaps", "mine", NULL,
	  NULL, KEEP },
	{ "one that none names", VERB_CREATE, LEVEL_METADATA, "configmaps", "other", NULL, NULL,
	  KEEP_NOT },
	{ "an alpha field", VERB_CREATE, LEVEL_RESPONSE, "pods", "p", ALPHA_POD, ALPHA_POD, KEEP },
	{ "none", VERB_CREATE, LEVEL_RESPONSE, "pods", "p", POD(""), POD(""), KEEP_NOT },
	{ "a log that does not show it", VERB_CREATE, LEVEL_METADATA, "pods", "p", NULL, NULL,
	  KEEP_UNSEEN },
	{ "an alpha field, changed", VERB_UPDATE, LEVEL_RESPONSE, "pods", "p", ALPHA_POD, ALPHA_POD,
	  KEEP },
	{ "a deletion of a pod that has one uses none", VERB_DELETE, LEVEL_RESPONSE, "pods", "p",
	  OPTIONS(""), ALPHA_POD, KEEP_NOT },
	{ "an alpha option of a deletion", VERB_DELETE, LEVEL_REQUEST, "pods", "p",
	  OPTIONS(",'ignoreStoreReadErrorWithClusterBreakingPotential':true"), NULL, KEEP },
	{ "other options", VERB_DELETE, LEVEL_REQUEST, "pods", "p", OPTIONS(""), NULL, KEEP_NOT },
	{ "no options", VERB_DELETE, LEVEL_REQUEST, "pods", "p", NULL, NULL, KEEP_NOT },
	{ "a log that does not show options", VERB_DELETE, LEVEL_METADATA, "pods", "p", NULL, NULL,
	  KEEP_UNSEEN },
};

START_TEST(what_is_kept)
{
	const struct keep_case *c = &kept[_i];
	struct event e = event_of(c->verb, c->level, c->resource, c->name, c->sent, c->result);
	enum keep keep = replay_keep(set, &e, &arena);

	ck_assert_msg(keep == c->keep, "%s: %d", c->why, (int)keep);
}
END_TEST

/* What was said then is compared with what would be said, so it is kept in any case. */
START_TEST(what_the_guard_saw_is_kept)
{
	struct event e = event_of(VERB_CREATE, LEVEL_METADATA, "configmaps", "other", NULL, NULL);

	e.then = THEN_NOT_REACHED;
	ck_assert_int_eq(replay_keep(set, &e, &arena), KEEP);
	e.then = THEN_SAID;
	ck_assert_int_eq(replay_keep(set, &e, &arena), KEEP);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("replay");
	TCase *tc = tcase_create("judge");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, what_is_asked, 0, ROWS(asked));
	tcase_add_loop_test(tc, how_sure_it_is, 0, ROWS(gradings));
	tcase_add_test(tc, exceptions_of_that_time);
	tcase_add_test(tc, no_time_no_verdict);
	tcase_add_loop_test(tc, what_is_kept, 0, ROWS(kept));
	tcase_add_test(tc, what_the_guard_saw_is_kept);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
