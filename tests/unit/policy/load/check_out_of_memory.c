/* SPDX-License-Identifier: Apache-2.0
 * check_out_of_memory.c - each allocation of loading policies fails once: a set is whole or not at
 * all, and where parts may be left out, what is left out is told.
 */
#include "tests/unit/failing.h"

#include <check.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "oke/policy.h"
#include "policy/model/set.h"
#include "tests/unit/suite.h"

/* Something of each kind of document, and of most kinds of keys. */
static const char text[] =
	"apiVersion: oke-guard.internal/v1\n"
	"kind: GuardConfig\n"
	"metadata: {name: memory}\n"
	"spec:\n"
	"  mode: warn\n"
	"  cluster: {cni: flannel, addons: {CoreDNS: {managed: \"true\"}}}\n"
	"  identities: {exempt: {serviceAccounts: [ci/deployer]}, sets: {ops: {users: [\"ops-*\"]}}}\n"
	"  overrides: [{rule: mine/labels, action: audit, reason: \"on \\u0074rial\"}]\n"
	"---\n"
	"apiVersion: oke-guard.internal/v1\n"
	"kind: SupportPolicy\n"
	"metadata: {name: mine}\n"
	"spec:\n"
	"  title: mine\n"
	"  area: Add-ons\n"
	"  docs: Tasks/contengconfiguringdnsserver.htm\n"
	"  objects: [{group: apps, resource: deployments, namespace: kube-system, names: [mine]}]\n"
	"  rules:\n"
	"    - {name: labels, operations: [UPDATE], changed: [metadata.labels], tier: best-effort, "
	"action: warn}\n"
	"    - {name: gone, operations: [DELETE], tier: unsupported, action: deny, remedy: {text: keep it}}\n"
	"---\n"
	"apiVersion: oke-guard.internal/v1\n"
	"kind: SupportException\n"
	"metadata: {name: week}\n"
	"spec:\n"
	"  rules: [mine/gone]\n"
	"  objects: [{group: apps, resource: deployments, namespace: kube-system, names: [mine]}]\n"
	"  identities: {users: [ada]}\n"
	"  ticket: OPS-1\n"
	"  approvedBy: platform\n"
	"  reason: a trial\n"
	"  notBefore: \"2126-11-23T00:00:00Z\"\n"
	"  expires: \"2126-11-24T00:00:00Z\"\n";

struct heard {
	size_t errors;
	char first[256];
};

/* Called while allocations may fail: nothing here takes memory. */
static void memory_hear(void *ctx, bool error, const char *message)
{
	struct heard *h = ctx;

	if (error && !h->errors++)
		snprintf(h->first, sizeof h->first, "%.200s", message);
}

static struct policy_set *load(const char *path, bool lenient, struct heard *heard)
{
	const struct policy_source source = {
		.paths = &path, .paths_n = 1, .no_builtin = true, .lenient = lenient
	};
	struct policy_report report = { .message = memory_hear, .ctx = heard };

	*heard = (struct heard){ 0 };
	return policy_set_new(&source, &report);
}

static bool is_whole(const struct policy_set *set)
{
	return policy_set_policies(set) == 1 && policy_set_rules(set) == 2 &&
	       policy_set_overrides(set) == 1 && policy_set_mode(set) == MODE_WARN;
}

START_TEST(whole_or_told)
{
	char path[] = "/tmp/check-memory-XXXXXX";
	int fd = mkstemp(path);
	struct heard heard;
	struct policy_set *set;
	size_t refused = 0, index = 0;
	char all[64];
	bool failed;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, sizeof text - 1), (ssize_t)sizeof text - 1);
	close(fd);
	snprintf(all, sizeof all, "out of memory: %u MiB are not enough for the policies",
		 SET_ARENA_MAX / 1048576);
	set = load(path, _i, &heard);
	ck_assert_msg(set && is_whole(set), "%s", heard.first);
	policy_set_unref(set);
	for (struct failing f = { 0 }; failing_next(&f);) {
		failing_begin(&f);
		set = load(path, _i, &heard);
		failed = failing_end(&f);
		ck_assert_msg(set || heard.errors, WHERE "nothing was said", AT(&f));
		ck_assert_msg(set || failed, "%s", heard.first);
		ck_assert_msg(!set || is_whole(set) || (_i && policy_set_left_out(set)),
			      WHERE "a set in part", AT(&f));
		ck_assert_msg(!set || !failed || policy_set_mode(set) != MODE_ENFORCE,
			      WHERE "it denies more than it was told to: %s", AT(&f), heard.first);
		refused += !set;
		index += !strcmp(heard.first, all);
		policy_set_unref(set);
	}
	ck_assert_uint_gt(refused, 20);
	ck_assert_uint_gt(index, 0);
	unlink(path);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("out of memory");
	TCase *tc = tcase_create("policies");

	tcase_set_timeout(tc, 300);
	tcase_add_loop_test(tc, whole_or_told, 0, 2); /* strict, lenient */
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
