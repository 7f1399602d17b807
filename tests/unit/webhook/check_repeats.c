/* SPDX-License-Identifier: Apache-2.0
 * check_repeats.c - a controller that retries is told of once an hour; people always.
 */
#include <check.h>

#include "webhook/repeats.h"
#include "tests/unit/suite.h"

static struct repeats repeats;
static struct request req;
static struct finding finding;

static void setup(void)
{
	repeats_init(&repeats);
	req = (struct request){ .operation = OP_UPDATE,
				.resource = { .group = STR("apps"),
					      .resource = STR("deployments") },
				.namespace = STR("kube-system"),
				.name = STR("coredns") };
	req.user.name = STR("system:serviceaccount:argocd:argocd-application-controller");
	finding = (struct finding){ .policy = STR("coredns"),
				    .rule = STR("spec"),
				    .action = ACTION_DENY };
}

static void teardown(void)
{
	repeats_done(&repeats);
}

START_TEST(once_an_hour)
{
	unsigned left_out;

	ck_assert(repeats_tell(&repeats, &req, &finding, 1000, &left_out));
	for (int64_t i = 1; i <= 20; i++)
		ck_assert(!repeats_tell(&repeats, &req, &finding, 1000 + i * 100, &left_out));
	ck_assert(repeats_tell(&repeats, &req, &finding, 1000 + REPEATS_SECONDS, &left_out));
	ck_assert_uint_eq(left_out, 20);
}
END_TEST

START_TEST(another_object_rule_or_user_is_another_line)
{
	unsigned left_out;

	ck_assert(repeats_tell(&repeats, &req, &finding, 1000, &left_out));
	req.name = STR("kube-dns-autoscaler");
	ck_assert(repeats_tell(&repeats, &req, &finding, 1000, &left_out));
	finding.rule = STR("scale");
	ck_assert(repeats_tell(&repeats, &req, &finding, 1000, &left_out));
	req.user.name = STR("system:serviceaccount:flux-system:kustomize-controller");
	ck_assert(repeats_tell(&repeats, &req, &finding, 1000, &left_out));
	ck_assert(!repeats_tell(&repeats, &req, &finding, 1001, &left_out));
}
END_TEST

START_TEST(people_and_warnings_are_always_told_of)
{
	unsigned left_out;

	finding.action = ACTION_WARN;
	for (int i = 0; i < 3; i++)
		ck_assert(repeats_tell(&repeats, &req, &finding, 1000, &left_out));
	finding.action = ACTION_DENY;
	req.user.name = STR("ocid1.user.oc1..a");
	for (int i = 0; i < 3; i++)
		ck_assert(repeats_tell(&repeats, &req, &finding, 1000, &left_out));
}
END_TEST

/* More than it can remember: some are told of more often, none is lost, nothing grows. */
START_TEST(a_full_table_tells_too_much_never_too_little)
{
	char name[32];
	unsigned left_out;

	for (int round = 0; round < 2; round++)
		for (int i = 0; i < 4 * REPEATS_MAX; i++) {
			snprintf(name, sizeof name, "object-%d", i);
			req.name = str_of(name);
			if (!round)
				ck_assert(repeats_tell(&repeats, &req, &finding, 1000 + i,
						       &left_out));
			else
				repeats_tell(&repeats, &req, &finding, 9000, &left_out);
		}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("repeats");
	TCase *tc = tcase_create("repeats");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, once_an_hour);
	tcase_add_test(tc, another_object_rule_or_user_is_another_line);
	tcase_add_test(tc, people_and_warnings_are_always_told_of);
	tcase_add_test(tc, a_full_table_tells_too_much_never_too_little);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
