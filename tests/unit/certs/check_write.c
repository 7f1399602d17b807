/* SPDX-License-Identifier: Apache-2.0
 * check_write.c - a folder that holds a fitting pair whatever happens.
 *
 * The system calls that change the folder are caught here, by name, in front of
 * libc's: a child process dies before the n-th of them, for each n there is.
 */
#include "oke/certs.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/suite.h"

#define NOW       ((int64_t)1795000000)
#define STEPS_MAX 64 /* an issue has fewer; the test says so */
#define DIED      77
#define MIXED     78

static int steps_left = -1; /* -1: nobody counts */
static bool steps_fail;     /* fail in place of dying */

static const char
	*steps_pair[2]; /* the files that are to fit at each step behind a failure; or NULL */

/* Would a reader of now, or a machine that crashed here, find a key that is the certificate's? */
static bool step_finds_a_pair(void)
{
	struct err err;
	struct keypair *kp = keypair_read(steps_pair[0], steps_pair[1], &err);

	keypair_unref(kp);
	return kp != NULL;
}

/* 0: go on; -1: fail with EIO. */
static int step(void)
{
	if (steps_left < 0 && steps_pair[0] && !step_finds_a_pair())
		_exit(MIXED);
	if (steps_left < 0 || steps_left-- > 0)
		return 0;
	if (!steps_fail)
		_exit(DIED);
	steps_left = -1; /* one failure; the cleaning up goes on */
	errno = EIO;
	return -1;
}

int renameat(int a, const char *from, int b, const char *to)
{
	return step() < 0 ? -1 : (int)syscall(SYS_renameat2, a, from, b, to, 0);
}

int symlinkat(const char *to, int fd, const char *name)
{
	return step() < 0 ? -1 : (int)syscall(SYS_symlinkat, to, fd, name);
}

int linkat(int a, const char *from, int b, const char *to, int flags)
{
	return step() < 0 ? -1 : (int)syscall(SYS_linkat, a, from, b, to, flags);
}

int unlinkat(int fd, const char *name, int flags)
{
	return step() < 0 ? -1 : (int)syscall(SYS_unlinkat, fd, name, flags);
}

int mkdirat(int fd, const char *name, mode_t mode)
{
	return step() < 0 ? -1 : (int)syscall(SYS_mkdirat, fd, name, mode);
}

/* A process dies here, not the machine: what is on disk already does not matter. */
int fsync(int fd)
{
	(void)fd;
	return step();
}

/* ---- a folder ---- */

struct folder {
	char path[64], cert[80], key[80], ca[80], ca_key[80];
};

static void folder_make(struct folder *f)
{
	strcpy(f->path, "/tmp/oke-guard-write-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(f->path));
	snprintf(f->cert, sizeof f->cert, "%s/tls.crt", f->path);
	snprintf(f->key, sizeof f->key, "%s/tls.key", f->path);
	snprintf(f->ca, sizeof f->ca, "%s/ca.crt", f->path);
	snprintf(f->ca_key, sizeof f->ca_key, "%s/ca.key", f->path);
}

static void folder_remove(const struct folder *f)
{
	char command[128];

	snprintf(command, sizeof command, "rm -rf '%s'", f->path);
	ck_assert_int_eq(system(command), 0);
}

/* How many entries the folder has, hidden ones too. */
static size_t folder_count(const struct folder *f)
{
	DIR *d = opendir(f->path);
	size_t n = 0;

	ck_assert_ptr_nonnull(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

static struct certs_issued issued(bool keep)
{
	static const char *const names[] = { "localhost" };
	struct certs_order order = {
		.names = names, .names_n = 1, .days = 30, .now = NOW, .keep_ca_key = keep
	};
	struct certs_issued out;
	struct err err;

	ck_assert_msg(certs_issue(&order, &out, &err) == 0, "%s", err.msg);
	return out;
}

/* The pair in the folder is whole: key, names, dates, and the CA beside it. */
static bool holds(const struct folder *f, const struct certs_issued *one)
{
	struct keypair_want want = { .now = NOW };
	struct arena arena;
	struct keypair *kp;
	struct err err;
	bool same;

	arena_init(&arena, 1u << 20);
	ck_assert_msg(certs_file(f->ca, &arena, &want.ca, &err) == 0, "%s", err.msg);
	kp = keypair_read(f->cert, f->key, &err);
	ck_assert_msg(kp != NULL, "%s", err.msg);
	ck_assert_msg(keypair_check(kp, &want, &err) == 0, "%s", err.msg);
	same = str_is(keypair_cert_pem(kp), one->cert);
	keypair_unref(kp);
	arena_done(&arena);
	return same;
}

static void write_now(const struct folder *f, const struct certs_issued *one)
{
	struct err err;

	ck_assert_msg(certs_write(f->path, one, &err) == 0, "%s", err.msg);
}

static void plain_file(const char *path, const char *text)
{
	FILE *out = fopen(path, "w");

	ck_assert_ptr_nonnull(out);
	ck_assert_int_ge(fputs(text, out), 0);
	ck_assert_int_eq(fclose(out), 0);
}

static void write_plain(const struct folder *f, const struct certs_issued *one)
{
	plain_file(f->cert, one->cert);
	plain_file(f->key, one->key);
	plain_file(f->ca, one->ca);
}

/* ---- rows: what is there before ---- */

enum before { BEFORE_NOTHING, BEFORE_ISSUED, BEFORE_PLAIN };

static const struct before_case {
	const char *why;
	enum before before;
} befores[] = {
	{ "an empty folder", BEFORE_NOTHING },
	{ "an earlier issue", BEFORE_ISSUED },
	{ "plain files of somebody else", BEFORE_PLAIN },
};

static void prepare(enum before before, const struct folder *f, const struct certs_issued *old)
{
	if (before == BEFORE_ISSUED)
		write_now(f, old);
	if (before == BEFORE_PLAIN)
		write_plain(f, old);
}

START_TEST(files_are_replaced)
{
	struct certs_issued old = issued(false), new = issued(false);
	struct folder f;
	struct stat st;

	folder_make(&f);
	prepare(befores[_i].before, &f, &old);
	write_now(&f, &new);
	ck_assert_msg(holds(&f, &new), "%s", befores[_i].why);
	ck_assert_int_eq(stat(f.key, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	ck_assert_uint_eq(folder_count(&f), 5); /* three links, ..data, what it leads to */
	folder_remove(&f);
	certs_issued_done(&old);
	certs_issued_done(&new);
}
END_TEST

static bool has_pair(const struct folder *f)
{
	return !access(f->cert, F_OK) || !access(f->key, F_OK);
}

/* In a child: write, and die (or fail) before step n. Its exit status. */
static int write_until(const struct folder *f, const struct certs_issued *one, int n, bool fail)
{
	int status;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (!pid) {
		struct err err;

		steps_left = n;
		steps_fail = fail;
		if (fail && has_pair(f)) {
			steps_pair[0] = f->cert;
			steps_pair[1] = f->key;
		}
		_exit(certs_write(f->path, one, &err) < 0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status), "step %d: killed", n);
	ck_assert_msg(WEXITSTATUS(status) != MIXED, "step %d failed: two pairs are mixed", n);
	return WEXITSTATUS(status);
}

/* True when step n was the last but one: the write came to its end. */
static bool die_at(const struct before_case *c, int n, bool fail)
{
	struct certs_issued old = issued(false), new = issued(false);
	struct folder f;
	bool there;
	int status;

	folder_make(&f);
	prepare(c->before, &f, &old);
	status = write_until(&f, &new, n, fail);
	there = has_pair(&f);
	ck_assert_msg(there || c->before == BEFORE_NOTHING, "%s, step %d: lost", c->why, n);
	if (there && !holds(&f, &new))
		ck_assert_msg(status && c->before != BEFORE_NOTHING && holds(&f, &old),
			      "%s, step %d: neither old nor new", c->why, n);
	write_now(&f, &new);
	ck_assert_msg(holds(&f, &new), "%s, step %d: the next issue", c->why, n);
	ck_assert_msg(folder_count(&f) == 5, "%s, step %d: something stayed behind", c->why, n);
	folder_remove(&f);
	certs_issued_done(&old);
	certs_issued_done(&new);
	return !status;
}

START_TEST(crash_leaves_old_or_new)
{
	int n = 0;

	while (!die_at(&befores[_i], n, false))
		ck_assert_int_lt(++n, STEPS_MAX);
	ck_assert_int_gt(n, 10); /* the calls were caught */
}
END_TEST

/* Failures of the cleaning up are none of the issue, so that not every one is told. */
START_TEST(failure_leaves_old_or_new)
{
	int told = 0;

	for (int n = 0; n < STEPS_MAX; n++)
		told += !die_at(&befores[_i], n, true);
	ck_assert_int_gt(told, 8);
}
END_TEST

/* ---- readers and other writers ---- */

START_TEST(readers_see_whole_pairs)
{
	struct certs_issued a = issued(false), b = issued(false);
	struct folder f;
	pid_t pid;
	int status;

	folder_make(&f);
	write_now(&f, &a);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (!pid) {
		for (int i = 0; i < 100; i++)
			write_now(&f, i % 2 ? &a : &b);
		_exit(0);
	}
	while (!waitpid(pid, &status, WNOHANG)) {
		struct keypair_want want = { .now = NOW };
		struct err err;
		struct keypair *kp = keypair_read(f.cert, f.key, &err);

		/* Files that were opened through the old link may be gone: said, not mixed up. */
		ck_assert_msg(kp || strstr(err.msg, "No such file"), "%s", err.msg);
		if (kp)
			ck_assert_msg(keypair_check(kp, &want, &err) == 0, "%s", err.msg);
		keypair_unref(kp);
	}
	ck_assert_int_eq(status, 0);
	folder_remove(&f);
	certs_issued_done(&a);
	certs_issued_done(&b);
}
END_TEST

START_TEST(one_writer_at_a_time)
{
	struct certs_issued one = issued(false);
	struct folder f;
	struct err err;
	int fd;

	folder_make(&f);
	fd = open(f.path, O_RDONLY | O_DIRECTORY);
	ck_assert_int_eq(flock(fd, LOCK_EX), 0);
	ck_assert_int_eq(certs_write(f.path, &one, &err), -1);
	ck_assert_msg(strstr(err.msg, "another issue is writing there"), "%s", err.msg);
	close(fd);
	write_now(&f, &one);
	folder_remove(&f);
	certs_issued_done(&one);
}
END_TEST

/* ---- the CA's key, folders that are none ---- */

START_TEST(kept_ca_key_is_not_lost)
{
	struct certs_issued kept = issued(true), again = issued(true), none = issued(false);
	struct folder f;
	struct stat st;
	struct err err;

	folder_make(&f);
	write_now(&f, &kept);
	ck_assert_int_eq(stat(f.ca_key, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	ck_assert_int_eq(certs_write(f.path, &none, &err), -1);
	ck_assert_msg(strstr(err.msg, "move it away"), "%s", err.msg);
	ck_assert(holds(&f, &kept));
	write_now(&f, &again);
	ck_assert(holds(&f, &again));
	ck_assert_int_eq(unlink(f.ca_key), 0);
	write_now(&f, &none);
	ck_assert(holds(&f, &none));
	ck_assert_int_eq(access(f.ca_key, F_OK), -1);
	folder_remove(&f);
	certs_issued_done(&kept);
	certs_issued_done(&again);
	certs_issued_done(&none);
}
END_TEST

/*
 * An issue that keeps the CA's key and dies before it is in force leaves the name of a file that
 * is not there: the next one, which keeps none, takes it away.
 */
START_TEST(a_key_that_was_to_be_kept_leaves_no_name)
{
	int names = 0;

	for (int n = 0, ended = 0; !ended; n++) {
		struct certs_issued old = issued(false), kept = issued(true), new = issued(false);
		struct folder f;
		struct stat st;

		ck_assert_int_lt(n, STEPS_MAX);
		folder_make(&f);
		write_now(&f, &old);
		ended = !write_until(&f, &kept, n, false);
		if (access(f.ca_key, F_OK) < 0) {
			names += !lstat(f.ca_key, &st);
			write_now(&f, &new);
			ck_assert_msg(holds(&f, &new), "step %d", n);
			ck_assert_msg(lstat(f.ca_key, &st) < 0, "step %d: a name is left", n);
			ck_assert_msg(folder_count(&f) == 5, "step %d: something is left", n);
		}
		folder_remove(&f);
		certs_issued_done(&old);
		certs_issued_done(&kept);
		certs_issued_done(&new);
	}
	ck_assert_int_gt(names, 0);
}
END_TEST

START_TEST(no_folder_is_said)
{
	struct certs_issued one = issued(false);
	struct folder f;
	struct err err;
	char deep[96];

	folder_make(&f);
	snprintf(deep, sizeof deep, "%s/a/b", f.path);
	ck_assert_int_eq(certs_write(deep, &one, &err), -1);
	ck_assert_msg(err.kind == ERR_IO && strstr(err.msg, "No such file"), "%s", err.msg);
	plain_file(f.cert, one.cert);
	ck_assert_int_eq(certs_write(f.cert, &one, &err), -1);
	ck_assert_msg(err.kind == ERR_IO && strstr(err.msg, "Not a directory"), "%s", err.msg);
	snprintf(deep, sizeof deep, "%s/a", f.path);
	ck_assert_int_eq(certs_write(deep, &one, &err), 0);
	folder_remove(&f);
	certs_issued_done(&one);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("write");
	TCase *tc = tcase_create("write");
	int n = sizeof befores / sizeof *befores;

	tcase_add_loop_test(tc, files_are_replaced, 0, n);
	tcase_add_loop_test(tc, crash_leaves_old_or_new, 0, n);
	tcase_add_loop_test(tc, failure_leaves_old_or_new, 0, n);
	tcase_add_test(tc, readers_see_whole_pairs);
	tcase_add_test(tc, one_writer_at_a_time);
	tcase_add_test(tc, kept_ca_key_is_not_lost);
	tcase_add_test(tc, a_key_that_was_to_be_kept_leaves_no_name);
	tcase_add_test(tc, no_folder_is_said);
	tcase_set_timeout(tc, 120);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
