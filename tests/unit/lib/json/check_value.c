/* SPDX-License-Identifier: Apache-2.0
 * check_value.c - equality and printing.
 */
#include "lib/json/json.h"

#include "tests/unit/parsed.h"
#include "tests/unit/suite.h"

/* ---- equality ---- */

static const struct equal_case {
	const char *name, *a, *b;
	bool want;
} equals[] = {
	{ "numbers by their text", "1", "1.0", false },
	{ "a number is no string", "1", "\"1\"", false },
	{ "true is not false", "true", "false", false },
	{ "null is not an empty object", "null", "{}", false },
	{ "an empty array is no empty object", "[]", "{}", false },
	{ "strings by value, however written", "\"\\u0061\\/\"", "\"a/\"", true },
	{ "what stands behind a NUL counts", "\"a\\u0000b\"", "\"a\\u0000c\"", false },
	{ "case counts", "{\"A\":1}", "{\"a\":1}", false },
	{ "members in any order", "{\"a\":1,\"b\":{\"c\":[1],\"d\":2}}",
	  "{\"b\":{\"d\":2,\"c\":[1]},\"a\":1}", true },
	{ "elements in their order", "[1,2]", "[2,1]", false },
	{ "one element more", "[1,2]", "[1,2,3]", false },
	{ "one member more", "{\"a\":1}", "{\"a\":1,\"b\":1}", false },
	{ "null is not absent", "{\"a\":null,\"b\":1}", "{\"b\":1,\"c\":null}", false },
	{ "a difference in the deep", "[[[{\"a\":[1]}]]]", "[[[{\"a\":[2]}]]]", false },
	{ "values swapped", "{\"a\":1,\"b\":2}", "{\"a\":2,\"b\":1}", false },
	{ "partly in the same order", "{\"a\":1,\"b\":2,\"c\":3,\"d\":4}",
	  "{\"a\":1,\"c\":3,\"b\":2,\"d\":4}", true },
};

START_TEST(equality)
{
	const struct equal_case *c = &equals[_i];
	scoped(arena_end) struct arena arena;
	const struct json *a, *b;

	arena_init(&arena, MEMORY);
	a = must_parse(str_of(c->a), &arena);
	b = must_parse(str_of(c->b), &arena);
	ck_assert_msg(json_equal(a, b) == c->want && json_equal(b, a) == c->want, "%s", c->name);
	ck_assert(json_equal(a, a) && json_equal(b, b));
	ck_assert(!json_equal(a, NULL) && !json_equal(NULL, a) && json_equal(NULL, NULL));
}
END_TEST

/* 1,000 levels of two members, each time the other way round: a naive walk doubles each level. */
START_TEST(equality_is_linear)
{
	struct json_limits limits = { .depth = JSON_DEPTH_MAX };
	scoped(arena_end) struct arena arena;
	struct text t[2];
	struct err err;

	arena_init(&arena, MEMORY);
	for (int side = 0; side < 2; side++) {
		text_init(&t[side], &arena, 1 << 20);
		for (int i = 0; i < 1000; i++)
			text_puts(&t[side], side ? "{\"x\":1,\"y\":" : "{\"y\":");
		text_puts(&t[side], "1");
		for (int i = 0; i < 1000; i++)
			text_puts(&t[side], side ? "}" : ",\"x\":1}");
	}
	ck_assert(json_equal(json_parse(text_get(&t[0]), &limits, &arena, &err),
			     json_parse(text_get(&t[1]), &limits, &arena, &err)));
}
END_TEST

/* ---- printing ---- */

static const struct print_case {
	const char *name;
	struct str text;
	size_t limit;
	const char *want;
	bool full;
} prints[] = {
	{ "white space goes",
	  BYTES(" { \"a\" : [ 1 , true , null , { } , [ ] ] , \"b\" : false } "), 200,
	  "{\"a\":[1,true,null,{},[]],\"b\":false}", false },
	{ "control characters, quote and backslash",
	  BYTES("\"\\u0000\\b\\t\\n\\u000b\\f\\r\\\"\\\\\\u001f\""), 200,
	  "\"\\u0000\\b\\t\\n\\u000b\\f\\r\\\"\\\\\\u001f\"", false },
	{ "a slash stays as it is", BYTES("\"\\/\""), 200, "\"/\"", false },
	{ "keys too", BYTES("{\"\\n\":1}"), 200, "{\"\\n\":1}", false },
	{ "exactly as long as allowed", BYTES("\"abcd\""), 6, "\"abcd\"", false },
	{ "cut in a string", BYTES("\"abcd\""), 4, "\"abc", true },
	{ "cut before the quote", BYTES("\"abcd\""), 5, "\"abcd", true },
	{ "no half of a character", BYTES("\"a\xe2\x82\xac\xe2\x82\xac\""), 6, "\"a\xe2\x82\xac",
	  true },
	{ "no half of an escape", BYTES("\"ab\\u0000\""), 7, "\"ab", true },
	{ "cut in a list", BYTES("[1,2,3]"), 4, "[1,2", true },
	{ "no room at all", BYTES("true"), 0, "", true },
};

START_TEST(printing)
{
	const struct print_case *c = &prints[_i];
	scoped(arena_end) struct arena arena;
	struct text out;

	arena_init(&arena, MEMORY);
	text_init(&out, &arena, c->limit);
	json_print(must_parse(c->text, &arena), &out);
	ck_assert_msg(str_is(text_get(&out), c->want) && out.full == c->full, "%s: '%.*s'", c->name,
		      STR_ARG(text_get(&out)));
}
END_TEST

START_TEST(print_a_part)
{
	scoped(arena_end) struct arena arena;
	struct text out;
	const struct json *j;

	arena_init(&arena, MEMORY);
	j = must_parse(STR("{\"a\":{\"b\":[1]},\"c\":2}"), &arena);
	text_init(&out, &arena, 100);
	json_print(json_get(j, STR("a")), &out); /* not what stands beside it */
	json_print(NULL, &out);
	ck_assert(str_is(text_get(&out), "{\"b\":[1]}"));
}
END_TEST

/* Many bytes are looked at at a time: what is to be escaped is found at each place of each length.
 */
START_TEST(quote_anywhere)
{
	static const char *const specials[] = { "\"", "\\", "\n", "\xc3\xa4" };
	static const char *const quoted[] = { "\\\"", "\\\\", "\\n", "\xc3\xa4" };

	for (size_t n = 0; n < 100; n++)
		for (size_t at = 0; at <= n; at++) {
			scoped(arena_end) struct arena arena;
			struct text in, out, want;
			size_t k = at % ROWS(specials);

			arena_init(&arena, MEMORY);
			text_init(&in, &arena, 200);
			text_init(&out, &arena, 200);
			text_init(&want, &arena, 200);
			text_puts(&want, "\"");
			for (size_t i = 0; i < n; i++) {
				text_puts(&in, i == at ? specials[k] : "a");
				text_puts(&want, i == at ? quoted[k] : "a");
			}
			text_puts(&want, "\"");
			json_quote(text_get(&in), &out);
			ck_assert_msg(!out.full && str_eq(text_get(&out), text_get(&want)),
				      "%zu of %zu", at, n);
		}
}
END_TEST

/* ---- printable ASCII ---- */

static const struct escape_case {
	struct str in, want;
} escapes[] = {
	{ BYTES("\""), BYTES("\\\"") },
	{ BYTES("\\"), BYTES("\\\\") },
	{ BYTES("\n"), BYTES("\\n") },
	{ BYTES("\t"), BYTES("\\t") },
	{ BYTES("\v"), BYTES("\\u000b") },
	{ BYTES("\0"), BYTES("\\u0000") },
	{ BYTES("\x1f"), BYTES("\\u001f") },
	{ BYTES(" "), BYTES(" ") },
	{ BYTES("~"), BYTES("~") },
	{ BYTES("\x7f"), BYTES("\\u007f") },
	{ BYTES("\x80"), BYTES("\\ufffd") },
	{ BYTES("\xff"), BYTES("\\ufffd") },
	{ BYTES("\xc3\xa4"), BYTES("\\u00e4") },
	{ BYTES("\xe2\x82\xac"), BYTES("\\u20ac") },
	{ BYTES("\xf0\x9f\x98\x80"), BYTES("\\ud83d\\ude00") },
};

/* Each at each place of each length, alone and with a second one behind. */
START_TEST(escape_anywhere)
{
	const struct escape_case *c = &escapes[_i];

	for (size_t n = 0; n < 40; n++)
		for (size_t at = 0; at < n; at++) {
			scoped(arena_end) struct arena arena;
			struct text in, out, want;

			arena_init(&arena, MEMORY);
			text_init(&in, &arena, 1000);
			text_init(&out, &arena, 1000);
			text_init(&want, &arena, 1000);
			for (size_t i = 0; i < n; i++) {
				bool here = i == at || i == at + 3;

				text_str(&in, here ? c->in : STR("a"));
				text_str(&want, here ? c->want : STR("a"));
			}
			json_escape(text_get(&in), &out);
			ck_assert_msg(!out.full && str_eq(text_get(&out), text_get(&want)),
				      "%zu of %zu: %.*s", at, n, STR_ARG(text_get(&out)));
		}
}
END_TEST

/* What does not fit is left out from there on: an escape whole, of a text the piece of 64 bytes. */
START_TEST(escape_to_a_limit)
{
	for (size_t limit = 0; limit < 400; limit++) {
		scoped(arena_end) struct arena arena;
		struct text in, out;
		size_t want;

		arena_init(&arena, MEMORY);
		text_init(&in, &arena, 1000);
		for (size_t i = 0; i < 150; i++)
			text_puts(&in, "x");
		text_puts(&in, "\xf0\x9f\x98\x80"); /* twelve bytes */
		for (size_t i = 0; i < 100; i++)
			text_puts(&in, "y");
		text_init(&out, &arena, limit);
		json_escape(text_get(&in), &out);
		want = limit < 64          ? 0
		       : limit < 128       ? 64
		       : limit < 150       ? 128
		       : limit < 150 + 12  ? 150
		       : limit < 162 + 64  ? 162
		       : limit < 162 + 100 ? 162 + 64
					   : 162 + 100;
		ck_assert_msg(text_get(&out).n == want && out.full == (limit < 162 + 100),
			      "%zu: %zu", limit, text_get(&out).n);
	}
}
END_TEST

/* However long it is, no more of it is looked at than there is room for. */
START_TEST(escape_looks_no_further)
{
	scoped(arena_end) struct arena arena;
	struct text out;

	arena_init(&arena, MEMORY);
	text_init(&out, &arena, 10);
	json_escape((struct str){ "elevenbytes", (size_t)1 << 40 }, &out);
	ck_assert(out.full);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("value");
	TCase *tc = tcase_create("value");

	suite_add_tcase(suite, tc);
	tcase_add_loop_test(tc, equality, 0, ROWS(equals));
	tcase_add_test(tc, equality_is_linear);
	tcase_add_loop_test(tc, printing, 0, ROWS(prints));
	tcase_add_test(tc, print_a_part);
	tcase_add_test(tc, quote_anywhere);
	tcase_add_loop_test(tc, escape_anywhere, 0, ROWS(escapes));
	tcase_add_test(tc, escape_to_a_limit);
	tcase_add_test(tc, escape_looks_no_further);
	return run_suite(suite);
}
