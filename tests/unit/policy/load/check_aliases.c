/* SPDX-License-Identifier: Apache-2.0
 * check_aliases.c - names that built-in rules had: a warning, the rule of today, never an error.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "oke/policy.h"
#include "policy/model/set.h"
#include "tests/unit/suite.h"

static char told[4096];

static void note_message(void *ctx, bool error, const char *text)
{
	size_t n = strlen(told);

	(void)ctx;
	snprintf(told + n, sizeof told - n, "%s%s\n", error ? "ERROR " : "", text);
}

static struct policy_set *set_under(const char *spec, const char *more)
{
	char path[] = "/tmp/oke-guard-aliases-XXXXXX";
	struct policy_source source = { .config = path };
	struct policy_report report = { .message = note_message };
	struct policy_set *set;
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	*told = '\0';
	ck_assert_int_gt(dprintf(fd,
				 "apiVersion: oke-guard.internal/v1\nkind: GuardConfig\n"
				 "metadata: {name: default}\nspec: %s\n%s",
				 spec, more),
			 0);
	close(fd);
	set = policy_set_new(&source, &report);
	unlink(path);
	ck_assert_msg(set && !report.errors, "%s", told);
	return set;
}

static const struct override *override_of(const struct policy_set *set, const char *rule)
{
	const struct override *o = set->model.config.overrides;

	while (o && !str_is(o->rule, rule))
		o = o->next;
	return o;
}

START_TEST(an_override_goes_on)
{
	struct policy_set *set =
		set_under("{overrides: [{rule: surroundings/network-policy-by-expression, "
			  "action: allow, reason: ours}]}",
			  "");

	ck_assert(strstr(told, "\"surroundings/network-policy-by-expression\" is part of "
			       "\"surroundings/network-policy\" now"));
	ck_assert_ptr_nonnull(override_of(set, "network-policy"));
	ck_assert_int_eq(override_of(set, "network-policy")->action, ACTION_ALLOW);
	policy_set_unref(set);
}
END_TEST

/* What was said of two rules is said of one now: the first counts. */
START_TEST(two_of_one_rule_are_no_error)
{
	struct policy_set *set = set_under(
		"{overrides: [{rule: surroundings/disruption-budget-of-all, action: audit, "
		"reason: a}, {rule: surroundings/disruption-budget-by-expression, action: "
		"allow, reason: b}]}",
		"");

	ck_assert_uint_eq(policy_set_overrides(set), 1);
	policy_set_unref(set);
}
END_TEST

START_TEST(an_exception_goes_on)
{
	struct policy_set *set = set_under(
		"{}",
		"---\napiVersion: oke-guard.internal/v1\nkind: SupportException\n"
		"metadata: {name: x}\nspec:\n"
		"  rules: [identities/workload-created, identities/cronjob-created]\n"
		"  objects: [{group: apps, resource: deployments, namespace: kube-system, "
		"names: [x]}]\n"
		"  identities: {users: [ocid1.user.oc1..a]}\n"
		"  ticket: SR 1\n  approvedBy: us\n  reason: test\n"
		"  notBefore: \"2026-11-23T00:00:00Z\"\n  expires: \"2026-11-30T00:00:00Z\"\n");
	const struct exception *e = set->model.exceptions;

	ck_assert_ptr_nonnull(e);
	ck_assert(str_is(e->rules->rule, "pod-created"));
	ck_assert_ptr_null(e->rules->next);
	policy_set_unref(set);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("aliases");
	TCase *tc = tcase_create("aliases");

	tcase_add_test(tc, an_override_goes_on);
	tcase_add_test(tc, two_of_one_rule_are_no_error);
	tcase_add_test(tc, an_exception_goes_on);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
