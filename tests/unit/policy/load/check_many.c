/* SPDX-License-Identifier: Apache-2.0
 * check_many.c - thousands of rules: each keeps its own texts and paths though equal ones are kept
 * once, and what a policy takes of memory does not grow with their number.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "policy/model/set.h"
#include "tests/unit/suite.h"

#define RULES        10
#define PATHS        150  /* more than are remembered, so that one takes the place of another */
#define POLICY_BYTES 7000 /* with ten rules and twenty names; 6,912 on x86-64 */

static int paths_n = PATHS;

static void write_policy(FILE *f, int p)
{
	fprintf(f,
		"---\napiVersion: oke-guard.internal/v1\nkind: SupportPolicy\n"
		"metadata: {name: policy-%d}\nspec:\n  title: Title of %d\n  objects:\n",
		p, p);
	for (int o = 0; o < 2; o++) {
		fprintf(f, "  - {group: apps, resource: %s, namespace: team-%d, names: [",
			o ? "daemonsets" : "deployments", p);
		for (int n = 0; n < 10; n++)
			fprintf(f, "%sservice-%d-%d", n ? ", " : "", p, n);
		fprintf(f, "]}\n");
	}
	fprintf(f, "  rules:\n");
	for (int i = 0; i < RULES; i++)
		fprintf(f,
			"  - {name: rule-%d, operations: [UPDATE], changed: [spec.field%d], "
			"tier: unsupported}\n",
			i, (p * RULES + i) % paths_n);
}

static struct policy_set *load_many(int policies)
{
	char path[] = "/tmp/check_many.XXXXXX.yaml";
	const char *paths = path;
	const struct policy_source src = { .paths = &paths, .paths_n = 1, .no_builtin = true };
	struct policy_report report = { 0 };
	struct policy_set *set;
	FILE *f = fdopen(mkstemps(path, 5), "w");

	ck_assert_ptr_nonnull(f);
	for (int p = 0; p < policies; p++)
		write_policy(f, p);
	fclose(f);
	set = policy_set_new(&src, &report);
	unlink(path);
	ck_assert_ptr_nonnull(set);
	ck_assert_uint_eq(report.errors, 0);
	return set;
}

__attribute__((format(printf, 2, 3))) static void check_text(struct str got, const char *form, ...)
{
	char want[64];
	va_list ap;

	va_start(ap, form);
	vsnprintf(want, sizeof want, form, ap);
	va_end(ap);
	ck_assert_msg(str_is(got, want), "'%.*s', not '%s'", STR_ARG(got), want);
}

static void check_policy(const struct policy *policy, int p)
{
	int i = 0;

	check_text(policy->name, "policy-%d", p);
	check_text(policy->title, "Title of %d", p);
	for (const struct object_ref *o = policy->objects; o; o = o->next) {
		check_text(o->namespace, "team-%d", p);
		ck_assert_uint_eq(o->names.n, 10);
		for (int n = 0; n < 10; n++)
			check_text(o->names.v[n], "service-%d-%d", p, n);
	}
	for (const struct rule *r = policy->rules; r; r = r->next, i++) {
		check_text(r->name, "rule-%d", i);
		ck_assert_uint_eq(r->changed->path.n, 2);
		check_text(r->changed->path.steps[0].key, "spec");
		check_text(r->changed->path.steps[1].key, "field%d", (p * RULES + i) % paths_n);
	}
	ck_assert_int_eq(i, RULES);
}

START_TEST(each_keeps_its_own)
{
	struct policy_set *set = load_many(200);
	int p = 0;

	for (const struct policy *policy = set->model.policies; policy; policy = policy->next)
		check_policy(policy, p++);
	ck_assert_int_eq(p, 200);
	policy_set_unref(set);
}
END_TEST

START_TEST(equal_ones_are_kept_once)
{
	struct policy_set *set;
	const struct policy *first, *second;
	const struct rule *b;
	int shared = 0;

	paths_n = RULES;
	set = load_many(2);
	paths_n = PATHS;
	first = set->model.policies;
	second = first->next;
	b = second->rules;
	ck_assert_ptr_eq(first->objects->next->names.v[9].s, first->objects->names.v[9].s);
	for (const struct rule *a = first->rules; a; a = a->next, b = b->next)
		shared += a->changed->path.steps == b->changed->path.steps;
	ck_assert_int_ge(shared, RULES / 2); /* some meet in one place */
	policy_set_unref(set);
}
END_TEST

static size_t bytes_of(int policies)
{
	struct policy_set *set = load_many(policies);
	size_t bytes = set->arena.total;

	policy_set_unref(set);
	return bytes;
}

/* The table of the index has a power of two of slots: powers of two are compared. */
START_TEST(memory_is_linear)
{
	size_t a = bytes_of(100), b = bytes_of(200), c = bytes_of(400);

	ck_assert_msg(c - b <= (b - a) * 5 / 2, "%zu, %zu and %zu bytes", a, b, c);
	ck_assert_msg(c - b <= (size_t)200 * POLICY_BYTES, "%zu bytes a policy", (c - b) / 200);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("many");
	TCase *t = tcase_create("many");

	tcase_set_timeout(t, 120);
	tcase_add_test(t, each_keeps_its_own);
	tcase_add_test(t, equal_ones_are_kept_once);
	tcase_add_test(t, memory_is_linear);
	suite_add_tcase(s, t);
	return run_suite(s);
}
