/* SPDX-License-Identifier: Apache-2.0
 * check_request.c - what a scan may ask for: never a Secret, by whatever spelling.
 */
#include "agent/collect/request.h"

#include <check.h>
#include <stdlib.h>

#include "tests/unit/suite.h"

static const struct path_case {
	const char *path;
	bool sent;
} paths[] = {
	{ "/version", true },
	{ "/apis", true },
	{ "/readyz?verbose", true },
	{ "/api/v1/pods", true },
	{ "/api/v1/pods?labelSelector=k8s-app%3Dkube-dns", true },
	{ "/apis/apps/v1/namespaces/kube-system/deployments/coredns", true },
	{ "/apis/rbac.authorization.k8s.io/v1/clusterroles/system:node", true },
	{ "/api/v1/namespaces/kube-system", true },
	{ "/api/v1/namespaces/secrets", true },
	{ "/api/v1/namespaces/secrets/pods", true },
	{ "/api/v1/namespaces/shop/configmaps/secrets", true },
	{ "/api/v1/secrets", false },
	{ "/api/v1/secrets?limit=1", false },
	{ "/api/v1/namespaces/shop/secrets", false },
	{ "/api/v1/namespaces/shop/secrets/token", false },
	{ "/api/v1/namespaces/shop/secrets/token/status", false },
	{ "/api/v2/secrets", false },
	{ "/apis/other.example/v1/secrets", false },
	{ "/apis/other.example/v1/namespaces/shop/secrets", false },
	{ "/api/v1/watch/secrets", false },
	{ "/api/v1/watch/namespaces/shop/secrets", false },
	{ "/api/v1/watch/pods", false },
	{ "/api/v1/%73ecrets", false },
	{ "/api/v1//secrets", false },
	{ "//api/v1/secrets", false },
	{ "/api/v1/./secrets", false },
	{ "/api/v1/pods/../secrets", false },
	{ "/api/v1/secrets/", false },
	{ "/api/v1/secrets#x", false },
	{ "/api/v1\\secrets", false },
	{ "/api/v1/namespaces/shop/services/web:80/proxy/admin", false },
	{ "/api/v1/proxy/namespaces/shop/secrets", false },
	{ "/api/v1/nodes/n1/proxy/configz", false },
	{ "/api/v1/pods?resourceVersion=0", false },
	{ "/api/v1/pods?labelSelector=a&watch=1", false },
	{ "/api/v1/pods?%77atch=1", false },
	{ "/api/v1/pods?limit=5", false },
	{ "/api/v1/pods?continue=x", false },
	{ "/api/v1/pods?a=b c", false },
	{ "/api/v1/pods\r\nX: y", false },
	{ "https://other.example/", false },
	{ "api/v1/pods", false },
	{ "/", false },
	{ "", false },
};

START_TEST(a_path_is_sent_or_not)
{
	const struct path_case *c = &paths[_i];
	const char *why = collect_request_refusal(c->path);

	ck_assert_msg(!why == c->sent, "%s: %s", c->path, why ? why : "sent");
}
END_TEST

START_TEST(a_long_path_is_not_sent)
{
	char path[COLLECT_PATH_MAX + 2] = "/api";

	memset(path + 4, 'a', sizeof path - 5);
	ck_assert(collect_request_refusal(path) != NULL);
	path[COLLECT_PATH_MAX] = '\0';
	ck_assert(collect_request_refusal(path) == NULL);
}
END_TEST

static const struct line_case {
	const char *line;
	int method; /* -1: refused */
	const char *path;
} lines[] = {
	{ "{\"get\":\"/version\"}", COLLECT_GET, "/version" },
	{ " {\"list\":\"/api/v1/pods\",\"why\":\"more\"}", COLLECT_LIST, "/api/v1/pods" },
	{ "{\"table\":\"/api/v1/nodes\"}", COLLECT_TABLE, "/api/v1/nodes" },
	{ "{\"text\":\"\\/readyz\"}", COLLECT_TEXT, "/readyz" },
	{ "{\"why\":\"more\",\"list\":\"/api/v1/pods\"}", -1, NULL },
	{ "{\"put\":\"/api/v1/pods\"}", -1, NULL },
	{ "{\"get\":7}", -1, NULL },
	{ "{\"get\":\"\"}", -1, NULL },
	{ "{}", -1, NULL },
	{ "[]", -1, NULL },
	{ "GET /version", -1, NULL },
	{ "", -1, NULL },
};

START_TEST(a_line_is_read)
{
	const struct line_case *c = &lines[_i];
	struct collect_request r;
	struct arena arena;
	struct err err;
	int status;

	arena_init(&arena, 65536);
	status = collect_request_read(str_of(c->line), &arena, &r, &err);
	ck_assert_msg((status == 0) == (c->method >= 0), "%s", c->line);
	if (status == 0) {
		ck_assert_int_eq((int)r.method, c->method);
		ck_assert_str_eq(r.path, c->path);
	}
	arena_done(&arena);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("request");
	TCase *tc = tcase_create("request");

	tcase_add_loop_test(tc, a_path_is_sent_or_not, 0, sizeof paths / sizeof *paths);
	tcase_add_test(tc, a_long_path_is_not_sent);
	tcase_add_loop_test(tc, a_line_is_read, 0, sizeof lines / sizeof *lines);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
