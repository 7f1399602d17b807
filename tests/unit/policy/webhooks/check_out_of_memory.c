/* SPDX-License-Identifier: Apache-2.0
 * check_out_of_memory.c - each allocation of making, printing and comparing the webhook
 * configuration fails once: it is whole, or an error; never does half of it pass for the whole.
 */
#include "tests/unit/failing.h"

#include <check.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "oke/webhooks.h"
#include "tests/unit/suite.h"

/* Entries of each kind: by namespace, of the cluster, of endpoints, of keys, one that refuses. */
static const char policies[] =
	"apiVersion: oke-guard.internal/v1\n"
	"kind: GuardConfig\n"
	"metadata: {name: memory}\n"
	"spec:\n"
	"  failClosed: [mine/gone]\n"
	"  identities: {exempt: {users: [u], groups: [g], serviceAccounts: [n/s]}}\n"
	"---\n"
	"apiVersion: oke-guard.internal/v1\n"
	"kind: SupportPolicy\n"
	"metadata: {name: mine}\n"
	"spec:\n"
	"  title: mine\n"
	"  objects:\n"
	"    - {group: apps, resource: deployments, namespace: kube-system, names: [x, z]}\n"
	"    - {group: \"\", resource: endpoints, namespace: a, names: [x]}\n"
	"    - {group: discovery.k8s.io, resource: endpointslices, namespace: b, labels: {k: v}}\n"
	"    - {group: \"\", resource: nodes}\n"
	"    - {group: \"\", resource: services, namespace: b, names: [x]}\n"
	"  rules:\n"
	"    - {name: scaled, operations: [UPDATE], subresources: [\"\", scale], tier: best-effort}\n"
	"    - {name: gone, operations: [DELETE], tier: unsupported,\n"
	"       objects: [{group: apps, resource: deployments, namespace: kube-system, names: [x]}]}\n"
	"---\n"
	"apiVersion: oke-guard.internal/v1\n"
	"kind: SupportPolicy\n"
	"metadata: {name: early}\n"
	"spec:\n"
	"  title: early\n"
	"  objects: [{group: networking.k8s.io, resource: ingresses},\n"
	"            {group: coordination.k8s.io, resource: leasecandidates}]\n"
	"  rules: [{name: r, operations: [CREATE], tier: unsupported,\n"
	"           features: {stages: [alpha], uses: [key, version]}}]\n";

#define MEMORY (8u << 20)

static const struct webhook_target target = { .configuration = { "oke-guard", 9 },
					      .namespace = { "oke-guard", 9 },
					      .service = { "oke-guard", 9 },
					      .ca_bundle = { "CA", 2 } };

static struct policy_set *loaded(void)
{
	char path[] = "/tmp/check-memory-XXXXXX";
	const char *paths[] = { path };
	const struct policy_source source = { .paths = paths, .paths_n = 1, .no_builtin = true };
	struct policy_report report = { 0 };
	struct policy_set *set;
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, policies, sizeof policies - 1), (ssize_t)sizeof policies - 1);
	close(fd);
	ck_assert_ptr_nonnull(set = policy_set_new(&source, &report));
	unlink(path);
	return set;
}

/* The configuration as a text; absent: an error. */
static struct str printed(const struct policy_set *set, struct arena *arena)
{
	struct webhooks made;
	struct text out;
	struct err err;

	if (webhooks_of(set, arena, &made, &err) < 0)
		return (struct str){ NULL, 0 };
	text_init(&out, arena, WEBHOOKS_TEXT_MAX);
	webhooks_print(&made, &target, WEBHOOKS_JSON, &out);
	return out.full ? (struct str){ NULL, 0 } : text_get(&out);
}

/* Both end in a NUL. */
static const char *from_difference(struct str a, struct str b)
{
	const char *p = a.s;

	for (const char *q = b.s; *p && *p == *q; q++)
		p++;
	return p;
}

START_TEST(whole_or_an_error)
{
	struct policy_set *set = loaded();
	scoped(arena_end) struct arena arena;
	size_t refused = 0;
	struct str want;

	arena_init(&arena, MEMORY);
	ck_assert_ptr_nonnull((want = printed(set, &arena)).s);
	ck_assert(memmem(want.s, want.n, "support-endpoints.oke-guard.internal", 36));
	ck_assert(memmem(want.s, want.n, "required.oke-guard.internal", 27));
	ck_assert(memmem(want.s, want.n, "alpha-keys.oke-guard.internal", 29));
	for (struct failing f = { 0 }; failing_next(&f);) {
		scoped(arena_end) struct arena small;
		struct str got;
		bool failed;

		arena_init(&small, MEMORY);
		failing_begin(&f);
		got = printed(set, &small);
		failed = failing_end(&f);
		ck_assert_msg(failed || got.s, WHERE "an error without a reason", AT(&f));
		ck_assert_msg(!got.s || str_eq(got, want), WHERE "in part, from '%.300s' on",
			      AT(&f), from_difference(got, want));
		refused += !got.s;
	}
	ck_assert_uint_gt(refused, 50);
	policy_set_unref(set);
}
END_TEST

static void count_difference(void *ctx, enum webhooks_effect effect, const char *text)
{
	(void)effect;
	(void)text;
	++*(size_t *)ctx;
}

/* What is compared by halves is not said to agree, nor to differ. */
START_TEST(compared_whole_or_not)
{
	struct policy_set *set = loaded();
	scoped(arena_end) struct arena arena;
	struct webhooks made;
	struct str live;
	struct err err;

	arena_init(&arena, MEMORY);
	live = printed(set, &arena);
	ck_assert_int_eq(webhooks_of(set, &arena, &made, &err), 0);
	for (struct failing f = { 0 }; failing_next(&f);) {
		scoped(arena_end) struct arena small;
		size_t differences = 0;
		struct webhooks_report report = { .difference = count_difference,
						  .ctx = &differences };
		bool failed;
		int r;

		arena_init(&small, MEMORY);
		failing_begin(&f);
		r = webhooks_compare(&made, &target, live, &small, &report, &err);
		failed = failing_end(&f);
		ck_assert_msg(failed ? r < 0 : !r, WHERE "%d", AT(&f), r);
		ck_assert_msg(!differences, WHERE "%zu differences", AT(&f), differences);
	}
	policy_set_unref(set);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("out of memory");
	TCase *tc = tcase_create("webhooks");

	tcase_set_timeout(tc, 300);
	tcase_add_test(tc, whole_or_an_error);
	tcase_add_test(tc, compared_whole_or_not);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
