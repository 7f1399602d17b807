/* SPDX-License-Identifier: Apache-2.0
 * check_error_body.c - an error of HTTP is one printable line of JSON.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "lib/serve/error_body.h"
#include "tests/unit/suite.h"

static const struct error_row {
	const char *message, *want;
} rows[] = {
	{ "is missing", "{\"code\":400,\"error\":\"is missing\"}\n" },
	{ "", "{\"code\":400,\"error\":\"\"}\n" },
	{ "a \"quote\", a \\", "{\"code\":400,\"error\":\"a \\\"quote\\\", a \\\\\"}\n" },
	{ "\x1b[1m", "{\"code\":400,\"error\":\"\\\\x1b[1m\"}\n" },
};

START_TEST(one_line)
{
	size_t len;
	char *got = error_body(400, rows[_i].message, &len);

	ck_assert_ptr_nonnull(got);
	ck_assert_str_eq(got, rows[_i].want);
	ck_assert_uint_eq(len, strlen(got));
	free(got);
}
END_TEST

/* Whatever the message: it fits, though each byte may become more. */
START_TEST(any_length)
{
	char message[4096];

	for (size_t n = 1; n < sizeof message; n = n * 3 / 2 + 1) {
		size_t len;
		char *got;

		memset(message, n % 2 ? '"' : '\n', n);
		message[n] = '\0';
		got = error_body(503, message, &len);
		ck_assert_ptr_nonnull(got);
		ck_assert_uint_eq(len, strlen(got));
		ck_assert(!strcmp(got + len - 3, "\"}\n"));
		free(got);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("error_body");
	TCase *t = tcase_create("error_body");

	tcase_add_loop_test(t, one_line, 0, sizeof rows / sizeof *rows);
	tcase_add_test(t, any_length);
	suite_add_tcase(s, t);
	return run_suite(s);
}
