/* SPDX-License-Identifier: Apache-2.0
 * check_out_of_memory.c - each allocation of issuing, reading and checking certificates fails once:
 * what cannot be read counts as not read, and a sound pair is not called faulty.
 */
#include "tests/unit/failing.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "oke/certs.h"
#include "lib/base/cleanup.h"
#include "tests/unit/suite.h"

#define NOW    ((int64_t)1795000000) /* 2026-11-18 */
#define MEMORY (16u << 20)

static const char *const names[] = { "guard.example", "10.0.0.1" };
static const struct certs_order order = { .names = names,
					  .names_n = 2,
					  .algorithm = CERTS_P256,
					  .days = 90,
					  .now = NOW,
					  .keep_ca_key = true };
static struct certs_issued issued;
static char folder[] = "/tmp/check-memory-XXXXXX", cert_file[64], key_file[64];

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

/* Whatever OpenSSL keeps for good is there before anything fails. */
static void setup(void)
{
	struct err err = { .kind = ERR_NONE };
	struct keypair *kp;

	ck_assert_msg(certs_issue(&order, &issued, &err) == 0, "%s", err.msg);
	ck_assert_ptr_nonnull(kp = keypair_parse(str_of(issued.cert), str_of(issued.key), &err));
	keypair_unref(kp);
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(cert_file, sizeof cert_file, "%s/tls.crt", folder);
	snprintf(key_file, sizeof key_file, "%s/tls.key", folder);
	write_file(cert_file, issued.cert);
	write_file(key_file, issued.key);
}

static void teardown(void)
{
	certs_issued_done(&issued);
	unlink(cert_file);
	unlink(key_file);
	rmdir(folder);
}

static void error_is_told(const struct failing *f, const struct err *err)
{
	ck_assert_msg(err->kind != ERR_NONE && *err->msg, WHERE "no error", AT(f));
}

static void pair_is_sound(const struct failing *f, const struct keypair *kp)
{
	const struct keypair_want want = {
		.now = NOW, .names = names, .names_n = 2, .ca = str_of(issued.ca)
	};
	struct err err = { .kind = ERR_NONE };
	const struct certificate *chain;

	ck_assert_msg(keypair_check(kp, &want, &err) == 0, WHERE "%s", AT(f), err.msg);
	ck_assert_uint_eq(keypair_chain(kp, &chain), 1);
	ck_assert_uint_eq(chain->names_n, 2);
}

static struct keypair *from_memory(struct err *err)
{
	return keypair_parse(str_of(issued.cert), str_of(issued.key), err);
}

static struct keypair *from_files(struct err *err)
{
	return keypair_read(cert_file, key_file, err);
}

static struct keypair *(*const readers[])(struct err *err) = { from_memory, from_files };

START_TEST(read_whole_or_not_at_all)
{
	size_t refused = 0;
	bool failed;

	for (struct failing f = { 0 }; failing_next(&f);) {
		struct err err = { .kind = ERR_NONE };
		struct keypair *kp;

		failing_begin(&f);
		kp = readers[_i](&err);
		failed = failing_end(&f);
		if (kp)
			pair_is_sound(&f, kp);
		else
			error_is_told(&f, &err);
		ck_assert(kp || failed);
		refused += !kp;
		keypair_unref(kp);
	}
	ck_assert_uint_gt(refused, 3);
}
END_TEST

START_TEST(facts_whole_or_none)
{
	size_t refused = 0;
	bool failed;

	for (struct failing f = { 0 }; failing_next(&f);) {
		scoped(arena_end) struct arena arena;
		struct err err = { .kind = ERR_NONE };
		struct certificate *all = NULL;
		size_t all_n = 0;
		int status;

		arena_init(&arena, MEMORY);
		failing_begin(&f);
		status = certificates_parse(str_of(issued.ca), &arena, &all, &all_n, &err);
		failed = failing_end(&f);
		if (status < 0)
			error_is_told(&f, &err);
		else
			ck_assert_msg(all_n == 1 && all->ca && all->self_signed && *all->subject &&
					      *all->fingerprint,
				      WHERE, AT(&f));
		ck_assert(status == 0 || failed);
		refused += status < 0;
	}
	ck_assert_uint_gt(refused, 3);
}
END_TEST

START_TEST(a_file_whole_or_not_at_all)
{
	bool failed;

	for (struct failing f = { 0 }; failing_next(&f);) {
		scoped(arena_end) struct arena arena;
		struct err err = { .kind = ERR_NONE };
		struct str text = { NULL, 0 };
		int status;

		arena_init(&arena, MEMORY);
		failing_begin(&f);
		status = certs_file(cert_file, &arena, &text, &err);
		failed = failing_end(&f);
		if (status < 0)
			error_is_told(&f, &err);
		else
			ck_assert(str_is(text, issued.cert));
		ck_assert(status == 0 || failed);
	}
}
END_TEST

/* What memory ran out for is called so, but where OpenSSL keeps it to itself: never the key. */
START_TEST(a_sound_pair_stays_sound)
{
	struct err err = { .kind = ERR_NONE };
	struct keypair *kp = from_memory(&err);
	const struct keypair_want want = {
		.now = NOW, .names = names, .names_n = 2, .ca = str_of(issued.ca)
	};
	struct keypair_fault faults[KEYPAIR_FAULTS_MAX];
	size_t found = 0;

	for (struct failing f = { 0 }; failing_next(&f);) {
		failing_begin(&f);
		found = keypair_faults(kp, &want, faults);
		failing_end(&f);
		ck_assert_msg(found <= 1, WHERE "%zu faults", AT(&f), found);
		ck_assert_msg(!found || faults[0].kind == FAULT_MEMORY ||
				      (f.libraries && faults[0].kind == FAULT_CHAIN),
			      WHERE "%s", AT(&f), faults[0].text);
	}
	ck_assert_uint_eq(found, 0);
	keypair_unref(kp);
}
END_TEST

START_TEST(issued_whole_or_not_at_all)
{
	size_t refused = 0;
	bool failed;

	for (struct failing f = { 0 }; failing_next(&f);) {
		struct err err = { .kind = ERR_NONE };
		struct certs_issued made = { 0 };
		int status;

		failing_begin(&f);
		status = certs_issue(&order, &made, &err);
		failed = failing_end(&f);
		if (status < 0) {
			error_is_told(&f, &err);
			ck_assert(!made.cert && !made.key && !made.ca && !made.ca_key);
		} else {
			struct keypair *kp =
				keypair_parse(str_of(made.cert), str_of(made.key), &err);

			ck_assert_msg(kp && made.ca_key, WHERE "%s", AT(&f), err.msg);
			keypair_unref(kp);
			certs_issued_done(&made);
		}
		ck_assert(status == 0 || failed);
		refused += status < 0;
	}
	ck_assert_uint_gt(refused, 3);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("out of memory");
	TCase *tc = tcase_create("certificates");

	tcase_add_unchecked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 300);
	tcase_add_loop_test(tc, read_whole_or_not_at_all, 0, 2);
	tcase_add_test(tc, facts_whole_or_none);
	tcase_add_test(tc, a_file_whole_or_not_at_all);
	tcase_add_test(tc, a_sound_pair_stays_sound);
	tcase_add_test(tc, issued_whole_or_not_at_all);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
