/* SPDX-License-Identifier: Apache-2.0
 * check_servers.c - whom an Endpoints object names, and what a server's page says of it.
 */
#include <check.h>
#include <stdlib.h>

#include "agent/api/servers.h"
#include "tests/unit/suite.h"

static struct servers servers;

START_TEST(endpoints_name_servers)
{
	static const char body[] =
		"{\"metadata\":{},\"subsets\":[{\"addresses\":[{\"ip\":\"10.0.0.4\",\"targetRef\":"
		"{\"name\":\"oke-guard-a\"}},{\"ip\":\"10.0.0.4\"},{\"ip\":\"fd00::1\"},"
		"{\"ip\":\"a/b\"},{\"ip\":7},{}],\"notReadyAddresses\":[{\"ip\":\"10.0.0.5\","
		"\"targetRef\":{\"name\":\"\\u001b[31m\"}}]},{}]}";
	struct err err;

	ck_assert_int_eq(servers_read(str_of(body), &servers, &err), 0);
	ck_assert_uint_eq(servers.n, 3);
	ck_assert_str_eq(servers.v[0].ip, "10.0.0.4");
	ck_assert_str_eq(servers.v[0].pod, "oke-guard-a");
	ck_assert_str_eq(servers.v[1].ip, "fd00::1");
	ck_assert_str_eq(servers.v[2].ip, "10.0.0.5");
	ck_assert_str_eq(servers.v[2].pod, "");
}
END_TEST

START_TEST(what_is_no_endpoints_object_is_an_error)
{
	static const char *const bodies[] = { "", "[]", "{}", "{\"metadata\":{}", "7" };
	struct err err;

	ck_assert_int_eq(servers_read(str_of(bodies[_i]), &servers, &err), -1);
	ck_assert(*err.msg);
}
END_TEST

START_TEST(so_many_are_asked_and_the_rest_counted)
{
	char body[16384] = "{\"metadata\":{},\"subsets\":[{\"addresses\":[";
	struct err err;

	for (int i = 0; i < 2 * SERVERS_MAX; i++)
		snprintf(body + strlen(body), sizeof body - strlen(body),
			 "%s{\"ip\":\"10.0.1.%d\"}", i ? "," : "", i);
	snprintf(body + strlen(body), sizeof body - strlen(body), "]}]}");
	ck_assert_int_eq(servers_read(str_of(body), &servers, &err), 0);
	ck_assert_uint_eq(servers.n, SERVERS_MAX);
	ck_assert_uint_eq(servers.all, 2 * SERVERS_MAX);
}
END_TEST

static const struct page_case {
	const char *name, *page;
	enum server_state want;
	const char *why;
} pages[] = {
	{ "the same files, all of them", "{\"policyFiles\":\"00000000000000ff\",\"leftOut\":[]}",
	  SERVER_IN_FORCE, "" },
	{ "other files", "{\"policyFiles\":\"00000000000000fe\",\"leftOut\":[]}", SERVER_BEHIND,
	  "other files" },
	{ "something is left out",
	  "{\"policyFiles\":\"00000000000000ff\",\"leftOut\":[{\"what\":\"SupportException \\\"a\\\"\","
	  "\"why\":\"/etc/oke-guard/extra/w.yaml:5:3: needs expires\"},{},{},{},{}]}",
	  SERVER_LEFT_OUT,
	  "SupportException \"a\": /etc/oke-guard/extra/w.yaml:5:3: needs expires" },
	{ "the rest is counted",
	  "{\"policyFiles\":\"00000000000000ff\",\"leftOut\":[{},{},{},{},{}]}", SERVER_LEFT_OUT,
	  "and 2 more" },
	{ "an older server", "{\"mode\":\"enforce\",\"leftOut\":[]}", SERVER_UNHEARD, "version" },
	{ "no page", "<html>", SERVER_UNHEARD, "version" },
	{ "a page that obeys nobody's terminal",
	  "{\"policyFiles\":\"00000000000000ff\",\"leftOut\":[{\"what\":\"\\u001b[31m\"}]}",
	  SERVER_LEFT_OUT, "\\x1b[31m" },
};

START_TEST(a_page_is_judged)
{
	const struct page_case *c = &pages[_i];
	struct server_seen seen = { .state = SERVER_IN_FORCE };

	servers_judge(str_of(c->page), 255, &seen);
	ck_assert_msg(seen.state == c->want, "%s: %d", c->name, (int)seen.state);
	ck_assert_msg(strstr(seen.why, c->why), "%s: %s", c->name, seen.why);
	ck_assert(!strchr(seen.why, 0x1b));
}
END_TEST

/* However long a reason is, the others stand beside it. */
START_TEST(a_long_reason_leaves_room)
{
	struct server_seen seen = { .state = SERVER_IN_FORCE };
	char page[8192] = "{\"policyFiles\":\"00000000000000ff\",\"leftOut\":[";

	for (int i = 0; i < 4; i++) {
		size_t n = strlen(page);

		snprintf(page + n, sizeof page - n, "%s{\"what\":\"part-%d\",\"why\":\"%01000d\"}",
			 i ? "," : "", i, 0);
	}
	strcat(page, "]}");
	servers_judge(str_of(page), 255, &seen);
	ck_assert_int_eq(seen.state, SERVER_LEFT_OUT);
	ck_assert_msg(strstr(seen.why, "part-0: 0") && strstr(seen.why, "; part-1: 0") &&
			      strstr(seen.why, "; part-2: 0") && strstr(seen.why, "; and 1 more"),
		      "%s", seen.why);
}
END_TEST

START_TEST(the_worst_is_what_is_told)
{
	servers = (struct servers){ .n = 3 };
	ck_assert_int_eq(servers_worst(&servers), SERVER_IN_FORCE);
	servers.v[0].state = SERVER_UNHEARD;
	ck_assert_int_eq(servers_worst(&servers), SERVER_UNHEARD);
	servers.v[1].state = SERVER_BEHIND;
	ck_assert_int_eq(servers_worst(&servers), SERVER_BEHIND);
	servers.v[2].state = SERVER_LEFT_OUT;
	ck_assert_int_eq(servers_worst(&servers), SERVER_LEFT_OUT);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("servers");
	TCase *t = tcase_create("servers");

	tcase_add_test(t, endpoints_name_servers);
	tcase_add_loop_test(t, what_is_no_endpoints_object_is_an_error, 0, 5);
	tcase_add_test(t, so_many_are_asked_and_the_rest_counted);
	tcase_add_loop_test(t, a_page_is_judged, 0, sizeof pages / sizeof *pages);
	tcase_add_test(t, a_long_reason_leaves_room);
	tcase_add_test(t, the_worst_is_what_is_told);
	suite_add_tcase(s, t);
	return run_suite(s);
}
