/* SPDX-License-Identifier: Apache-2.0
 * check_wait.c - how long the agent waits before it calls again, and what ends a wait.
 */
#include "agent/api/wait.h"

#include <check.h>
#include <limits.h>
#include <unistd.h>

#include "tests/unit/suite.h"

#define DRAWS 200

static const struct backoff_case {
	const char *why;
	unsigned failures;
	long retry_after, least;
} backoffs[] = {
	{ "nothing failed yet", 0, 0, 1000 },
	{ "one failure", 1, 0, 1000 },
	{ "doubled", 2, 0, 2000 },
	{ "and again", 3, 0, 4000 },
	{ "just below the most", 6, 0, 32000 },
	{ "the most", 7, 0, 60000 },
	{ "still the most", 8, 0, 60000 },
	{ "after days of failures", UINT_MAX, 0, 60000 },
	{ "the API server asks for more", 1, 5, 5000 },
	{ "it asks for less than is due", 4, 3, 8000 },
	{ "it asks for more than the most", 2, 300, 300000 },
};

/* Up to a quarter more, not always the same. */
START_TEST(a_wait_grows)
{
	const struct backoff_case *c = &backoffs[_i];
	long shortest = LONG_MAX, longest = 0;

	for (int i = 0; i < DRAWS; i++) {
		long ms = wait_backoff(c->failures, c->retry_after);

		shortest = ms < shortest ? ms : shortest;
		longest = ms > longest ? ms : longest;
	}
	ck_assert_msg(shortest >= c->least, "%s: %ld ms", c->why, shortest);
	ck_assert_msg(longest < c->least + c->least / 4, "%s: %ld ms", c->why, longest);
	ck_assert_msg(shortest < longest, "%s: always %ld ms", c->why, longest);
}
END_TEST

START_TEST(a_signal_ends_it)
{
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert(!wait_sleep(ends[0], 1));
	ck_assert_int_eq(write(ends[1], "x", 1), 1);
	ck_assert(wait_sleep(ends[0], 1));
	ck_assert(wait_sleep(ends[0], 3600L * 1000)); /* at once */
	close(ends[0]);
	close(ends[1]);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("wait");
	TCase *t = tcase_create("wait");

	tcase_add_loop_test(t, a_wait_grows, 0, sizeof backoffs / sizeof *backoffs);
	tcase_add_test(t, a_signal_ends_it);
	suite_add_tcase(s, t);
	return run_suite(s);
}
