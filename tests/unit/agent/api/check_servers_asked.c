/* SPDX-License-Identifier: Apache-2.0
 * check_servers_asked.c - who the servers are, by the API server's answer, and what each says.
 *
 * The functions of kube.c are this file's: what they answer is set before.
 */
#include <check.h>
#include <stdlib.h>

#include "agent/api/servers.h"
#include "tests/unit/parsed.h"
#include "tests/unit/suite.h"

static struct servers servers;

/* ---- an API server, and servers ---- */

static struct {
	enum kube_result result;
	const char *body; /* NULL: none */
	char path[256];   /* as it was asked for */
	char pages[512];  /* a URL and a blank each */
} stub;

static int stub_answer(enum kube_result result, const char *body, struct kube_answer *out,
		       struct err *err)
{
	memset(out, 0, sizeof *out);
	out->result = result;
	out->body = body ? strdup(body) : NULL;
	out->len = body ? strlen(body) : 0;
	return result == KUBE_OK ? 0 : err_set(err, ERR_IO, "no answer");
}

int kube_call(struct kube *k, const struct kube_request *request, struct kube_answer *out,
	      struct err *err)
{
	ck_assert(!k && request->method == KUBE_GET);
	snprintf(stub.path, sizeof stub.path, "%s", request->path);
	return stub_answer(stub.result, stub.body, out, err);
}

/* That at 10.0.0.5 does not answer. */
int kube_page(struct kube *k, const char *url, struct kube_answer *out, struct err *err)
{
	size_t n = strlen(stub.pages);

	ck_assert(!k);
	snprintf(stub.pages + n, sizeof stub.pages - n, "%s ", url);
	if (strstr(url, "10.0.0.5"))
		return stub_answer(KUBE_CONNECTION, NULL, out, err);
	return stub_answer(KUBE_OK,
			   strchr(url, '[') ? "{\"policyFiles\":\"00000000000000fe\"}"
					    : "{\"policyFiles\":\"00000000000000ff\"}",
			   out, err);
}

void kube_answer_done(struct kube_answer *a)
{
	free(a->body);
	a->body = NULL;
}

bool kube_name_ok(const char *name)
{
	return *name;
}

/* ---- asking ---- */

#define ENDPOINTS                                                                                   \
	"{\"metadata\":{},\"subsets\":[{\"addresses\":[{\"ip\":\"10.0.0.4\"},{\"ip\":\"fd00::1\"}," \
	"{\"ip\":\"10.0.0.5\"}]}]}"

static const struct list_case {
	const char *name;
	enum kube_result result;
	const char *body;
	int status;
	enum kube_result told;
	size_t n;
	const char *pages; /* that are asked for */
} lists[] = {
	{ "three servers", KUBE_OK, ENDPOINTS, 0, KUBE_OK, 3,
	  "http://10.0.0.4:8080/statusz http://[fd00::1]:8080/statusz "
	  "http://10.0.0.5:8080/statusz " },
	{ "none", KUBE_OK, "{\"metadata\":{}}", 0, KUBE_OK, 0, "" },
	{ "no such Service", KUBE_MISSING, NULL, -1, KUBE_MISSING, 0, "" },
	{ "an answer that is none, whatever it says", KUBE_FORBIDDEN, ENDPOINTS, -1, KUBE_FORBIDDEN,
	  0, "" },
	{ "no Endpoints object", KUBE_OK, "[]", -1, KUBE_UNREADABLE, 0, "" },
};

START_TEST(who_the_servers_are)
{
	const struct list_case *c = &lists[_i];
	struct err err = { .kind = ERR_NONE };

	stub.result = c->result;
	stub.body = c->body;
	servers.n = servers.all = 99;
	ck_assert_int_eq(servers_list(NULL, "ns", "guard", &servers, &err), c->status);
	ck_assert_str_eq(stub.path, "/api/v1/namespaces/ns/endpoints/guard");
	ck_assert_msg(servers.result == c->told && servers.n == c->n && servers.all == c->n,
		      "%s: %d, %zu", c->name, (int)servers.result, servers.n);
	ck_assert_msg(!c->status == (err.kind == ERR_NONE), "%s: %s", c->name, err.msg);
}
END_TEST

START_TEST(each_server_is_asked)
{
	const struct list_case *c = &lists[_i];
	const struct servers_asked asked = { "ns", "guard", 8080, 255 };
	struct err err;

	stub.result = c->result;
	stub.body = c->body;
	*stub.pages = '\0';
	ck_assert_int_eq(servers_ask(NULL, &asked, &servers, &err), c->status);
	ck_assert_msg(!strcmp(stub.pages, c->pages), "%s: %s", c->name, stub.pages);
	if (!servers.n)
		return;
	ck_assert_int_eq(servers.v[0].state, SERVER_IN_FORCE);
	ck_assert_int_eq(servers.v[1].state, SERVER_BEHIND);
	ck_assert_int_eq(servers.v[2].state, SERVER_UNHEARD);
	ck_assert_str_eq(servers.v[2].why, "no answer");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("servers");
	TCase *tc = tcase_create("asked");

	tcase_add_loop_test(tc, who_the_servers_are, 0, ROWS(lists));
	tcase_add_loop_test(tc, each_server_is_asked, 0, ROWS(lists));
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
