/* SPDX-License-Identifier: Apache-2.0
 * check_generations.c - a mounted ConfigMap is swapped while it is read: each set is of one
 * state of all files, never of two.
 */
#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/model/set.h"
#include "tests/unit/suite.h"

#define FILES 40
#define SETS  20

static char folder[64];
static atomic_bool over;
static atomic_uint rest_us = 5000; /* a set takes about as long, so most are met in the middle */

/* Generation g: folder ..g with a policy a file, each with the generation in its title. */
static void write_generation(unsigned g)
{
	char path[256];

	snprintf(path, sizeof path, "%s/..%u", folder, g);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	for (int i = 0; i < FILES; i++) {
		FILE *f;

		snprintf(path, sizeof path, "%s/..%u/p%03d.yaml", folder, g, i);
		ck_assert_ptr_nonnull(f = fopen(path, "w"));
		fprintf(f,
			"apiVersion: oke-guard.internal/v1\nkind: SupportPolicy\n"
			"metadata: {name: p%03d}\nspec:\n  title: generation %u\n"
			"  objects: [{group: \"\", resource: pods, namespace: x}]\n"
			"  rules: [{name: a, operations: [DELETE], tier: supported}]\n",
			i, g);
		fclose(f);
	}
}

static void remove_generation(unsigned g)
{
	char path[256];

	for (int i = 0; i < FILES; i++) {
		snprintf(path, sizeof path, "%s/..%u/p%03d.yaml", folder, g, i);
		unlink(path);
	}
	snprintf(path, sizeof path, "%s/..%u", folder, g);
	rmdir(path);
}

/* As the kubelet does: the next one beside, the link by a rename, then the last one goes. */
static void swap(unsigned g)
{
	char link[256], next[256], name[16];

	write_generation(g);
	snprintf(name, sizeof name, "..%u", g);
	snprintf(next, sizeof next, "%s/..data_tmp", folder);
	snprintf(link, sizeof link, "%s/..data", folder);
	ck_assert_int_eq(symlink(name, next), 0);
	ck_assert_int_eq(rename(next, link), 0);
	if (g)
		remove_generation(g - 1);
}

static void *swap_on(void *ctx)
{
	(void)ctx;
	for (unsigned g = 1; !atomic_load(&over); g++) {
		swap(g);
		usleep(atomic_load(&rest_us));
	}
	return NULL;
}

static void setup(void)
{
	snprintf(folder, sizeof folder, "/tmp/check_generations.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	atomic_store(&over, false);
	swap(0);
	for (int i = 0; i < FILES; i++) {
		char target[64], path[256];

		snprintf(target, sizeof target, "..data/p%03d.yaml", i);
		snprintf(path, sizeof path, "%s/p%03d.yaml", folder, i);
		ck_assert_int_eq(symlink(target, path), 0);
	}
}

static void teardown(void)
{
	char command[128];

	snprintf(command, sizeof command, "rm -rf %s", folder);
	ck_assert_int_eq(system(command), 0);
}

static void is_of_one(const struct policy_set *set)
{
	const struct policy *first = set->model.policies;

	ck_assert_uint_eq(set->model.policies_n, FILES);
	for (const struct policy *p = first; p; p = p->next)
		ck_assert_msg(str_eq(p->title, first->title), "%.*s and %.*s in one set",
			      STR_ARG(first->title), STR_ARG(p->title));
}

START_TEST(a_swap_in_the_middle_of_a_read)
{
	const char *path = folder;
	const struct policy_source src = {
		.paths = &path, .paths_n = 1, .no_builtin = true, .lenient = _i
	};
	size_t whole = 0;
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, swap_on, NULL), 0);
	for (int i = 0; i < SETS; i++) {
		struct policy_report report = { 0 };
		struct policy_set *set = policy_set_new(&src, &report);

		/*
		 * None at all where the files did not come to rest: the last one stays then. A
		 * machine too slow to read them between two swaps gets longer between them.
		 */
		if (!set) {
			atomic_store(&rest_us, 2 * atomic_load(&rest_us));
			continue;
		}
		ck_assert_uint_eq(report.errors, 0);
		is_of_one(set);
		policy_set_unref(set);
		whole++;
	}
	atomic_store(&over, true);
	pthread_join(thread, NULL);
	ck_assert_uint_gt(whole, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("generations");
	TCase *t = tcase_create("swap");

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, a_swap_in_the_middle_of_a_read, 0, 2);
	suite_add_tcase(s, t);
	return run_suite(s);
}
