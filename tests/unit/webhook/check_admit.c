/*
 * check_admit.c - heads of requests, the budget of bodies, addresses to listen on.
 */
#include <check.h>
#include <string.h>
#include <unistd.h>

#include "lib/serve/budget.h"
#include "webhook/admit.h"
#include "lib/serve/listen.h"
#include "lib/serve/pages.h"

struct head_field_row {
	const char *name, *value;
};
#define HOST                                                                                       \
	{                                                                                          \
		"Host", "h"                                                                        \
	}
#define TYPE                                                                                       \
	{                                                                                          \
		"Content-Type", "application/json"                                                 \
	}
#define LENGTH                                                                                     \
	{                                                                                          \
		"Content-Length", "10"                                                             \
	}

static const struct head_row {
	const char *name, *method, *path;
	unsigned status; /* 0: comes in */
	bool sound;
	struct head_field_row fields[6];
} rows[] = {
	{ "a review", "POST", "/validate", 0, true, { HOST, TYPE, LENGTH } },
	{ "names in any case",
	  "POST",
	  "/validate",
	  0,
	  true,
	  { { "hOST", "h" }, { "content-TYPE", "application/json" }, { "CONTENT-length", "1" } } },
	{ "a parameter",
	  "POST",
	  "/validate",
	  0,
	  true,
	  { HOST, LENGTH, { "Content-Type", "application/json;charset=utf-8" } } },
	{ "a tab before the parameter",
	  "POST",
	  "/validate",
	  0,
	  true,
	  { HOST, LENGTH, { "Content-Type", "application/json\t;x=y" } } },
	{ "identity is no compression",
	  "POST",
	  "/validate",
	  0,
	  true,
	  { HOST, TYPE, LENGTH, { "Content-Encoding", "identity" } } },
	{ "at the limit",
	  "POST",
	  "/validate",
	  0,
	  true,
	  { HOST, TYPE, { "Content-Length", "8388608" } } },
	{ "over the limit",
	  "POST",
	  "/validate",
	  413,
	  false,
	  { HOST, TYPE, { "Content-Length", "8388609" } } },
	{ "eighteen digits",
	  "POST",
	  "/validate",
	  413,
	  false,
	  { HOST, TYPE, { "Content-Length", "999999999999999999" } } },
	{ "too many digits",
	  "POST",
	  "/validate",
	  400,
	  false,
	  { HOST, TYPE, { "Content-Length", "9999999999999999999" } } },
	{ "a sign", "POST", "/validate", 400, false, { HOST, TYPE, { "Content-Length", "+5" } } },
	{ "hex", "POST", "/validate", 400, false, { HOST, TYPE, { "Content-Length", "0x5" } } },
	{ "an empty length",
	  "POST",
	  "/validate",
	  400,
	  false,
	  { HOST, TYPE, { "Content-Length", "" } } },
	{ "nothing", "POST", "/validate", 400, true, { HOST, TYPE, { "Content-Length", "0" } } },
	{ "no length", "POST", "/validate", 411, false, { HOST, TYPE } },
	{ "chunked",
	  "POST",
	  "/validate",
	  411,
	  false,
	  { HOST, TYPE, { "Transfer-Encoding", "chunked" } } },
	{ "chunked and a length",
	  "POST",
	  "/validate",
	  400,
	  false,
	  { HOST, TYPE, LENGTH, { "Transfer-Encoding", "chunked" } } },
	{ "two lengths", "POST", "/validate", 400, false, { HOST, TYPE, LENGTH, LENGTH } },
	{ "two hosts", "POST", "/validate", 400, true, { HOST, HOST, TYPE, LENGTH } },
	{ "no host", "POST", "/validate", 400, true, { TYPE, LENGTH } },
	{ "no token", "POST", "/validate", 400, false, { HOST, TYPE, LENGTH, { "a b", "c" } } },
	{ "a colon in a name",
	  "POST",
	  "/validate",
	  400,
	  false,
	  { HOST, TYPE, LENGTH, { "a:", "c" } } },
	{ "an empty name", "POST", "/validate", 400, false, { HOST, TYPE, LENGTH, { "", "c" } } },
	{ "a line feed in a value",
	  "POST",
	  "/validate",
	  400,
	  false,
	  { HOST, TYPE, LENGTH, { "a", "b\nc" } } },
	{ "text",
	  "POST",
	  "/validate",
	  415,
	  true,
	  { HOST, LENGTH, { "Content-Type", "text/plain" } } },
	{ "a longer type",
	  "POST",
	  "/validate",
	  415,
	  true,
	  { HOST, LENGTH, { "Content-Type", "application/json-patch+json" } } },
	{ "no type", "POST", "/validate", 415, true, { HOST, LENGTH } },
	{ "two types", "POST", "/validate", 415, true, { HOST, LENGTH, TYPE, TYPE } },
	{ "gzip",
	  "POST",
	  "/validate",
	  415,
	  true,
	  { HOST, TYPE, LENGTH, { "Content-Encoding", "gzip" } } },
	{ "one part", "POST", "/validate/support", 0, true, { HOST, TYPE, LENGTH } },
	{ "the other part", "POST", "/validate/alpha", 0, true, { HOST, TYPE, LENGTH } },
	{ "no such part", "POST", "/validate/beta", 404, true, { HOST, TYPE, LENGTH } },
	{ "another path", "POST", "/validat", 404, true, { HOST, TYPE, LENGTH } },
	{ "a GET", "GET", "/validate", 405, true, { HOST } },
	{ "lower case", "post", "/validate", 405, true, { HOST, TYPE, LENGTH } },
	{ "whoever asks first is told at once",
	  "POST",
	  "/x",
	  404,
	  false,
	  { HOST, TYPE, LENGTH, { "Expect", "100-continue" } } },
};

static struct head head_of(const struct head_row *r)
{
	struct head h = { .method = r->method, .path = r->path, .version = "HTTP/1.1" };

	for (const struct head_field_row *f = r->fields; f->name; f++)
		head_field(&h, str_of(f->name), str_of(f->value));
	return h;
}

START_TEST(paths_ask_their_policies)
{
	static const struct {
		const char *path;
		enum policies_part part;
	} paths[] = {
		{ "/validate", POLICIES_ALL },
		{ "/validate/support", POLICIES_SUPPORT },
		{ "/validate/alpha", POLICIES_ALPHA },
	};
	struct head h = { .path = paths[_i].path };

	ck_assert_int_eq(admit_part(&h), paths[_i].part);
}
END_TEST

START_TEST(heads)
{
	const struct head_row *r = &rows[_i];
	struct head h = head_of(r);
	const struct refusal *got = admit_review(&h);

	ck_assert_msg((got ? got->status : 0) == r->status, "%s: %u", r->name,
		      got ? got->status : 0);
	ck_assert_msg(head_sound(&h) == r->sound, "%s: sound", r->name);
	ck_assert_msg(!got || (got->message && (!got->name == !got->value)), "%s", r->name);
	ck_assert_msg(r->status != 405 || (got && str_is(str_of(got->value), "POST")), "%s: Allow",
		      r->name);
}
END_TEST

START_TEST(nul_in_a_field)
{
	struct head name = { .version = "" }, value = { .version = "" };

	head_field(&name, STR("a\0b"), STR("c"));
	head_field(&value, STR("a"), STR("b\0c"));
	ck_assert(name.odd && value.odd);
}
END_TEST

START_TEST(host_is_of_1_1)
{
	struct head h = { .method = "POST", .path = "/validate", .version = "HTTP/1.0" };

	head_field(&h, STR("Content-Type"), STR("application/json"));
	head_field(&h, STR("Content-Length"), STR("3"));
	ck_assert_ptr_null(admit_review(&h));
}
END_TEST

static const struct {
	const char *name, *value;
	bool taken;
} traces[] = {
	{ "as specified", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", true },
	{ "capitals", "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", false },
	{ "too long", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-011", false },
	{ "empty", "", false },
	{ "dashes elsewhere", "00-0af7651916cd43dd8448eb211c80319-cb7ad6b7169203331-01", false },
	{ "digits alone", "0000af7651916cd43dd8448eb211c80319c0b7ad6b7169203331001", false },
	{ "no trace", "00-00000000000000000000000000000000-b7ad6b7169203331-01", false },
	{ "no parent", "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", false },
	{ "the forbidden version", "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
	  false },
};

START_TEST(trace)
{
	struct head h = { .version = "" };

	head_field(&h, STR("TraceParent"), str_of(traces[_i].value));
	ck_assert_msg(!strcmp(h.traceparent, traces[_i].taken ? traces[_i].value : ""), "%s",
		      traces[_i].name);
}
END_TEST

static const struct {
	const char *name, *method, *path, *length;
	unsigned status;
} pages[] = {
	{ "a page", "GET", "/metrics", NULL, 0 },
	{ "its head", "HEAD", "/metrics", NULL, 0 },
	{ "no body said", "GET", "/metrics", "0", 0 },
	{ "a body", "GET", "/metrics", "1", 400 },
	{ "another page", "GET", "/metric", NULL, 404 },
	{ "another method", "POST", "/metrics", NULL, 405 },
};

START_TEST(page)
{
	static const struct page served[] = { { "/healthz", page_alive },
					      { "/metrics", page_alive } };
	struct head h = { .method = pages[_i].method, .path = pages[_i].path };
	const struct refusal *got;

	if (pages[_i].length)
		head_field(&h, STR("Content-Length"), str_of(pages[_i].length));
	got = pages_admit(served, 2, &h);
	ck_assert_msg((got ? got->status : 0) == pages[_i].status, "%s", pages[_i].name);
}
END_TEST

START_TEST(budget)
{
	struct budget b;
	const size_t mib = 1 << 20, small = 1000, large = 4 * mib;

	budget_init(&b, 8 * mib);
	ck_assert(budget_room(&b, 6 * mib, 6 * mib));
	ck_assert(!budget_room(&b, 6 * mib + 1, 6 * mib + 1)); /* a quarter is for small ones */
	ck_assert(!budget_take(&b, SIZE_MAX, large));
	ck_assert(budget_take(&b, 4 * mib, large));
	ck_assert(!budget_short(&b));
	ck_assert(budget_take(&b, 2 * mib, large));
	ck_assert(budget_short(&b));
	ck_assert(!budget_take(&b, 1, large));
	ck_assert(budget_take(&b, 2 * mib, small));
	ck_assert(!budget_take(&b, 1, small));
	ck_assert_uint_eq(budget_used(&b), 8 * mib);
	ck_assert(!budget_room(&b, 1, large)); /* above its own limit: no underflow */
	budget_give(&b, 8 * mib);
	ck_assert_uint_eq(budget_used(&b), 0);
}
END_TEST

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
	Suite *s = suite_create("intake");
	TCase *t = tcase_create("intake");
	SRunner *r;
	int failed;

	tcase_add_loop_test(t, heads, 0, sizeof rows / sizeof *rows);
	tcase_add_loop_test(t, paths_ask_their_policies, 0, 3);
	tcase_add_test(t, nul_in_a_field);
	tcase_add_test(t, host_is_of_1_1);
	tcase_add_loop_test(t, trace, 0, sizeof traces / sizeof *traces);
	tcase_add_loop_test(t, page, 0, sizeof pages / sizeof *pages);
	tcase_add_test(t, budget);
	tcase_add_loop_test(t, address, 0, sizeof addresses / sizeof *addresses);
	tcase_add_test(t, address_is_taken);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
