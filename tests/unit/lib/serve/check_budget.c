/* SPDX-License-Identifier: Apache-2.0
 * check_budget.c - large bodies leave room for small ones.
 */
#include <check.h>

#include "lib/serve/budget.h"
#include "tests/unit/suite.h"

START_TEST(budget)
{
	struct budget b;
	const size_t mib = 1 << 20, small = 1000, large = 4 * mib;

	budget_init(&b, 8 * mib);
	ck_assert(budget_room(&b, 6 * mib, 6 * mib));
	ck_assert(!budget_room(&b, 6 * mib + 1, 6 * mib + 1)); /* a quarter is for small ones */
	ck_assert(!budget_take(&b, SIZE_MAX, large));
	ck_assert(budget_take(&b, 4 * mib, large));
	ck_assert(!budget_short(&b));
	ck_assert(budget_take(&b, 2 * mib, large));
	ck_assert(budget_short(&b));
	ck_assert(!budget_take(&b, 1, large));
	ck_assert(budget_take(&b, 2 * mib, small));
	ck_assert(!budget_take(&b, 1, small));
	ck_assert_uint_eq(budget_used(&b), 8 * mib);
	ck_assert(!budget_room(&b, 1, large)); /* above its own limit: no underflow */
	budget_give(&b, 8 * mib);
	ck_assert_uint_eq(budget_used(&b), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("budget");
	TCase *t = tcase_create("budget");

	tcase_add_test(t, budget);
	suite_add_tcase(s, t);
	return run_suite(s);
}
