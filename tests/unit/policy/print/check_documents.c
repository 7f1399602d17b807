/* SPDX-License-Identifier: Apache-2.0
 * check_documents.c - the documents of tests/data/policies and what is said of them; what
 * is printed of a set is taken again.
 */
#include "oke/policy_print.h"
#include "policy/model/set.h"
#include "tests/unit/judged.h"
#include "tests/unit/suite.h"

#define BUILTIN_TAG "# with the built-in policies\n"

static char *slurp(const char *path)
{
	char *text = NULL;
	size_t n = 0;
	FILE *f = fopen(path, "r");

	ck_assert_msg(f != NULL, "%s", path);
	if (getdelim(&text, &n, '\0', f) < 0)
		text = realloc(text, 1), text[0] = '\0';
	fclose(f);
	return text;
}

/* ---- the documents of tests/data/policies ---- */

static bool wants_builtin(const char *path)
{
	char *text = slurp(path);
	bool tagged = !strncmp(text, BUILTIN_TAG, strlen(BUILTIN_TAG));

	free(text);
	return tagged;
}

static void is_good(const char *path)
{
	char *said = judge_file(path, wants_builtin(path));

	ck_assert_msg(!*said, "%s", said);
	free(said);
}

static void is_bad(const char *path)
{
	char *said = judge_file(path, wants_builtin(path)), *want;
	char beside[512];

	snprintf(beside, sizeof beside, "%.*s.want", (int)(strrchr(path, '.') - path), path);
	want = slurp(beside);
	ck_assert_msg(*want && !strcmp(said, want), "%s says:\n%s\nwant:\n%s", path, said, want);
	free(said);
	free(want);
}

START_TEST(good_documents)
{
	each_file("tests/data/policies/good", is_good);
}
END_TEST

START_TEST(bad_documents)
{
	each_file("tests/data/policies/bad", is_bad);
	each_file("tests/data/policies/bad-meaning", is_bad);
}
END_TEST

START_TEST(the_pack_is_sound)
{
	const struct policy_source src = { 0 };
	struct arena arena;
	struct model model;
	char *said;

	arena_init(&arena, MEMORY);
	said = judge_source(&src, &arena, &model);
	ck_assert_msg(!*said, "%s", said);
	for (const struct policy *p = model.policies; p; p = p->next)
		ck_assert(p->builtin && p->rules && p->objects && p->title.n);
	free(said);
	arena_done(&arena);
}
END_TEST

/* ---- what is printed is what was read ---- */

static void without_comments(char *yaml)
{
	char *to = yaml;

	for (char *from = yaml; *from;) {
		if (!strncmp(from, " # ", 3))
			from += strcspn(from, "\n");
		else
			*to++ = *from++;
	}
	*to = '\0';
}

/* The policy or configuration of a file (NULL: the pack and the defaults), printed. */
static char *printed(const char *path, const char *name, enum print_format format,
		     const char *config)
{
	const struct policy_source src = { .paths = &path,
					   .paths_n = path != NULL,
					   .config = config };
	struct policy_report report;
	struct policy_set *set;
	struct arena arena;
	struct judged_said said;
	struct text out;
	char *text;

	said_start(&said, &report);
	set = policy_set_new(&src, &report);
	text = said_end(&said);
	ck_assert_msg(set != NULL, "%s", text);
	free(text);
	arena_init(&arena, MEMORY);
	text_init(&out, &arena, MEMORY / 4);
	if (!name)
		policy_print_config(set, format, &out);
	else
		ck_assert(policy_print_policy(set, str_of(name), format, &out));
	ck_assert(!out.full);
	text = strdup(text_get(&out).s);
	policy_set_unref(set);
	arena_done(&arena);
	without_comments(text);
	return text;
}

/* A configuration that lets the built-in policy be replaced; unlink it. */
static void allow(const char *name, char file[static 32])
{
	int fd;

	strcpy(file, "/tmp/check_load.XXXXXX");
	ck_assert_int_ge(fd = mkstemp(file), 0);
	ck_assert_int_gt(dprintf(fd,
				 "apiVersion: oke-guard.internal/v1\nkind: GuardConfig\n"
				 "metadata: {name: a}\nspec: {replaceable: [%s]}\n",
				 name),
			 0);
	close(fd);
}

static void survives(const char *path, const char *name, enum print_format format)
{
	char copy[] = "/tmp/check_load.XXXXXX", config[32] = "";
	char *first = printed(path, name, format, NULL), *again;
	int fd = mkstemp(copy);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, first, strlen(first)), (ssize_t)strlen(first));
	close(fd);
	if (!path && name)
		allow(name, config);
	again = printed(copy, name, format, *config ? config : NULL);
	unlink(copy);
	if (*config)
		unlink(config);
	ck_assert_msg(!strcmp(first, again), "%s\nbecame\n%s", first, again);
	free(first);
	free(again);
}

START_TEST(what_is_printed_is_taken_again)
{
	struct policy_report report = { 0 };
	struct policy_set *set = policy_set_new(NULL, &report);
	struct str name;

	ck_assert_ptr_nonnull(set);
	for (size_t i = 0; (name = policy_name_at(set, i)).s; i++) {
		survives(NULL, name.s, PRINT_YAML);
		survives(NULL, name.s, PRINT_JSON);
	}
	policy_set_unref(set);
	survives("tests/data/policies/good/policy.yaml", "dns", PRINT_YAML);
	survives("tests/data/policies/good/policy.yaml", "dns", PRINT_JSON);
	survives("tests/data/policies/good/features.yaml", "stages", PRINT_YAML);
	survives("tests/data/policies/good/config.yaml", NULL, PRINT_YAML);
	survives("tests/data/policies/good/config.yaml", NULL, PRINT_JSON);
	survives(NULL, NULL, PRINT_YAML);
}
END_TEST

START_TEST(the_configuration_says_where_from)
{
	const char *path = "tests/data/policies/good/config.yaml";
	const struct policy_source src = { .config = path };
	struct policy_report report = { 0 };
	struct policy_set *set = policy_set_new(&src, &report);
	struct arena arena;
	struct text out;

	ck_assert_ptr_nonnull(set);
	arena_init(&arena, MEMORY);
	text_init(&out, &arena, MEMORY / 4);
	policy_print_config(set, PRINT_YAML, &out);
	ck_assert_ptr_nonnull(
		strstr(out.s, "  mode: enforce # tests/data/policies/good/config.yaml:5\n"));
	ck_assert_ptr_nonnull(
		strstr(out.s, "minReplica: \"3\" # tests/data/policies/good/config.yaml:17"));
	ck_assert_ptr_nonnull(strstr(out.s, "      npn-writers: {serviceAccounts: "));
	ck_assert_ptr_nonnull(strstr(out.s, "capoci-controller-manager]} # default\n"));
	policy_set_unref(set);
	arena_done(&arena);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("documents");
	TCase *tc = tcase_create("documents");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, good_documents);
	tcase_add_test(tc, bad_documents);
	tcase_add_test(tc, the_pack_is_sound);
	tcase_add_test(tc, what_is_printed_is_taken_again);
	tcase_add_test(tc, the_configuration_says_where_from);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
