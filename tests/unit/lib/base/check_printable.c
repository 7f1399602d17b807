/* SPDX-License-Identifier: Apache-2.0
 * check_shown.c - any text comes out as printable ASCII, within its limit, no escape cut.
 */
#include <check.h>

#include "lib/base/printable.h"
#include "tests/unit/suite.h"

static struct arena arena;

static void setup(void)
{
	arena_init(&arena, 16u << 20);
}

static void teardown(void)
{
	arena_done(&arena);
}

static void shown_is_printable(const char *why, struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		ck_assert_msg(s.s[i] >= 0x20 && s.s[i] < 0x7f, "%s: byte 0x%02x", why,
			      (unsigned char)s.s[i]);
}

static const struct shown_case {
	const char *why, *raw;
	size_t n, max;
	const char *want, *ends;
} shown_cases[] = {
	{ "plain text", "abc", 3, 30, "abc", "abc" },
	{ "nothing", "", 0, 30, "", "" },
	{ "what terminals obey", "\x1b[1m\n\r\t\x7f", 8, 40, "\\x1b[1m\\n\\r\\t\\x7f",
	  "\\x1b[1m\\n\\r\\t\\x7f" },
	{ "C1, as UTF-8 and as a byte", "\xc2\x9b\x9b", 3, 40, "\\u009b\\x9b", "\\u009b\\x9b" },
	{ "a NUL", "a\0b", 3, 30, "a\\x00b", "a\\x00b" },
	{ "overlong, surrogate, cut off", "\xc0\x80\xed\xa0\x80\xe2\x80", 7, 60,
	  "\\xc0\\x80\\xed\\xa0\\x80\\xe2\\x80", "\\xc0\\x80\\xed\\xa0\\x80\\xe2\\x80" },
	{ "beyond the BMP", "\xf0\x9f\x98\x80", 4, 30, "\\U0001f600", "\\U0001f600" },
	{ "cut", "abcdefghijklmnopqrstuvwxyz", 26, 24, "abcdefghijklmnopqrstu...",
	  "abcdefghij...pqrstuvwxyz" },
	{ "a path's own escape is one", "abcdefghij\\u{202e}klmnopqrstuvwxyz", 34, 24,
	  "abcdefghij\\u{202e}klm...", "abcdefghij...pqrstuvwxyz" },
	{ "no escape, whatever it looks like", "\\u{\x1b}", 5, 30, "\\u{\\x1b}", "\\u{\\x1b}" },
	{ "never within an escape", "\n\n\n\n\n\n\n\n\xe2\x80\x8f\n\n\n\n", 15, 24,
	  "\\n\\n\\n\\n\\n\\n\\n\\n...", "\\n\\n\\n\\n\\n...\\n\\n\\n\\n" },
};

START_TEST(text_is_made_fit)
{
	const struct shown_case *c = &shown_cases[_i];
	struct str raw = { c->raw, c->n };
	struct str got = printable_cut(raw, c->max, &arena),
		   ends = printable_middle(raw, c->max, &arena);

	ck_assert_msg(str_is(got, c->want), "%s: %.*s", c->why, STR_ARG(got));
	ck_assert_msg(str_is(ends, c->ends), "%s: %.*s", c->why, STR_ARG(ends));
}
END_TEST

/* Any bytes, any limit: printable, within it, and no escape is cut. */
START_TEST(any_text_is_made_fit)
{
	unsigned seed = (unsigned)_i * 2654435761u + 1;
	char raw[64];

	for (size_t i = 0; i < sizeof raw; i++)
		raw[i] = (char)((seed = seed * 1103515245u + 12345u) >> 16);
	for (size_t max = 24; max < 300; max += 7)
		for (size_t n = 0; n <= sizeof raw; n += 5) {
			struct str s = printable_cut((struct str){ raw, n }, max, &arena);
			struct str e = printable_middle((struct str){ raw, n }, max, &arena);

			ck_assert_uint_le(s.n, max);
			ck_assert_uint_le(e.n, max);
			shown_is_printable("shown", s);
			shown_is_printable("shown_ends", e);
			ck_assert_uint_le(printable_fit(s, max / 2), max / 2);
		}
}
END_TEST

/* Any byte, anywhere among others: only what is printable comes out as it is. */
START_TEST(one_byte_is_made_fit)
{
	char raw[24];

	for (size_t n = 1; n <= sizeof raw; n++)
		for (size_t at = 0; at < n; at++) {
			struct str s = { raw, n };
			bool printable = _i >= 0x20 && _i < 0x7f;

			memset(raw, at % 2 ? ' ' : '~', sizeof raw);
			raw[at] = (char)_i;
			ck_assert_msg(str_eq(printable_cut(s, 40, &arena), s) == printable,
				      "0x%02x at %zu of %zu", (unsigned)_i, at, n);
		}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("shown");
	TCase *tc = tcase_create("shown");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, text_is_made_fit, 0, sizeof shown_cases / sizeof *shown_cases);
	tcase_add_loop_test(tc, any_text_is_made_fit, 0, 20);
	tcase_add_loop_test(tc, one_byte_is_made_fit, 0, 256);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
