/* SPDX-License-Identifier: Apache-2.0
 * check_published.c - what the scan in the cluster published, whoever wrote it: what becomes a
 * label or an Event is checked first.
 */
#include "agent/published.h"

#include <check.h>
#include <stdlib.h>

#include "tests/unit/suite.h"

static struct arena arena;

static void setup(void)
{
	arena_init(&arena, 1u << 20);
}

static void teardown(void)
{
	arena_done(&arena);
}

#define HEAD                                                                                       \
	"{\"format\":\"oke-guard.internal/posture\",\"version\":1,\"time\":\"2026-11-29T23:01:09Z\""

START_TEST(a_report_is_read)
{
	const struct json *findings;
	struct published p;
	struct err err;

	ck_assert_msg(
		published_read(
			STR(HEAD
			    ",\"whole\":true,\"summary\":{\"unsupported\":2,\"bestEffort\":1,"
			    "\"advice\":4},\"checks\":[{\"id\":\"component-drift\",\"result\":"
			    "\"finding\"},{\"id\":\"component-drift\",\"result\":\"pass\"},{\"id\":"
			    "\"x\\\"} 1\\nevil\",\"result\":\"pass\"},{\"id\":\"kubelet\",\"result\":"
			    "\"not-checkable\"},{\"id\":\"a\",\"result\":\"other\"}],\"findings\":[],"
			    "\"facts\":[{\"name\":\"cni\",\"value\":\"flannel\",\"configured\":"
			    "\"vcn-native\",\"contradicts\":true},{\"name\":\"x\",\"value\":\"y\","
			    "\"contradicts\":false}]}"),
			&arena, &p, &findings, &err) == 0,
		"%s", err.msg);
	ck_assert_int_eq(p.time, 1795993269);
	ck_assert(p.whole);
	ck_assert_uint_eq(p.findings[PUBLISHED_UNSUPPORTED], 2);
	ck_assert_uint_eq(p.findings[PUBLISHED_BEST_EFFORT], 1);
	ck_assert_uint_eq(p.findings[PUBLISHED_SUPPORTED], 4);
	ck_assert_uint_eq(p.checks_n, 2);
	ck_assert_str_eq(p.checks[0].id, "component-drift");
	ck_assert_int_eq(p.checks[0].result, PUBLISHED_FINDING);
	ck_assert_str_eq(p.checks[1].id, "kubelet");
	ck_assert_uint_eq(p.facts_n, 1);
	ck_assert_str_eq(p.facts[0], "cni: configured vcn-native, the cluster has flannel");
}
END_TEST

/* Members that are not there, or of another type, are none. */
START_TEST(a_report_may_hold_less)
{
	static const char *const more[] = {
		"}",
		",\"checks\":{\"a\":{\"id\":\"kubelet\",\"result\":\"pass\"}},\"facts\":{\"a\":"
		"{\"name\":\"cni\",\"value\":\"flannel\",\"contradicts\":true}}}",
	};
	const struct json *findings;
	struct published p;
	struct err err;
	char text[400];

	snprintf(text, sizeof text, "%s%s", HEAD, more[_i]);
	ck_assert_msg(published_read(str_of(text), &arena, &p, &findings, &err) == 0, "%s",
		      err.msg);
	ck_assert_uint_eq(p.checks_n, 0);
	ck_assert_uint_eq(p.facts_n, 0);
}
END_TEST

static const char *const refused[] = {
	"",
	"{",
	"[]",
	"{\"format\":\"other\",\"version\":1}",
	"{\"format\":\"oke-guard.internal/posture\",\"version\":2,\"time\":\"2026-11-29T23:01:09Z\"}",
	"{\"format\":\"oke-guard.internal/posture\",\"version\":1}",
};

START_TEST(a_report_is_refused)
{
	const struct json *findings;
	struct published p;
	struct err err;

	ck_assert_int_eq(published_read(str_of(refused[_i]), &arena, &p, &findings, &err), -1);
	ck_assert(*err.msg && p.time == 0);
}
END_TEST

START_TEST(its_size_is_bounded)
{
	static char text[PUBLISHED_MAX + 1];
	const struct json *findings;
	struct published p;
	struct err err;

	memset(text, ' ', sizeof text);
	ck_assert_int_eq(
		published_read((struct str){ text, sizeof text }, &arena, &p, &findings, &err), -1);
	ck_assert_int_eq(err.kind, ERR_LIMIT);
}
END_TEST

#define OBJECT                                                                                     \
	"\"object\":{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"namespace\":"            \
	"\"kube-system\",\"name\":\"coredns\",\"uid\":\"u-1\"}"
#define FINDING(check, more)                                                                       \
	"{\"key\":\"0123456789abcdef\",\"check\":\"" check                                         \
	"\",\"text\":\"changed\\u001b[31m\"," more "}"

#define KIND(kind) "\"object\":{\"kind\":\"" kind "\",\"name\":\"a\"}"
#define TEN        "ABCDEFGHIJ"

static const struct event_case {
	const char *why, *finding;
	bool told;
} events[] = {
	{ "drift", FINDING("component-drift", OBJECT), true },
	{ "it is new", FINDING("pods-differ", OBJECT ",\"new\":true"), true },
	{ "it was there before", FINDING("component-drift", OBJECT ",\"new\":false"), false },
	{ "it is accepted", FINDING("component-drift", OBJECT ",\"accepted\":true"), false },
	{ "no component's", FINDING("disruption-budgets", OBJECT), false },
	{ "no object", FINDING("component-drift", "\"object\":{}"), false },
	{ "another namespace",
	  FINDING("component-drift",
		  "\"object\":{\"kind\":\"Pod\",\"name\":\"a\",\"namespace\":\"shop\"}"),
	  false },
	{ "none",
	  FINDING("component-drift", "\"object\":{\"kind\":\"ClusterRole\",\"name\":\"a\"}"),
	  true },
	{ "a name that is none",
	  FINDING("component-drift", "\"object\":{\"kind\":\"Pod\",\"name\":\"../a\"}"), false },
	{ "a kind that is none",
	  FINDING("component-drift", "\"object\":{\"kind\":\"P o\",\"name\":\"a\"}"), false },
	{ "as long as a kind may be",
	  FINDING("component-drift", KIND(TEN TEN TEN TEN TEN TEN "abc")), true },
	{ "longer than a kind may be",
	  FINDING("component-drift", KIND(TEN TEN TEN TEN TEN TEN "abcd")), false },
	{ "no kind", FINDING("component-drift", KIND("")), false },
	{ "a version that is none",
	  FINDING("component-drift",
		  "\"object\":{\"kind\":\"Pod\",\"name\":\"a\",\"apiVersion\":\"v 1\"}"),
	  false },
	{ "a uid that is none",
	  FINDING("component-drift",
		  "\"object\":{\"kind\":\"Pod\",\"name\":\"a\",\"uid\":\"../x\"}"),
	  false },
	{ "a key that is none",
	  "{\"key\":\"../../secrets/x/\",\"check\":\"component-drift\",\"text\":\"x\"," OBJECT "}",
	  false },
	{ "a text", "\"x\"", false },
};

START_TEST(a_finding_becomes_an_event)
{
	const struct event_case *c = &events[_i];
	struct published_event e;
	struct err err;
	const struct json *f = json_parse(str_of(c->finding), NULL, &arena, &err);

	ck_assert_msg(f != NULL, "%s: %s", c->why, err.msg);
	ck_assert_msg(published_event_of(f, &arena, &e) == c->told, "%s", c->why);
}
END_TEST

START_TEST(an_event_is_one_a_day)
{
	char name[PUBLISHED_NAME], later[PUBLISHED_NAME];
	struct published_event e;
	struct err err;
	const struct json *f = json_parse(str_of(events[0].finding), NULL, &arena, &err);

	ck_assert(published_event_of(f, &arena, &e));
	published_event_name(&e, 1795993269, name);
	ck_assert_str_eq(name, "oke-guard-0123456789abcdef-20261129");
	published_event_name(&e, 1795993269 + 86400, later);
	ck_assert_str_ne(name, later);
	ck_assert_msg(
		str_is(published_event_print(&e, 1795993269, &arena),
		       "{\"apiVersion\":\"v1\",\"kind\":\"Event\",\"metadata\":{\"name\":"
		       "\"oke-guard-0123456789abcdef-20261129\",\"namespace\":\"kube-system\"},"
		       "\"involvedObject\":{\"kind\":\"Deployment\",\"name\":\"coredns\","
		       "\"apiVersion\":\"apps/v1\",\"namespace\":\"kube-system\",\"uid\":\"u-1\"},"
		       "\"type\":\"Warning\",\"reason\":\"OracleComponentChanged\",\"action\":\"Scan\","
		       "\"source\":{\"component\":\"oke-guard-agent\"},"
		       "\"reportingComponent\":\"oke-guard-agent\","
		       "\"reportingInstance\":\"oke-guard-agent\","
		       "\"eventTime\":\"2026-11-29T23:01:09.000000Z\",\"count\":1,"
		       "\"firstTimestamp\":\"2026-11-29T23:01:09Z\",\"lastTimestamp\":\"2026-11-29T23:01:09Z\","
		       "\"message\":\"changed\\\\x1b[31m\"}"),
		"%s", published_event_print(&e, 1795993269, &arena).s);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("published");
	TCase *tc = tcase_create("published");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_report_is_read);
	tcase_add_loop_test(tc, a_report_may_hold_less, 0, 2);
	tcase_add_loop_test(tc, a_report_is_refused, 0, sizeof refused / sizeof *refused);
	tcase_add_test(tc, its_size_is_bounded);
	tcase_add_loop_test(tc, a_finding_becomes_an_event, 0, sizeof events / sizeof *events);
	tcase_add_test(tc, an_event_is_one_a_day);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
