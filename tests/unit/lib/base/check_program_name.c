/* SPDX-License-Identifier: Apache-2.0
 * check_program_name.c - our own command lines in a text get kubectl's word, other names do not.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/program_name.h"
#include "tests/unit/suite.h"

static bool program_name_knows(const char *word)
{
	return !strcmp(word, "check") || !strcmp(word, "scan");
}

static const struct program_name_row {
	const char *why, *text, *want;
} rows[] = {
	{ "the name alone", "oke-guard", "kubectl oke-guard" },
	{ "a message", "oke-guard: no", "kubectl oke-guard: no" },
	{ "a command", "oke-guard check x", "kubectl oke-guard check x" },
	{ "in the middle, twice", "a | oke-guard check - | oke-guard scan\n",
	  "a | kubectl oke-guard check - | kubectl oke-guard scan\n" },
	{ "in backquotes", "see `oke-guard scan --list`", "see `kubectl oke-guard scan --list`" },
	{ "any command", "oke-guard COMMAND --help", "kubectl oke-guard COMMAND --help" },
	{ "a namespace", "--namespace oke-guard -n x", "--namespace oke-guard -n x" },
	{ "a Service", "the Service (oke-guard/oke-guard)", "the Service (oke-guard/oke-guard)" },
	{ "the agent", "oke-guard-agent check", "oke-guard-agent check" },
	{ "a file", "> oke-guard.sarif", "> oke-guard.sarif" },
	{ "a word of somebody else", "'oke-guard check': no such file",
	  "'oke-guard check': no such file" },
	{ "no command", "so oke-guard says", "so oke-guard says" },
};

static char *program_name_printed(const char *called, const char *text)
{
	char *out = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&out, &n);

	ck_assert_ptr_nonnull(f);
	program_called(called, program_name_knows);
	program_print(f, text);
	fclose(f);
	return out;
}

START_TEST(names)
{
	const struct program_name_row *r = &rows[_i];
	char *plugin = program_name_printed("/usr/bin/kubectl-oke_guard", r->text);
	char *plain = program_name_printed("./oke-guard", r->text);

	ck_assert_msg(!strcmp(plugin, r->want), "%s: %s", r->why, plugin);
	ck_assert_msg(!strcmp(plain, r->text), "%s: %s", r->why, plain);
	free(plugin);
	free(plain);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("program_name");
	TCase *t = tcase_create("program_name");

	tcase_add_loop_test(t, names, 0, sizeof rows / sizeof *rows);
	suite_add_tcase(s, t);
	return run_suite(s);
}
