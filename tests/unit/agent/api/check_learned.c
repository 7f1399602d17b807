/* SPDX-License-Identifier: Apache-2.0
 * check_learned.c - the page of what all servers have learned: whatever is in it, it can be read.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "agent/api/learned.h"
#include "lib/json/json.h"
#include "tests/unit/suite.h"

#define NOW 1795305600 /* 2026-11-22T00:00:00Z */
#define DOCUMENT                                                                                   \
	"{\"learned\":{\"leftOut\":1,\"rows\":[{\"user\":\"caf\\u00e9 \\\"q\\\"\","                \
	"\"policy\":\"coredns\",\"rule\":\"scale\",\"kind\":\"Deployment\","                       \
	"\"namespace\":\"kube-system\",\"name\":\"coredns\",\"class\":\"unknown\",\"count\":2,"    \
	"\"first\":\"2026-11-22T00:00:00Z\",\"last\":\"2026-11-23T00:00:00Z\"}]}}"

static struct servers servers;
static struct learn rows;
static struct arena arena;

static void setup(void)
{
	servers = (struct servers){ .n = 2, .all = 2 };
	strcpy(servers.v[0].ip, "10.0.0.4");
	strcpy(servers.v[0].pod, "oke-guard-a");
	strcpy(servers.v[1].ip, "fd00::1");
	learn_init(&rows, LEARNED_ROWS);
	arena_init(&arena, 1u << 20);
}

static void teardown(void)
{
	learn_done(&rows);
	arena_done(&arena);
}

/* The page, as the strict reader takes it. */
static const struct json *read_page(const char *why, bool known)
{
	const struct json *j;
	struct err err;
	size_t len;
	char *page = learned_page(&servers, known ? &rows : NULL, why, NOW, &len);

	ck_assert_ptr_nonnull(page);
	ck_assert_uint_eq(len, strlen(page));
	ck_assert_int_eq(page[len - 1], '\n');
	j = json_parse(str_copy(&arena, (struct str){ page, len }), NULL, &arena, &err);
	free(page);
	ck_assert_msg(j != NULL, "%s", err.msg);
	ck_assert(str_is(json_str(json_get(j, STR("asked"))), "2026-11-22T00:00:00Z"));
	return j;
}

START_TEST(servers_and_rows)
{
	struct err err;
	const struct json *j, *s;

	ck_assert_int_eq(learn_read(&rows, STR(DOCUMENT), &err), 0);
	j = read_page(NULL, true);
	s = json_get(j, STR("servers"));
	ck_assert_uint_eq(s->len, 2);
	ck_assert(str_is(json_str(json_get(s->child, STR("pod"))), "oke-guard-a"));
	ck_assert(str_is(json_str(json_get(s->child->next, STR("address"))), "fd00::1"));
	ck_assert_ptr_null(json_get(s->child, STR("error")));
	ck_assert_ptr_null(json_get(j, STR("error")));
}
END_TEST

START_TEST(a_document_as_a_servers_is)
{
	struct err err;
	struct learn again;
	char *page;
	size_t len;

	ck_assert_int_eq(learn_read(&rows, STR(DOCUMENT), &err), 0);
	page = learned_page(&servers, &rows, NULL, NOW, &len);
	ck_assert_ptr_nonnull(page);
	learn_init(&again, LEARNED_ROWS);
	ck_assert_int_eq(learn_read(&again, (struct str){ page, len }, &err), 0);
	ck_assert_uint_eq(again.n, 1);
	ck_assert_uint_eq(again.left_out, 1);
	learn_done(&again);
	free(page);
}
END_TEST

START_TEST(a_server_that_was_not_heard)
{
	const struct json *s, *error;

	servers.v[1].state = SERVER_UNHEARD;
	memset(servers.v[1].why, 'x', SERVERS_WHY - 1);
	memcpy(servers.v[1].why, "\xff\xfe\x1b[31m\"", 8);
	s = json_get(read_page(NULL, true), STR("servers"));
	ck_assert_ptr_null(json_get(s->child, STR("error")));
	error = json_get(s->child->next, STR("error"));
	ck_assert_ptr_nonnull(error);
	ck_assert_uint_le(json_str(error).n, 300);
	for (size_t i = 0; i < json_str(error).n; i++)
		ck_assert(json_str(error).s[i] >= ' ' && json_str(error).s[i] <= '~');
}
END_TEST

START_TEST(servers_that_are_too_many)
{
	const struct json *s;

	servers.all = 9;
	s = json_get(read_page(NULL, true), STR("servers"));
	ck_assert_uint_eq(s->len, 3);
	ck_assert(str_starts(json_str(json_get(s->child->next->next, STR("error"))),
			     STR("there are 7 more servers")));
}
END_TEST

START_TEST(nobody_is_known)
{
	const struct json *j = read_page("HTTP 403: \x1b\xff", false);

	ck_assert_ptr_null(json_get(j, STR("learned")));
	ck_assert_ptr_null(json_get(j, STR("servers")));
	ck_assert(str_starts(json_str(json_get(j, STR("error"))), STR("HTTP 403: \\x1b")));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("learned");
	TCase *t = tcase_create("learned");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, servers_and_rows);
	tcase_add_test(t, a_document_as_a_servers_is);
	tcase_add_test(t, a_server_that_was_not_heard);
	tcase_add_test(t, servers_that_are_too_many);
	tcase_add_test(t, nobody_is_known);
	suite_add_tcase(s, t);
	return run_suite(s);
}
