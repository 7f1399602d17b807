/* SPDX-License-Identifier: Apache-2.0
 * check_chars.c - each class, for every byte.
 */
#include <check.h>

#include "lib/base/chars.h"
#include "tests/unit/suite.h"

static bool is_one_of(const char *all, char c)
{
	return c && strchr(all, c);
}

START_TEST(classes)
{
	static const char digits[] = "0123456789", lower[] = "abcdefghijklmnopqrstuvwxyz",
			  upper[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", hex[] = "abcdefABCDEF";

	for (int i = 0; i < 256; i++) {
		char c = (char)i;

		ck_assert(char_is_digit(c) == is_one_of(digits, c));
		ck_assert(char_is_hex(c) == (is_one_of(digits, c) || is_one_of(hex, c)));
		ck_assert(char_is_lower(c) == (is_one_of(digits, c) || is_one_of(lower, c)));
		ck_assert(char_is_alnum(c) == (char_is_lower(c) || is_one_of(upper, c)));
		ck_assert(char_is_printable(c) == (i >= 0x20 && i < 0x7f));
	}
}
END_TEST

START_TEST(texts)
{
	ck_assert(chars_all(STR(""), char_is_digit, ""));
	ck_assert(chars_all(STR("a-1"), char_is_lower, "-"));
	ck_assert(!chars_all(STR("a_1"), char_is_lower, "-"));
	ck_assert(!chars_all((struct str){ "a\0", 2 }, char_is_lower, "-")); /* a NUL is no other */
	ck_assert_uint_eq(chars_digits(STR("12_3x"), "_"), 4);
	ck_assert_uint_eq(chars_digits(STR("12_3x"), ""), 2);
	ck_assert_uint_eq(chars_digits((struct str){ "1\0", 2 }, "_"), 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("chars");
	TCase *tc = tcase_create("chars");

	tcase_add_test(tc, classes);
	tcase_add_test(tc, texts);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
