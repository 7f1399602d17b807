/* SPDX-License-Identifier: Apache-2.0
 * check_plain.c - what texts without quotes mean.
 */
#include "lib/yaml/plain.h"

#include <check.h>

#include "tests/unit/suite.h"

static const struct meaning_row {
	const char *text, *meaning;
} meanings[] = {
	{ "", "null" },
	{ "~", "null" },
	{ "Null", "null" },
	{ "y", "a boolean" },
	{ "NO", "a boolean" },
	{ "oN", "a boolean" },
	{ "off", "a boolean" },
	{ "True", "a boolean" },
	{ "7", "a number" },
	{ "1.30", "a number" },
	{ "-1", "a number" },
	{ "+.5", "a number" },
	{ "0x1f", "a number" },
	{ "0o17", "a number" },
	{ "0b1", "a number" },
	{ "1_000", "a number" },
	{ "1:30", "a number" },
	{ "1e3", "a number" },
	{ "1.e+3", "a number" },
	{ ".inf", "a number" },
	{ "-.INF", "a number" },
	{ ".NaN", "a number" },
	{ "190:20:30.15", "a number" },
	{ "2026-11-30", "a date" },
	{ "2026-11-30T00:00:00Z", "a date" },
	{ "2026-1-1", "a date" },
	{ "=", "a default value" },
	{ "nope", NULL },
	{ "on-call", NULL },
	{ "1.30.2", NULL },
	{ "10.96.0.1", NULL },
	{ "-", NULL },
	{ ".", NULL },
	{ "1e", NULL },
	{ "e3", NULL },
	{ "v1", NULL },
	{ "0xyz", NULL },
	{ "::1", NULL },
	{ "ocid1.user.", NULL },
	{ "2026-11-30-backup", NULL },
	{ "12a", NULL },
	{ "nulls", NULL },
};

START_TEST(what_plain_texts_mean)
{
	const struct meaning_row *row = &meanings[_i];
	const char *got = plain_meaning(str_of(row->text));

	ck_assert_msg(row->meaning ? got && !strcmp(got, row->meaning) : !got, "'%s' is %s",
		      row->text, got ? got : "a text");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plain");
	TCase *tc = tcase_create("plain");

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, what_plain_texts_mean, 0, sizeof meanings / sizeof *meanings);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
