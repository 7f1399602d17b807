/* SPDX-License-Identifier: Apache-2.0
 * check_metrics.c - counts are right, from many threads at once, and the text is
 * what Prometheus reads.
 */
#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "webhook/metrics.h"
#include "tests/unit/suite.h"

static struct review_metrics m;
static struct metrics server;
static const struct metrics_now now = { .policies = 45,
					.rules = 296,
					.overrides = 2,
					.exceptions = { 0, 2, 1 },
					.certificate_expiry = -7,
					.connections = 3,
					.body_bytes = 1000 };

static void setup(void)
{
	review_metrics_init(&m);
	server = (struct metrics){ 0 };
}

static void teardown(void)
{
	review_metrics_done(&m);
}

static char *text(void)
{
	size_t len = 0;
	char *t = review_metrics_text(&m, &server, &now, &len);

	ck_assert_ptr_nonnull(t);
	ck_assert_uint_eq(strlen(t), len);
	return t;
}

/* Is this a whole line? */
static bool has(const char *t, const char *line)
{
	size_t n = strlen(line);

	for (const char *at = t; (at = strstr(at, line)); at++)
		if ((at == t || at[-1] == '\n') && at[n] == '\n')
			return true;
	return false;
}

static const struct review_row {
	const char *name;
	enum operation op;
	enum action decision;
	bool dry_run;
	uint64_t nanoseconds;
	const char *line, *bucket, *below;
} reviews[] = {
	{ "the fastest", OP_CREATE, ACTION_ALLOW, false, 1,
	  "oke_guard_reviews_total{operation=\"CREATE\",decision=\"allow\",dry_run=\"false\"} 1",
	  "oke_guard_review_seconds_bucket{le=\"1e-05\"} 1", NULL },
	{ "at a bound counts below it", OP_UPDATE, ACTION_DENY, true, 25000,
	  "oke_guard_reviews_total{operation=\"UPDATE\",decision=\"deny\",dry_run=\"true\"} 1",
	  "oke_guard_review_seconds_bucket{le=\"2.5e-05\"} 1",
	  "oke_guard_review_seconds_bucket{le=\"1e-05\"} 0" },
	{ "past a bound counts above it", OP_DELETE, ACTION_WARN, false, 25001,
	  "oke_guard_reviews_total{operation=\"DELETE\",decision=\"warn\",dry_run=\"false\"} 1",
	  "oke_guard_review_seconds_bucket{le=\"5e-05\"} 1",
	  "oke_guard_review_seconds_bucket{le=\"2.5e-05\"} 0" },
	{ "the slowest", OP_CONNECT, ACTION_AUDIT, false, 5000000000,
	  "oke_guard_reviews_total{operation=\"CONNECT\",decision=\"audit\",dry_run=\"false\"} 1",
	  "oke_guard_review_seconds_bucket{le=\"+Inf\"} 1",
	  "oke_guard_review_seconds_bucket{le=\"1\"} 0" },
};

START_TEST(review)
{
	const struct review_row *r = &reviews[_i];
	char *t;

	review_metrics_review(&m, r->op, r->decision, r->dry_run, r->nanoseconds);
	t = text();
	ck_assert_msg(has(t, r->line), "%s: %s", r->name, t);
	ck_assert_msg(has(t, r->bucket), "%s: %s", r->name, t);
	ck_assert_msg(!r->below || has(t, r->below), "%s: %s", r->name, t);
	ck_assert_msg(has(t, "oke_guard_review_seconds_count 1"), "%s: %s", r->name, t);
	ck_assert_uint_eq(review_metrics_reviews(&m), 1);
	free(t);
}
END_TEST

/* Buckets add up, and the sum is in seconds. */
START_TEST(reviews_add_up)
{
	char *t;

	review_metrics_review(&m, OP_CREATE, ACTION_ALLOW, false, 10000);
	review_metrics_review(&m, OP_CREATE, ACTION_ALLOW, false, 250000000);
	review_metrics_review(&m, OP_CREATE, ACTION_ALLOW, false, 1500000000);
	review_metrics_review(&m, OP_CREATE, ACTION_ALLOW, false, 2000000000);
	t = text();
	ck_assert(has(t, "oke_guard_review_seconds_bucket{le=\"1e-05\"} 1"));
	ck_assert(has(t, "oke_guard_review_seconds_bucket{le=\"0.1\"} 1"));
	ck_assert(has(t, "oke_guard_review_seconds_bucket{le=\"0.5\"} 2"));
	ck_assert(has(t, "oke_guard_review_seconds_bucket{le=\"1\"} 2"));
	ck_assert(has(t, "oke_guard_review_seconds_bucket{le=\"+Inf\"} 4"));
	ck_assert_msg(has(t, "oke_guard_review_seconds_sum 3.750010000"), "%s", t);
	ck_assert(has(t, "oke_guard_review_seconds_count 4"));
	free(t);
}
END_TEST

static struct finding finding(const char *policy, const char *rule, enum tier tier,
			      enum action action)
{
	return (struct finding){
		.policy = str_of(policy), .rule = str_of(rule), .tier = tier, .action = action
	};
}

START_TEST(findings)
{
	struct finding a = finding("coredns", "spec", TIER_UNSUPPORTED, ACTION_DENY),
		       b = finding("coredns", "spec", TIER_UNSUPPORTED, ACTION_WARN),
		       c = finding("coredn", "sspec", TIER_UNSUPPORTED, ACTION_DENY),
		       d = finding("a\"b\\c\nd", "r", TIER_BEST_EFFORT, ACTION_AUDIT);
	char *t;

	review_metrics_finding(&m, &a);
	review_metrics_finding(&m, &b);
	review_metrics_finding(&m, &a);
	review_metrics_finding(&m, &c);
	review_metrics_finding(&m, &d);
	t = text();
	ck_assert(has(t, "oke_guard_findings_total{policy=\"coredns\",rule=\"spec\","
			 "tier=\"unsupported\",action=\"deny\"} 2"));
	ck_assert(has(t, "oke_guard_findings_total{policy=\"coredns\",rule=\"spec\","
			 "tier=\"unsupported\",action=\"warn\"} 1"));
	ck_assert(has(t, "oke_guard_findings_total{policy=\"coredn\",rule=\"sspec\","
			 "tier=\"unsupported\",action=\"deny\"} 1"));
	ck_assert(has(t, "oke_guard_findings_total{policy=\"a\\\"b\\\\c\\nd\",rule=\"r\","
			 "tier=\"best-effort\",action=\"audit\"} 1"));
	free(t);
}
END_TEST

/* However many there are, none is lost and the table stays as it is. */
START_TEST(findings_are_bounded)
{
	unsigned long long sum = 0, other = 0;
	char *t, *save = NULL;
	const unsigned all = METRICS_FINDINGS_MAX * 2;

	for (unsigned i = 0; i < all; i++) {
		char rule[32];
		struct finding f = finding("p", rule, TIER_UNSUPPORTED, ACTION_DENY);

		snprintf(rule, sizeof rule, "r%u", i);
		f.rule = str_of(rule);
		review_metrics_finding(&m, &f);
	}
	t = text();
	for (char *line = strtok_r(t, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (!strncmp(line, "oke_guard_findings_total{", 25)) {
			unsigned long long n = strtoull(strrchr(line, ' ') + 1, NULL, 10);

			sum += n;
			other += strstr(line, "\"other\"") ? n : 0;
		}
	ck_assert_uint_eq(sum, all);
	ck_assert_uint_ge(other, all - METRICS_FINDINGS_MAX);
	free(t);
}
END_TEST

/* A new set: what it knows goes on counting, the rest is gone, and makes room. */
START_TEST(findings_follow_the_set)
{
	struct policy_report report = { 0 };
	struct policy_set *set = policy_set_new(NULL, &report);
	struct finding kept = finding("coredns", "spec", TIER_UNSUPPORTED, ACTION_WARN),
		       own = finding("guard", "unreadable", TIER_UNSUPPORTED, ACTION_DENY);
	char *t;

	ck_assert_ptr_nonnull(set);
	kept.exception = STR("no-longer-loaded");
	review_metrics_finding(&m, &kept);
	review_metrics_finding(&m, &own);
	for (unsigned i = 0; i < METRICS_FINDINGS_MAX * 2; i++) {
		char rule[32];
		struct finding f = finding("gone", rule, TIER_UNSUPPORTED, ACTION_DENY);

		snprintf(rule, sizeof rule, "r%u", i);
		f.rule = str_of(rule);
		review_metrics_finding(&m, &f);
		if (i % 1000 == 0)
			review_metrics_follow(&m, set);
	}
	review_metrics_follow(&m, set);
	review_metrics_finding(&m, &kept);
	t = text();
	ck_assert(has(t, "oke_guard_findings_total{policy=\"coredns\",rule=\"spec\","
			 "tier=\"unsupported\",action=\"warn\"} 2"));
	ck_assert(has(t, "oke_guard_findings_total{policy=\"guard\",rule=\"unreadable\","
			 "tier=\"unsupported\",action=\"deny\"} 1"));
	ck_assert(has(t, "oke_guard_exception_uses_total{exception=\"no-longer-loaded\"} 1"));
	ck_assert_ptr_null(strstr(t, "\"gone\""));
	ck_assert_ptr_null(strstr(t, "\"other\""));
	free(t);
	policy_set_unref(set);
}
END_TEST

START_TEST(every_reason_has_a_line)
{
	char *t;
	size_t lines = 0;

	for (unsigned i = 0; i < REVIEW_ERRORS_N; i++)
		review_metrics_error(&m, (enum review_error)i);
	for (unsigned i = 0; i < METRICS_SHED_N; i++)
		metrics_shed(&server, (enum metrics_shed)i);
	metrics_no_memory(&server); /* the server's own, besides the webhook's */
	metrics_reload(&server, METRICS_CERTIFICATE, true);
	metrics_reload(&server, METRICS_POLICIES, false);
	t = text();
	for (const char *at = t; (at = strstr(at, "{reason=\"")); at++)
		lines++;
	ck_assert_uint_eq(lines, REVIEW_ERRORS_N + METRICS_SHED_N);
	ck_assert_ptr_null(strstr(t, "(null)"));
	ck_assert(has(t, "oke_guard_errors_total{reason=\"malformed\"} 1"));
	ck_assert(has(t, "oke_guard_errors_total{reason=\"memory\"} 2"));
	ck_assert(has(t, "oke_guard_requests_shed_total{reason=\"slow_sender\"} 1"));
	ck_assert(has(t, "oke_guard_certificate_reload_total{result=\"ok\"} 1"));
	ck_assert(has(t, "oke_guard_policy_reload_total{result=\"ok\"} 0"));
	ck_assert(has(t, "oke_guard_policy_reload_total{result=\"error\"} 1"));
	ck_assert(has(t, "oke_guard_exceptions{state=\"pending\"} 0"));
	ck_assert(has(t, "oke_guard_exceptions{state=\"active\"} 2"));
	ck_assert(has(t, "oke_guard_exceptions{state=\"expired\"} 1"));
	ck_assert(has(t, "oke_guard_certificate_reload_total{result=\"error\"} 0"));
	ck_assert(has(t, "oke_guard_certificate_expiry_seconds -7"));
	ck_assert(has(t, "oke_guard_policies_loaded 45"));
	free(t);
}
END_TEST

/* Each sample stands below the HELP and the TYPE of its own metric. */
START_TEST(format)
{
	char name[128] = "", *t, *save = NULL;
	struct finding f = finding("p", "r", TIER_SUPPORTED, ACTION_ALLOW);
	size_t samples = 0, reviews_n = 0;

	review_metrics_finding(&m, &f);
	t = text();
	for (char *line = strtok_r(t, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (!strncmp(line, "# HELP ", 7)) {
			size_t n = strcspn(line + 7, " ");

			snprintf(name, sizeof name, "%.*s", (int)n, line + 7);
			ck_assert_msg(line[7 + n] == ' ' && strlen(line + 7 + n) > 5, "%s", line);
		} else if (!strncmp(line, "# TYPE ", 7)) {
			ck_assert_msg(!strncmp(line + 7, name, strlen(name)), "%s", line);
		} else {
			ck_assert_msg(!strncmp(line, name, strlen(name)), "%s below %s", line,
				      name);
			ck_assert_msg(strrchr(line, ' ') != NULL, "%s", line);
			samples++;
			reviews_n += !strncmp(line, "oke_guard_reviews_total{", 24);
		}
	}
	ck_assert_uint_gt(samples, 60);
	ck_assert_uint_eq(reviews_n, 4 * 4 * 2); /* operations, decisions, dry or not */
	free(t);
}
END_TEST

#define THREADS 4
#define EACH    20000

static bool all_but_gone(void *unused, const struct tally_key *k)
{
	(void)unused;
	return !str_is(k->a, "gone");
}

static void *count(void *unused)
{
	struct finding f = finding("p", "r", TIER_UNSUPPORTED, ACTION_DENY),
		       gone = finding("gone", "r", TIER_UNSUPPORTED, ACTION_DENY);

	(void)unused;
	for (int i = 0; i < EACH; i++) {
		review_metrics_review(&m, OP_CREATE, ACTION_DENY, false, 1000);
		f.action = (enum action)(i % 4);
		review_metrics_finding(&m, &f);
		if (i % 16 == 0)
			review_metrics_finding(&m, &gone);
	}
	return NULL;
}

START_TEST(threads)
{
	pthread_t t[THREADS];
	char *out, want[128];

	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&t[i], NULL, count, NULL), 0);
	for (int i = 0; i < 200; i++)
		tally_keep(&m.findings, all_but_gone, NULL);
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	ck_assert_uint_eq(review_metrics_reviews(&m), THREADS * EACH);
	out = text();
	snprintf(want, sizeof want,
		 "oke_guard_findings_total{policy=\"p\",rule=\"r\",tier=\"unsupported\","
		 "action=\"deny\"} %d",
		 THREADS * EACH / 4);
	ck_assert(has(out, want));
	free(out);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("metrics");
	TCase *t = tcase_create("metrics");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, review, 0, sizeof reviews / sizeof *reviews);
	tcase_add_test(t, reviews_add_up);
	tcase_add_test(t, findings);
	tcase_add_test(t, findings_are_bounded);
	tcase_add_test(t, findings_follow_the_set);
	tcase_add_test(t, every_reason_has_a_line);
	tcase_add_test(t, format);
	tcase_add_test(t, threads);
	suite_add_tcase(s, t);
	return run_suite(s);
}
