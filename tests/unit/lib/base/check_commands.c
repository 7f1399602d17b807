/* SPDX-License-Identifier: Apache-2.0
 * check_commands.c - a word picks its command; others are told which there are.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/commands.h"
#include "tests/unit/suite.h"

static int got;

static int commands_take(int argc, char **argv)
{
	(void)argv;
	got = argc;
	return 7;
}

static const struct commands_row {
	const char *why, *words[6];
	int want, got;
} rows[] = {
	{ "a command, with its own words", { "p", "serve", "-x" }, 7, 2 },
	{ "another word", { "p", "SERVE" }, 2, 0 },
	{ "no word", { "p" }, 2, 0 },
	{ "an empty one", { "p", "" }, 2, 0 },
	{ "help", { "p", "--help" }, 0, 0 },
	{ "version", { "p", "--version" }, 0, 0 },
	{ "help and more", { "p", "--help", "serve" }, 0, 0 },
	{ "a command of a command", { "p", "certs", "issue" }, 7, 1 },
	{ "not a command of a command", { "p", "certs", "serve" }, 2, 0 },
	{ "a command of a command left out", { "p", "certs" }, 2, 0 },
	{ "help of a command of commands", { "p", "certs", "-h" }, 0, 0 },
	{ "both: a word of its own", { "p", "scan", "x" }, 7, 2 },
	{ "both: no word", { "p", "scan" }, 7, 1 },
	{ "both: a command of it", { "p", "scan", "issue", "a", "b" }, 7, 3 },
};

START_TEST(words)
{
	static const struct command below[] = { { "issue", "issues", commands_take, NULL } };
	static const struct commands certs = { "p certs", "About.", "", below, 1 };
	static const struct command all[] = { { "serve", "serves", commands_take, NULL },
					      { "certs", "has others", NULL, &certs },
					      { "scan", "does both", commands_take, &certs } };
	const struct commands commands = { "p", "About.", "", all, 3 };
	const struct commands_row *r = &rows[_i];
	int n = 0;

	while (r->words[n])
		n++;
	got = 0;
	ck_assert_msg(commands_main(&commands, n, (char **)r->words) == r->want, "%s", r->why);
	ck_assert_msg(got == r->got, "%s", r->why);
}
END_TEST

/* ---- the tables, told ---- */

static char told[256];

static int commands_with_options(int argc, char **argv)
{
	bool loud = false;
	const struct option_def defs[] = {
		{ .name = "loud", .type = OPTION_FLAG, .value = &loud, .help = "cry" },
	};
	const struct command_help help = { "p serve", "Serves.", NULL };
	int rest, status = options_parse(&help, defs, 1, argc, argv, &rest);

	got++;
	return status >= 0 ? status : loud;
}

static void commands_tell(void *ctx, const struct command_page *page)
{
	size_t n = strlen(told);

	(void)ctx;
	snprintf(told + n, sizeof told - n, "%s:%s:%zu%s;", page->path,
		 page->help ? page->help->usage : "", page->defs_n, page->below ? "+" : "");
}

START_TEST(all_are_told)
{
	static const struct command below[] = { { "issue", "", commands_with_options, NULL } };
	static const struct commands certs = { "p certs", "", "", below, 1 };
	static const struct command all[] = { { "certs", "", NULL, &certs },
					      { "scan", "", commands_with_options, &certs } };
	const struct commands commands = { "p", "", "", all, 2 };
	char *argv[] = { "p", "scan", "--loud", NULL };

	commands_visit(&commands, commands_tell, NULL);
	ck_assert_str_eq(told, "::0+;certs::0+;certs issue:p serve:1;scan:p serve:1+;"
			       "scan issue:p serve:1;");
	/* And afterwards a command runs as ever. */
	got = 0;
	ck_assert_int_eq(commands_main(&commands, 3, argv), 1);
	ck_assert_int_eq(got, 1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("commands");
	TCase *t = tcase_create("commands");

	tcase_add_loop_test(t, words, 0, sizeof rows / sizeof *rows);
	tcase_add_test(t, all_are_told);
	suite_add_tcase(s, t);
	return run_suite(s);
}
