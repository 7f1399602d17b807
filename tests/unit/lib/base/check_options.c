/* SPDX-License-Identifier: Apache-2.0
 * check_options.c - argv and environment against a table of options.
 */
#include <check.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/options.h"
#include "tests/unit/suite.h"

#define GO_ON (-1)

struct values {
	bool quiet;
	const char *output, *listen;
	struct option_list policy;
	long threads;
};

static struct values v;
static int64_t moment;
static const struct option_def defs[] = {
	{ .name = "quiet",
	  .letter = 'q',
	  .type = OPTION_FLAG,
	  .value = &v.quiet,
	  .env = "CHECK_QUIET",
	  .help = "say less" },
	{ .name = "output",
	  .letter = 'o',
	  .type = OPTION_CHOICE,
	  .value = &v.output,
	  .choices = "text|json",
	  .help = "text or json (text)" },
	{ .name = "listen",
	  .type = OPTION_STRING,
	  .value = &v.listen,
	  .arg = "ADDR:PORT",
	  .env = "CHECK_LISTEN",
	  .help = "where to listen" },
	{ .name = "policy",
	  .type = OPTION_LIST,
	  .value = &v.policy,
	  .arg = "DIR",
	  .env = "CHECK_POLICY",
	  .help = "a folder" },
	{ .name = "threads",
	  .type = OPTION_NUMBER,
	  .value = &v.threads,
	  .min = 1,
	  .max = 64,
	  .env = "CHECK_THREADS",
	  .help = "how many" },
	{ .name = "now", .type = OPTION_TIME, .value = &moment, .help = "when" },
};
#define DEFS_N (sizeof defs / sizeof *defs)

static const struct command_help help = { .usage = "oke-guard check [OPTION]... FILE...",
					  .summary = "Checks.",
					  .examples = "  oke-guard check a.json" };

static int parse(char *const *words, int *rest)
{
	char *argv[16] = { "check" };
	int argc = 1;

	v = (struct values){ .output = "text", .listen = ":1", .threads = 2 };
	for (; words[argc - 1]; argc++)
		argv[argc] = words[argc - 1];
	return options_parse(&help, defs, DEFS_N, argc, argv, rest);
}

static const struct options_row {
	const char *name, *words[8];
	int want;
	struct values values;
	int rest;
} rows[] = {
	{ "nothing leaves the defaults",
	  { NULL },
	  GO_ON,
	  { false, "text", ":1", { .n = 0 }, 2 },
	  1 },
	{ "a flag, long", { "--quiet" }, GO_ON, { true, "text", ":1", { .n = 0 }, 2 }, 2 },
	{ "a flag, short", { "-q" }, GO_ON, { true, "text", ":1", { .n = 0 }, 2 }, 2 },
	{ "a value behind =", { "--listen=:2" }, GO_ON, { false, "text", ":2", { .n = 0 }, 2 }, 2 },
	{ "a value as a word",
	  { "--listen", ":2" },
	  GO_ON,
	  { false, "text", ":2", { .n = 0 }, 2 },
	  3 },
	{ "letters together", { "-qojson" }, GO_ON, { true, "json", ":1", { .n = 0 }, 2 }, 2 },
	{ "operands move behind",
	  { "a.json", "-q" },
	  GO_ON,
	  { true, "text", ":1", { .n = 0 }, 2 },
	  2 },
	{ "nothing is an option behind --",
	  { "--", "-q" },
	  GO_ON,
	  { false, "text", ":1", { .n = 0 }, 2 },
	  2 },
	{ "a list grows",
	  { "--policy", "a", "--policy", "b" },
	  GO_ON,
	  { false, "text", ":1", { .n = 2 }, 2 },
	  5 },
	{ "the largest number",
	  { "--threads=64" },
	  GO_ON,
	  { false, "text", ":1", { .n = 0 }, 64 },
	  2 },
	{ "a unique beginning", { "--thr=3" }, GO_ON, { false, "text", ":1", { .n = 0 }, 3 }, 2 },
	{ "help ends with 0", { "--help" }, 0, { 0 }, 0 },
	{ "help by letter", { "-h" }, 0, { 0 }, 0 },
	{ "a number too large", { "--threads=65" }, 2, { 0 }, 0 },
	{ "a number too small", { "--threads=0" }, 2, { 0 }, 0 },
	{ "no number", { "--threads=x" }, 2, { 0 }, 0 },
	{ "a number and more", { "--threads=3s" }, 2, { 0 }, 0 },
	{ "a number of no digits", { "--threads=" }, 2, { 0 }, 0 },
	{ "beyond what long holds", { "--threads=99999999999999999999" }, 2, { 0 }, 0 },
	{ "no such choice", { "-oyaml" }, 2, { 0 }, 0 },
	{ "half a choice", { "-ojso" }, 2, { 0 }, 0 },
	{ "two choices", { "-otext|json" }, 2, { 0 }, 0 },
	{ "no such option", { "--lisen=:2" }, 2, { 0 }, 0 },
	{ "no such option, in capitals", { "--LISTEN=:2" }, 2, { 0 }, 0 },
	{ "no such letter", { "-x" }, 2, { 0 }, 0 },
	{ "the 30th of February", { "--now=2026-02-30T00:00:00Z" }, 2, { 0 }, 0 },
	{ "a time and more", { "--now=2026-11-30T00:00:00Zulu" }, 2, { 0 }, 0 },
	{ "a time of no zone", { "--now=2026-11-30T00:00:00" }, 2, { 0 }, 0 },
	{ "a value is missing", { "--listen" }, 2, { 0 }, 0 },
	{ "a value for a flag", { "--quiet=yes" }, 2, { 0 }, 0 },
};

START_TEST(a_time)
{
	char *words[] = { "--now=2026-11-30T00:00:00Z", NULL };
	char *ahead[] = { "--now=2026-11-30T00:00:00+01:00", NULL };
	int rest;

	ck_assert_int_eq(parse(words, &rest), GO_ON);
	ck_assert_int_eq(moment, 1795996800);
	ck_assert_int_eq(parse(ahead, &rest), GO_ON);
	ck_assert_int_eq(moment, 1795996800 - 3600);
}
END_TEST

START_TEST(argv_row)
{
	const struct options_row *r = &rows[_i];
	int rest = 0, got = parse((char *const *)r->words, &rest);

	ck_assert_msg(got == r->want, "%s: %d, not %d", r->name, got, r->want);
	if (got != GO_ON)
		return;
	ck_assert_msg(v.quiet == r->values.quiet, "%s: quiet", r->name);
	ck_assert_msg(!strcmp(v.output, r->values.output), "%s: output", r->name);
	ck_assert_msg(!strcmp(v.listen, r->values.listen), "%s: listen", r->name);
	ck_assert_msg(v.policy.n == r->values.policy.n, "%s: policy", r->name);
	ck_assert_msg(v.threads == r->values.threads, "%s: threads", r->name);
	ck_assert_msg(rest == r->rest, "%s: operands begin at %d", r->name, rest);
}
END_TEST

START_TEST(list_is_bounded)
{
	char *argv[2 * OPTION_LIST_MAX + 4] = { "check" };
	int argc = 1, rest;

	for (int i = 0; i < OPTION_LIST_MAX + 1; i++) {
		argv[argc++] = "--policy";
		argv[argc++] = "a";
	}
	v.policy.n = 0;
	ck_assert_int_eq(options_parse(&help, defs, DEFS_N, argc, argv, &rest), 2);
}
END_TEST

START_TEST(environment_fills_what_argv_left)
{
	char *none[] = { NULL }, *some[] = { "--listen=:9", "--policy=a", "--policy=b", NULL };
	int rest;

	setenv("CHECK_LISTEN", ":7", 1);
	setenv("CHECK_POLICY", "dir", 1);
	setenv("CHECK_THREADS", "", 1);
	setenv("CHECK_QUIET", "True", 1);
	ck_assert_int_eq(parse(none, &rest), GO_ON);
	ck_assert_str_eq(v.listen, ":7");
	ck_assert_uint_eq(v.policy.n, 1);
	ck_assert_int_eq((int)v.threads, 2);
	ck_assert(v.quiet);
	ck_assert_int_eq(parse(some, &rest), GO_ON);
	ck_assert_str_eq(v.listen, ":9");
	ck_assert_uint_eq(v.policy.n, 2);
	ck_assert_str_eq(v.policy.v[0], "a");
}
END_TEST

START_TEST(environment_is_checked)
{
	char *none[] = { NULL }, *over[] = { "--threads=5", NULL }, *ask[] = { "--help", NULL };
	int rest;

	setenv("CHECK_THREADS", "many", 1);
	ck_assert_int_eq(parse(none, &rest), 2);
	ck_assert_int_eq(parse(over, &rest), GO_ON); /* nobody asks what it holds */
	ck_assert_int_eq(parse(ask, &rest), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("options");
	TCase *t = tcase_create("options");

	tcase_add_test(t, a_time);
	tcase_add_loop_test(t, argv_row, 0, sizeof rows / sizeof *rows);
	tcase_add_test(t, list_is_bounded);
	tcase_add_test(t, environment_fills_what_argv_left);
	tcase_add_test(t, environment_is_checked);
	suite_add_tcase(s, t);
	return run_suite(s);
}
