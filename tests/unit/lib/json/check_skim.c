/* SPDX-License-Identifier: Apache-2.0
 * check_skim.c - members without nodes.
 */
#include "lib/json/json.h"

#include "lib/json/scan.h"
#include "tests/unit/parsed.h"
#include "tests/unit/suite.h"

/* ---- skimming ---- */

static const struct skim_case {
	const char *name;
	struct str text;
	const char *key;
	const char *want; /* NULL: not there */
} skims[] = {
	{ "a scalar", BYTES("{\"a\":12,\"b\":true}"), "a", "12" },
	{ "behind others", BYTES("{\"x\":{\"b\":1},\"y\":[\"b\",{}],\"b\":\"v\"}"), "b", "\"v\"" },
	{ "space is not part of it", BYTES(" {\n \"a\" :\t[ 1 ] , \"b\":2 } "), "a", "[ 1 ]" },
	{ "an object with its braces", BYTES("{\"a\":{\"a\":{}}}"), "a", "{\"a\":{}}" },
	{ "quotes and brackets in strings", BYTES("{\"x\":{\"k\":\"}\\\"]{\"},\"a\":1}"), "a",
	  "1" },
	{ "a backslash before the quote", BYTES("{\"x\":\"\\\\\",\"a\":1}"), "a", "1" },
	{ "a long string with escapes across 64 bytes",
	  BYTES("{\"x\":{\"k\":\"0123456789012345678901234567890123456789012345678901\\\\\\\\\\\"}}"
		"\\\"\"},"
		"\"a\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26],"
		"\"b\":3}"),
	  "b", "3" },
	{ "64 bytes that close more than they open",
	  BYTES("{\"x\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{"
		"\"a\":0          }}}}}}}} "
		"                                                       }}},\"b\":4}"),
	  "b", "4" },
	{ "an escaped key", BYTES("{\"\\u0061\\n\":1}"), "a\n", "1" },
	{ "an escaped key that goes on", BYTES("{\"\\u0061b\":1}"), "a", NULL },
	{ "a key with an escape that is none", BYTES("{\"\\q\":1,\"\\u00g1\":2}"), "a", NULL },
	{ "an escape that is cut off by its key", BYTES("{\"a\\u00\":1}"), "a", NULL },
	{ "not there", BYTES("{\"a\":1}"), "b", NULL },
	{ "only deeper", BYTES("{\"x\":{\"b\":1}}"), "b", NULL },
	{ "a value is no key", BYTES("{\"x\":\"b\"}"), "b", NULL },
	{ "the first of two", BYTES("{\"a\":1,\"a\":2}"), "a", "1" },
	{ "found before the end is missing", BYTES("{\"a\":1,"), "a", "1" },
	{ "empty object", BYTES("{}"), "a", NULL },
	{ "an array", BYTES("[{\"a\":1}]"), "a", NULL },
	{ "nothing", BYTES(""), "a", NULL },
	{ "a string that does not end", BYTES("{\"a\":\"x"), "a", NULL },
	{ "a container that does not end", BYTES("{\"a\":[1"), "a", NULL },
	{ "a value that is missing", BYTES("{\"a\":}"), "a", NULL },
	{ "no colon", BYTES("{\"a\" 1}"), "a", NULL },
	{ "no comma", BYTES("{\"x\":1 \"a\":1}"), "a", NULL },
};

START_TEST(skimming)
{
	const struct skim_case *c = &skims[_i];
	struct str got = json_skim(c->text, str_of(c->key));

	ck_assert_msg(!got.s == !c->want && str_is(got, c->want), "%s: '%.*s'", c->name,
		      STR_ARG(got));
}
END_TEST

static const struct whole_case {
	const char *name, *text;
	size_t members;
	bool whole;
} wholes[] = {
	{ "all of an object", "{\"a\":1, \"b\":{}} \n", 2, true },
	{ "an empty one", " { } ", 0, true },
	{ "something behind it", "{\"a\":1}x", 1, false },
	{ "cut off", "{\"a\":1", 1, false },
	{ "cut off behind the comma", "{\"a\":1,", 1, false },
	{ "no object", "[]", 0, false },
	{ "nothing", "", 0, false },
};

START_TEST(skim_to_the_end)
{
	const struct whole_case *c = &wholes[_i];
	struct json_member m = { .next = NULL };
	size_t n = 0;

	while (json_skim_next(str_of(c->text), &m))
		n++;
	ck_assert_msg(n == c->members && m.whole == c->whole, "%s: %zu", c->name, n);
}
END_TEST

/* At every length of what stands before: blocks of 64 bytes begin anywhere. */
START_TEST(skim_at_any_offset)
{
	scoped(arena_end) struct arena arena;

	arena_init(&arena, MEMORY);
	for (size_t n = 0; n < 200; n++) {
		struct text t;

		text_init(&t, &arena, 4096);
		text_puts(&t, "{\"x\":[\"");
		for (size_t i = 0; i < n; i++)
			text_puts(&t, i % 7 == 3    ? "\\\""
				      : i % 5 == 0  ? "]"
				      : i % 11 == 1 ? "\\\\"
						    : "b");
		text_puts(&t, "\\\\\\\\\"");
		for (size_t i = 0; i < 12; i++) /* what is wrong by now shows here */
			text_puts(&t, ",{\"]\":\"}\"}");
		text_puts(&t, ",{\"k\":[[],{}]}],\"b\":{\"c\":[\"}\"]},\"d\":0}");
		ck_assert(str_is(json_skim(text_get(&t), STR("b")), "{\"c\":[\"}\"]}"));
		ck_assert(str_is(json_skim(text_get(&t), STR("d")), "0"));
		for (size_t cut = 0; cut < t.n; cut++) /* for the sanitizers */
			json_skim(str_copy(&arena, (struct str){ t.s, cut }), STR("d"));
	}
}
END_TEST

/* ---- a pair of bytes, 64 at a time ---- */

START_TEST(pair_anywhere)
{
	for (size_t n = 0; n < 200; n++)
		for (size_t at = 0; at < n; at++) {
			char text[200];

			memset(text, 'i', sizeof text);
			memset(text + n / 2, '.', n - n / 2);
			text[n / 2] = 'x'; /* "ii..ix....": never '.' before 'i', but at `at` */
			text[at] = '.';
			if (at + 1 < n)
				text[at + 1] = 'i';
			ck_assert_msg(scan_to_pair(text, text + n, '.', 'i') ==
					      (at + 1 < n ? text + at : NULL),
				      "%zu of %zu", at, n);
		}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("skim");
	TCase *tc = tcase_create("skim");

	suite_add_tcase(suite, tc);
	tcase_add_loop_test(tc, skimming, 0, ROWS(skims));
	tcase_add_loop_test(tc, skim_to_the_end, 0, ROWS(wholes));
	tcase_add_test(tc, skim_at_any_offset);
	tcase_add_test(tc, pair_anywhere);
	return run_suite(suite);
}
