/* check_commands.c - a word picks its command; others are told which there are. */
#include <check.h>

#include "lib/base/commands.h"

static int got;

static int commands_take(int argc, char **argv)
{
	(void)argv;
	got = argc;
	return 7;
}

static const struct commands_row {
	const char *why, *words[4];
	int want, got;
} rows[] = {
	{ "a command, with its own words", { "p", "serve", "-x" }, 7, 2 },
	{ "another word", { "p", "SERVE" }, 2, 0 },
	{ "no word", { "p" }, 2, 0 },
	{ "an empty one", { "p", "" }, 2, 0 },
	{ "help", { "p", "--help" }, 0, 0 },
	{ "help, as a word", { "p", "help" }, 0, 0 },
	{ "version", { "p", "--version" }, 0, 0 },
};

START_TEST(words)
{
	static const struct command all[] = { { "serve", "serves", commands_take } };
	const struct commands commands = { "p", "About.", "", all, 1 };
	const struct commands_row *r = &rows[_i];
	int n = 0;

	while (r->words[n])
		n++;
	got = 0;
	ck_assert_msg(commands_run(&commands, n, (char **)r->words) == r->want, "%s", r->why);
	ck_assert_msg(got == r->got, "%s", r->why);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("commands");
	TCase *t = tcase_create("commands");
	SRunner *r;
	int failed;

	tcase_add_loop_test(t, words, 0, sizeof rows / sizeof *rows);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
