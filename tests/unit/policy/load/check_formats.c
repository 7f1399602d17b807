/*
 * check_formats.c - what texts without quotes mean, times, and the nearest word.
 */
#include "policy/load/formats.h"

#include <check.h>

#include "lib/base/nearest.h"

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
	char back[21];

	ck_assert_msg(time_parse(str_of(row->text), &got) == row->ok, "%s", row->text);
	if (!row->ok)
		return;
	ck_assert_msg(got == row->seconds, "%s is %lld", row->text, (long long)got);
	time_print(got, back);
	ck_assert(time_parse(str_of(back), &got) && got == row->seconds);
}
END_TEST

static const struct near_row {
	const char *word, *want;
} nears[] = {
	{ "objekts", "objects" },
	{ "OBJECTS", "objects" },
	{ "rlues", "rules" },
	{ "rule", "rules" },
	{ "title", "title" },
	{ "x", NULL },
	{ "", NULL },
	{ "completely-else", NULL },
};

START_TEST(the_nearest_word)
{
	const struct near_row *row = &nears[_i];
	struct nearest n;

	nearest_start(&n, str_of(row->word));
	nearest_try(&n, STR("title"));
	nearest_try(&n, STR("objects"));
	nearest_try(&n, STR("rules"));
	ck_assert_msg(row->want ? str_is(n.best, row->want) : !n.best.s, "%s: %.*s", row->word,
		      STR_ARG(n.best));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("forms");
	TCase *tc = tcase_create("forms");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, what_plain_texts_mean, 0, sizeof meanings / sizeof *meanings);
	tcase_add_loop_test(tc, times_are_read_strictly, 0, sizeof times / sizeof *times);
	tcase_add_loop_test(tc, the_nearest_word, 0, sizeof nears / sizeof *nears);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
