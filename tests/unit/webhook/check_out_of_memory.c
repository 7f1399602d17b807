/* SPDX-License-Identifier: Apache-2.0
 * check_out_of_memory.c - each allocation of judging and answering a review fails once: no change
 * that somebody should hear of passes without a word.
 */
#include "tests/unit/failing.h"

#include <check.h>
#include <stdio.h>

#include "lib/base/cleanup.h"
#include "tests/unit/webhook/answer.h"
#include "tests/unit/suite.h"

#define NOW      1795392000 /* 2026-11-23 */
#define MEMORY   (1u << 20)
#define CUSTOMER "ocid1.user.oc1..a"

static struct policy_set *set;

static void setup(void)
{
	ck_assert_ptr_nonnull(set = policy_set_new(NULL, &(struct policy_report){ 0 }));
}

static void teardown(void)
{
	policy_set_unref(set);
}

static const struct memory_case {
	const char *why, *operation, *user, *group, *kind, *resource, *namespace, *name, *object,
		*old;
	enum action want;
	const char *subresource; /* NULL: none */
} cases[] = {
	{ "a change that is denied", "UPDATE", CUSTOMER, "", "ConfigMap", "configmaps",
	  "kube-system", "coredns", "{\"data\":{\"Corefile\":\".:53 {}\"}}",
	  "{\"data\":{\"Corefile\":\".:53 {\\nready\\n}\"}}", ACTION_DENY, NULL },
	{ "a removal that is denied", "DELETE", CUSTOMER, "apps", "DaemonSet", "daemonsets",
	  "kube-system", "kube-proxy", "null", "{\"metadata\":{\"name\":\"kube-proxy\"}}",
	  ACTION_DENY, NULL },
	{ "scaling that is denied", "UPDATE", CUSTOMER, "apps", "Deployment", "deployments",
	  "kube-system", "coredns",
	  "{\"spec\":{\"replicas\":5,\"template\":{\"spec\":{\"containers\":[{\"name\":\"coredns\","
	  "\"image\":\"a\"}]}}}}",
	  "{\"spec\":{\"replicas\":3,\"template\":{\"spec\":{\"containers\":[{\"name\":\"coredns\","
	  "\"image\":\"b\"}]}}}}",
	  ACTION_DENY, NULL },
	{ "scaling from 0, which is left out", "UPDATE", CUSTOMER, "apps", "Deployment",
	  "deployments", "kube-system", "coredns", "{\"spec\":{\"replicas\":5}}", "{\"spec\":{}}",
	  ACTION_DENY, "scale" },
	{ "an alpha feature that is warned of", "CREATE", CUSTOMER, "", "Pod", "pods", "shop", "p",
	  "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"spec\":{\"containers\":[{\"name\":\"a\","
	  "\"lifecycle\":{\"stopSignal\":\"SIGTERM\"}}]}}",
	  "null", ACTION_WARN, NULL },
	{ "a gate on a command line", "CREATE", CUSTOMER, "", "Pod", "pods", "shop", "p",
	  "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"spec\":{\"containers\":[{\"name\":\"a\","
	  "\"image\":\"kube-proxy\",\"args\":[\"--feature-gates=$(A)\"],"
	  "\"env\":[{\"name\":\"A\",\"value\":\"ContainerStopSignals=true\"}]}]}}",
	  "null", ACTION_WARN, NULL },
	{ "what concerns nobody", "CREATE", CUSTOMER, "", "ConfigMap", "configmaps", "shop", "c",
	  "{\"data\":{\"a\":\"b\"}}", "null", ACTION_ALLOW, NULL },
	{ "an exempt account", "UPDATE", "system:apiserver", "apps", "DaemonSet", "daemonsets",
	  "kube-system", "kube-proxy", "{\"spec\":{\"a\":1}}", "{\"spec\":{\"a\":2}}", ACTION_ALLOW,
	  NULL },
};
#define CASES ((int)(sizeof cases / sizeof *cases))

static char *review_of(const struct memory_case *c)
{
	char *review;

	ck_assert_int_gt(
		asprintf(
			&review,
			"{\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/v1\","
			"\"request\":{\"uid\":\"u\",\"kind\":{\"group\":\"%s\",\"version\":\"v1\","
			"\"kind\":\"%s\"},\"resource\":{\"group\":\"%s\",\"version\":\"v1\","
			"\"resource\":\"%s\"},\"subResource\":\"%s\",\"name\":\"%s\",\"namespace\":\"%s\","
			"\"operation\":\"%s\",\"userInfo\":{\"username\":\"%s\",\"groups\":["
			"\"system:authenticated\"]},\"object\":%s,\"oldObject\":%s}}",
			c->group, c->kind, c->group, c->resource,
			c->subresource ? c->subresource : "", c->name, c->namespace, c->operation,
			c->user, c->object, c->old),
		0);
	return review;
}

/* Another verdict is none; a weaker one is none. 503 is no answer, and is seen as such. */
static void answer_is_sound(const struct memory_case *c, const struct failing *f,
			    const struct answer *a)
{
	scoped(arena_end) struct arena arena;
	const char *wrong = NULL;

	arena_init(&arena, MEMORY);
	if (a->body)
		wrong = answer_wrong(a, &arena);
	ck_assert_msg(!wrong, WHERE "%s: %s\n%s", AT(f), c->why, wrong ? wrong : "", a->body);
	if (!a->decided)
		ck_assert_msg(a->status == 503, WHERE "%s: %u", AT(f), c->why, a->status);
	else if (c->want == ACTION_ALLOW)
		ck_assert_msg(a->verdict.action <= ACTION_WARN, WHERE "%s:\n%s", AT(f), c->why,
			      a->body);
	else
		ck_assert_msg(a->body && a->verdict.action >= c->want, WHERE "%s:\n%s", AT(f),
			      c->why, a->body);
}

START_TEST(never_silent)
{
	const struct memory_case *c = &cases[_i];
	char *review = review_of(c);
	size_t decided = 0, all = 0;
	bool failed;

	for (struct failing f = { 0 }; failing_next(&f);) {
		scoped(arena_end) struct arena arena;
		struct answer a;

		arena_init(&arena, HANDLER_ARENA_MAX);
		failing_begin(&f);
		handler_answer(set, POLICIES_ALL, str_of(review), NOW, &arena, NULL, &a);
		failed = failing_end(&f);
		answer_is_sound(c, &f, &a);
		decided += a.decided;
		all++;
		if (!failed)
			ck_assert_msg(a.decided && a.verdict.action == c->want, "%s:\n%s", c->why,
				      a.body);
		answer_done(&a);
	}
	ck_assert_uint_gt(all, 5); /* a short review takes ten */
	/* Short of memory for the review is not short of memory for the envelope. */
	ck_assert_msg(decided > all / 2, "%s: %zu of %zu", c->why, decided, all);
	free(review);
}
END_TEST

START_TEST(never_silent_where_nothing_was_read)
{
	const struct memory_case *c = &cases[_i];
	const struct unread unread = { .why = UNREAD_LARGE, .bytes = 9u << 20 };
	char *review = review_of(c);
	bool failed;

	for (struct failing f = { 0 }; failing_next(&f);) {
		scoped(arena_end) struct arena arena;
		struct answer a;

		arena_init(&arena, HANDLER_ARENA_MAX);
		failing_begin(&f);
		handler_answer_unread(set, POLICIES_ALL, str_of(review), &unread, NOW, &arena, NULL,
				      &a);
		failed = failing_end(&f);
		answer_is_sound(c, &f, &a);
		ck_assert(failed || a.decided);
		answer_done(&a);
	}
	free(review);
}
END_TEST

/* Whoever asks whether a review concerns a policy hears "yes" rather than a false "no". */
START_TEST(never_unconcerned)
{
	const struct memory_case *c = &cases[_i];
	char *review = review_of(c);
	bool concerns = false;

	for (struct failing f = { 0 }; failing_next(&f);) {
		scoped(arena_end) struct arena arena;

		arena_init(&arena, HANDLER_ARENA_MAX);
		failing_begin(&f);
		concerns = handler_concerns(set, POLICIES_ALL, str_of(review), &arena);
		failing_end(&f);
		ck_assert_msg(concerns || c->want == ACTION_ALLOW, WHERE "%s", AT(&f), c->why);
	}
	ck_assert_msg(concerns == (c->want != ACTION_ALLOW), "%s", c->why);
	free(review);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("out of memory");
	TCase *tc = tcase_create("review");

	tcase_add_unchecked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 300);
	tcase_add_loop_test(tc, never_silent, 0, CASES);
	tcase_add_loop_test(tc, never_silent_where_nothing_was_read, 0, CASES);
	tcase_add_loop_test(tc, never_unconcerned, 0, CASES);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
