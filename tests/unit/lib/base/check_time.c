/* SPDX-License-Identifier: Apache-2.0
 * check_time.c - times are read strictly, and written so that they are read.
 */
#include <check.h>

#include "lib/base/time.h"
#include "tests/unit/suite.h"

static const struct time_row {
	const char *text;
	bool ok;
	int64_t seconds;
} times[] = {
	{ "1970-01-01T00:00:00Z", true, 0 },
	{ "2026-11-30T00:00:00Z", true, 1795996800 },
	{ "2000-02-29T23:59:59+23:59", true, 951868799 - 86340 },
	{ "1999-12-31T00:00:00-00:30", true, 946598400 + 1800 },
	{ "2026-02-30T00:00:00Z", false, 0 },
	{ "2026-13-01T00:00:00Z", false, 0 },
	{ "2026-01-01T24:00:00Z", false, 0 },
	{ "2026-01-01T00:00:60Z", false, 0 },
	{ "2026-01-01T00:00:00", false, 0 },
	{ "2026-01-01T00:00:00.5Z", false, 0 },
	{ "2026-01-01t00:00:00z", false, 0 },
	{ "2026-01-01 00:00:00Z", false, 0 },
	{ "2026-01-01T00:00:00+24:00", false, 0 },
	{ "2026-01-01T00:00:00+0100", false, 0 },
	{ "2026-1-1T00:00:00Z", false, 0 },
	{ "", false, 0 },
};

START_TEST(times_are_read_strictly)
{
	const struct time_row *row = &times[_i];
	int64_t got = -1;
	char back[TIME_TEXT];

	ck_assert_msg(time_parse(str_of(row->text), &got) == row->ok, "%s", row->text);
	if (!row->ok)
		return;
	ck_assert_msg(got == row->seconds, "%s is %lld", row->text, (long long)got);
	time_print(got, back);
	ck_assert(time_parse(str_of(back), &got) && got == row->seconds);
}
END_TEST

START_TEST(what_no_calendar_has)
{
	char text[TIME_TEXT];

	time_print(INT64_MAX, text);
	ck_assert_str_eq(text, "(no date)");
	time_print(INT64_C(67767976233532799), text);
	ck_assert_str_eq(text, "2147483647-12-31T23:59:59Z");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("time");
	TCase *tc = tcase_create("time");

	tcase_add_loop_test(tc, times_are_read_strictly, 0, sizeof times / sizeof *times);
	tcase_add_test(tc, what_no_calendar_has);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
