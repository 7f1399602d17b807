/* SPDX-License-Identifier: Apache-2.0
 * check_files.c - names, order, bounds, and what tells one state of a file from another.
 */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/files.h"
#include "tests/unit/suite.h"

static char folder[64];

static void put(const char *name, const char *text)
{
	char *path = file_join(folder, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	free(path);
}

static void setup(void)
{
	strcpy(folder, "/tmp/check_files.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void teardown(void)
{
	static const char *const names[] = { "b", "a", ".hidden", "B", "ten" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char *path = file_join(folder, names[i]);

		unlink(path);
		free(path);
	}
	rmdir(folder);
}

START_TEST(names)
{
	ck_assert(file_is_yaml("a.yaml") && file_is_yaml("a.yml") && file_is_yaml("x/a.json"));
	ck_assert(!file_is_yaml(".yaml") && !file_is_yaml("a.yaml~") && !file_is_yaml("yaml"));
	ck_assert(!file_is_yaml("a.YAML") && !file_is_yaml(""));
}
END_TEST

static const struct join_row {
	const char *folder, *name, *want;
} joins[] = {
	{ "a", "b", "a/b" }, { "a/", "b", "a/b" }, { "a//", "b", "a/b" },
	{ "/", "b", "/b" },  { ".", "b", "./b" },
};

START_TEST(joined)
{
	char *got = file_join(joins[_i].folder, joins[_i].name);

	ck_assert_str_eq(got, joins[_i].want);
	free(got);
}
END_TEST

START_TEST(in_order)
{
	struct folder f;

	put("b", "");
	put("a", "");
	put("B", "");
	put(".hidden", "");
	ck_assert_int_eq(folder_read(folder, &f), 0);
	ck_assert_int_eq(f.n, 3);
	ck_assert_str_eq(f.entries[0]->d_name, "B");
	ck_assert_str_eq(f.entries[1]->d_name, "a");
	ck_assert_str_eq(f.entries[2]->d_name, "b");
	folder_done(&f);
	ck_assert_int_eq(folder_read("/nowhere", &f), -1);
}
END_TEST

START_TEST(bounded)
{
	char out[16], *path;
	int fd;

	put("ten", "0123456789");
	path = file_join(folder, "ten");
	fd = open(path, O_RDONLY);
	ck_assert_int_eq(file_read_up_to(fd, out, 4), 4);
	ck_assert_int_eq(file_read_up_to(fd, out, sizeof out), 6);
	ck_assert(!memcmp(out, "456789", 6));
	ck_assert_int_eq(file_read_up_to(fd, out, sizeof out), 0);
	close(fd);
	ck_assert_int_eq(file_read_up_to(fd, out, sizeof out), -1);
	free(path);
}
END_TEST

START_TEST(marks)
{
	struct file_mark before, after;
	char *path = file_join(folder, "a"), *other = file_join(folder, "b");

	file_mark_take(path, &before);
	file_mark_take(other, &after);
	ck_assert(file_mark_same(&before, &after)); /* neither is there */
	put("a", "x");
	file_mark_take(path, &after);
	ck_assert(!file_mark_same(&before, &after));
	before = after;
	file_mark_take(path, &after);
	ck_assert(file_mark_same(&before, &after));
	put("b", "x");
	ck_assert_int_eq(rename(other, path), 0); /* another file of the same size */
	file_mark_take(path, &after);
	ck_assert(!file_mark_same(&before, &after));
	free(path);
	free(other);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("files");
	TCase *t = tcase_create("files");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, names);
	tcase_add_loop_test(t, joined, 0, sizeof joins / sizeof *joins);
	tcase_add_test(t, in_order);
	tcase_add_test(t, bounded);
	tcase_add_test(t, marks);
	suite_add_tcase(s, t);
	return run_suite(s);
}
