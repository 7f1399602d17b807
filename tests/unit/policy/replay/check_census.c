/* SPDX-License-Identifier: Apache-2.0
 * check_census.c - counts are bounded, in one order, and windows are told apart.
 */
#include "policy/replay/census.h"

#include <check.h>

#include "tests/unit/suite.h"

static struct err err;

static struct census_key key_of(const char *user, enum action action)
{
	struct census_key k = { .action = action };

	k.part[CENSUS_USER] = str_of(user);
	return k;
}

static void add(struct census_table *t, const char *user, enum action action, int64_t at)
{
	struct census_key k = key_of(user, action);

	ck_assert_int_eq(census_table_add(t, &k, 1, at, at, &err), 0);
}

START_TEST(rows_are_sorted_and_summed)
{
	struct census_table t;

	census_table_init(&t, 10);
	add(&t, "b", ACTION_WARN, 5);
	add(&t, "a", ACTION_WARN, 7);
	add(&t, "b", ACTION_WARN, 3);
	add(&t, "z", ACTION_DENY, 9);
	ck_assert_uint_eq(t.n, 3);
	ck_assert(str_is(t.rows[0]->key.part[CENSUS_USER], "z"));
	ck_assert(str_is(t.rows[2]->key.part[CENSUS_USER], "b"));
	ck_assert_uint_eq(t.rows[2]->count, 2);
	ck_assert_int_eq(t.rows[2]->first, 3);
	ck_assert_int_eq(t.rows[2]->last, 5);
	census_table_done(&t);
}
END_TEST

START_TEST(what_does_not_fit_is_counted)
{
	struct census_table t;
	char long_name[2000], name[16];

	memset(long_name, 'x', sizeof long_name - 1);
	long_name[sizeof long_name - 1] = '\0';
	census_table_init(&t, 4);
	add(&t, long_name, ACTION_WARN, 1);
	ck_assert_uint_le(t.rows[0]->key.part[CENSUS_USER].n, 512);
	for (int i = 0; i < 9; i++) {
		snprintf(name, sizeof name, "%d", i);
		add(&t, name, ACTION_WARN, 1);
	}
	ck_assert_uint_eq(t.n, 4);
	ck_assert_uint_eq(t.left_out, 6);
	add(&t, "0", ACTION_WARN, 2);
	ck_assert_uint_eq(t.left_out, 6);
	census_table_done(&t);
}
END_TEST

static void miss(struct census *c, int64_t second)
{
	struct event e = { .received = second * 1000000, .code = 200, .then = THEN_NOT_REACHED };
	struct request req = { .name = STR("n") };
	struct graded g = { .grade = GRADE_EXACT };

	e.resource.resource = STR("pods");
	g.verdict.action = ACTION_DENY;
	ck_assert_int_eq(census_add(c, &e, &req, &g, NULL, &err), 0);
}

/* Seconds of misses, and the windows that they make. */
static const struct gap_case {
	const char *name;
	int64_t at[6];
	int64_t windows[6]; /* first and last of each */
	size_t n;
} gaps[] = {
	{ "none", { -1 }, { 0 }, 0 },
	{ "one", { 100, -1 }, { 100, 100 }, 1 },
	{ "a minute apart is one", { 0, 60, 120, -1 }, { 0, 120 }, 1 },
	{ "more is two", { 0, 61, -1 }, { 0, 0, 61, 61 }, 2 },
	{ "in any order", { 400, 10, 30, 430, -1 }, { 10, 30, 400, 430 }, 2 },
	{ "across minutes", { 59, 61, 3599, 3601, -1 }, { 59, 61, 3599, 3601 }, 2 },
};

START_TEST(windows_are_told_apart)
{
	const struct gap_case *c = &gaps[_i];
	struct census census;
	struct census_minute gap;
	size_t at = 0, n = 0, writes = 0;

	census_init(&census);
	for (; c->at[writes] >= 0; writes++)
		miss(&census, c->at[writes]);
	for (; census_gap_next(&census, &at, &gap); n++) {
		ck_assert_msg(gap.first == c->windows[2 * n] * 1000000, "%s", c->name);
		ck_assert_msg(gap.last == c->windows[2 * n + 1] * 1000000, "%s", c->name);
		ck_assert_uint_eq(gap.exact[ACTION_DENY], gap.writes);
	}
	ck_assert_msg(n == c->n, "%s: %zu windows", c->name, n);
	ck_assert_uint_eq(census.writes_n, writes);
	for (size_t i = 1; i < census.writes_n; i++)
		ck_assert_int_le(census.writes[i - 1].at, census.writes[i].at);
	census_done(&census);
}
END_TEST

/* Of each minute one row, as many as the log has. */
START_TEST(minutes_are_rows)
{
	const int64_t minute = 1795305600; /* 2026-11-22T00:00:00Z */
	struct census census;

	census_init(&census);
	for (int64_t i = 0; i < 3; i++) {
		miss(&census, minute + 59 - i);
		miss(&census, minute + 60 + i);
	}
	ck_assert_uint_eq(census.minutes_n, 2);
	ck_assert_int_eq(census.minutes[0].first, (minute + 57) * 1000000);
	ck_assert_int_eq(census.minutes[0].last, (minute + 59) * 1000000);
	ck_assert_int_eq(census.minutes[1].first, (minute + 60) * 1000000);
	census_done(&census);
}
END_TEST

START_TEST(the_earliest_writes_are_listed)
{
	struct census census;

	census_init(&census);
	for (int64_t i = 0; i < 2 * CENSUS_GAP_WRITES; i++)
		miss(&census, 1000 - i);
	ck_assert_uint_eq(census.writes_n, CENSUS_GAP_WRITES);
	ck_assert_int_eq(census.writes[0].at, (1001 - 2 * CENSUS_GAP_WRITES) * (int64_t)1000000);
	census_done(&census);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("census");
	TCase *tc = tcase_create("census");

	tcase_add_test(tc, rows_are_sorted_and_summed);
	tcase_add_test(tc, what_does_not_fit_is_counted);
	tcase_add_loop_test(tc, windows_are_told_apart, 0, sizeof gaps / sizeof *gaps);
	tcase_add_test(tc, minutes_are_rows);
	tcase_add_test(tc, the_earliest_writes_are_listed);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
