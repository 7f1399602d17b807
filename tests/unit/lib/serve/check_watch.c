/* SPDX-License-Identifier: Apache-2.0
 * check_watch.c - which files' changes are told at once, and when it is time to look.
 *
 * Each case has a folder of its own; what is told is read from the descriptor, so that polling,
 * which would find everything in the end, hides nothing.
 */
#include <check.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/serve/watch.h"
#include "tests/unit/suite.h"

static char folder[64];

static void setup(void)
{
	strcpy(folder, "/tmp/check-watch-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chdir(folder), 0);
}

static void teardown(void)
{
	char command[128];

	ck_assert_int_eq(chdir("/"), 0);
	snprintf(command, sizeof command, "rm -rf %s", folder);
	ck_assert_int_eq(system(command), 0); /* NOLINT(cert-env33-c): our own folder */
}

static void write_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, "x", 1), 1);
	close(fd);
}

static bool told(const struct watch *w)
{
	struct pollfd p = { .fd = w->fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

/* How many watches the descriptor holds, as the kernel tells it. */
static int inotify_watches(int fd)
{
	char line[256];
	int n = 0;
	FILE *f;

	snprintf(line, sizeof line, "/proc/self/fdinfo/%d", fd);
	ck_assert_ptr_nonnull(f = fopen(line, "re"));
	while (fgets(line, sizeof line, f))
		n += !strncmp(line, "inotify ", 8);
	fclose(f);
	return n;
}

/* ---- what is watched ---- */

static void nothing(void)
{
}

static void file_is_there(void)
{
	write_file("policy.yaml");
}

static void folder_is_there(void)
{
	ck_assert_int_eq(mkdir("policies", 0700), 0);
}

static void link_is_there(void)
{
	ck_assert_int_eq(mkdir("..1", 0700), 0);
	write_file("..1/policy.yaml");
	ck_assert_int_eq(symlink("..1", "..data"), 0);
	ck_assert_int_eq(symlink("..data/policy.yaml", "policy.yaml"), 0);
}

static void file_is_written(void)
{
	write_file("policy.yaml");
}

static void file_is_replaced(void)
{
	write_file("new");
	ck_assert_int_eq(rename("new", "policy.yaml"), 0);
}

static void file_is_removed(void)
{
	ck_assert_int_eq(unlink("policy.yaml"), 0);
}

static void file_joins_folder(void)
{
	write_file("policies/one.yaml");
}

static void folder_comes(void)
{
	ck_assert_int_eq(mkdir("policies", 0700), 0);
}

/* As a kubelet brings a new version of a ConfigMap. */
static void link_is_swapped(void)
{
	ck_assert_int_eq(mkdir("..2", 0700), 0);
	write_file("..2/policy.yaml");
	ck_assert_int_eq(symlink("..2", "..data_tmp"), 0);
	ck_assert_int_eq(rename("..data_tmp", "..data"), 0);
}

static const struct watch_case {
	const char *why;
	const char *path; /* below the case's folder; "./": from there */
	void (*before)(void), (*change)(void);
} cases[] = {
	{ "a file that was not there", "/policy.yaml", nothing, file_is_written },
	{ "one named from here", "./policy.yaml", nothing, file_is_written },
	{ "one named without a folder", ".policy.yaml", nothing, file_is_written },
	{ "one written again", "/policy.yaml", file_is_there, file_is_written },
	{ "another in its place", "/policy.yaml", file_is_there, file_is_replaced },
	{ "one removed", "/policy.yaml", file_is_there, file_is_removed },
	{ "a file in a folder", "/policies", folder_is_there, file_joins_folder },
	{ "a folder that was not there", "/policies", nothing, folder_comes },
	{ "one with a slash behind it", "/policies/", nothing, folder_comes },
	{ "and with two", "/policies//", nothing, folder_comes },
	{ "a mounted ConfigMap", "/policy.yaml", link_is_there, link_is_swapped },
};

START_TEST(told_at_once)
{
	const struct watch_case *c = &cases[_i];
	char path[128];
	const char *paths[] = { path };
	struct watch w;

	snprintf(path, sizeof path, "%s%s", c->path[0] == '/' ? folder : "",
		 c->path + (c->path[0] == '.' && c->path[1] != '/'));
	c->before();
	watch_init(&w, paths, 1);
	ck_assert_msg(w.fd >= 0 && !told(&w), "%s: told too early", c->why);
	c->change();
	ck_assert_msg(told(&w), "%s: not told", c->why);
	watch_done(&w);
	ck_assert_int_eq(w.fd, -1);
}
END_TEST

START_TEST(a_file_at_the_root)
{
	const char *paths[] = { "/no-such-policy.yaml" };
	struct watch w;

	watch_init(&w, paths, 1);
	ck_assert_int_ge(w.fd, 0);
	ck_assert_int_eq(inotify_watches(w.fd), 1);
	watch_done(&w);
}
END_TEST

/* Every path, not the first or last alone; a path that is too long hides no other. */
START_TEST(each_path)
{
	char one[128], two[128], three[128], lengthy[PATH_MAX + 64];
	const char *paths[] = { one, lengthy, two, three };
	struct watch w;

	memset(lengthy, 'x', sizeof lengthy);
	lengthy[0] = '/';
	lengthy[sizeof lengthy - 3] = '/';
	lengthy[sizeof lengthy - 1] = '\0';
	snprintf(one, sizeof one, "%s/1/policy.yaml", folder);
	snprintf(two, sizeof two, "%s/2/policy.yaml", folder);
	snprintf(three, sizeof three, "%s/3/policy.yaml", folder);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(mkdir("1", 0700) + mkdir("2", 0700) + mkdir("3", 0700), 0);
		watch_init(&w, paths, 4);
		write_file(paths[i ? i + 1 : 0]);
		ck_assert_msg(told(&w), "path %d", i);
		watch_done(&w);
		unlink(paths[i ? i + 1 : 0]);
		ck_assert_int_eq(rmdir("1") + rmdir("2") + rmdir("3"), 0);
	}
}
END_TEST

/* A folder moved away and made again is another folder: looking sets the watch on the new one. */
START_TEST(a_folder_made_again)
{
	char path[128];
	const char *paths[] = { path };
	struct watch w;

	snprintf(path, sizeof path, "%s/mount/policy.yaml", folder);
	ck_assert_int_eq(mkdir("mount", 0700), 0);
	watch_init(&w, paths, 1);
	ck_assert_int_eq(rename("mount", "gone"), 0);
	ck_assert_int_eq(mkdir("mount", 0700), 0);
	ck_assert(!watch_tick(&w, 10));
	ck_assert(watch_tick(&w, 10 + WATCH_QUIET_MS));
	write_file("mount/policy.yaml");
	ck_assert(told(&w));
	watch_done(&w);
}
END_TEST

/* Watches of folders that are gone from their place do not pile up. */
START_TEST(watches_do_not_pile_up)
{
	char path[128], away[32];
	const char *paths[] = { path };
	struct watch w;
	int most = 0;

	snprintf(path, sizeof path, "%s/mount/policy.yaml", folder);
	ck_assert_int_eq(mkdir("mount", 0700), 0);
	watch_init(&w, paths, 1);
	for (int i = 1; i < 1200; i++) {
		int n;

		snprintf(away, sizeof away, "gone-%d", i);
		ck_assert_int_eq(rename("mount", away), 0);
		ck_assert_int_eq(mkdir("mount", 0700), 0);
		ck_assert(watch_tick(&w, i * (long long)WATCH_POLL_MS));
		n = inotify_watches(w.fd);
		most = n > most ? n : most;
	}
	ck_assert_int_gt(most, 100);
	ck_assert_int_le(most, 512);
	write_file("mount/policy.yaml");
	ck_assert(told(&w));
	watch_done(&w);
}
END_TEST

/* ---- when it is time to look ---- */

START_TEST(looks_without_being_told)
{
	const char *paths[] = { folder };
	struct watch w;

	watch_init(&w, paths, 1);
	close(w.fd);
	w.fd = -1; /* as where inotify's limits are used up */
	ck_assert_int_eq(watch_wait(&w, 0), WATCH_POLL_MS);
	ck_assert_int_eq(watch_wait(&w, WATCH_POLL_MS - 1), 1);
	ck_assert(!watch_tick(&w, WATCH_POLL_MS - 1));
	ck_assert(watch_tick(&w, WATCH_POLL_MS));
	ck_assert_int_eq(watch_wait(&w, WATCH_POLL_MS), WATCH_POLL_MS);
	ck_assert_int_eq(watch_wait(&w, 9 * WATCH_POLL_MS), 0);
	ck_assert_int_ge(w.fd, 0); /* and inotify is tried again */
	watch_done(&w);
}
END_TEST

START_TEST(when_it_has_been_quiet)
{
	const char *paths[] = { folder };
	struct watch w;

	watch_init(&w, paths, 1);
	ck_assert_int_eq(watch_fd(&w), w.fd);
	write_file("one");
	ck_assert(!watch_tick(&w, 10));
	ck_assert_int_eq(watch_fd(&w), -1); /* the rest of the burst waits */
	ck_assert_int_eq(watch_wait(&w, 10), WATCH_QUIET_MS);
	write_file("two");
	ck_assert(!watch_tick(&w, 10 + WATCH_QUIET_MS - 1));
	ck_assert_int_eq(watch_wait(&w, 10 + WATCH_QUIET_MS - 1), WATCH_QUIET_MS);
	ck_assert(watch_tick(&w, 10 + 2 * WATCH_QUIET_MS - 1));
	ck_assert_int_eq(watch_fd(&w), w.fd);
	ck_assert_int_eq(watch_wait(&w, 10 + 2 * WATCH_QUIET_MS - 1), WATCH_POLL_MS);
	watch_done(&w);
}
END_TEST

START_TEST(a_burst_that_does_not_end)
{
	const char *paths[] = { folder };
	struct watch w;
	long long now = 10;

	watch_init(&w, paths, 1);
	for (; now < 10 + WATCH_BURST_MS; now += WATCH_QUIET_MS - 1) {
		write_file("one");
		ck_assert_msg(!watch_tick(&w, now), "at %lld", now);
	}
	write_file("one");
	ck_assert(watch_tick(&w, now));
	watch_done(&w);
}
END_TEST

START_TEST(nothing_to_watch)
{
	struct watch w;

	watch_init(&w, NULL, 0);
	ck_assert_int_eq(watch_fd(&w), -1);
	ck_assert(watch_wait(&w, 0) == LONG_MAX);
	ck_assert(!watch_tick(&w, 100 * WATCH_POLL_MS));
	watch_done(&w);
}
END_TEST

START_TEST(more_paths_than_there_is_room)
{
	const char *paths[WATCH_PATHS_MAX + 5];
	struct watch w;

	for (size_t i = 0; i < WATCH_PATHS_MAX + 5; i++)
		paths[i] = folder;
	watch_init(&w, paths, WATCH_PATHS_MAX + 5);
	ck_assert_uint_eq(w.paths_n, WATCH_PATHS_MAX);
	watch_done(&w);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("watch");
	TCase *tc = tcase_create("watch");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, told_at_once, 0, (int)(sizeof cases / sizeof *cases));
	tcase_add_test(tc, a_file_at_the_root);
	tcase_add_test(tc, each_path);
	tcase_add_test(tc, a_folder_made_again);
	tcase_add_test(tc, watches_do_not_pile_up);
	tcase_add_test(tc, looks_without_being_told);
	tcase_add_test(tc, when_it_has_been_quiet);
	tcase_add_test(tc, a_burst_that_does_not_end);
	tcase_add_test(tc, nothing_to_watch);
	tcase_add_test(tc, more_paths_than_there_is_room);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
