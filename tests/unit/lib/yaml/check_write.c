/* SPDX-License-Identifier: Apache-2.0
 * check_write.c - which texts need quotes, in YAML and in JSON, and where a file's name stands.
 */
#include "lib/yaml/write.h"

#include <check.h>

#include "lib/base/cleanup.h"
#include "tests/unit/suite.h"

static const struct text_row {
	const char *text, *yaml, *json;
} texts[] = {
	{ "coredns", "coredns", "\"coredns\"" },
	{ "azAZ09", "azAZ09", "\"azAZ09\"" },
	{ "a-b_c./$+", "a-b_c./$+", "\"a-b_c./$+\"" },
	{ "$self", "$self", "\"$self\"" },
	{ "_a", "_a", "\"_a\"" },
	{ "", "\"\"", "\"\"" },
	{ "yes", "\"yes\"", "\"yes\"" },
	{ "~", "\"~\"", "\"~\"" },
	{ "1.36", "\"1.36\"", "\"1.36\"" },
	{ "1.36.1", "1.36.1", "\"1.36.1\"" },
	{ "-a", "\"-a\"", "\"-a\"" },
	{ ".a", "\".a\"", "\".a\"" },
	{ "+a", "\"+a\"", "\"+a\"" },
	{ "/a", "\"/a\"", "\"/a\"" },
	{ "a b", "\"a b\"", "\"a b\"" },
	{ "a:", "\"a:\"", "\"a:\"" },
	{ "a#b", "\"a#b\"", "\"a#b\"" },
	{ "it's", "\"it's\"", "\"it's\"" },
	{ "labels[\"app\"]", "'labels[\"app\"]'", "\"labels[\\\"app\\\"]\"" },
	{ " \"~\"", "' \"~\"'", "\" \\\"~\\\"\"" },
	{ "it's \"x\"", "\"it's \\\"x\\\"\"", "\"it's \\\"x\\\"\"" },
	{ "a\\b", "\"a\\\\b\"", "\"a\\\\b\"" },
	{ "a\"\n", "\"a\\\"\\u000a\"", "\"a\\\"\\u000a\"" },
	{ "a\tb\x1f\x7f", "\"a\\u0009b\\u001f\\u007f\"", "\"a\\u0009b\\u001f\\u007f\"" },
	{ "\xc3\xa9", "\"\xc3\xa9\"", "\"\xc3\xa9\"" },
};

START_TEST(a_text)
{
	const struct text_row *r = &texts[_i];
	char want[128];

	for (int json = 0; json < 2; json++) {
		scoped(arena_end) struct arena arena;
		struct text out;
		struct emit e;

		arena_init(&arena, 4096);
		text_init(&out, &arena, 4096);
		emit_init(&e, json, &out);
		emit_str(&e, "key", str_of(r->text));
		emit_done(&e);
		snprintf(want, sizeof want, json ? "{\n  \"key\": %s\n}\n" : "key: %s\n",
			 json ? r->json : r->yaml);
		ck_assert_msg(str_is(text_get(&out), want), "%.*s", STR_ARG(text_get(&out)));
	}
}
END_TEST

/* What is printed stays in its line, as it is where it can. */
START_TEST(an_origin)
{
	static const char file[] = "a ~b}\n\x7f\x1f\xc3.yaml";

	for (int json = 0; json < 2; json++) {
		scoped(arena_end) struct arena arena;
		struct text out;
		struct emit e;

		arena_init(&arena, 4096);
		text_init(&out, &arena, 4096);
		emit_init(&e, json, &out);
		emit_number(&e, "num", 7);
		emit_origin(&e, NULL, 3);
		emit_bool(&e, "b", false);
		emit_origin(&e, file, 12);
		emit_bool(&e, "c", true);
		emit_comment(&e, "default");
		emit_done(&e);
		ck_assert_str_eq(
			text_get(&out).s,
			json ? "{\n  \"num\": 7,\n  \"b\": false,\n  \"c\": true\n}\n"
			     : "num: 7\nb: false # a ~b}????.yaml:12\nc: true # default\n");
	}
}
END_TEST

static void put_sample(struct emit *e)
{
	struct str names[] = { STR("a"), STR("no") };
	const struct strings list = { names, 2 }, none = { NULL, 0 };

	emit_map(e, "map", false);
	emit_str(e, "x", STR("z"));
	emit_map(e, "empty", false);
	emit_end(e);
	emit_end(e);
	emit_list(e, "list", false);
	emit_map(e, NULL, false);
	emit_str(e, "x", STR("1"));
	emit_strings(e, "names", &list);
	emit_end(e);
	emit_map(e, NULL, true);
	emit_str(e, "x", STR("z"));
	emit_strings(e, "none", &none);
	emit_end(e);
	emit_end(e);
	emit_list(e, "nothing", false);
	emit_end(e);
}

START_TEST(lists_and_mappings)
{
	static const char *const want[] = {
		"map:\n  x: z\n  empty: {}\nlist:\n  - x: \"1\"\n    names: [a, \"no\"]\n"
		"  - {x: z, none: []}\nnothing: []\n",
		"{\n  \"map\": {\n    \"x\": \"z\",\n    \"empty\": {}\n  },\n  \"list\": [\n    {\n"
		"      \"x\": \"1\",\n      \"names\": [\"a\", \"no\"]\n    },\n"
		"    {\"x\": \"z\", \"none\": []}\n  ],\n  \"nothing\": []\n}\n",
	};
	scoped(arena_end) struct arena arena;
	struct text out;
	struct emit e;

	arena_init(&arena, 4096);
	text_init(&out, &arena, 4096);
	emit_init(&e, _i, &out);
	put_sample(&e);
	emit_done(&e);
	ck_assert_str_eq(text_get(&out).s, want[_i]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("write");
	TCase *tc = tcase_create("write");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, a_text, 0, sizeof texts / sizeof *texts);
	tcase_add_test(tc, an_origin);
	tcase_add_loop_test(tc, lists_and_mappings, 0, 2);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
