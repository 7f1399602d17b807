/* SPDX-License-Identifier: Apache-2.0
 * check_rotate.c - when is a pair due?
 */
#include "oke/certs.h"

#include <check.h>
#include <stdlib.h>

#include "tests/unit/suite.h"

#define DAY 86400

static const struct due_case {
	const char *why;
	int64_t from, to, now;
	bool want;
} dues[] = {
	{ "new", 0, 90 * DAY, 0, false },
	{ "a second before two thirds", 0, 90 * DAY, 60 * DAY - 1, false },
	{ "at two thirds", 0, 90 * DAY, 60 * DAY, true },
	{ "expired", 0, 90 * DAY, 91 * DAY, true },
	{ "a clock before its time", 0, 90 * DAY, -DAY, false },
	{ "a life of a second: not before it ends", 0, 1, 0, false },
	{ "a life of a second, over", 0, 1, 1, true },
	{ "no life at all", DAY, DAY, DAY, true },
	{ "dates the wrong way round", DAY, 0, DAY, true },
	{ "year 9999", 0, 253402300799, 100 * 365 * (int64_t)DAY, false },
};

START_TEST(due_after_two_thirds)
{
	const struct due_case *c = &dues[_i];

	ck_assert_msg(certs_due(c->from, c->to, c->now) == c->want, "%s: renew at %lld", c->why,
		      (long long)certs_renew_at(c->from, c->to));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("rotate");
	TCase *tc = tcase_create("due");

	tcase_add_loop_test(tc, due_after_two_thirds, 0, sizeof dues / sizeof *dues);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
