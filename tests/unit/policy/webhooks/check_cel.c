/* SPDX-License-Identifier: Apache-2.0
 * check_cel.c - a text stands in an expression as itself: it neither ends its quotes nor means
 * anything else.
 */
#include "policy/webhooks/interest.h"

#include "tests/unit/parsed.h"
#include "tests/unit/suite.h"

static const struct quote_row {
	const char *why;
	struct str text;
	const char *want;
} quotes[] = {
	{ "nothing", BYTES(""), "''" },
	{ "a name", BYTES("kube-system"), "'kube-system'" },
	{ "a quote", BYTES("a' || true || '"), "'a\\' || true || \\''" },
	{ "a backslash at its end", BYTES("a\\"), "'a\\\\'" },
	{ "a double quote", BYTES("a\"b"), "'a\"b'" },
	{ "control characters", BYTES("a\n\x1f\x7f"), "'a\\x0a\\x1f\\x7f'" },
	{ "a space is none", BYTES("a b~"), "'a b~'" },
	{ "two bytes that are a letter", BYTES("\xc3\xa9"), "'\xc3\xa9'" },
};

START_TEST(quoted_for_cel)
{
	const struct quote_row *q = &quotes[_i];
	scoped(arena_end) struct arena arena;
	struct text t;

	arena_init(&arena, MEMORY);
	text_init(&t, &arena, 256);
	cel_quote(&t, q->text);
	ck_assert_msg(str_is(text_get(&t), q->want), "%s: %.*s", q->why, STR_ARG(text_get(&t)));
}
END_TEST

START_TEST(lists_for_cel)
{
	static const struct str names[] = { { "a", 1 }, { "b'", 2 }, { "c", 1 } };
	static const char *const want[] = { "[]", "['a']", "['a', 'b\\'']", "['a', 'b\\'', 'c']" };
	scoped(arena_end) struct arena arena;

	arena_init(&arena, MEMORY);
	for (size_t n = 0; n < sizeof want / sizeof *want; n++) {
		struct text t;

		text_init(&t, &arena, 256);
		cel_list(&t, names, n);
		ck_assert_msg(str_is(text_get(&t), want[n]), "%.*s", STR_ARG(text_get(&t)));
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cel");
	TCase *tc = tcase_create("cel");

	suite_add_tcase(suite, tc);
	tcase_add_loop_test(tc, quoted_for_cel, 0, ROWS(quotes));
	tcase_add_test(tc, lists_for_cel);
	return run_suite(suite);
}
