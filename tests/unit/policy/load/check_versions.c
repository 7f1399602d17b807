/* SPDX-License-Identifier: Apache-2.0
 * check_versions.c - a list of OKE's versions: in which order it is kept, and what is refused.
 */
#include "policy/catalogue/versions.h"

#include "tests/unit/judged.h"
#include "tests/unit/suite.h"

#define LIST                                                                                       \
	"apiVersion: oke-guard.internal/v1\nkind: KubernetesVersions\nasOf: \"2026-11-01\"\n"      \
	"source: https://example.com/versions\nversions:\n"

static const struct list_row {
	const char *name, *text, *want; /* the versions, or what is said behind the file's name */
} rows[] = {
	{ "newest first", LIST "- {version: \"1.36.1\"}\n- {version: \"1.35.2\"}\n",
	  "1.36.1 1.35.2" },
	{ "oldest first",
	  LIST "- {version: \"1.34.3\"}\n- {version: \"1.35.2\"}\n"
	       "- {version: \"1.36.1\"}\n",
	  "1.36.1 1.35.2 1.34.3" },
	{ "any order, by numbers, not by digits",
	  LIST "- {version: \"1.35.9\"}\n- {version: \"1.36.1\"}\n- {version: \"1.35.10\"}\n"
	       "- {version: \"1.9.0\"}\n- {version: \"1.35.0\"}\n",
	  "1.36.1 1.35.10 1.35.9 1.35.0 1.9.0" },
	{ "twice, one behind the other", LIST "- {version: \"1.36.1\"}\n- {version: \"1.36.1\"}\n",
	  ":7:3: this version stands twice in the list\n" },
	{ "twice, with others between",
	  LIST "- {version: \"1.36.1\"}\n- {version: \"1.35.1\"}\n- {version: \"1.37.1\"}\n"
	       "- {version: \"1.36.1\"}\n",
	  ":9:3: this version stands twice in the list\n" },
	{ "an end before it is there",
	  LIST "- {version: \"1.36.1\", available: \"2026-01-02\", end: \"2026-01-01\"}\n",
	  ":6:3: \"end\" is before \"available\"\n" },
	{ "days without a release", LIST "- {version: \"1.36.1\", endDays: 30}\n",
	  ":6:3: \"endAfter\" and \"endDays\" belong together: endDays: 30, endAfter: "
	  "\"1.39.1\"\n" },
	{ "two ends",
	  LIST "- {version: \"1.36.1\", end: \"2026-01-01\", endDays: 30, endAfter: \"1.39.1\"}\n",
	  ":6:3: a version ends on a day (\"end\") or after a release (\"endAfter\"), not both\n" },
	{ "a second list", LIST "- {version: \"1.36.1\"}\n---\n" LIST "- {version: \"1.35.1\"}\n",
	  ":8:1: a second KubernetesVersions: a file of --versions holds one\n" },
	{ "another kind",
	  "apiVersion: oke-guard.internal/v1\nkind: GuardConfig\nmetadata: {name: x}\nspec: {}\n",
	  ":2:7: \"GuardConfig\" does not belong here" },
};

static void put_versions(const struct versions *list, char *out, size_t room)
{
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; list && i < list->n; i++)
		n += (size_t)snprintf(out + n, room - n, "%s1.%u.%d", i ? " " : "",
				      list->v[i].version.minor, list->v[i].version.patch);
}

START_TEST(a_list_of_versions)
{
	const struct list_row *r = &rows[_i];
	char path[] = "/tmp/check_versions.XXXXXX", got[256], *said;
	struct policy_source src = { .versions = path, .no_builtin = true };
	struct arena arena;
	struct model model;
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, r->text, strlen(r->text)), (ssize_t)strlen(r->text));
	close(fd);
	arena_init(&arena, MEMORY);
	said = judge_source(&src, &arena, &model);
	unlink(path);
	put_versions(model.versions, got, sizeof got);
	if (*r->want == ':')
		ck_assert_msg(str_starts(str_of(said), str_of(path)) &&
				      str_starts(str_of(said + strlen(path)), str_of(r->want)),
			      "%s: %s", r->name, said);
	else
		ck_assert_msg(!*said && !strcmp(got, r->want), "%s: %s %s", r->name, got, said);
	free(said);
	arena_done(&arena);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("versions");
	TCase *tc = tcase_create("versions");

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, a_list_of_versions, 0, sizeof rows / sizeof *rows);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
