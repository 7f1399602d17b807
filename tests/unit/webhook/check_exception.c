/* SPDX-License-Identifier: Apache-2.0
 * check_exception.c - step 7: whom an exception is for, what it is about, and how
 * long it holds, to the second, by the clock that is passed in.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "oke/policy.h"
#include "oke/policy_print.h"
#include "tests/unit/suite.h"

#define FROM  1795392000 /* 2026-11-23T00:00:00Z */
#define UNTIL 1795996800 /* 2026-11-30T00:00:00Z */
#define ME    "ocid1.user.oc1..aaaa"

static const char exceptions[] =
	"apiVersion: oke-guard.internal/v1\n"
	"kind: SupportException\n"
	"metadata: {name: dns-test}\n"
	"spec:\n"
	"  rules: [coredns/scale, coredns/removed]\n"
	"  objects: [{group: apps, resource: deployments, namespace: kube-system, names: "
	"[coredns]}]\n"
	"  identities: {users: [ocid1.user.oc1..aaaa], groups: [dns-team], serviceAccounts: "
	"[ci/deployer]}\n"
	"  ticket: SR 3-1234567890\n"
	"  approvedBy: \"plattform-team <dns@example.com>\"\n"
	"  reason: image test agreed with Oracle Support\n"
	"  notBefore: \"2026-11-23T00:00:00Z\"\n"
	"  expires: \"2026-11-30T01:00:00+01:00\"\n"
	"---\n"
	"apiVersion: oke-guard.internal/v1\n"
	"kind: SupportException\n"
	"metadata: {name: quiet}\n"
	"spec:\n"
	"  rules: [coredns/scale]\n"
	"  objects: [{group: apps, resource: deployments, namespace: kube-system, names: "
	"[coredns]}]\n"
	"  identities: {groups: [night-shift]}\n"
	"  ticket: OPS-7\n"
	"  approvedBy: platform-team\n"
	"  reason: scaled every night\n"
	"  notBefore: \"2026-11-23T00:00:00Z\"\n"
	"  expires: \"2026-12-01T00:00:00Z\"\n"
	"  action: audit\n"
	"---\n"
	"apiVersion: oke-guard.internal/v1\n"
	"kind: SupportException\n"
	"metadata: {name: next-year}\n"
	"spec:\n"
	"  rules: [kube-proxy/removed]\n"
	"  objects: [{group: apps, resource: daemonsets, namespace: kube-system, names: "
	"[kube-proxy]}]\n"
	"  identities: {users: [ocid1.user.oc1..aaaa]}\n"
	"  ticket: OPS-8\n"
	"  approvedBy: platform-team\n"
	"  reason: later\n"
	"  notBefore: \"2027-01-01T00:00:00Z\"\n"
	"  expires: \"2027-01-02T00:00:00Z\"\n";

static struct policy_set *set;
static struct arena arena;

static struct policy_set *load(const char *text, const char *config)
{
	char path[] = "/tmp/check-exception-XXXXXX", with[] = "/tmp/check-exception-XXXXXX";
	const char *paths[] = { path };
	struct policy_source source = { .paths = paths, .paths_n = 1 };
	struct policy_report report = { 0 };
	struct policy_set *loaded;
	int fd = mkstemp(path), config_fd = config ? mkstemp(with) : -1;

	ck_assert(fd >= 0 && dprintf(fd, "%s", text) > 0);
	close(fd);
	if (config) {
		ck_assert(config_fd >= 0 && dprintf(config_fd,
						    "apiVersion: oke-guard.internal/v1\n"
						    "kind: GuardConfig\nmetadata: {name: c}\n"
						    "spec: %s\n",
						    config) > 0);
		close(config_fd);
		source.config = with;
	}
	loaded = policy_set_new(&source, &report);
	unlink(path);
	if (config)
		unlink(with);
	return loaded;
}

static void setup(void)
{
	arena_init(&arena, 16u << 20);
	set = load(exceptions, NULL);
	ck_assert_ptr_nonnull(set);
}

static void teardown(void)
{
	policy_set_unref(set);
	arena_done(&arena);
}

/* ---- a request ---- */

enum what { SCALE, REMOVE, REMOVE_AUTOSCALER, REMOVE_PROXY };

#define OBJECT(kind, name)                                                                         \
	"{\"apiVersion\":\"apps/v1\",\"kind\":\"" kind "\",\"metadata\":{\"name\":\"" name         \
	"\",\"namespace\":\"kube-system\"},\"spec\":{}}"
#define REPLICAS(n)                                                                                \
	"{\"apiVersion\":\"autoscaling/v1\",\"kind\":\"Scale\",\"metadata\":{\"name\":"            \
	"\"coredns\",\"namespace\":\"kube-system\"},\"spec\":{\"replicas\":" #n "}}"

static const struct asked {
	enum operation operation;
	const char *kind, *resource, *subresource, *name, *object, *old;
} requests[] = {
	[SCALE] = { OP_UPDATE, "Scale", "deployments", "scale", "coredns", REPLICAS(5),
		    REPLICAS(3) },
	[REMOVE] = { OP_DELETE, "Deployment", "deployments", "", "coredns", NULL,
		     OBJECT("Deployment", "coredns") },
	[REMOVE_AUTOSCALER] = { OP_DELETE, "Deployment", "deployments", "", "kube-dns-autoscaler",
				NULL, OBJECT("Deployment", "kube-dns-autoscaler") },
	[REMOVE_PROXY] = { OP_DELETE, "DaemonSet", "daemonsets", "", "kube-proxy", NULL,
			   OBJECT("DaemonSet", "kube-proxy") },
};

static struct request request_of(const struct asked *a)
{
	struct request r = { .uid = STR("u"),
			     .operation = a->operation,
			     .kind = { STR("apps"), STR("v1"), str_of(a->kind) },
			     .resource = { STR("apps"), STR("v1"), str_of(a->resource) },
			     .subresource = str_of(a->subresource),
			     .namespace = STR("kube-system"),
			     .name = str_of(a->name),
			     .object = str_of(a->object),
			     .old_object = str_of(a->old) };

	if (*a->subresource)
		r.kind.group = STR("autoscaling");
	r.request_kind = r.kind;
	r.request_resource = r.resource;
	r.request_subresource = r.subresource;
	return r;
}

static struct verdict judge(const struct policy_set *by, enum what what, const char *user,
			    const char *group, int64_t now)
{
	struct request r = request_of(&requests[what]);
	const struct str groups[] = { STR("system:authenticated"), str_of(group) };
	struct verdict v;
	struct err err;

	r.user = (struct user){ str_of(user), groups, group ? 2 : 1 };
	ck_assert_int_eq(policy_judge(by, &r, now, &arena, NULL, &v, &err), 0);
	ck_assert_uint_ge(v.findings_n, 1);
	return v;
}

/* ---- when, who, what ---- */

static const struct exception_row {
	const char *why;
	enum what what;
	const char *user, *group;
	int64_t now;
	enum action want;
	const char *exception; /* NULL: none is used */
} rows[] = {
	{ "a second too early", SCALE, ME, NULL, FROM - 1, ACTION_DENY, NULL },
	{ "from its first second on", SCALE, ME, NULL, FROM, ACTION_WARN, "dns-test" },
	{ "in its last second", SCALE, ME, NULL, UNTIL - 1, ACTION_WARN, "dns-test" },
	{ "over, to the second", SCALE, ME, NULL, UNTIL, ACTION_DENY, NULL },
	{ "another rule of its list", REMOVE, ME, NULL, FROM, ACTION_WARN, "dns-test" },
	{ "another object of the rule", REMOVE_AUTOSCALER, ME, NULL, FROM, ACTION_DENY, NULL },
	{ "a rule that it does not name", REMOVE_PROXY, ME, NULL, FROM, ACTION_DENY, NULL },
	{ "somebody else", SCALE, "ocid1.user.oc1..bbbb", NULL, FROM, ACTION_DENY, NULL },
	{ "a longer name", SCALE, ME "a", NULL, FROM, ACTION_DENY, NULL },
	{ "a member of its group", SCALE, "ocid1.user.oc1..bbbb", "dns-team", FROM, ACTION_WARN,
	  "dns-test" },
	{ "a group that begins like it", SCALE, "ocid1.user.oc1..bbbb", "dns-team-2", FROM,
	  ACTION_DENY, NULL },
	{ "its account, proven by the group", SCALE, "system:serviceaccount:ci:deployer",
	  "system:serviceaccounts:ci", FROM, ACTION_WARN, "dns-test" },
	{ "one of another namespace", SCALE, "system:serviceaccount:cd:deployer",
	  "system:serviceaccounts:cd", FROM, ACTION_DENY, NULL },
	{ "audit is lower than warn", SCALE, ME, "night-shift", FROM, ACTION_AUDIT, "quiet" },
	{ "audit alone", SCALE, "ocid1.user.oc1..bbbb", "night-shift", FROM, ACTION_AUDIT,
	  "quiet" },
	{ "one is over, the other holds", SCALE, ME, "night-shift", UNTIL, ACTION_AUDIT, "quiet" },
};

START_TEST(row)
{
	const struct exception_row *r = &rows[_i];
	struct verdict v = judge(set, r->what, r->user, r->group, r->now);
	struct annotation notes[ANNOTATIONS_MAX];
	size_t n = verdict_annotations(&v, &arena, notes), seen = 0;

	ck_assert_msg(v.action == r->want, "%s: %s", r->why, action_name(v.action));
	ck_assert_msg(str_is(v.findings[0].exception, r->exception ? r->exception : ""), "%s",
		      r->why);
	for (size_t i = 0; i < n; i++) {
		if (!strcmp(notes[i].key, "exception"))
			seen += r->exception && str_is(notes[i].value, r->exception);
		if (!strcmp(notes[i].key, "ticket"))
			seen += str_eq(notes[i].value, v.findings[0].ticket) && notes[i].value.n;
	}
	ck_assert_msg(seen == (r->exception ? 2 : 0), "%s: %zu annotations", r->why, seen);
}
END_TEST

/* ---- what is said afterwards ---- */

static bool says(const struct verdict *v, const char *text)
{
	struct str m = verdict_message(v, &arena);

	return m.n && memmem(m.s, m.n, text, strlen(text));
}

START_TEST(an_expired_one_is_told)
{
	static const char told[] = "Exception dns-test expired 2026-11-30T00:00:00Z; ask "
				   "plattform-team <dns@example.com>";
	struct verdict v = judge(set, SCALE, ME, NULL, UNTIL);

	ck_assert_msg(says(&v, told), "%.*s", STR_ARG(verdict_message(&v, &arena)));
	ck_assert_msg(says(&v, "minReplica"), "the remedy is still there");
	v = judge(set, REMOVE, ME, NULL, UNTIL + 1000000);
	ck_assert_msg(says(&v, told), "years later too");
	v = judge(set, SCALE, ME, NULL, FROM - 1);
	ck_assert_msg(!says(&v, "dns-test"), "one that is to come is nobody's business");
	v = judge(set, SCALE, "ocid1.user.oc1..bbbb", NULL, UNTIL);
	ck_assert_msg(!says(&v, "dns-test"), "nor is another's");
}
END_TEST

static bool warns(const struct verdict *v, const char *text)
{
	struct str lines[WARNINGS_MAX];
	size_t n = verdict_warnings(v, &arena, lines);

	for (size_t i = 0; i < n; i++)
		if (memmem(lines[i].s, lines[i].n, text, strlen(text)))
			return true;
	return false;
}

#define PERMITTED "Permitted until 2026-11-30T00:00:00Z by exception dns-test (SR 3-1234567890)"

/* Whether there is a supported way or none: name, ticket and end are told, once. */
START_TEST(what_permits_it_is_told)
{
	struct verdict v = judge(set, SCALE, ME, NULL, FROM);

	ck_assert(warns(&v, PERMITTED));
	ck_assert_msg(warns(&v, "minReplica"), "the supported way is still there");
	v = judge(set, REMOVE, ME, NULL, FROM);
	ck_assert(warns(&v, PERMITTED));
	ck_assert_msg(!warns(&v, "no supported way"), "not where it is permitted");
	v = judge(set, REMOVE, "ocid1.user.oc1..bbbb", NULL, FROM);
	ck_assert(!says(&v, "Permitted"));
}
END_TEST

static const struct lowered_case {
	const char *config, *user, *told;
} lowered_cases[] = {
	{ "{mode: warn}", ME, "in mode warn, so nobody is refused; in mode enforce this is" },
	{ "{}", "somebody", "unknown to the guard, so it warns at most; a customer" },
	{ "{mode: warn}", "somebody", "unknown to the guard, so it warns at most" },
	{ "{}", "ocid1.devopsdeploypipeline.oc1..a", "add \"ocid1.devopsdeploypipeline.*\"" },
};

START_TEST(what_lowered_a_denial_is_told)
{
	const struct lowered_case *c = &lowered_cases[_i];
	struct policy_set *other = load("# none\n", c->config);
	struct verdict v;

	ck_assert_ptr_nonnull(other);
	v = judge(other, REMOVE_PROXY, c->user, NULL, FROM);
	ck_assert_int_eq(v.action, ACTION_WARN);
	ck_assert_msg(warns(&v, c->told), "%s", c->told);
	policy_set_unref(other);
	v = judge(set, REMOVE_PROXY, ME, NULL, FROM);
	ck_assert_msg(!says(&v, "in mode warn"), "a denial was not lowered");
}
END_TEST

/* Steps 8 and 7 do not disturb each other: lower is lower. */
START_TEST(a_mode_lowers_further)
{
	struct policy_set *audit = load(exceptions, "{mode: audit}");
	struct verdict v;

	ck_assert_ptr_nonnull(audit);
	v = judge(audit, SCALE, ME, NULL, FROM);
	ck_assert_int_eq(v.action, ACTION_AUDIT);
	ck_assert(str_is(v.findings[0].exception, "dns-test"));
	policy_set_unref(audit);
}
END_TEST

START_TEST(no_longer_than_configured)
{
	ck_assert_ptr_null(load(exceptions, "{exceptions: {maxDays: 7}}")); /* quiet: 8 days */
	set = (policy_set_unref(set), load(exceptions, "{exceptions: {maxDays: 8}}"));
	ck_assert_ptr_nonnull(set);
}
END_TEST

/* ---- what is shown of them ---- */

static const struct state_row {
	int64_t now;
	size_t states[EXCEPTION_STATES]; /* pending, active, expired */
	enum exception_state first;
} states[] = {
	{ FROM - 1, { 3, 0, 0 }, EXCEPTION_PENDING },
	{ FROM, { 1, 2, 0 }, EXCEPTION_ACTIVE },
	{ UNTIL - 1, { 1, 2, 0 }, EXCEPTION_ACTIVE },
	{ UNTIL, { 1, 1, 1 }, EXCEPTION_EXPIRED },
	{ UNTIL + 86400, { 1, 0, 2 }, EXCEPTION_EXPIRED },
	{ INT64_MAX, { 0, 0, 3 }, EXCEPTION_EXPIRED },
};

START_TEST(state)
{
	const struct state_row *r = &states[_i];
	struct exception_info e;
	size_t n[EXCEPTION_STATES];

	policy_set_exceptions(set, r->now, n);
	for (size_t i = 0; i < EXCEPTION_STATES; i++)
		ck_assert_msg(n[i] == r->states[i], "%s: %zu",
			      exception_state_name((enum exception_state)i), n[i]);
	ck_assert(policy_set_exception_at(set, 0, r->now, &e));
	ck_assert(str_is(e.name, "dns-test") && str_is(e.ticket, "SR 3-1234567890"));
	ck_assert_int_eq(e.not_before, FROM);
	ck_assert_int_eq(e.expires, UNTIL);
	ck_assert_int_eq(e.state, r->first);
	ck_assert(policy_set_exception_at(set, 2, r->now, &e));
	ck_assert(!policy_set_exception_at(set, 3, r->now, &e));
	ck_assert(policy_set_has_exception(set, STR("quiet")));
	ck_assert(!policy_set_has_exception(set, STR("quie")));
}
END_TEST

static void count(void *ctx, bool error, const char *text)
{
	(void)text;
	ck_assert(!error);
	++*(size_t *)ctx;
}

START_TEST(lint_tells_the_expired)
{
	size_t told = 0;
	struct policy_report report = { .message = count, .ctx = &told };

	policy_set_lint(set, UNTIL - 1, &report);
	ck_assert_uint_eq(told, 0);
	policy_set_lint(set, UNTIL, &report);
	ck_assert_uint_eq(told, 1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("exception");
	TCase *t = tcase_create("exception");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, row, 0, sizeof rows / sizeof *rows);
	tcase_add_test(t, an_expired_one_is_told);
	tcase_add_test(t, what_permits_it_is_told);
	tcase_add_loop_test(t, what_lowered_a_denial_is_told, 0,
			    sizeof lowered_cases / sizeof *lowered_cases);
	tcase_add_test(t, a_mode_lowers_further);
	tcase_add_test(t, no_longer_than_configured);
	tcase_add_loop_test(t, state, 0, sizeof states / sizeof *states);
	tcase_add_test(t, lint_tells_the_expired);
	suite_add_tcase(s, t);
	return run_suite(s);
}
