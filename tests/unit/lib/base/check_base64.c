/* SPDX-License-Identifier: Apache-2.0
 * check_base64.c - RFC 4648 there and back, and what is no base64.
 */
#include <check.h>

#include "lib/base/base64.h"
#include "tests/unit/suite.h"

static const struct pair {
	const char *bytes, *text;
} pairs[] = {
	/* RFC 4648, section 10 */
	{ "", "" },
	{ "f", "Zg==" },
	{ "fo", "Zm8=" },
	{ "foo", "Zm9v" },
	{ "foob", "Zm9vYg==" },
	{ "fooba", "Zm9vYmE=" },
	{ "foobar", "Zm9vYmFy" },
	{ "\xff\xef\xbe", "/+++" },
};

START_TEST(there_and_back)
{
	struct arena arena;
	struct str text, bytes;

	arena_init(&arena, 1u << 20);
	text = base64_encode(str_of(pairs[_i].bytes), &arena);
	ck_assert_msg(text.s && str_is(text, pairs[_i].text), "%.*s", STR_ARG(text));
	bytes = base64_decode(text, &arena);
	ck_assert(bytes.s && str_is(bytes, pairs[_i].bytes));
	arena_done(&arena);
}
END_TEST

static const char *const wrong[] = {
	"Z", "Zg", "Zg=", "Z===", "====", "Zm9v=", "Zg==Zg==", "Zm-_"
};

START_TEST(no_base64)
{
	struct arena arena;

	arena_init(&arena, 1u << 20);
	ck_assert_msg(!base64_decode(str_of(wrong[_i]), &arena).s, "%s", wrong[_i]);
	arena_done(&arena);
}
END_TEST

START_TEST(broken_lines)
{
	struct arena arena;

	arena_init(&arena, 1u << 20);
	ck_assert(str_is(base64_decode(STR("Zm9v\r\nYmFy\n"), &arena), "foobar"));
	arena_done(&arena);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("base64");
	TCase *tc = tcase_create("base64");

	tcase_add_loop_test(tc, there_and_back, 0, sizeof pairs / sizeof *pairs);
	tcase_add_loop_test(tc, no_base64, 0, sizeof wrong / sizeof *wrong);
	tcase_add_test(tc, broken_lines);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
