/* SPDX-License-Identifier: Apache-2.0
 * check_alpha.c - which uses of alpha features are one finding, and which are findings of their
 * own.
 *
 * A Pod of 1.34, where stop signals, environment files and the hostname override are alpha.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "webhook/handler.h"
#include "tests/unit/suite.h"

#define NOW 1795392000 /* 2026-11-23 */

#define STOP "\"lifecycle\":{\"stopSignal\":\"SIGTERM\"}"
#define FILE_KEY                                                                                   \
	"\"valueFrom\":{\"fileKeyRef\":{\"volumeName\":\"v\",\"path\":\"p\",\"key\":\"k\"}}"
#define KEY_A "\"scheduler.alpha.kubernetes.io/defaultTolerations\":\"[]\""
#define KEY_B "\"scheduler.alpha.kubernetes.io/tolerationsWhitelist\":\"[]\""

static struct policy_set *set;

static void setup(void)
{
	char path[] = "/tmp/check-alpha-XXXXXX";
	const char *paths[] = { path };
	const struct policy_source source = { .paths = paths, .paths_n = 1 };
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_gt(dprintf(fd, "apiVersion: oke-guard.internal/v1\nkind: GuardConfig\n"
				     "metadata: {name: alpha}\n"
				     "spec: {cluster: {kubernetes: \"1.34\"}}\n"),
			 0);
	close(fd);
	set = policy_set_new(&source, &(struct policy_report){ 0 });
	unlink(path);
	ck_assert_ptr_nonnull(set);
}

static void teardown(void)
{
	policy_set_unref(set);
}

static const struct alike_case {
	const char *why, *kind, *metadata, *spec;
	const char *rules[3]; /* of the findings, in order */
	size_t changes[3];    /* how many uses each tells */
} cases[] = {
	{ "one use", "Pod", "", "\"containers\":[{\"name\":\"a\"," STOP "}]", { "fields" }, { 1 } },
	{ "one gate in two containers",
	  "Pod",
	  "",
	  "\"containers\":[{\"name\":\"a\"," STOP "},{\"name\":\"b\"," STOP "}]",
	  { "fields" },
	  { 2 } },
	{ "two gates",
	  "Pod",
	  "",
	  "\"hostnameOverride\":\"h\",\"containers\":[{\"name\":\"a\"," STOP "}]",
	  { "fields", "fields" },
	  { 1, 1 } },
	{ "two gates that take turns",
	  "Pod",
	  "",
	  "\"containers\":[{\"name\":\"a\"," STOP ",\"env\":[{\"name\":\"A\"," FILE_KEY
	  "}]},{\"name\":\"b\"," STOP ",\"env\":[{\"name\":\"A\"," FILE_KEY
	  "},{\"name\":\"B\"," FILE_KEY "}]}]",
	  { "fields", "fields" },
	  { 2, 3 } },
	{ "three gates",
	  "Pod",
	  "",
	  "\"hostnameOverride\":\"h\",\"containers\":[{\"name\":\"a\"," STOP
	  ",\"env\":[{\"name\":\"A\"," FILE_KEY "}]}]",
	  { "fields", "fields", "fields" },
	  { 1, 1, 1 } },
	{ "two annotations without a gate",
	  "Namespace",
	  "\"annotations\":{" KEY_A "," KEY_B "}",
	  "",
	  { "keys", "keys" },
	  { 1, 1 } },
	{ "a field, and gates that are switched on by hand",
	  "Pod",
	  "",
	  "\"containers\":[{\"name\":\"a\",\"image\":\"kube-proxy\",\"args\":"
	  "[\"--feature-gates=ContainerStopSignals=true,HostnameOverride=true\"]," STOP "}]",
	  { "fields", "gates", "gates" },
	  { 1, 1, 1 } },
	{ "nothing alpha", "Pod", "", "\"containers\":[{\"name\":\"a\"}]", { NULL }, { 0 } },
};

static struct str review_of(const struct alike_case *c, struct arena *arena)
{
	char *review;
	struct str copy;
	int n = asprintf(
		&review,
		"{\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/v1\","
		"\"request\":{\"uid\":\"u\",\"kind\":{\"group\":\"\",\"version\":\"v1\","
		"\"kind\":\"%s\"},\"resource\":{\"group\":\"\",\"version\":\"v1\","
		"\"resource\":\"%s\"},\"name\":\"n\",\"namespace\":\"%s\","
		"\"operation\":\"CREATE\",\"userInfo\":{\"username\":\"ocid1.user.oc1..a\","
		"\"groups\":[\"system:authenticated\"]},\"object\":{\"apiVersion\":\"v1\","
		"\"kind\":\"%s\",\"metadata\":{\"name\":\"n\"%s%s},\"spec\":{%s}},"
		"\"oldObject\":null}}",
		c->kind, strcmp(c->kind, "Pod") ? "namespaces" : "pods",
		strcmp(c->kind, "Pod") ? "n" : "shop", c->kind, *c->metadata ? "," : "",
		c->metadata, c->spec);

	ck_assert_int_gt(n, 0);
	copy = str_copy(arena, (struct str){ review, (size_t)n });
	free(review);
	return copy;
}

START_TEST(alike_or_not)
{
	const struct alike_case *c = &cases[_i];
	scoped(arena_end) struct arena arena, own;
	const struct finding *f;
	struct answer a;
	size_t i = 0;

	arena_init(&arena, 1u << 20);
	arena_init(&own, HANDLER_ARENA_MAX);
	handler_answer(set, POLICIES_ALPHA, review_of(c, &arena), NOW, &own, NULL, &a);
	ck_assert_msg(a.decided, "%s: %s", c->why, a.body);
	for (; i < a.verdict.findings_n; i++) {
		f = &a.verdict.findings[i];
		ck_assert_msg(i < 3 && c->rules[i] && str_is(f->rule, c->rules[i]) &&
				      f->changes_n == c->changes[i],
			      "%s: finding %zu: %.*s, %zu times\n%s", c->why, i, STR_ARG(f->rule),
			      f->changes_n, a.body);
		ck_assert_msg(f->gate.n || !str_is(f->rule, "fields"), "%s: of no gate", c->why);
	}
	ck_assert_msg(i == 3 || !c->rules[i], "%s: %zu findings\n%s", c->why, i, a.body);
	answer_done(&a);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("alpha");
	TCase *tc = tcase_create("alpha");

	tcase_add_unchecked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, alike_or_not, 0, (int)(sizeof cases / sizeof *cases));
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
