/* SPDX-License-Identifier: Apache-2.0
 * check_source.c - a learnt fact's file, and that no change of a file that is loaded is missed.
 */
#include "policy/load/source.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/load/documents.h"
#include "tests/unit/parsed.h"
#include "tests/unit/suite.h"

#define FOLDER "/tmp/oke-guard-source-XXXXXX"

static char folder[sizeof FOLDER];
static struct arena arena;

static void setup(void)
{
	memcpy(folder, FOLDER, sizeof folder);
	ck_assert_ptr_nonnull(mkdtemp(folder));
	arena_init(&arena, MEMORY);
}

static void teardown(void)
{
	char command[256];

	snprintf(command, sizeof command, "rm -r %s", folder);
	ck_assert_int_eq(system(command), 0); /* NOLINT(cert-env33-c): our own folder */
	arena_done(&arena);
}

static const char *path_of(const char *name)
{
	struct text t;

	text_init(&t, &arena, 128);
	text_printf(&t, "%s/%s%c", folder, name, 0);
	ck_assert(!t.full);
	return t.s;
}

static void write_text(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
}

/* ---- what is read, and what only looks so ---- */

#define OTHER_ENDING "is not read: its name does not end in .yaml, .yml or .json"
#define CAPITALS     "is not read: its ending is not in small letters"
#define DOT          "is not read: its name begins with a dot"
#define INNER_FOLDER "is not read: a folder within a folder; name it with --policy"

static const struct ending_case {
	const char *name, *why; /* NULL: read, or nobody takes it for a policy */
	bool read;
} file_names[] = {
	{ "a.yaml", NULL, true },        { "a.yml", NULL, true },
	{ "a.json", NULL, true },        { "a.YAML", CAPITALS, false },
	{ "a.Json", CAPITALS, false },   { "a.txt", OTHER_ENDING, false },
	{ "yaml", OTHER_ENDING, false }, { "a.yaml.bak", OTHER_ENDING, false },
	{ "README.md", NULL, false },    { "a.yaml~", NULL, false },
	{ ".a.yaml", DOT, false },       { ".a", NULL, false },
	{ ".#a.yaml", NULL, false },     { "..data", NULL, false },
	{ "..a.yaml", NULL, false },
};

struct visited {
	const char *name, *why; /* why is filled in */
	unsigned read, unread;
};

static bool is_visited(const struct visited *v, const char *path)
{
	const char *name = strrchr(path, '/');

	return name && !strcmp(name + 1, v->name);
}

static void visit_read(void *ctx, const char *path, bool found)
{
	struct visited *v = ctx;

	ck_assert(found && is_visited(v, path));
	v->read++;
}

static void visit_unread(void *ctx, const char *path, const char *why)
{
	struct visited *v = ctx;

	ck_assert(is_visited(v, path));
	v->why = why;
	v->unread++;
}

START_TEST(a_file_of_a_folder)
{
	const struct ending_case *c = &file_names[_i];
	struct visited v = { .name = c->name };

	write_text(path_of(c->name), "a");
	ck_assert_int_eq(source_each(folder, visit_read, visit_unread, &v), 0);
	ck_assert_msg(v.read == c->read && v.unread == (c->why != NULL), "%s", c->name);
	ck_assert_msg(!c->why || !strcmp(v.why, c->why), "%s: %s", c->name, v.why);
	ck_assert(source_is_read(c->name) == c->read);
}
END_TEST

START_TEST(a_folder_of_a_folder)
{
	static const struct ending_case inner[] = { { "a", INNER_FOLDER, false },
						    { "lost+found", NULL, false },
						    { ".a", NULL, false },
						    { "..data", NULL, false } };
	struct visited v = { .name = inner[_i].name };

	ck_assert_int_eq(mkdir(path_of(v.name), 0700), 0);
	ck_assert_int_eq(source_each(folder, visit_read, visit_unread, &v), 0);
	ck_assert_uint_eq(v.read, 0);
	ck_assert_uint_eq(v.unread, inner[_i].why != NULL);
	ck_assert_msg(!v.unread || !strcmp(v.why, inner[_i].why), "%s: %s", v.name, v.why);
}
END_TEST

/* ---- a fact ---- */

static const struct learnt_case {
	const char *text, *want; /* NULL: there is no such file */
} learnt[] = {
	{ "1.36", "1.36" },
	{ "1.36\n", "1.36" },
	{ "1.36 \n \n", "1.36" },
	{ " 1.36\n", " 1.36" },
	{ "1 36", "1 36" },
	{ "1\n36", "1\n36" },
	{ "", "" },
	{ "\n \n", "" },
	{ NULL, NULL },
};

START_TEST(a_fact_ends_before_its_blanks)
{
	const struct learnt_case *c = &learnt[_i];
	char text[FACT_TEXT_MAX];
	size_t n = 99;

	memset(text, ' ', sizeof text);
	if (c->text)
		write_text(path_of("f"), c->text);
	ck_assert_int_eq(source_fact(folder, "f", text, &n), c->want ? 0 : -1);
	if (c->want)
		ck_assert_msg(str_is((struct str){ text, n }, c->want), "%zu: %.*s", n, (int)n,
			      text);
	else
		ck_assert_uint_eq(n, 99);
}
END_TEST

/* ---- marks ---- */

static void must_differ(const struct policy_source *src, const char *path, const char *text)
{
	struct policy_mark before, after;

	policy_source_mark(src, true, &before);
	write_text(path, text);
	policy_source_mark(src, true, &after);
	ck_assert_msg(before.identity != after.identity, "%s is not looked at", path);
	ck_assert_msg(before.contents != after.contents, "%s is not read", path);
}

static void must_stay(const struct policy_source *src, const char *path, const char *text)
{
	struct policy_mark before, after;

	policy_source_mark(src, true, &before);
	write_text(path, text);
	policy_source_mark(src, true, &after);
	ck_assert_msg(before.identity == after.identity && before.contents == after.contents,
		      "%s is looked at", path);
}

/* Each write has another size, so that the marks hang on no clock. */
START_TEST(each_file_counts)
{
	const char *paths[2];
	struct policy_source src = { .paths = paths, .paths_n = 2 };

	src.config = path_of("config.yaml");
	src.versions = path_of("versions.yaml");
	src.facts = path_of("facts");
	paths[0] = path_of("one.yaml");
	paths[1] = path_of("more");
	ck_assert_int_eq(mkdir(src.facts, 0700), 0);
	must_differ(&src, src.config, "a");
	must_differ(&src, src.config, "ab");
	must_differ(&src, src.versions, "a");
	must_differ(&src, path_of("facts/kubernetes"), "1.36");
	must_differ(&src, path_of("facts/kubernetes"), "1.36\n");
	must_differ(&src, paths[0], "a");
	must_differ(&src, paths[1], "a"); /* where a folder may stand later */
	must_stay(&src, path_of("other.yaml"), "a");
	must_stay(&src, path_of("facts/other"), "a");
}
END_TEST

START_TEST(each_file_of_a_folder_counts)
{
	const char *path = path_of("p");
	const struct policy_source src = { .paths = &path, .paths_n = 1 };
	struct policy_mark none, empty;

	policy_source_mark(&src, true, &none);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	policy_source_mark(&src, true, &empty);
	ck_assert(none.identity != empty.identity && none.contents != empty.contents);
	must_differ(&src, path_of("p/b.yaml"), "a");
	must_differ(&src, path_of("p/a.yaml"), "a");
	must_differ(&src, path_of("p/b.yaml"), "ab");
	must_stay(&src, path_of("p/notes.md"), "a");
	must_stay(&src, path_of("p/.a.yaml"), "a");
}
END_TEST

/* Another file with the same text has other marks, but the same contents. */
START_TEST(the_same_text_in_another_file)
{
	const char *path = path_of("p.yaml");
	const struct policy_source src = { .paths = &path, .paths_n = 1 };
	struct policy_mark before, after, unread;

	write_text(path, "a");
	policy_source_mark(&src, true, &before);
	write_text(path_of("next"), "a");
	ck_assert_int_eq(rename(path_of("next"), path), 0);
	policy_source_mark(&src, true, &after);
	policy_source_mark(&src, false, &unread);
	ck_assert(before.contents == after.contents && before.identity != after.identity);
	ck_assert(unread.identity == after.identity);
}
END_TEST

/* What waits in a pipe is for whom it was sent: its name counts, and nobody reads it. */
START_TEST(a_pipe_is_not_emptied)
{
	const char *path = path_of("p"), *pipe = path_of("p/a.yaml");
	const struct policy_source src = { .paths = &path, .paths_n = 1 };
	struct policy_mark before, after;
	char got[4];
	int fd;

	ck_assert_int_eq(mkdir(path, 0700), 0);
	policy_source_mark(&src, true, &before);
	ck_assert_int_eq(mkfifo(pipe, 0600), 0);
	ck_assert_int_ge(fd = open(pipe, O_RDWR | O_NONBLOCK | O_CLOEXEC), 0);
	ck_assert_int_eq(write(fd, "a", 1), 1);
	policy_source_mark(&src, true, &after);
	ck_assert(before.identity != after.identity);
	ck_assert_int_eq(read(fd, got, sizeof got), 1);
	close(fd);
}
END_TEST

/* A folder that cannot be read is another state than none, or an empty one. */
START_TEST(a_folder_that_cannot_be_read)
{
	const char *path = path_of("p");
	struct policy_source src = { .paths = &path, .paths_n = 1 };
	struct policy_mark none, empty, unread;
	struct rlimit old, low;

	ck_assert_int_eq(mkdir(path, 0700), 0);
	policy_source_mark(&src, true, &empty);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &old), 0);
	low = old;
	low.rlim_cur = 0; /* no file can be opened */
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &low), 0);
	policy_source_mark(&src, true, &unread);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &old), 0);
	src.paths_n = 0;
	policy_source_mark(&src, true, &none);
	ck_assert(unread.identity != none.identity && unread.contents != none.contents);
	ck_assert(unread.identity != empty.identity && unread.contents != empty.contents);
}
END_TEST

/* An empty file is another state than one that cannot be read: by its name alone it is not told. */
START_TEST(a_file_that_cannot_be_read)
{
	const char *path = path_of("p.yaml");
	const struct policy_source src = { .paths = &path, .paths_n = 1 };
	struct policy_mark empty, unread;
	struct rlimit old, low;

	write_text(path, "");
	policy_source_mark(&src, true, &empty);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &old), 0);
	low = old;
	low.rlim_cur = 0;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &low), 0);
	policy_source_mark(&src, true, &unread);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &old), 0);
	ck_assert(empty.identity == unread.identity && empty.contents != unread.contents);
}
END_TEST

/*
 * As many as the loader takes, and a learnt fact: the last file counts, too. The configuration may
 * lie among them, and what is no regular file is none of them.
 */
static const struct last_case {
	const char *config;
	bool named, pipe; /* each file is named, not the folder; a pipe lies before them */
} lasts[] = {
	{ "config.yaml", false, false }, { "config.yaml", true, false },
	{ "p/0000.yaml", false, false }, { "p/0000.yaml", true, false },
	{ "config.yaml", false, true },  { "p/0000.yaml", false, true },
};

START_TEST(the_last_file_that_is_loaded_counts)
{
	const struct last_case *c = &lasts[_i];
	const char *path = path_of("p"), *each[POLICY_FILES_MAX];
	struct policy_source src = { .paths = &path, .paths_n = 1 };
	char name[32];

	ck_assert_int_eq(mkdir(path, 0700), 0);
	if (c->pipe)
		ck_assert_int_eq(mkfifo(path_of("p/00.yaml"), 0600), 0);
	each[0] = src.config = path_of(c->config);
	src.facts = folder;
	write_text(src.config, "a");
	for (int i = 1; i < POLICY_FILES_MAX; i++) { /* the configuration is one of them */
		snprintf(name, sizeof name, "p/%04d.yaml", i);
		write_text(each[i] = path_of(name), "a");
	}
	if (c->named) {
		src.paths = each;
		src.paths_n = POLICY_FILES_MAX;
	}
	must_differ(&src, path_of(name), "ab");
	must_differ(&src, path_of("kubernetes"), "1.36");
	must_differ(&src, path_of(name), "abc");
}
END_TEST

/* What is refused in any case takes no work. */
START_TEST(files_beyond_the_limit_are_not_looked_at)
{
	const char *path = path_of("p");
	const struct policy_source src = { .paths = &path, .paths_n = 1 };
	char name[32];

	ck_assert_int_eq(mkdir(path, 0700), 0);
	for (int i = 0; i < POLICY_FILES_MAX + 8; i++) {
		snprintf(name, sizeof name, "p/%04d.yaml", i);
		write_text(path_of(name), "a");
	}
	must_stay(&src, path_of(name), "ab");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("source");
	TCase *tc = tcase_create("files");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, a_file_of_a_folder, 0, ROWS(file_names));
	tcase_add_loop_test(tc, a_folder_of_a_folder, 0, 4);
	tcase_add_loop_test(tc, a_fact_ends_before_its_blanks, 0, ROWS(learnt));
	tcase_add_test(tc, each_file_counts);
	tcase_add_test(tc, each_file_of_a_folder_counts);
	tcase_add_test(tc, the_same_text_in_another_file);
	tcase_add_test(tc, a_pipe_is_not_emptied);
	tcase_add_test(tc, a_folder_that_cannot_be_read);
	tcase_add_test(tc, a_file_that_cannot_be_read);
	tcase_add_loop_test(tc, the_last_file_that_is_loaded_counts, 0, ROWS(lasts));
	tcase_add_test(tc, files_beyond_the_limit_are_not_looked_at);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
