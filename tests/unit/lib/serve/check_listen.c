/* SPDX-License-Identifier: Apache-2.0
 * check_listen.c - addresses to listen on.
 */
#include <check.h>
#include <string.h>
#include <unistd.h>

#include "lib/serve/listen.h"
#include "tests/unit/suite.h"

static const struct {
	const char *name, *text, *bound; /* bound: how it begins; NULL: an error */
	enum err_kind kind;
} addresses[] = {
	{ "IPv4", "127.0.0.1:0", "127.0.0.1:", ERR_NONE },
	{ "IPv6", "[::1]:0", "[::1]:", ERR_NONE },
	{ "no port", "127.0.0.1", NULL, ERR_USAGE },
	{ "no number", "127.0.0.1:http", NULL, ERR_USAGE },
	{ "a port too large", "127.0.0.1:65536", NULL, ERR_USAGE },
	{ "a port of six digits", "127.0.0.1:000001", NULL, ERR_USAGE },
	{ "a name", "localhost:0", NULL, ERR_USAGE },
	{ "IPv6 without brackets", "::1:0", NULL, ERR_USAGE },
	{ "half a bracket", "[::1:0", NULL, ERR_USAGE },
	{ "empty", "", NULL, ERR_USAGE },
	{ "much too long",
	  "0000000000000000000000000000000000000000000000000000000000000000000000000000000000:0",
	  NULL, ERR_USAGE },
	{ "not ours", "203.0.113.1:0", NULL, ERR_IO },
};

START_TEST(address)
{
	char bound[LISTEN_ADDRESS] = "";
	struct err err = { .kind = ERR_NONE };
	int fd = listen_on(addresses[_i].text, bound, &err);

	ck_assert_msg((fd >= 0) == (addresses[_i].bound != NULL), "%s: %s", addresses[_i].name,
		      err.msg);
	ck_assert_msg(err.kind == addresses[_i].kind, "%s: %s", addresses[_i].name, err.msg);
	if (fd < 0)
		return;
	ck_assert_msg(!strncmp(bound, addresses[_i].bound, strlen(addresses[_i].bound)), "%s: %s",
		      addresses[_i].name, bound);
	ck_assert_msg(strcmp(strrchr(bound, ':'), ":0") != 0, "%s: %s", addresses[_i].name, bound);
	close(fd);
}
END_TEST

START_TEST(address_is_taken)
{
	char bound[LISTEN_ADDRESS], again[LISTEN_ADDRESS];
	struct err err;
	int fd = listen_on("127.0.0.1:0", bound, &err);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(listen_on(bound, again, &err), -1);
	ck_assert_msg(strstr(err.msg, bound) && strstr(err.msg, "in use"), "%s", err.msg);
	close(fd);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("listen");
	TCase *t = tcase_create("listen");

	tcase_add_loop_test(t, address, 0, sizeof addresses / sizeof *addresses);
	tcase_add_test(t, address_is_taken);
	suite_add_tcase(s, t);
	return run_suite(s);
}
