/* SPDX-License-Identifier: Apache-2.0
 * check_admit.c - which heads of requests come in, and what the others are told.
 */
#include <check.h>
#include <string.h>

#include "webhook/admit.h"
#include "tests/unit/suite.h"

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
	{ "over what is read: its envelope is judged",
	  "POST",
	  "/validate",
	  0,
	  false,
	  { HOST, TYPE, { "Content-Length", "8388609" } } },
	{ "the most that an API server can send",
	  "POST",
	  "/validate/alpha",
	  0,
	  false,
	  { HOST, TYPE, { "Content-Length", "33554432" } } },
	{ "over the limit",
	  "POST",
	  "/validate",
	  413,
	  false,
	  { HOST, TYPE, { "Content-Length", "33554433" } } },
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

START_TEST(host_is_of_1_1)
{
	struct head h = { .method = "POST", .path = "/validate", .version = "HTTP/1.0" };

	head_field(&h, STR("Content-Type"), STR("application/json"));
	head_field(&h, STR("Content-Length"), STR("3"));
	ck_assert_ptr_null(admit_review(&h));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("admit");
	TCase *t = tcase_create("admit");

	tcase_add_loop_test(t, heads, 0, sizeof rows / sizeof *rows);
	tcase_add_loop_test(t, paths_ask_their_policies, 0, 3);
	tcase_add_test(t, host_is_of_1_1);
	suite_add_tcase(s, t);
	return run_suite(s);
}
