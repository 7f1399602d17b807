/* SPDX-License-Identifier: Apache-2.0
 * check_golden.c - a folder a case, through the handler, without a socket.
 *
 * tests/data/golden/<case>/ holds review.json, the answer's bytes in want.json, and, to be
 * read, what the user is told in want.txt; policy.yaml and config.yaml where the case
 * needs more than the built-in policies. GOLDEN_WRITE=1 writes what is wanted from
 * what was answered: read the difference before it is committed.
 */
#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "tests/unit/webhook/answer.h"
#include "tests/unit/suite.h"

#define FOLDER   "tests/data/golden"
#define FILE_MAX (1u << 20)
#define NOW      1795392000 /* 2026-11-23 */

static struct dirent **cases;
static int cases_n;
static struct arena arena;

static int is_case(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void path_of(char path[512], const char *name, const char *file)
{
	snprintf(path, 512, FOLDER "/%s/%s", name, file);
}

static struct str slurp(const char *name, const char *file)
{
	char path[512], *bytes = arena_alloc(&arena, FILE_MAX);
	scoped(file_end) FILE *f = NULL;

	path_of(path, name, file);
	f = fopen(path, "re");
	ck_assert_msg(f && bytes, "%s cannot be opened", path);
	return (struct str){ bytes, fread(bytes, 1, FILE_MAX, f) };
}

static void policy_message(void *ctx, bool error, const char *text)
{
	(void)ctx;
	fprintf(stderr, "%s: %s\n", error ? "error" : "warning", text);
}

static struct policy_set *set_of(const char *name)
{
	char policy[512], config[512];
	const char *paths[] = { policy };
	struct policy_source source = { .paths = paths };
	struct policy_report report = { .message = policy_message };
	struct policy_set *set;

	path_of(policy, name, "policy.yaml");
	path_of(config, name, "config.yaml");
	source.paths_n = access(policy, F_OK) == 0;
	source.config = access(config, F_OK) == 0 ? config : NULL;
	set = policy_set_new(&source, &report);
	ck_assert_msg(set, "%s: the policies do not load", name);
	return set;
}

/* What kubectl would print of it. */
static struct str words(const struct answer *a)
{
	struct str lines[WARNINGS_MAX];
	struct text t;
	size_t n;

	text_init(&t, &arena, 1u << 16);
	if (!a->decided) {
		text_add(&t, a->body, a->len);
		return text_get(&t);
	}
	n = verdict_warnings(&a->verdict, &arena, lines);
	for (size_t i = 0; i < n; i++)
		text_printf(&t, "Warning: %.*s\n", STR_ARG(lines[i]));
	if (a->verdict.action == ACTION_DENY) {
		text_str(&t, verdict_message(&a->verdict, &arena));
		text_puts(&t, "\n");
	} else {
		text_printf(&t, "(%s)\n", action_name(a->verdict.action));
	}
	return text_get(&t);
}

static void compare(const char *name, const char *file, struct str got)
{
	char path[512];
	struct str want;

	path_of(path, name, file);
	if (getenv("GOLDEN_WRITE")) {
		scoped(file_end) FILE *f = fopen(path, "we");

		ck_assert(f && fwrite(got.s, 1, got.n, f) == got.n);
		return;
	}
	want = slurp(name, file);
	ck_assert_msg(str_eq(got, want), "%s\ngot:\n%.*s\nwant:\n%.*s", path, STR_ARG(got),
		      STR_ARG(want));
}

START_TEST(case_is_answered)
{
	const char *name = cases[_i]->d_name, *wrong;
	struct policy_set *set;
	struct answer a;

	arena_init(&arena, 64u << 20);
	set = set_of(name);
	handler_answer(set, POLICIES_ALL, slurp(name, "review.json"), NOW, &arena, NULL, &a);
	wrong = answer_wrong(&a, &arena);
	ck_assert_msg(!wrong, "%s: %s", name, wrong ? wrong : "");
	compare(name, "want.json", (struct str){ a.body, a.len });
	compare(name, "want.txt", words(&a));
	answer_done(&a);
	policy_set_unref(set);
	arena_done(&arena);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("golden");
	TCase *tc = tcase_create("golden");
	int failed;

	cases_n = scandir(FOLDER, &cases, is_case, alphasort);
	if (cases_n <= 0) {
		fprintf(stderr, FOLDER " holds no case; tests run from the project's root\n");
		return 1;
	}
	tcase_add_loop_test(tc, case_is_answered, 0, cases_n);
	suite_add_tcase(s, tc);
	failed = run_suite(s);
	while (cases_n > 0)
		free(cases[--cases_n]);
	free(cases);
	return failed;
}
