/* SPDX-License-Identifier: Apache-2.0
 * check_nearest.c - which known word a wrong one means.
 */
#include <check.h>

#include "lib/base/nearest.h"
#include "tests/unit/suite.h"

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

static const struct name_row {
	const char *why, *word, *want;
} names[] = {
	{ "a letter is missing", "lisen", "listen" },
	{ "a letter too many", "listten", "listen" },
	{ "neighbours swapped", "lsiten", "listen" },
	{ "another letter", "lixten", "listen" },
	{ "capitals", "LISTEN", "listen" },
	{ "the beginning", "thr", "threads" },
	{ "the beginning, in capitals", "THR", "threads" },
	{ "too much is wrong", "xobter", NULL },
	{ "two letters are no beginning", "th", NULL },
	{ "nothing near", "banana", NULL },
	{ "nothing at all", "", NULL },
	{ "too long to compare",
	  "listenlistenlistenlistenlistenlistenlistenlistenlistenlistenlistenlisten", NULL },
};

START_TEST(the_nearest_name)
{
	static const char *const known[] = { "listen", "threads", "output" };
	const struct name_row *row = &names[_i];
	const char *got = nearest_of(row->word, known, 3);

	ck_assert_msg(got == row->want || (got && row->want && !strcmp(got, row->want)), "%s: %s",
		      row->why, got ? got : "(none)");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("nearest");
	TCase *tc = tcase_create("nearest");

	tcase_add_loop_test(tc, the_nearest_word, 0, sizeof nears / sizeof *nears);
	tcase_add_loop_test(tc, the_nearest_name, 0, sizeof names / sizeof *names);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
