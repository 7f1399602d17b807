/* SPDX-License-Identifier: Apache-2.0
 * check_out_of_memory.c - each allocation of reading manifests fails once: objects come whole, or
 * it is said that they do not.
 */
#include "tests/unit/failing.h"

#include <check.h>

#include "policy/manifest/manifest.h"
#include "tests/unit/suite.h"

static const char *const texts[] = {
	"apiVersion: v1\nkind: X\nmetadata: {name: a}\n---\napiVersion: v1\nkind: X\n",
	"{\"apiVersion\":\"v1\",\"kind\":\"X\",\"metadata\":{\"name\":\"a\"}}"
	"{\"apiVersion\":\"v1\",\"kind\":\"X\"}",
};

/* Called while allocations may fail: nothing here takes memory. */
static void memory_problem(void *ctx, const struct manifest_problem *p)
{
	(void)p;
	++*(size_t *)ctx;
}

START_TEST(reading)
{
	size_t failed = 0;

	for (struct failing f = { 0 }; failing_next(&f);) {
		struct yaml_input input = { .text = str_of(texts[_i]) };
		size_t problems = 0, objects = 0;
		struct manifest_options options = { .problem = memory_problem, .ctx = &problems };
		struct manifest_object o;
		struct manifest *m;
		bool done;

		failing_begin(&f);
		m = manifest_new(&input, &options);
		while (m && manifest_next(m, &o))
			objects++;
		done = !failing_end(&f);
		if (m)
			manifest_free(m);
		failed += !done;
		ck_assert_msg(!m || problems || objects == 2, WHERE "%zu objects", AT(&f), objects);
		ck_assert(!done || !problems);
	}
	ck_assert_uint_gt(failed, 5);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("manifest out of memory");
	TCase *tc = tcase_create("manifest");

	tcase_add_loop_test(tc, reading, 0, sizeof texts / sizeof *texts);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
