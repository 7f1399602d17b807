/* SPDX-License-Identifier: Apache-2.0
 * check_server.c - addresses of API servers, and what it takes to expect another name there.
 */
#include "agent/kubeconfig/server.h"

#include <check.h>
#include <stdlib.h>

#include "tests/unit/suite.h"

static const struct address_case {
	const char *server, *name, *base, *connect, *host; /* base NULL: refused */
} addresses[] = {
	{ "https://10.0.0.1:6443", NULL, "https://10.0.0.1:6443", "", "" },
	{ "https://10.0.0.1:6443/", NULL, "https://10.0.0.1:6443", "", "" },
	{ "https://a.example/k8s/clusters/c-1", NULL, "https://a.example/k8s/clusters/c-1", "",
	  "" },
	{ "https://[::1]:6443", NULL, "https://[::1]:6443", "", "" },
	{ "https://10.0.0.1:6443", "api", "https://api:6443", "::10.0.0.1:6443",
	  "Host: 10.0.0.1:6443" },
	{ "https://a.example/prefix", "api", "https://api:443/prefix", "::a.example:443",
	  "Host: a.example" },
	{ "https://[::1]:6443", "api", "https://api:6443", "::[::1]:6443", "Host: [::1]:6443" },
	{ "http://10.0.0.1:6443", NULL, NULL, NULL, NULL },
	{ "https://", NULL, NULL, NULL, NULL },
	{ "https://a:b", NULL, NULL, NULL, NULL },
	{ "https://a@b", NULL, NULL, NULL, NULL },
	{ "https://a b", NULL, NULL, NULL, NULL },
	{ "https://a?x", NULL, NULL, NULL, NULL },
	{ "https://[::1", NULL, NULL, NULL, NULL },
	{ "10.0.0.1", NULL, NULL, NULL, NULL },
	{ "https://a", "b/c", NULL, NULL, NULL },
	{ "https://a", "b\r\nX: y", NULL, NULL, NULL },
};

START_TEST(an_address_is_read)
{
	const struct address_case *c = &addresses[_i];
	struct server_address a;
	struct err err;
	int status = server_address_read(c->server, c->name, &a, &err);

	ck_assert_msg((status == 0) == (c->base != NULL), "%s", c->server);
	if (status < 0)
		return;
	ck_assert_str_eq(a.base, c->base);
	ck_assert_str_eq(a.connect, c->connect);
	ck_assert_str_eq(a.host, c->host);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("server");
	TCase *tc = tcase_create("server");

	tcase_add_loop_test(tc, an_address_is_read, 0, sizeof addresses / sizeof *addresses);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
